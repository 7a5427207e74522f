"""What people see: texts, buttons, and the base that makes every failure answer."""

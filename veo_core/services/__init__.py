"""What people ask for: the use cases that the commands and buttons call."""

"""What goes on by itself: submit, poll, reconcile, deliver."""

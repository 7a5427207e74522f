"""Values and decisions: no await, no input or output, the time an argument."""

"""The settings: what an operator can set, how it is read and checked."""

"""A person's quota, the models, and help."""

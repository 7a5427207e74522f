"""/veo create."""

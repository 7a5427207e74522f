"""/veo-admin: what moderators see and decide."""

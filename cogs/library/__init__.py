"""A person's own videos: under way, past, shown, cancelled."""

"""An ended job, its status line or a notice → a message in Discord."""

"""How the bot's own requests reach Discord: paced, fair by channel, waiting when told to wait."""

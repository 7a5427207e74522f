"""The process around the bot: arguments, logs, signals, health, self-check."""

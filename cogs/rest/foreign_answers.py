"""An answer that is not Discord's own."""

from __future__ import annotations

import discord

# Discord's code for too many edits of a message that is older than an hour.
OLD_EDITS = 30046


class ForeignAnswer(discord.HTTPException):
    """A refusal without JSON, written by something in front of Discord: it says nothing about the place."""

"""Messages of the bot: where one stands, and what a status line says last."""

from __future__ import annotations

from dataclasses import dataclass

# What a status line says last; it is worth no new message.
FINAL_LINES = frozenset({"done", "failed", "cancelled", "rejected"})


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """The proof that a Discord message exists."""

    channel_id: int
    message_id: int
    guild_id: int | None = None

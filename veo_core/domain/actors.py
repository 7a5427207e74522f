"""Who asks, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, with the rights at this moment: `is_moderator` in this channel, `is_admin` in the whole server."""

    user_id: int
    is_moderator: bool = False
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request was made and where its answer belongs."""

    guild_id: int | None
    channel_id: int
    interaction_id: int | None = None
    private: bool = False

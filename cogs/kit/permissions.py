"""What the bot needs where it is to work, and where something is missing; pure."""

from __future__ import annotations

from collections.abc import Iterable

import discord
from discord.utils import oauth_url

NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    attach_files=True,
    embed_links=True,
    read_message_history=True,
)
_SHOWN_CHANNELS = 5
# discord.py's first name for this permission is an old one.
_LABELS = {"read_messages": "View Channels"}


def invite_link(application_id: int) -> str:
    """The address that adds the bot to a server with exactly what it needs."""
    return oauth_url(application_id, permissions=NEEDED, scopes=("bot", "applications.commands"))


def missing_lines(
    guild: discord.Guild, me: discord.Member, channels: Iterable[discord.abc.GuildChannel] | None = None
) -> list[str]:
    """One line for each permission that is missing in some text channel of a server."""
    found: dict[str, list[str]] = {}
    for channel in guild.text_channels if channels is None else channels:
        if isinstance(channel, discord.TextChannel):
            for name in missing_names(channel.permissions_for(me)):
                found.setdefault(name, []).append(f"#{channel.name}")
    return [f"{guild.name}: {name} in {_listed(places)}" for name, places in found.items()]


def missing_names(given: discord.Permissions) -> list[str]:
    """The names of what is needed and not given, as Discord's settings show them."""
    missing = (name for name, needed in NEEDED if needed and not getattr(given, name))
    return [_LABELS.get(name, name.replace("_", " ").title()) for name in missing]


def _listed(places: list[str]) -> str:
    more = len(places) - _SHOWN_CHANNELS
    return ", ".join(places[:_SHOWN_CHANNELS]) + (f" and {more} more" if more > 0 else "")

"""Lets the bot speak to Discord through a proxy, or to a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route
from yarl import URL

if TYPE_CHECKING:
    # Imported by itself at run time, this module of discord.py runs in a circle.
    from discord.types.gateway import SessionStartLimit

_get_bot_gateway = HTTPClient.get_bot_gateway


def use_discord_at(api_base: str) -> None:
    """Send every REST call there, and connect to the gateway that is named there.

    discord.py has no settings for it, only these class variables. It asks for the gateway's address once; after a
    session that cannot be resumed it would go to Discord's own (2.7.1), so the answer is kept where it looks.
    """
    Route.BASE = api_base.rstrip("/")
    HTTPClient.get_bot_gateway = _remembering_gateway


async def _remembering_gateway(self: HTTPClient) -> tuple[int, str, SessionStartLimit]:
    shards, address, limit = await _get_bot_gateway(self)
    DiscordWebSocket.DEFAULT_GATEWAY = URL(address)
    return shards, address, limit

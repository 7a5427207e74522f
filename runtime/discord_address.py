"""Lets the bot speak to Discord through a proxy, or to a stand-in."""

from __future__ import annotations

from discord.http import Route


def use_discord_at(api_base: str) -> None:
    """Send every REST call there; the gateway's address is asked for there as well.

    discord.py has no setting for it, only this class variable.
    """
    Route.BASE = api_base.rstrip("/")

"""`python bot.py check`."""

from __future__ import annotations

from veo_core.settings import Settings


async def check(settings: Settings) -> int:
    """Say what is right and what is missing."""
    return 0

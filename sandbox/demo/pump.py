"""Lets the simulated world live: its clock follows the real one, and the page shows what the bot does by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from sandbox.demo.page import LivePage
from sandbox.demo.world import World

_log = logging.getLogger(__name__)

_TICK = 0.25
_LONGEST_STEP = 30.0
"""Seconds; after the machine slept, the world does not make up for hours at once."""


class Pump:
    """Drives one world and its page until cancelled."""

    def __init__(self, world: World, page: LivePage, elapsed: Callable[[], float] = monotonic) -> None:
        self._world = world
        self._page = page
        self._elapsed = elapsed
        self._stepped_at = elapsed()
        self._published = self._calls()

    async def run(self) -> None:
        """Step a few times a second, without end."""
        while True:
            await asyncio.sleep(_TICK)
            await self.step()

    async def step(self) -> None:
        """Let the time since the last step pass in the world, and publish what changed."""
        async with self._page.turn:
            try:
                await self._pass_time()
                if self._page.is_up and self._calls() != self._published:
                    await self._publish()
            except TimeoutError:
                _log.warning("The bot took too long; going on", exc_info=True)

    async def _pass_time(self) -> None:
        now = self._elapsed()
        seconds, self._stepped_at = now - self._stepped_at, now
        await self._world.env.advance_time(min(seconds, _LONGEST_STEP))

    async def _publish(self) -> None:
        self._published = self._calls()
        await self._page.refresh()

    def _calls(self) -> int:
        """How often the bot called Discord; nothing of what it shows changes without a call."""
        return len(self._world.env.http_requests)

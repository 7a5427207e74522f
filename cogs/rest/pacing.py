"""How fast requests go to Discord: under its 50 a second for the whole bot, fairly by destination."""

from __future__ import annotations

import asyncio

from veo_core.fairness import FairQueue


class Pacer:
    """Lets requests go one after the other, `rate` a second; those that may come later only after all others."""

    def __init__(self, rate: float) -> None:
        self._step = 1 / rate
        self._next_at = 0.0
        self._first, self._later = FairQueue(), FairQueue()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, destination: int, *, later: bool = False) -> None:
        """Wait for the turn of a request to this destination."""
        loop = asyncio.get_running_loop()
        queue = self._later if later else self._first
        if self._timer is None and loop.time() >= self._next_at:
            self._next_at = loop.time() + self._step
            queue.serve(destination)
            return
        turn = queue.join(destination)
        if self._timer is None:
            self._timer = loop.call_at(self._next_at, self._tick)
        await turn

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        if self._first.call_next() or self._later.call_next():
            self._next_at = loop.time() + self._step
            self._timer = loop.call_at(self._next_at, self._tick)

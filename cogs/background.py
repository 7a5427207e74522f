"""The background loops of one life of the bot: begun together, ended together, and watched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

# Seconds. A look that hangs changes nothing and may be cut off; the next start takes it up again.
_STOP_GRACE = 4.0
# The longest turn asks the provider some times, 30 s each; what takes longer hangs.
_STANDS_STILL = timedelta(minutes=3)


class Runs(Protocol):
    """A background loop."""

    @property
    def owed_for(self) -> timedelta:
        """For how long a turn is owed."""
        ...

    async def run(self) -> None:
        """Until asked to stop."""
        ...

    def stop(self) -> None:
        """Ask it to end after what is in hand."""
        ...


class Worker:
    """Runs the loops; `grace` is how long their end may take, in seconds."""

    def __init__(
        self, loops: tuple[Runs, ...] = (), grace: float = _STOP_GRACE, on_failure: Callable[[], None] | None = None
    ) -> None:
        self._loops = loops
        self._grace = grace
        self._on_failure = on_failure
        self._runners: list[asyncio.Task[None]] = []
        self._asked_to_end = False

    def begin(self) -> None:
        """Let every loop take its turns."""
        self._runners = [asyncio.create_task(loop.run(), name=type(loop).__name__) for loop in self._loops]
        for runner in self._runners:
            runner.add_done_callback(self._ended)

    @property
    def failure(self) -> BaseException | None:
        """What a loop ended by: it does so only when nothing more can be written down."""
        ended = (runner for runner in self._runners if runner.done() and not runner.cancelled())
        return next((error for runner in ended if (error := runner.exception()) is not None), None)

    def _ended(self, runner: asyncio.Task[None]) -> None:
        if not runner.cancelled() and runner.exception() is not None and self._on_failure is not None:
            self._on_failure()

    def trouble(self) -> str | None:
        """Which loops ended though nobody asked, or stand still, in a few words; None before they begin."""
        if self._asked_to_end:
            return None
        ended = [runner.get_name().lower() for runner in self._runners if runner.done()]
        if ended:
            return f"ended: {', '.join(ended)}"
        still = [type(loop).__name__.lower() for loop in self._loops if self._runners and loop.owed_for > _STANDS_STILL]
        return f"stands still: {', '.join(still)}" if still else None

    async def stop(self) -> None:
        """Let what is in hand be finished, within the grace."""
        self._asked_to_end = True
        for loop in self._loops:
            loop.stop()
        if self._runners:
            _, late = await asyncio.wait(self._runners, timeout=self._grace)
            for runner in late:
                runner.cancel()
            await asyncio.wait(self._runners)

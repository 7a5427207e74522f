"""The stand-in's time, its snowflake ids, and waiting for something to become true."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""Snowflakes count milliseconds from here (Discord's reference, "Snowflakes")."""


class Clock:
    """Discord's clock: real time, shifted forward on demand."""

    def __init__(self, base: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Run on `base`, which returns aware times."""
        self._base = base
        self._shift = timedelta()

    def now(self) -> datetime:
        """Time as Discord sees it."""
        return self._base() + self._shift

    def advance(self, step: timedelta) -> None:
        """Let `step` pass on Discord's side only."""
        self._shift += step


class Snowflakes:
    """Ids that grow and tell their time, as Discord's do."""

    def __init__(self, clock: Clock) -> None:
        """Date the ids by `clock`."""
        self._clock = clock
        self._last = 0

    def new(self) -> int:
        """Return a fresh id, greater than all before."""
        self._last = max(snowflake_at(self._clock.now()), self._last + 1)
        return self._last


def snowflake_at(moment: datetime) -> int:
    """Return the smallest id of a moment."""
    return int((moment - EPOCH) / timedelta(milliseconds=1)) << 22


class Changes:
    """Wakes whoever waits for a condition on the world."""

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Tell that something changed."""
        event, self._event = self._event, asyncio.Event()
        event.set()

    async def wait_for(self, look: Callable[[], T | None], seconds: float, what: Callable[[], str]) -> T:
        """Return the first non-None value of `look`, asked again after every change.

        Raises:
            TimeoutError: `seconds` passed; the text is `what()`.
        """
        try:
            async with asyncio.timeout(seconds):
                while (found := look()) is None:
                    await self._event.wait()
                return found
        except TimeoutError:
            raise TimeoutError(what()) from None

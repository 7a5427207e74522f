"""How loops wait and are woken."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

Idle = Callable[[asyncio.Event, float | None], Awaitable[None]]


async def rest(wake: asyncio.Event, seconds: float | None) -> None:
    """Wait until woken, at most so long; for ever with None."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()


class Sleeper(Protocol):
    """Somebody who rests until something is due."""

    def wake(self) -> None:
        """Something changed: look again now."""
        ...


class Signal:
    """Calls every loop at once: something changed, and each knows best whether that concerns it."""

    def __init__(self) -> None:
        self._loops: tuple[Sleeper, ...] = ()

    def connect(self, *loops: Sleeper) -> None:
        """The loops to wake from now on."""
        self._loops = loops

    def __call__(self) -> None:
        """Wake them."""
        for loop in self._loops:
            loop.wake()

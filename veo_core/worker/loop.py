"""The base of the background loops: they rest until something is due or somebody wakes them."""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from datetime import datetime, timedelta

from veo_core.domain.timing import Now, backoff
from veo_core.errors import StorageError
from veo_core.wake import Idle, rest

_log = logging.getLogger(__name__)
AFTER_ERROR = timedelta(seconds=5)
_AFTER_REFUSAL = timedelta(seconds=2)
_LONGEST_REFUSAL = timedelta(seconds=15)


class Loop(ABC):
    """A stop is a request: the turn in hand is finished first."""

    def __init__(self, *, now: Now, idle: Idle = rest) -> None:
        self._now = now
        self._idle = idle
        self._wake = asyncio.Event()
        self._stopping = False
        self._owed_since: datetime | None = None
        self._refused = 0
        self._rng = random.Random()

    @property
    def owed_for(self) -> timedelta:
        """For how long a turn is owed: since the one in hand began or the next was due; zero while it rests."""
        return max(timedelta(0), self._now() - self._owed_since) if self._owed_since is not None else timedelta(0)

    def wake(self) -> None:
        """Something changed: take the next turn now."""
        now = self._now()
        self._owed_since = now if self._owed_since is None else min(now, self._owed_since)
        self._wake.set()

    def stop(self) -> None:
        """Ask the loop to end after the turn in hand."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Take turns until asked to stop; an unforeseen error is logged and the work goes on."""
        try:
            while not self._stopping:
                self._wake.clear()
                self._owed_since = self._now()
                self._owed_since = due_at = await self._safe_turn()
                if not self._stopping:
                    await self._idle(self._wake, self._seconds_until(due_at))
        finally:
            await self.finish()

    async def _safe_turn(self) -> datetime | None:
        try:
            due_at = await self.turn()
        except StorageError:
            # The database has told the log, once for all who meet it.
            self._refused += 1
            return self._now() + backoff(self._refused, _AFTER_REFUSAL, _LONGEST_REFUSAL, self._rng)
        except Exception:  # noqa: BLE001 - a durable loop survives whatever its turn raises; it is logged
            _log.exception("A turn failed; the next one follows shortly", extra={"loop": type(self).__name__})
            return self._now() + AFTER_ERROR
        self._refused = 0
        return due_at

    @abstractmethod
    async def turn(self) -> datetime | None:
        """Do everything that is due and say when something is due next; None waits for a wake."""

    async def finish(self) -> None:
        """Bring what is in hand to a safe end; a loop without work in hand has nothing to do."""
        return

    def _seconds_until(self, due_at: datetime | None) -> float | None:
        return None if due_at is None else max(0.0, (due_at - self._now()).total_seconds())

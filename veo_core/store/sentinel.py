"""Looks now and then whether the database is still where it was opened, also while nobody asks for anything."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from veo_core.errors import StorageError, StorageGone
from veo_core.store.database import Database

Idle = Callable[[asyncio.Event, float], Awaitable[None]]

_log = logging.getLogger(__name__)


async def _rest(stopped: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopped.wait()


class Sentinel:
    """Runs beside the loops and waits as they do; its end by an exception is the bot's."""

    def __init__(self, database: Database, every: timedelta, idle: Idle = _rest) -> None:
        self._database = database
        self._seconds = every.total_seconds()
        self._idle = idle
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Until asked to stop. Raises StorageGone."""
        while not self._stopped.is_set():
            try:
                self._database.check()
            except StorageGone:
                raise
            except StorageError as error:
                # The folder cannot be read just now: the next change of a row tells.
                _log.debug("The database cannot be looked at", extra={"error": str(error)})
            await self._idle(self._stopped, self._seconds)

    @property
    def owed_for(self) -> timedelta:
        """It owes no turn: a look takes no time."""
        return timedelta(0)

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

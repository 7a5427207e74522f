"""Looks every second whether the database is still where it was opened, also while nobody asks for anything."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from veo_core.store.database import Database

_EVERY = 1.0


class Sentinel:
    """Runs beside the loops; its end by an exception is the bot's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Until asked to stop; real seconds, as files know no other time. Raises StorageGone."""
        while not self._stopped.is_set():
            self._database.check()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EVERY):
                    await self._stopped.wait()

    @property
    def owed_for(self) -> timedelta:
        """It owes no turn: a look takes no time."""
        return timedelta(0)

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

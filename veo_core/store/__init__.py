"""Every SQL statement; each public method is one transaction.

One class for each stretch of a job's life: `Requests` (asked for, counted, cancelled), `Queue` (queued → running),
`Polls` (running → ended) and `Outbox` (ended → delivered, and the status line). `Ledger` keeps the budgets.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from veo_core.domain.budgets import Budgets
from veo_core.store.database import Database
from veo_core.store.jobs import Recorded, Requests
from veo_core.store.ledger import Ledger
from veo_core.store.meta import Meta
from veo_core.store.model_troubles import Troubles
from veo_core.store.outbox import Outbox
from veo_core.store.people import People
from veo_core.store.polls import Polls
from veo_core.store.queue import Queue
from veo_core.store.sentinel import Sentinel

__all__ = [
    "Database",
    "Ledger",
    "Meta",
    "Outbox",
    "People",
    "Polls",
    "Queue",
    "Recorded",
    "Requests",
    "Sentinel",
    "Store",
    "Troubles",
]


@dataclass(frozen=True, slots=True)
class Store:
    """The open database, by the stretches of a job's life.

    `instance` tells this database from any other: message nonces carry it, since job numbers begin anew in each.
    `restored_at` is when it last went on from a copy; tasks from before belong to nobody's new job.
    """

    database: Database
    instance: str
    restored_at: datetime | None
    meta: Meta
    requests: Requests
    queue: Queue
    watch: Polls
    outbox: Outbox
    people: People
    troubles: Troubles
    ledger: Ledger

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, budgets: Budgets | None = None) -> AsyncGenerator[Store]:
        """Lock, migrate and open; leaving frees it for the next process. Without `budgets` nothing is limited.

        Raises StorageError.
        """
        database = await Database.open(path)
        try:
            meta = Meta(database)
            instance = await meta.instance()
            ledger = Ledger(database, budgets or Budgets())
            yield cls(
                database,
                instance,
                await meta.restored_at(),
                meta,
                Requests(database, ledger),
                Queue(database),
                Polls(database, ledger),
                Outbox(database),
                People(database),
                Troubles(database),
                ledger,
            )
        finally:
            await database.close()

"""What still has to appear in Discord: deliveries, and status lines that say something else than the job does."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from veo_core.models import Job, Receipt
from veo_core.store.database import Database
from veo_core.store.rows import to_job, to_moment, to_ms

_UNDELIVERED = "ended_at IS NOT NULL AND delivered_at IS NULL AND kept_at IS NULL AND delivery_due_at IS NOT NULL"
_NEXT_DUE = f"""
SELECT min(due_at) AS due_at FROM (
    SELECT min(delivery_due_at) AS due_at FROM jobs WHERE {_UNDELIVERED} AND delivery_due_at > :after
    UNION ALL
    SELECT min(status_due_at) FROM jobs WHERE status_shown IS NOT status_wanted AND status_due_at > :after
)
"""


class Outbox:
    """What `courier` needs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def deliveries_due(self, now: datetime, limit: int, skip: Collection[int] = ()) -> tuple[Job, ...]:
        """Ended jobs whose message is due, oldest first, but for those to skip.

        The status line goes first, unless it failed more than once.
        """
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                f"SELECT * FROM jobs WHERE {_UNDELIVERED} AND delivery_due_at <= ?"
                " AND (status_shown IS NOT NULL OR status_attempts > 1)"
                " AND job_id NOT IN (SELECT value FROM json_each(?)) ORDER BY delivery_due_at LIMIT ?",
                (to_ms(now), json.dumps(list(skip)), limit),
            )
            return tuple(map(to_job, rows))

    async def begin_delivery(self, job_id: int) -> bool:
        """Note, before anything is posted, that it may be: from here on a message may exist that we do not know.

        False when the message turned up meanwhile.
        """
        async with self._database.write() as connection:
            cursor = await connection.execute(
                "UPDATE jobs SET delivery_attempts = delivery_attempts + 1 WHERE job_id = ? AND delivered_at IS NULL",
                (job_id,),
            )
            return cursor.rowcount == 1

    async def delivered(self, job_id: int, receipt: Receipt, now: datetime) -> None:
        """The message exists."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET delivered_at = ?, delivered_guild_id = ?, delivered_channel_id = ?, message_id = ?,"
                " delivery_due_at = NULL, kept_at = NULL WHERE job_id = ? AND delivered_at IS NULL",
                (to_ms(now), receipt.guild_id, receipt.channel_id, receipt.message_id, job_id),
            )

    async def keep(self, job_id: int, now: datetime) -> None:
        """No place takes the message: it waits where the person can ask for it."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET kept_at = ?, delivery_due_at = NULL WHERE job_id = ? AND delivered_at IS NULL",
                (to_ms(now), job_id),
            )

    async def postpone_delivery(self, job_id: int, due_at: datetime) -> None:
        """Try again then."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET delivery_due_at = ? WHERE job_id = ? AND delivered_at IS NULL", (to_ms(due_at), job_id)
            )

    async def statuses_due(self, now: datetime, limit: int, skip: Collection[int] = ()) -> tuple[Job, ...]:
        """Jobs whose status line is not what it should be, the longest due first, but for those to skip."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT * FROM jobs WHERE status_shown IS NOT status_wanted AND status_due_at <= ?"
                " AND job_id NOT IN (SELECT value FROM json_each(?)) ORDER BY status_due_at, job_id LIMIT ?",
                (to_ms(now), json.dumps(list(skip)), limit),
            )
            return tuple(map(to_job, rows))

    async def begin_status(self, job_id: int) -> None:
        """Note that a status line may exist from here on."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET status_attempts = status_attempts + 1 WHERE job_id = ?", (job_id,)
            )

    async def status_shown(self, job_id: int, shown: str, message_id: int | None) -> None:
        """The status line says this now; without a message it cannot be shown and is not tried again."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET status_shown = ?, status_message_id = ?, status_attempts = 0, status_due_at = 0"
                " WHERE job_id = ?",
                (shown, message_id, job_id),
            )

    async def postpone_status(self, job_id: int, due_at: datetime) -> None:
        """Try the status line again then."""
        async with self._database.write() as connection:
            await connection.execute("UPDATE jobs SET status_due_at = ? WHERE job_id = ?", (to_ms(due_at), job_id))

    async def restate_queued(self, *, paused: bool) -> None:
        """The status lines of everything queued are to be written anew, as a pause began or ended."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs INDEXED BY jobs_open SET status_shown = ''"
                " WHERE ended_at IS NULL AND state IN ('queued', 'submitting') AND status_shown = 'queued'"
            )
            await connection.execute(
                "INSERT INTO meta (key, value) VALUES ('pause_shown', ?)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (str(paused),),
            )

    async def pause_shown(self) -> bool:
        """Whether the status lines last spoke of a pause, perhaps in the life before this one."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall("SELECT value FROM meta WHERE key = 'pause_shown'")
            return any(row["value"] == str(True) for row in rows)

    async def next_due_at(self, after: datetime) -> datetime | None:
        """When the next message or status line is due after this moment; None while there is none."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(_NEXT_DUE, {"after": to_ms(after)})
            first = next(iter(rows))["due_at"]
            return None if first is None else to_moment(first)

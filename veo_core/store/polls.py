"""From running to ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime

import aiosqlite

from veo_core.domain.jobs import Job
from veo_core.domain.polling import Reschedule
from veo_core.domain.submissions import Video
from veo_core.reasons import Reason
from veo_core.store.database import Database
from veo_core.store.ledger import Ledger, note, spendings
from veo_core.store.rows import to_job, to_moment, to_ms


class Polls:
    """What `poller` needs, and everybody who ends a job."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._ledger = ledger

    async def due(self, now: datetime) -> tuple[Job, ...]:
        """Running jobs whose next look is due, the longest waiting first."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT * FROM jobs WHERE state = 'running' AND due_at <= ? ORDER BY due_at, job_id", (to_ms(now),)
            )
            return tuple(map(to_job, rows))

    async def next_due_at(self) -> datetime | None:
        """When the next look is due; None while nothing runs."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall("SELECT min(due_at) AS due_at FROM jobs WHERE state = 'running'")
            first = next(iter(rows))["due_at"]
            return None if first is None else to_moment(first)

    async def reschedule(self, looks: Mapping[int, Reschedule], now: datetime) -> None:
        """Note the looks that found their tasks still running, all in one transaction."""
        values = [
            (to_ms(look.due_at), look.slow, to_ms(now) if look.seen else None, job_id) for job_id, look in looks.items()
        ]
        async with self._database.write() as connection:
            await connection.executemany(
                "UPDATE jobs SET due_at = ?, slow = ?, seen_at = coalesce(seen_at, ?)"
                " WHERE job_id = ? AND state = 'running'",
                values,
            )

    async def succeed(
        self, job_id: int, video: Video, *, now: datetime, task_id: str | None = None, cost: int | None = None
    ) -> bool:
        """The video is there and its delivery is due; False when the job had ended before.

        `cost` in milli-credits replaces the estimate, where the provider names one.
        """
        async with self._database.write() as connection:
            rows = await connection.execute_fetchall(
                "UPDATE jobs SET state = 'succeeded', ended_at = :now, delivery_due_at = :now, due_at = NULL,"
                " video_id = :video_id, video_url = :video_url, task_id = coalesce(task_id, :task_id),"
                " in_doubt_at = NULL, charged = coalesce(:cost, charged), cost_real = coalesce(:cost, cost_real)"
                " WHERE job_id = :job_id AND state IN ('submitting', 'running') RETURNING workspace_id",
                {
                    "now": to_ms(now),
                    "video_id": video.video_id,
                    "video_url": video.video_url,
                    "task_id": task_id,
                    "cost": cost,
                    "job_id": job_id,
                },
            )
            return await self._corrected(connection, rows, cost, now)

    async def fail(
        self,
        job_id: int,
        reason: Reason,
        *,
        now: datetime,
        expired: bool = False,
        trace_id: str | None = None,
        limit: int | None = None,
        cost: int | None = None,
    ) -> bool:
        """It ended without a video: the place in the quota is free again and the person is to be told.

        `limit` is the number of characters that the provider allows, where the reason is a too long prompt. A `cost`
        (milli-credits) that the provider names all the same weighs on the budgets, never on the person.
        """
        async with self._database.write() as connection:
            rows = await connection.execute_fetchall(
                "UPDATE jobs SET state = :state, reason = :reason, reason_limit = :limit, ended_at = :now,"
                " delivery_due_at = :now, due_at = NULL, in_doubt_at = NULL, trace_id = coalesce(:trace_id, trace_id),"
                " counts = 0, charged = coalesce(:cost, 0), cost_real = coalesce(:cost, cost_real)"
                " WHERE job_id = :job_id AND state IN ('queued', 'submitting', 'running') RETURNING workspace_id",
                {
                    "state": "expired" if expired else "failed",
                    "reason": reason,
                    "limit": limit,
                    "now": to_ms(now),
                    "trace_id": trace_id,
                    "cost": cost,
                    "job_id": job_id,
                },
            )
            return await self._corrected(connection, rows, cost, now)

    async def _corrected(
        self, connection: aiosqlite.Connection, rows: Iterable[sqlite3.Row], cost: int | None, now: datetime
    ) -> bool:
        """Whether a job was changed; a real cost may carry a budget over a threshold."""
        changed = next(iter(rows), None)
        if changed is not None and cost is not None:
            accounts = self._ledger.budgets.of(changed["workspace_id"])
            await note(connection, await spendings(connection, accounts, now), now)
        return changed is not None

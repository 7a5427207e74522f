"""From queued to running: who is next, and what is known of a submission at each moment."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from veo_core.domain.expectation import MOST_COUNTED
from veo_core.domain.jobs import Job
from veo_core.store import waiting as line
from veo_core.store.database import Database
from veo_core.store.rows import to_job, to_ms

# What can be due, each with the words of the index that holds only such jobs.
_DUE = {
    "due_at": "state = 'running'",
    "delivery_due_at": "delivery_due_at IS NOT NULL",
    "status_due_at": "status_shown IS NOT status_wanted",
}


class Queue:
    """What `submitter` and `reconciler` need."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, now: datetime, *, max_running: int, running_per_user: int) -> Job | None:
        """Take the next job and mark it `submitting`, its POST counted, before anything is sent; None: not now."""
        limits = {"max_running": max_running, "running_per_user": running_per_user}
        async with self._database.write() as connection:
            rows = await connection.execute_fetchall(
                "UPDATE jobs SET state = 'submitting', submitting_at = :now, in_doubt_at = NULL, posts = posts + 1"
                f" WHERE job_id = ({line.NEXT}) RETURNING *",
                limits | {"now": to_ms(now)},
            )
            return next((to_job(row) for row in rows), None)

    async def requeue(self, job_id: int, tried_at: datetime | None = None) -> None:
        """Put a job back in the queue: it is certain that the API did not take it, and its POST does not count.

        With `tried_at` it goes behind those that were not tried.
        """
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET state = 'queued', submitting_at = NULL, in_doubt_at = NULL, tried_at = ?,"
                " posts = max(posts - 1, 0) WHERE job_id = ? AND state = 'submitting'",
                (None if tried_at is None else to_ms(tried_at), job_id),
            )

    async def reset_attempts(self) -> None:
        """Everybody has the place again that they had before the pause."""
        async with self._database.write() as connection:
            await connection.execute("UPDATE jobs SET tried_at = NULL WHERE tried_at IS NOT NULL")

    async def change_action(self, job_id: int, action: str) -> None:
        """Note the other action before it is sent in place of the first."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET action = ? WHERE job_id = ? AND state = 'submitting'", (action, job_id)
            )

    async def count_post(self, job_id: int) -> None:
        """Count one more POST of a job before it is sent."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET posts = posts + 1 WHERE job_id = ? AND state = 'submitting'", (job_id,)
            )

    async def mark_running(
        self, job_id: int, task_id: str, *, now: datetime, due_at: datetime, trace_id: str | None = None
    ) -> bool:
        """Note the provider's handle; False when the job went on without this answer, or another job has the task."""
        async with self._database.write() as connection:
            cursor = await connection.execute(
                "UPDATE OR IGNORE jobs SET state = 'running', task_id = ?, trace_id = ?, running_at = ?, due_at = ?,"
                " in_doubt_at = NULL WHERE job_id = ? AND state = 'submitting'",
                (task_id, trace_id, to_ms(now), to_ms(due_at), job_id),
            )
            return cursor.rowcount == 1

    async def mark_in_doubt(self, job_id: int, now: datetime) -> None:
        """The answer is lost or late: the task has to be looked for."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET in_doubt_at = ? WHERE job_id = ? AND state = 'submitting'", (to_ms(now), job_id)
            )

    async def recover(self, now: datetime) -> int:
        """After a start: whatever was being submitted when the last process ended is in doubt.

        A pause is not remembered, so nobody has tried in vain.
        Nothing may be due later than it would be from now on: the machine's clock may have gone back since.
        """
        async with self._database.write() as connection:
            cursor = await connection.execute(
                "UPDATE jobs INDEXED BY jobs_submitting SET in_doubt_at = ? WHERE state = 'submitting'", (to_ms(now),)
            )
            await connection.execute("UPDATE jobs SET tried_at = NULL WHERE tried_at IS NOT NULL")
            for column, lately in _DUE.items():
                await connection.execute(
                    f"UPDATE jobs SET {column} = :now WHERE {lately} AND {column} > :now", {"now": to_ms(now)}
                )
            return cursor.rowcount

    async def submitting(self) -> tuple[Job, ...]:
        """Jobs whose submission has no answer yet, oldest first."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT * FROM jobs INDEXED BY jobs_submitting WHERE state = 'submitting' ORDER BY job_id"
            )
            return tuple(map(to_job, rows))

    async def claimed(self, task_ids: Collection[str]) -> frozenset[str]:
        """Which of these tasks already belong to a job."""
        if not task_ids:
            return frozenset()
        marks = ", ".join("?" for _ in task_ids)
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                f"SELECT task_id FROM jobs WHERE task_id IN ({marks})", tuple(task_ids)
            )
            return frozenset(row["task_id"] for row in rows)

    async def position(self, job: Job) -> int | None:
        """The place of a waiting job in the line, from 1; None when it does not wait or more than 20 are before it."""
        return (await self.positions(job.user_id, only=job.job_id)).get(job.job_id)

    async def positions(self, user_id: int, *, only: int | None = None) -> dict[int, int]:
        """The places, from 1, of a person's waiting jobs, or of one of them, as far as at most 20 are before them."""
        found: dict[int, int] = {}
        async with self._database.read() as connection:
            for own_before, waiting in enumerate(await line.own_line(connection, user_id)):
                if only not in {None, waiting.job_id}:
                    continue
                before = await line.count_before(connection, waiting, own_before)
                if before is None:
                    break
                found[waiting.job_id] = before + 1
        return found

    async def any_waiting(self) -> bool:
        """Whether any job is queued."""
        return await self._count_waiting(1) > 0

    async def waiting(self) -> int:
        """How many jobs are queued; at most `MOST_COUNTED` are counted."""
        return await self._count_waiting(MOST_COUNTED)

    async def _count_waiting(self, at_most: int) -> int:
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT count(*) AS n FROM (SELECT 1 FROM jobs INDEXED BY jobs_queued WHERE state = 'queued' LIMIT ?)",
                (at_most,),
            )
            return int(next(iter(rows))["n"])

"""What still has to appear in Discord: deliveries, and status lines that say something else than the job does."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from veo_core.domain.jobs import Job
from veo_core.domain.messages import PostedMessage
from veo_core.reasons import Reason
from veo_core.store.database import Database
from veo_core.store.rows import to_job, to_moment, to_ms

# A skip scan: the next lane is one step in the index, however many rows a lane has.
_BY_LANE = """
WITH RECURSIVE lanes (lane) AS (
    SELECT (SELECT min(lane) FROM jobs WHERE {is_open} AND lane >= 0)
    UNION ALL
    SELECT (SELECT min(lane) FROM jobs WHERE {is_open} AND lane > lanes.lane) FROM lanes WHERE lanes.lane IS NOT NULL
)
SELECT due.*, due.{due_at} AS lane_due_at FROM lanes CROSS JOIN jobs AS due ON due.job_id IN (
    SELECT job_id FROM jobs
    WHERE {is_open} AND lane = lanes.lane AND {due_at} <= :now AND job_id NOT IN (SELECT value FROM json_each(:jobs))
    ORDER BY {due_at}, job_id LIMIT :each
)
WHERE lanes.lane NOT IN (SELECT value FROM json_each(:lanes))
LIMIT :most
"""
_UNDELIVERED = "ended_at IS NOT NULL AND delivered_at IS NULL AND kept_at IS NULL AND delivery_due_at IS NOT NULL"
_OLD_LINE = "status_shown IS NOT status_wanted"
_DELIVERIES_DUE = _BY_LANE.format(is_open=_UNDELIVERED, due_at="delivery_due_at")
_STATUSES_DUE = _BY_LANE.format(is_open=_OLD_LINE, due_at="status_due_at")
_NEXT_DUE = f"""
SELECT min(due_at) AS due_at FROM (
    SELECT min(delivery_due_at) AS due_at FROM jobs WHERE {_UNDELIVERED} AND delivery_due_at > :after
    UNION ALL
    SELECT min(status_due_at) FROM jobs WHERE {_OLD_LINE} AND status_due_at > :after
)
"""


@dataclass(frozen=True, slots=True)
class Skip:
    """What a search for due work leaves out, and how many jobs of one lane it takes."""

    each: int
    jobs: Collection[int] = ()
    lanes: Collection[int] = ()


_NOTHING = Skip(each=1_000_000)


class Outbox:
    """What `deliverer` needs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def deliveries_due(self, now: datetime, limit: int, skip: Skip = _NOTHING) -> tuple[Job, ...]:
        """Ended jobs whose message is due, in each lane the oldest first; they wait for no status line."""
        return await self._due(_DELIVERIES_DUE, now, limit, skip)

    async def _due(self, query: str, now: datetime, limit: int, skip: Skip) -> tuple[Job, ...]:
        values = {"now": to_ms(now), "most": limit, "each": skip.each}
        left_out = {"jobs": json.dumps(list(skip.jobs)), "lanes": json.dumps(list(skip.lanes))}
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(query, values | left_out)
        return tuple(map(to_job, sorted(rows, key=lambda row: (row["lane_due_at"], row["job_id"]))))

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

    async def take_back_delivery(self, job_id: int) -> None:
        """The attempt just begun did not reach Discord, so it leaves no doubt behind."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET delivery_attempts = delivery_attempts - 1 WHERE job_id = ? AND delivery_attempts > 0",
                (job_id,),
            )

    async def delivered(self, job_id: int, posted: PostedMessage, now: datetime) -> None:
        """The message exists."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET delivered_at = ?, delivered_guild_id = ?, delivered_channel_id = ?, message_id = ?,"
                " delivery_due_at = NULL, kept_at = NULL WHERE job_id = ? AND delivered_at IS NULL",
                (to_ms(now), posted.guild_id, posted.channel_id, posted.message_id, job_id),
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

    async def file_failed(self, job_id: int, now: datetime, due_at: datetime) -> None:
        """The result's file could not be read; it is read again then. Since when and how often outlives the process."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET file_tries = file_tries + 1, file_failed_at = coalesce(file_failed_at, ?),"
                " delivery_due_at = ? WHERE job_id = ? AND delivered_at IS NULL",
                (to_ms(now), to_ms(due_at), job_id),
            )

    async def file_read(self, job_id: int) -> None:
        """The file was read after all; a later trouble begins anew."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET file_tries = 0, file_failed_at = NULL WHERE job_id = ?", (job_id,)
            )

    async def give_up_file(self, job_id: int, now: datetime) -> bool:
        """The file is gone: the job failed after all, its place is free again, and the person is to be told.

        What the provider really took stays charged to the budgets. False when the message turned up meanwhile.
        """
        async with self._database.write() as connection:
            cursor = await connection.execute(
                "UPDATE jobs SET state = 'failed', reason = ?, counts = 0, charged = coalesce(cost_real, 0),"
                " delivery_due_at = ? WHERE job_id = ? AND state = 'succeeded'"
                " AND delivered_at IS NULL AND kept_at IS NULL",
                (Reason.VIDEO_GONE, to_ms(now), job_id),
            )
            return cursor.rowcount == 1

    async def statuses_due(self, now: datetime, limit: int, skip: Skip = _NOTHING) -> tuple[Job, ...]:
        """Jobs whose status line is not what it should be, in each lane the oldest first."""
        return await self._due(_STATUSES_DUE, now, limit, skip)

    async def begin_status(self, job_id: int) -> None:
        """Note that a status line may exist from here on."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET status_attempts = status_attempts + 1 WHERE job_id = ?", (job_id,)
            )

    async def take_back_status(self, job_id: int) -> None:
        """The attempt just begun did not reach Discord, so it leaves no doubt behind."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET status_attempts = status_attempts - 1 WHERE job_id = ? AND status_attempts > 0",
                (job_id,),
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

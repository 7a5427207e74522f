"""Jobs as people ask for them: recorded within their quota, cancelled, listed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import aiosqlite

from veo_core import quota
from veo_core.errors import Refusal
from veo_core.models import Job, JobKind, JobState, NewJob, Usage
from veo_core.reasons import Reason
from veo_core.store.database import Database
from veo_core.store.rows import to_job, to_moment, to_ms
from veo_core.wire import fingerprint

_LIMIT_REASONS = {JobKind.CREATE: Reason.DAILY_LIMIT, JobKind.UPSCALE: Reason.UPSCALE_LIMIT}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A job that is on disk; `is_new` is False when an earlier one already stands for the same wish."""

    job: Job
    is_new: bool


class Requests:
    """What `studio` needs to take a request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, new: NewJob, limits: quota.Limits, now: datetime) -> Recorded:
        """Check the quota and insert the job in one transaction, so that a race cannot exceed the limit.

        Raises Refusal when the person's places are used up.
        """
        async with self._database.write() as connection:
            existing = await _standing_for(connection, new)
            if existing is not None:
                return Recorded(existing, is_new=False)
            await _check_limits(connection, new, limits, now)
            return Recorded(await _insert(connection, new, now), is_new=True)

    async def check_ahead(self, new: NewJob, limits: quota.Limits, now: datetime) -> None:
        """Refuse what `record` would refuse now, before work is done for it; the transaction still decides.

        Raises Refusal.
        """
        async with self._database.read() as connection:
            if await _standing_for(connection, new) is None:
                await _check_limits(connection, new, limits, now)

    async def cancel(self, job_id: int, now: datetime) -> bool:
        """End a job that was not submitted yet; False when it is too late."""
        async with self._database.write() as connection:
            cursor = await connection.execute(
                "UPDATE jobs SET state = 'cancelled', ended_at = ?"
                " WHERE job_id = ? AND state IN ('awaiting_review', 'queued')",
                (to_ms(now), job_id),
            )
            return cursor.rowcount == 1

    async def message_deleted(self, job_id: int, now: datetime) -> None:
        """The message with the result was taken away by somebody who may."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE jobs SET message_deleted_at = ? WHERE job_id = ? AND message_id IS NOT NULL",
                (to_ms(now), job_id),
            )

    async def get(self, job_id: int) -> Job | None:
        """One job, or None."""
        async with self._database.read() as connection:
            return await _one(connection, "job_id = ?", job_id)

    async def usage(self, user_id: int, kind: JobKind, now: datetime) -> Usage:
        """What a person has used of this kind in the rolling window."""
        async with self._database.read() as connection:
            return await _usage(connection, user_id, kind, now)

    async def active(self, user_id: int) -> tuple[Job, ...]:
        """A person's jobs that have not ended, oldest first."""
        async with self._database.read() as connection:
            return await _many(connection, "user_id = ? AND ended_at IS NULL ORDER BY job_id LIMIT 50", user_id)

    async def history(self, user_id: int, limit: int, offset: int = 0) -> tuple[Job, ...]:
        """A person's jobs, newest first."""
        async with self._database.read() as connection:
            where = "user_id = ? ORDER BY created_at DESC, job_id DESC LIMIT ? OFFSET ?"
            return await _many(connection, where, user_id, limit, offset)


_LIVE_UPSCALE = "source_job_id = ? AND kind = 'upscale' AND state NOT IN ('failed', 'expired', 'rejected', 'cancelled')"


async def _standing_for(connection: aiosqlite.Connection, new: NewJob) -> Job | None:
    """A job made by the same press of the same command, or the live 1080p version of the same video."""
    if new.place.interaction_id is not None:
        found = await _one(connection, "interaction_id = ?", new.place.interaction_id)
        if found is not None:
            return found
    return None if new.source_job_id is None else await _one(connection, _LIVE_UPSCALE, new.source_job_id)


async def _check_limits(connection: aiosqlite.Connection, new: NewJob, limits: quota.Limits, now: datetime) -> None:
    """Raises Refusal when the person's places are used up."""
    usage = await _usage(connection, new.asker.user_id, new.kind, now)
    answer = quota.answer(usage, limits.per_day(new.kind))
    if not answer.allowed:
        raise Refusal(_LIMIT_REASONS[new.kind], limit=answer.limit, frees_at=answer.frees_at)


async def _one(connection: aiosqlite.Connection, where: str, *values: object) -> Job | None:
    found = await _many(connection, where, *values)
    return found[0] if found else None


async def _many(connection: aiosqlite.Connection, where: str, *values: object) -> tuple[Job, ...]:
    rows = await connection.execute_fetchall(f"SELECT * FROM jobs WHERE {where}", values)
    return tuple(map(to_job, rows))


async def _usage(connection: aiosqlite.Connection, user_id: int, kind: JobKind, now: datetime) -> Usage:
    """Ended without a video no longer counts; a row from the future (the clock went back) does."""
    rows = await connection.execute_fetchall(
        "SELECT created_at FROM jobs WHERE user_id = ? AND kind = ? AND created_at > ?"
        " AND state NOT IN ('failed', 'expired', 'rejected', 'cancelled') ORDER BY created_at",
        (user_id, kind, to_ms(now - quota.WINDOW)),
    )
    return Usage(tuple(to_moment(row["created_at"]) for row in rows))


async def _insert(connection: aiosqlite.Connection, new: NewJob, now: datetime) -> Job:
    submission, place = new.submission, new.place
    values: dict[str, object] = {
        "kind": new.kind,
        "state": JobState.QUEUED,
        "user_id": new.asker.user_id,
        "guild_id": place.guild_id,
        "channel_id": place.channel_id,
        "interaction_id": place.interaction_id,
        "private": place.private,
        "prompt": new.prompt,
        "model": submission.model,
        "action": submission.action,
        "image_urls": json.dumps(submission.image_urls),
        "aspect_ratio": submission.aspect_ratio,
        "resolution": submission.resolution,
        "translate": submission.translate,
        "source_job_id": new.source_job_id,
        "source_video_id": submission.video_id,
        "fingerprint": fingerprint(submission),
        "created_at": to_ms(now),
    }
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    rows = await connection.execute_fetchall(f"INSERT INTO jobs ({columns}) VALUES ({marks}) RETURNING *", values)
    return to_job(next(iter(rows)))

"""Jobs as people ask for them: recorded within their quota, cancelled, listed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiosqlite

from veo_core.domain import quota
from veo_core.domain.budgets import Spending, barriers, strongest
from veo_core.domain.jobs import Job, JobKind, JobState, NewJob
from veo_core.domain.submissions import fingerprint
from veo_core.domain.usage import Usage
from veo_core.errors import Refusal
from veo_core.store.database import Database
from veo_core.store.ledger import Ledger, demand_of, note, spendings
from veo_core.store.rows import to_job, to_moment, to_ms

# What is switched off where a person's limit is nothing.
_NAMES = {JobKind.CREATE: "videos", JobKind.UPSCALE: "1080p versions"}
# Who got no answer asks again within this time; later it is a new wish.
_ASKED_AGAIN = timedelta(minutes=2)
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A job that is on disk; `is_new` is False when an earlier one already stands for the same wish.

    `is_repeated`: that one's answer never reached the person, who asked again.
    """

    job: Job
    is_new: bool
    is_repeated: bool = False


class Requests:
    """What `studio` needs to take a request."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._ledger = ledger

    async def record(self, new: NewJob, limits: quota.Limits, now: datetime) -> Recorded:
        """Check the quota and insert the job in one transaction, so that a race cannot exceed the limit.

        Raises Refusal when the person's places or a budget are used up.
        """
        async with self._database.write() as connection:
            existing = await _standing_for(connection, new)
            if existing is not None:
                return Recorded(existing, is_new=False)
            repeated = await _unanswered(connection, new, now)
            if repeated is not None:
                return Recorded(repeated, is_new=False, is_repeated=True)
            held = await spendings(connection, self._ledger.budgets.of(new.workspace_id), now)
            await _check_amounts(connection, new, limits, held, now)
            job = await _insert(connection, new, now)
            await note(connection, (spending.plus(demand_of(new)) for spending in held), now)
            return Recorded(job, is_new=True)

    async def answer_arrived(self, job_id: int, *, arrived: bool) -> None:
        """Note whether Discord took the answer about a job: one that it refused is given to who asks again."""
        async with self._database.write() as connection:
            await connection.execute("UPDATE jobs SET unanswered = ? WHERE job_id = ?", (not arrived, job_id))

    async def check_ahead(self, new: NewJob, limits: quota.Limits, now: datetime) -> None:
        """Refuse what `record` would refuse now, before work is done for it; the transaction still decides.

        Raises Refusal.
        """
        async with self._database.read() as connection:
            if await _standing_for(connection, new) is None and await _unanswered(connection, new, now) is None:
                held = await spendings(connection, self._ledger.budgets.of(new.workspace_id), now)
                await _check_amounts(connection, new, limits, held, now)

    async def cancel(self, job_id: int, now: datetime) -> bool:
        """End a job that was not submitted yet; False when it is too late."""
        async with self._database.write() as connection:
            cursor = await connection.execute(
                "UPDATE jobs SET state = 'cancelled', ended_at = ?, counts = 0, charged = 0"
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


async def _check_amounts(
    connection: aiosqlite.Connection, new: NewJob, limits: quota.Limits, held: Iterable[Spending], now: datetime
) -> None:
    """Raises Refusal with the limit that keeps this request out longest."""
    usage = await _usage(connection, new.actor.user_id, new.kind, now)
    own = quota.barrier(quota.answer(usage, limits.per_day(new.kind)), new.kind)
    shared = (barrier for spending in held for barrier in barriers(spending, demand_of(new), now))
    barrier = strongest((*([own] if own else []), *shared))
    if barrier is not None:
        until = barrier.until
        raise Refusal(barrier.reason, limit=barrier.limit, frees_at=until, until=until, action=_NAMES[new.kind])


async def _unanswered(connection: aiosqlite.Connection, new: NewJob, now: datetime) -> Job | None:
    """The same person's same request, here and just now, whose acknowledgement or answer Discord refused.

    Where Discord refused this one's, it is also one that was asked meanwhile. One that ended without a video is over:
    asking again is asking anew.
    """
    if new.request_key is None:
        return None
    place, since = new.place, now - _ASKED_AGAIN
    return await _one(
        connection,
        "user_id = ? AND request_key = ? AND counts = 1 AND created_at > ? AND (unanswered = 1 OR created_at >= ?)"
        " AND guild_id IS ? AND channel_id = ? AND private = ? ORDER BY created_at DESC, job_id DESC LIMIT 1",
        *(new.actor.user_id, new.request_key, to_ms(since), to_ms(new.unheard_since or _NEVER)),
        *(place.guild_id, place.channel_id, place.private),
    )


async def _one(connection: aiosqlite.Connection, where: str, *values: object) -> Job | None:
    found = await _many(connection, where, *values)
    return found[0] if found else None


async def _many(connection: aiosqlite.Connection, where: str, *values: object) -> tuple[Job, ...]:
    rows = await connection.execute_fetchall(f"SELECT * FROM jobs WHERE {where}", values)
    return tuple(map(to_job, rows))


async def _usage(connection: aiosqlite.Connection, user_id: int, kind: JobKind, now: datetime) -> Usage:
    """What ended without a video no longer counts; a row from the future (the clock went back) does."""
    rows = await connection.execute_fetchall(
        "SELECT created_at FROM jobs WHERE user_id = ? AND kind = ? AND created_at > ?"
        " AND counts = 1 ORDER BY created_at",
        (user_id, kind, to_ms(now - quota.WINDOW)),
    )
    return Usage(tuple(to_moment(row["created_at"]) for row in rows))


async def _insert(connection: aiosqlite.Connection, new: NewJob, now: datetime) -> Job:
    submission, place = new.submission, new.place
    values: dict[str, object] = {
        "kind": new.kind,
        "state": JobState.QUEUED,
        "user_id": new.actor.user_id,
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
        "request_key": new.request_key,
        "unanswered": new.unheard_since is not None,
        "workspace_id": new.workspace_id,
        "cost_estimate": new.cost,
        "charged": new.cost,
        "counts": 1,
        "created_at": to_ms(now),
    }
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    rows = await connection.execute_fetchall(f"INSERT INTO jobs ({columns}) VALUES ({marks}) RETURNING *", values)
    return to_job(next(iter(rows)))

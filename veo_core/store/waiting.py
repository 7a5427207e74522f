"""The line of waiting jobs: who is next, and how many are before a job; nothing here reads the whole line.

Fair between people: whoever has fewest in flight goes first, then whoever's next job was asked for first. The turn of
a job is what its person would have in flight with it; jobs go by their turn, then by their age. The table
`queue_heads` holds the next job of each person, so what is read grows with neither the past nor the line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import aiosqlite

from veo_core.domain.expectation import COUNTED_BEFORE

_ENOUGH = COUNTED_BEFORE + 1
# The oldest so many jobs of a person, and the first so many people, are asked whether they may go.
_OWN_LOOKED_AT = 50
_PEOPLE_LOOKED_AT = 500

# A computed column has a name of its own: ORDER BY would mean it instead of the table's column, and sort.
# The index is named where SQLite's planner would rather read a whole index of all jobs.
_IN_FLIGHT = "jobs INDEXED BY jobs_in_flight WHERE state IN ('submitting', 'running')"
_BUSY = f"SELECT user_id, count(*) AS in_flight FROM {_IN_FLIGHT} GROUP BY user_id"
_IN_ORDER = "ORDER BY tried_at, created_at, job_id"

# A request that is identical to one whose answer is still awaited waits, since the two could not be told apart if that
# answer were lost; another one of the same person goes instead.
_MAY_GO = f"""
SELECT job_id FROM (
    SELECT job_id, fingerprint FROM jobs WHERE user_id = head.user_id AND state = 'queued'
    {_IN_ORDER} LIMIT {_OWN_LOOKED_AT}
) AS own WHERE NOT EXISTS (
    SELECT 1 FROM jobs AS open WHERE open.state = 'submitting' AND open.fingerprint = own.fingerprint
) LIMIT 1
"""
_OF_THE_FREE = f"""
SELECT may_go FROM (
    SELECT ({_MAY_GO}) AS may_go FROM queue_heads AS head
    WHERE :running_per_user > 0 AND NOT EXISTS (
        SELECT 1 FROM jobs AS busy WHERE busy.user_id = head.user_id AND busy.state IN ('submitting', 'running')
    )
    {_IN_ORDER} LIMIT {_PEOPLE_LOOKED_AT}
) WHERE may_go IS NOT NULL LIMIT 1
"""
_OF_THE_BUSY = f"""
SELECT may_go FROM (
    SELECT ({_MAY_GO}) AS may_go FROM (
        SELECT user_id FROM ({_BUSY}) CROSS JOIN queue_heads USING (user_id) WHERE in_flight < :running_per_user
        ORDER BY in_flight, tried_at, created_at, job_id LIMIT {_PEOPLE_LOOKED_AT}
    ) AS head
) WHERE may_go IS NOT NULL LIMIT 1
"""
# Nobody who has something in flight goes before somebody who has nothing.
NEXT = f"""
SELECT coalesce(({_OF_THE_FREE}), ({_OF_THE_BUSY})) AS job_id
WHERE (SELECT count(*) FROM {_IN_FLIGHT}) < :max_running
"""

_OWN = f"""
SELECT job_id, coalesce(tried_at, 0) AS tried, created_at,
    (SELECT count(*) FROM jobs AS busy WHERE busy.user_id = :user_id AND busy.state IN ('submitting', 'running'))
    AS in_flight
FROM jobs WHERE user_id = :user_id AND state = 'queued' {_IN_ORDER} LIMIT {_ENOUGH}
"""
_THEIRS = f"""
SELECT in_flight, (
    SELECT json_group_array(json_array(tried, created_at, job_id)) FROM (
        SELECT coalesce(tried_at, 0) AS tried, created_at, job_id FROM jobs
        WHERE user_id = ahead.user_id AND state = 'queued' {_IN_ORDER} LIMIT {_ENOUGH}
    )
) AS line
FROM (
    SELECT * FROM (
        SELECT user_id, 0 AS in_flight FROM queue_heads AS head
        WHERE user_id <> :user_id AND (tried_at, created_at, job_id) < (:tried_before, :created_before, :job_before)
        AND NOT EXISTS (
            SELECT 1 FROM jobs AS busy WHERE busy.user_id = head.user_id AND busy.state IN ('submitting', 'running')
        )
        {_IN_ORDER} LIMIT {_ENOUGH}
    )
    UNION ALL
    SELECT user_id, in_flight FROM ({_BUSY}) CROSS JOIN queue_heads USING (user_id)
    WHERE user_id <> :user_id
    AND (in_flight + 1, tried_at, created_at, job_id) < (:turn, :tried_at, :created_at, :job_id)
) AS ahead LIMIT {_ENOUGH}
"""
_LAST = 2**63 - 1

Key = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting job: its turn, from 1, and its age among those of the same turn."""

    user_id: int
    job_id: int
    turn: int
    tried_at: int
    created_at: int

    @property
    def key(self) -> Key:
        """Jobs go in this order."""
        return (self.turn, self.tried_at, self.created_at, self.job_id)


def how_many_before(job: Waiting, own_before: int, others: Iterable[tuple[int, list[tuple[int, int, int]]]]) -> int:
    """How many jobs go before this one; `others` is what each other person has in flight and their first waiting jobs.

    More than COUNTED_BEFORE is only known to be more.
    """
    return own_before + sum(
        (in_flight + number, *age) < job.key for in_flight, line in others for number, age in enumerate(line, start=1)
    )


async def own_line(connection: aiosqlite.Connection, user_id: int) -> list[Waiting]:
    """A person's first waiting jobs, in the order in which they go."""
    rows = await connection.execute_fetchall(_OWN, {"user_id": user_id})
    return [
        Waiting(user_id, row["job_id"], row["in_flight"] + number, row["tried"], row["created_at"])
        for number, row in enumerate(rows, start=1)
    ]


async def count_before(connection: aiosqlite.Connection, job: Waiting, own_before: int) -> int | None:
    """How many jobs go before this one; None for more than COUNTED_BEFORE."""
    # From the second turn on, everybody with nothing in flight goes before.
    until = (job.tried_at, job.created_at, job.job_id) if job.turn == 1 else (_LAST, _LAST, _LAST)
    values = {
        "user_id": job.user_id,
        "turn": job.turn,
        "tried_at": job.tried_at,
        "created_at": job.created_at,
        "job_id": job.job_id,
        "tried_before": until[0],
        "created_before": until[1],
        "job_before": until[2],
    }
    rows = await connection.execute_fetchall(_THEIRS, values)
    others = [(int(row["in_flight"]), [(t, c, j) for t, c, j in json.loads(row["line"])]) for row in rows]
    before = how_many_before(job, own_before, others)
    return before if before <= COUNTED_BEFORE else None

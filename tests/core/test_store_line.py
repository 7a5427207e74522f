"""The line: the choice and the places are those of a plain reading of all waiting jobs, and read only a few of them."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.bench import PLENTY, connection_of, new_job
from tests.core.fakes import START, Clock
from veo_core.domain.expectation import COUNTED_BEFORE, MOST_COUNTED
from veo_core.domain.jobs import Job
from veo_core.store import Store, migrate

# What the line means, read the long way: all waiting jobs sorted by turn, then by age.
PLAINLY = """
SELECT job_id FROM (
    SELECT job_id, tried_at, created_at, coalesce(in_flight, 0)
        + row_number() OVER (PARTITION BY user_id ORDER BY tried_at, created_at, job_id) AS turn
    FROM jobs LEFT JOIN (
        SELECT user_id, count(*) AS in_flight FROM jobs WHERE state IN ('submitting', 'running') GROUP BY user_id
    ) USING (user_id)
    WHERE state = 'queued'
) ORDER BY turn, coalesce(tried_at, 0), created_at, job_id
"""
HEADS = """
SELECT user_id, job_id, coalesce(tried_at, 0) AS tried_at, created_at FROM (
    SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY tried_at, created_at, job_id) AS turn
    FROM jobs WHERE state = 'queued'
) WHERE turn = 1 ORDER BY user_id
"""


async def rows(store: Store, sql: str) -> list[tuple[int, ...]]:
    return [tuple(row) for row in await connection_of(store).execute_fetchall(sql)]


async def plainly(store: Store) -> list[int]:
    return [row[0] for row in await rows(store, PLAINLY)]


async def claim(store: Store, *, max_running: int = 1000, running_per_user: int = 1000) -> Job | None:
    return await store.queue.claim(START, max_running=max_running, running_per_user=running_per_user)


async def ask(store: Store, user_id: int, prompt: str, seconds: float = 0) -> Job:
    return (await store.requests.record(new_job(user_id, prompt), PLENTY, START + timedelta(seconds=seconds))).job


async def wait_in_line(store: Store, people: int, each: int) -> None:
    """So many people with so many waiting jobs, written at once; one after the other asked for all of theirs."""
    await connection_of(store).execute(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :all)"
        " INSERT INTO jobs (kind, state, user_id, channel_id, prompt, model, action, resolution, fingerprint,"
        " created_at) SELECT 'create', 'queued', 1 + i / :each, 20, 'p', 'veo31', 'text2video', '720p',"
        " 'f' || i, :now + i FROM n",
        {"all": people * each, "each": each, "now": int(START.timestamp() * 1000)},
    )


async def steps_of(store: Store, *, max_running: int = 5) -> int:
    """How many steps SQLite's machine takes for one claim, in hundreds, so that nothing depends on the computer."""
    count = 0

    def another() -> int:
        nonlocal count
        count += 1
        return 0

    await connection_of(store).set_progress_handler(another, 100)
    await claim(store, max_running=max_running)
    await connection_of(store).set_progress_handler(lambda: 0, 100)
    return count


@pytest.mark.parametrize("seed", range(12))
async def test_the_place_of_each_job_is_that_of_a_plain_reading(store: Store, clock: Clock, seed: int) -> None:
    rng = random.Random(seed)
    await play(store, clock, rng, people=rng.choice([1, 3, 12, 40]), moves=120)

    order = await plainly(store)
    for place, job_id in enumerate(order, start=1):
        job = await store.requests.get(job_id)
        assert job is not None
        expected = place if place <= COUNTED_BEFORE + 1 else None
        assert await store.queue.position(job) == expected
        assert (await store.queue.positions(job.user_id)).get(job_id) == expected


@pytest.mark.parametrize("seed", range(12))
async def test_claims_follow_a_plain_reading(store: Store, clock: Clock, seed: int) -> None:
    await play(store, clock, random.Random(seed), people=7, moves=60)

    while order := await plainly(store):
        job = await claim(store)
        assert job is not None
        assert job.job_id == order[0]


@pytest.mark.parametrize("seed", range(6))
async def test_the_head_of_each_persons_jobs_is_kept_whatever_happens_to_them(
    store: Store, clock: Clock, seed: int
) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        await play(store, clock, rng, people=4, moves=8)

        assert await rows(store, "SELECT * FROM queue_heads ORDER BY user_id") == await rows(store, HEADS)


async def play(store: Store, clock: Clock, rng: random.Random, *, people: int, moves: int) -> None:
    """People ask and cancel, jobs are claimed, given back, tried in vain and run."""
    for _ in range(moves):
        now = clock.advance(rng.choice([0, 1, -3, 7]))
        match rng.randrange(12):
            case 0:
                await store.requests.cancel(rng.randrange(1, 100), now)
            case 1 | 2:
                job = await claim(store, max_running=8, running_per_user=3)
                if job is not None and rng.random() < 0.7:
                    await store.queue.mark_running(job.job_id, f"task-{job.job_id}", now=now, due_at=now)
            case 3:
                for job in (await store.queue.submitting())[:1]:
                    await store.queue.requeue(job.job_id, rng.choice([None, now]))
            case 4 if rng.random() < 0.2:
                await store.queue.reset_attempts()
            case 5 if rng.random() < 0.1:
                await store.queue.recover(now)
            case _:
                new = new_job(rng.randrange(people), f"prompt {rng.random()}")
                await store.requests.record(new, PLENTY, now)


async def test_those_who_wait_in_an_older_database_keep_their_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = migrate.migrations()
    monkeypatch.setattr(migrate, "migrations", lambda: steps[:1])
    path = tmp_path / "older.sqlite3"
    migrate.migrate(path)
    with closing(sqlite3.connect(path)) as older, older:
        older.executemany(
            "INSERT INTO jobs (kind, state, user_id, channel_id, prompt, model, action, resolution, fingerprint,"
            " created_at) VALUES ('create', 'queued', ?, 20, 'p', 'veo31', 'text2video', '720p', ?, ?)",
            [(1, "a", 5), (1, "b", 3), (2, "c", 4), (3, "d", 1)],
        )
    monkeypatch.undo()

    async with Store.open(path) as store:
        assert await rows(store, "SELECT * FROM queue_heads ORDER BY user_id") == await rows(store, HEADS)
        claimed = [await claim(store) for _ in range(4)]

    assert [job.job_id for job in claimed if job is not None] == [4, 2, 3, 1]


async def test_twenty_before_it_are_counted_and_more_are_only_more(store: Store) -> None:
    await wait_in_line(store, people=COUNTED_BEFORE, each=1)
    just = await ask(store, 101, "just", 60)
    behind = await ask(store, 102, "behind", 61)

    assert await store.queue.position(just) == COUNTED_BEFORE + 1
    assert await store.queue.position(behind) is None


async def test_a_newcomer_goes_before_ten_thousand_of_another_person(store: Store) -> None:
    await wait_in_line(store, people=1, each=10_000)
    await claim(store)
    newcomer = await ask(store, 2, "newcomer", 60)

    assert await store.queue.position(newcomer) == 1
    following = await claim(store, running_per_user=1)
    assert following is not None
    assert following.job_id == newcomer.job_id


async def test_with_everybody_busy_the_places_are_shared_evenly(store: Store) -> None:
    await wait_in_line(store, people=50, each=200)

    taken = [await claim(store, max_running=150) for _ in range(160)]

    assert Counter(job.user_id for job in taken if job is not None) == dict.fromkeys(range(1, 51), 3)


async def test_another_job_of_the_same_person_goes_while_an_identical_one_has_no_answer(store: Store) -> None:
    first = await ask(store, 1, "the same")
    await ask(store, 1, "the same", 1)
    other = await ask(store, 1, "another", 2)

    claimed = [await claim(store), await claim(store), await claim(store)]

    assert [job.job_id if job else None for job in claimed] == [first.job_id, other.job_id, None]


async def test_a_crowd_with_one_identical_request_keeps_nobody_else_waiting(store: Store) -> None:
    for user_id in range(100):
        await ask(store, user_id, "the same", user_id)
    other = await ask(store, 500, "another", 500)

    await claim(store)
    following = await claim(store)

    assert following is not None
    assert following.job_id == other.job_id


@pytest.mark.parametrize(("people", "each"), [(1, 10_000), (100, 100), (10_000, 1)])
async def test_a_choice_among_ten_thousand_takes_as_many_steps_as_one_among_ten(
    store: Store, people: int, each: int
) -> None:
    await wait_in_line(store, people=10, each=1)
    few = await steps_of(store)
    await connection_of(store).execute("UPDATE jobs SET state = 'cancelled', ended_at = 1 WHERE state = 'queued'")
    await wait_in_line(store, people, each)

    assert await steps_of(store) <= few * 1.5


async def test_the_waiting_are_counted_to_a_limit(store: Store) -> None:
    await wait_in_line(store, people=2, each=MOST_COUNTED)

    assert await store.queue.waiting() == MOST_COUNTED
    assert await store.queue.any_waiting()

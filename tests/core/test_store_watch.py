"""From running to ended: each end happens once, and looks are noted together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.core.bench import PLENTY, new_job
from tests.core.fakes import START, Clock
from veo_core.domain.jobs import Job, JobState
from veo_core.domain.polling import Reschedule
from veo_core.domain.submissions import Video
from veo_core.reasons import Reason
from veo_core.store import Store

VIDEO = Video("https://cdn.acedata.cloud/v.mp4", "video-1")
SECOND = timedelta(seconds=1)


async def queued(store: Store) -> Job:
    job = (await store.requests.record(new_job(), PLENTY, START)).job
    await store.outbox.status_shown(job.job_id, "queued", 50)
    return job


async def submitting(store: Store) -> Job:
    await queued(store)
    claimed = await store.queue.claim(START, max_running=99, running_per_user=99)
    assert claimed is not None
    return claimed


async def running(store: Store, due_in: float = 0) -> Job:
    job = await submitting(store)
    due_at = START + due_in * SECOND
    assert await store.queue.mark_running(job.job_id, f"task-{job.job_id}", now=START, due_at=due_at)
    return await now_of(store, job)


async def now_of(store: Store, job: Job) -> Job:
    found = await store.requests.get(job.job_id)
    assert found is not None
    return found


async def test_due_are_running_jobs_whose_moment_has_come_the_longest_waiting_first(store: Store) -> None:
    late, early, future = [await running(store, seconds) for seconds in (5, 1, 9)]
    await queued(store)

    assert [job.job_id for job in await store.watch.due(START + 5 * SECOND)] == [early.job_id, late.job_id]
    assert await store.watch.next_due_at() == START + SECOND
    assert (await store.watch.due(START + 9 * SECOND))[-1].job_id == future.job_id


async def test_nothing_is_due_while_nothing_runs(store: Store) -> None:
    await queued(store)

    assert await store.watch.due(START + timedelta(days=9)) == ()
    assert await store.watch.next_due_at() is None


async def test_looks_move_the_next_ones_and_note_when_a_task_was_first_seen(store: Store, clock: Clock) -> None:
    seen, unknown = await running(store), await running(store)
    later = clock.advance(60)

    for moment in (START, later):
        await store.watch.reschedule(
            {
                seen.job_id: Reschedule(moment + SECOND, slow=moment == later, seen=True),
                unknown.job_id: Reschedule(moment + 2 * SECOND, slow=False, seen=False),
            },
            moment,
        )

    first, second = await now_of(store, seen), await now_of(store, unknown)
    assert (first.due_at, first.slow, first.seen_at, first.status_wanted) == (later + SECOND, True, START, "slow")
    assert (second.due_at, second.slow, second.seen_at, second.status_wanted) == (
        later + 2 * SECOND,
        False,
        None,
        "running",
    )


async def test_a_look_at_what_ended_meanwhile_changes_nothing(store: Store) -> None:
    job = await running(store)
    await store.watch.succeed(job.job_id, VIDEO, now=START)
    before = await now_of(store, job)

    await store.watch.reschedule({job.job_id: Reschedule(START + SECOND, slow=True, seen=True)}, START)
    await store.watch.reschedule({}, START)

    assert await now_of(store, job) == before


async def test_success_keeps_the_video_and_makes_the_delivery_due(store: Store) -> None:
    job = await running(store)

    assert await store.watch.succeed(job.job_id, VIDEO, now=START)

    ended = await now_of(store, job)
    assert (ended.state, ended.video_url, ended.video_id, ended.ended_at) == (
        "succeeded",
        VIDEO.video_url,
        VIDEO.video_id,
        START,
    )
    assert (ended.due_at, ended.task_id) == (None, job.task_id)
    assert [due.job_id for due in await store.outbox.deliveries_due(START, 9)] == [job.job_id]


async def test_a_submission_answered_with_the_video_itself_succeeds_at_once(store: Store) -> None:
    job = await submitting(store)
    await store.queue.mark_in_doubt(job.job_id, START)

    assert await store.watch.succeed(job.job_id, VIDEO, now=START, task_id="t")

    ended = await now_of(store, job)
    assert (ended.state, ended.task_id, ended.in_doubt_at) == ("succeeded", "t", None)


@pytest.mark.parametrize(("expired", "state"), [(False, JobState.FAILED), (True, JobState.EXPIRED)])
@pytest.mark.parametrize("begin", [queued, submitting, running])
async def test_a_job_can_fail_wherever_it_stands_and_the_person_is_to_be_told(
    store: Store, begin: Callable[[Store], Awaitable[Job]], expired: bool, state: JobState
) -> None:
    job = await begin(store)

    assert await store.watch.fail(job.job_id, Reason.LOST, now=START, expired=expired, trace_id="trace")

    ended = await now_of(store, job)
    assert (ended.state, ended.reason, ended.ended_at, ended.trace_id) == (state, Reason.LOST, START, "trace")
    assert (ended.due_at, ended.in_doubt_at, ended.status_wanted) == (None, None, "failed")
    assert [due.job_id for due in await store.outbox.deliveries_due(START, 9)] == [job.job_id]


async def test_a_failure_without_a_trace_keeps_the_one_of_the_submission(store: Store) -> None:
    job = await submitting(store)
    await store.queue.mark_running(job.job_id, "t", now=START, due_at=START, trace_id="submitted")

    await store.watch.fail(job.job_id, Reason.LOST, now=START)

    assert (await now_of(store, job)).trace_id == "submitted"


async def test_of_many_ends_at_once_exactly_one_happens(store: Store) -> None:
    job = await running(store)

    answers = await asyncio.gather(
        *(store.watch.succeed(job.job_id, VIDEO, now=START) for _ in range(5)),
        *(store.watch.fail(job.job_id, Reason.LOST, now=START) for _ in range(5)),
    )

    assert answers == [True] + [False] * 9
    assert (await now_of(store, job)).state is JobState.SUCCEEDED


@pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled"])
async def test_an_ended_job_stays_as_it_ended(store: Store, end: str) -> None:
    job = await queued(store) if end == "cancelled" else await running(store)
    ends = {
        "succeeded": store.watch.succeed(job.job_id, VIDEO, now=START),
        "failed": store.watch.fail(job.job_id, Reason.LOST, now=START),
        "cancelled": store.requests.cancel(job.job_id, START),
    }
    assert await ends.pop(end)
    before = await now_of(store, job)

    assert [await other for other in ends.values()] == [False, False]

    assert await now_of(store, job) == before


async def test_a_queued_job_cannot_succeed(store: Store) -> None:
    job = await queued(store)

    assert not await store.watch.succeed(job.job_id, VIDEO, now=START)

"""From queued to running: the order is fair, the limits hold, and what is known of a submission is on disk."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from tests.core.bench import PLENTY, new_job
from tests.core.fakes import START, Clock
from veo_core.domain.jobs import Job
from veo_core.domain.submissions import Video
from veo_core.reasons import Reason
from veo_core.store import Store


async def ask(store: Store, clock: Clock, *people: int, prompt: str | None = None) -> list[Job]:
    """One request after the other; the prompts differ unless one is given."""
    return [
        (await store.requests.record(new_job(user_id, prompt or f"cat {n}"), PLENTY, clock.advance(1))).job
        for n, user_id in enumerate(people)
    ]


async def claim(store: Store, *, max_running: int = 1000, running_per_user: int = 1000) -> Job | None:
    return await store.queue.claim(START, max_running=max_running, running_per_user=running_per_user)


async def claim_all(store: Store, *, max_running: int = 1000, running_per_user: int = 1000) -> list[Job]:
    claimed: list[Job] = []
    while job := await claim(store, max_running=max_running, running_per_user=running_per_user):
        claimed.append(job)
    return claimed


async def positions_of(store: Store, *people: int) -> dict[int, int]:
    return {job: place for user_id in people for job, place in (await store.queue.positions(user_id)).items()}


async def job_of(store: Store, job: Job) -> Job:
    found = await store.requests.get(job.job_id)
    assert found is not None
    return found


async def test_a_claim_marks_the_job_before_anything_is_sent(store: Store, clock: Clock) -> None:
    [asked] = await ask(store, clock, 1)

    claimed = await claim(store)

    assert claimed is not None
    assert claimed == await job_of(store, asked)
    assert (claimed.state, claimed.submitting_at, claimed.status_wanted) == ("submitting", START, "queued")
    assert await claim(store) is None


async def test_whoever_has_fewest_in_flight_goes_first_then_the_oldest(store: Store, clock: Clock) -> None:
    await ask(store, clock, 1, 1, 1, 2, 3, 2)

    assert [job.user_id for job in await claim_all(store)] == [1, 2, 3, 1, 2, 1]


async def test_one_persons_hundred_do_not_keep_another_waiting(store: Store, clock: Clock) -> None:
    await ask(store, clock, *[1] * 100)
    await claim(store)
    [late] = await ask(store, clock, 2, prompt="another")

    following = await claim(store)

    assert following is not None
    assert following.job_id == late.job_id


async def test_positions_tell_the_order_of_the_claims(store: Store, clock: Clock) -> None:
    await ask(store, clock, 1, 1, 2, 1, 3, 3, 2, 1)
    await claim(store)
    await claim(store)

    positions = await positions_of(store, 1, 2, 3)
    claimed = await claim_all(store)

    assert [positions[job.job_id] for job in claimed] == [1, 2, 3, 4, 5, 6]


async def test_positions_are_of_queued_jobs_only_and_close_up(store: Store, clock: Clock) -> None:
    jobs = await ask(store, clock, 1, 2, 3)
    await store.requests.cancel(jobs[0].job_id, START)

    assert await positions_of(store, 1, 2, 3) == {jobs[1].job_id: 1, jobs[2].job_id: 2}
    assert await store.queue.waiting() == 2


async def test_an_empty_queue_has_no_positions(store: Store) -> None:
    assert await store.queue.positions(1) == {}
    assert await store.queue.waiting() == 0
    assert not await store.queue.any_waiting()


async def test_more_than_a_person_may_run_are_queued_not_refused(store: Store, clock: Clock) -> None:
    await ask(store, clock, 1, 1, 1, 2)

    claimed = await claim_all(store, running_per_user=2)

    assert [job.user_id for job in claimed] == [1, 2, 1]
    assert await store.queue.waiting() == 1


@pytest.mark.parametrize("max_running", [1, 3, 7])
async def test_claims_at_once_never_exceed_the_places(store: Store, clock: Clock, max_running: int) -> None:
    await ask(store, clock, *(n % 4 for n in range(20)))

    claims = await asyncio.gather(*(claim(store, max_running=max_running, running_per_user=2) for _ in range(30)))

    taken = [job for job in claims if job is not None]
    assert len({job.job_id for job in taken}) == len(taken) == max_running
    assert max(Counter(job.user_id for job in taken).values()) <= 2


async def test_running_and_submitting_jobs_both_take_places(store: Store, clock: Clock) -> None:
    jobs = await ask(store, clock, 1, 2, 3)
    await claim(store)
    await store.queue.mark_running(jobs[0].job_id, "t", now=START, due_at=START)
    await claim(store, max_running=2)

    assert await claim(store, max_running=2) is None
    await store.watch.succeed(jobs[0].job_id, Video("https://v"), now=START)
    assert await claim(store, max_running=2) is not None


async def test_an_identical_request_waits_while_an_answer_is_awaited(store: Store, clock: Clock) -> None:
    first, second = await ask(store, clock, 1, 2, prompt="the same")
    [other] = await ask(store, clock, 3, prompt="another")

    assert [job.job_id for job in await claim_all(store)] == [first.job_id, other.job_id]
    await store.queue.mark_running(first.job_id, "t", now=START, due_at=START)
    assert [job.job_id for job in await claim_all(store)] == [second.job_id]


async def test_a_job_given_back_is_as_if_it_had_never_been_sent(store: Store, clock: Clock) -> None:
    [asked] = await ask(store, clock, 1)
    await claim(store)
    await store.queue.mark_in_doubt(asked.job_id, START)

    await store.queue.requeue(asked.job_id)

    assert await job_of(store, asked) == asked


async def test_only_a_submission_can_be_given_back(store: Store, clock: Clock) -> None:
    [asked] = await ask(store, clock, 1)
    await claim(store)
    await store.queue.mark_running(asked.job_id, "t", now=START, due_at=START)

    await store.queue.requeue(asked.job_id)
    await store.queue.change_action(asked.job_id, "image2video")
    await store.queue.mark_in_doubt(asked.job_id, START)

    job = await job_of(store, asked)
    assert (job.state, job.action, job.in_doubt_at) == ("running", "text2video", None)


async def test_whoever_met_the_refusal_of_the_account_is_not_the_next_probe(store: Store, clock: Clock) -> None:
    first, second = await ask(store, clock, 1, 2)
    await claim(store)
    await store.queue.requeue(first.job_id, clock.now())
    probe = await claim(store)
    assert probe is not None
    assert probe.job_id == second.job_id
    await store.queue.requeue(second.job_id, clock.advance(1))

    again = await claim(store)

    assert again is not None
    assert again.job_id == first.job_id


async def test_after_a_pause_everybody_has_their_old_place(store: Store, clock: Clock) -> None:
    first, second = await ask(store, clock, 1, 2)
    await claim(store)
    await store.queue.requeue(first.job_id, clock.now())

    await store.queue.reset_attempts()

    assert [job.job_id for job in await claim_all(store)] == [first.job_id, second.job_id]


async def test_another_action_is_noted_before_it_is_sent(store: Store, clock: Clock) -> None:
    [asked] = await ask(store, clock, 1)
    await claim(store)

    await store.queue.change_action(asked.job_id, "image2video")

    assert (await job_of(store, asked)).submission.action == "image2video"


async def test_the_providers_handle_is_noted_with_the_first_look(store: Store, clock: Clock) -> None:
    [asked] = await ask(store, clock, 1)
    await claim(store)
    due_at = clock.advance(45)

    assert await store.queue.mark_running(asked.job_id, "t", now=START, due_at=due_at, trace_id="trace")

    job = await job_of(store, asked)
    assert (job.state, job.task_id, job.trace_id, job.running_at, job.due_at) == (
        "running",
        "t",
        "trace",
        START,
        due_at,
    )
    assert job.status_wanted == "running"


async def test_an_answer_that_comes_too_late_changes_nothing(store: Store, clock: Clock) -> None:
    [asked] = await ask(store, clock, 1)
    assert not await store.queue.mark_running(asked.job_id, "t", now=START, due_at=START)
    await claim(store)
    await store.queue.mark_running(asked.job_id, "found", now=START, due_at=START)

    assert not await store.queue.mark_running(asked.job_id, "answered", now=START, due_at=START)

    assert (await job_of(store, asked)).task_id == "found"


async def test_doubt_is_noted_and_ends_when_the_task_is_known(store: Store, clock: Clock) -> None:
    [asked] = await ask(store, clock, 1)
    await claim(store)

    await store.queue.mark_in_doubt(asked.job_id, START)
    assert (await job_of(store, asked)).in_doubt_at == START

    await store.queue.mark_running(asked.job_id, "t", now=START, due_at=START)
    assert (await job_of(store, asked)).in_doubt_at is None


async def test_after_a_start_everything_that_was_being_submitted_is_in_doubt(store: Store, clock: Clock) -> None:
    jobs = await ask(store, clock, 1, 2, 3)
    await claim(store)
    await claim(store)
    await store.queue.mark_running(jobs[0].job_id, "t", now=START, due_at=START)

    await store.queue.recover(clock.now())

    assert [(await job_of(store, job)).in_doubt_at for job in jobs] == [None, clock.now(), None]
    assert [job.job_id for job in await store.queue.submitting()] == [jobs[1].job_id]


async def test_after_a_start_nothing_is_due_later_than_a_clock_that_went_back_says(store: Store, clock: Clock) -> None:
    looked_at, ended = await ask(store, clock, 1, 2)
    await claim_all(store)
    tomorrow = START + timedelta(days=1)
    await store.queue.mark_running(looked_at.job_id, "t", now=tomorrow, due_at=tomorrow)
    await store.watch.succeed(ended.job_id, Video("https://v"), now=tomorrow)
    for job in (looked_at, ended):
        await store.outbox.status_shown(job.job_id, "queued", 50)
        await store.outbox.postpone_status(job.job_id, tomorrow)

    await store.queue.recover(START)

    assert [job.job_id for job in await store.watch.due(START)] == [looked_at.job_id]
    assert [job.job_id for job in await store.outbox.deliveries_due(START, 9)] == [ended.job_id]
    assert len(await store.outbox.statuses_due(START, 9)) == 2


async def test_submissions_without_an_answer_are_listed_oldest_first(store: Store, clock: Clock) -> None:
    jobs = await ask(store, clock, 1, 2, 3)
    assert await store.queue.submitting() == ()
    await claim_all(store)

    assert [job.job_id for job in await store.queue.submitting()] == [job.job_id for job in jobs]


async def test_tasks_that_belong_to_jobs_are_told_from_the_others(store: Store, clock: Clock) -> None:
    jobs = await ask(store, clock, 1, 2)
    await claim_all(store)
    await store.queue.mark_running(jobs[0].job_id, "running", now=START, due_at=START)
    await store.queue.mark_running(jobs[1].job_id, "failed", now=START, due_at=START)
    await store.watch.fail(jobs[1].job_id, Reason.PROVIDER_FAILED, now=START)

    assert await store.queue.claimed(["running", "failed", "free"]) == {"running", "failed"}
    assert await store.queue.claimed([]) == frozenset()
    assert await store.queue.claimed([f"task-{n}" for n in range(1000)]) == frozenset()


async def test_queueing_order_survives_equal_times(store: Store) -> None:
    for n in range(10):
        await store.requests.record(new_job(n, f"cat {n}"), PLENTY, START)

    assert [job.user_id for job in await claim_all(store)] == list(range(10))

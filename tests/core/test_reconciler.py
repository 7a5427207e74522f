"""A lost answer never leads to a second POST: the task is looked for and matched to exactly one job."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.core.bench import Bench
from tests.core.fakes import START, Clock, Fault
from veo_core.domain.jobs import JobKind, JobState
from veo_core.domain.submissions import Submission
from veo_core.domain.timing import Timing
from veo_core.errors import AnswerLost, RateLimited, Unreachable
from veo_core.reasons import Reason
from veo_core.store import Store

LOST = Fault(AnswerLost("connection reset"), accepts=True)
NOTHING_MADE = Fault(AnswerLost("502"), accepts=False)


async def test_the_task_of_a_lost_answer_is_found_and_goes_on_to_its_video(bench: Bench) -> None:
    bench.api.faults.append(LOST)
    job = await bench.ask()

    await bench.pass_time(6)
    found = await bench.job(job)
    assert (found.state, found.task_id, found.in_doubt_at) == ("running", "task-1", None)
    bench.api.finish()
    await bench.pass_time(10)

    assert bench.posts.delivered == [job.job_id]
    assert len(bench.api.submissions) == 1


async def test_a_task_that_is_listed_only_later_is_still_found(bench: Bench) -> None:
    bench.api.faults.append(LOST)
    bench.api.hidden_for = timedelta(seconds=100)
    job = await bench.ask()

    await bench.pass_time(110)

    assert (await bench.job(job)).task_id == "task-1"
    assert len(bench.api.submissions) == 1


async def test_what_left_no_task_is_given_up_after_the_window_and_its_place_given_back(bench: Bench) -> None:
    bench.api.faults.append(NOTHING_MADE)
    job = await bench.ask()

    await bench.pass_time(119)
    assert (await bench.job(job)).state is JobState.SUBMITTING
    await bench.pass_time(10)

    ended = await bench.job(job)
    assert (ended.state, ended.reason) == ("failed", Reason.LOST)
    assert (await bench.store.requests.usage(1, JobKind.CREATE, bench.clock.now())).used == 0
    assert bench.posts.delivered == [job.job_id]
    assert len(bench.api.submissions) == 1


async def test_the_window_counts_only_while_the_provider_answers(bench: Bench) -> None:
    bench.api.faults.append(LOST)
    bench.api.hidden_for = timedelta(hours=1, seconds=30)
    job = await bench.ask()
    await bench.settle()

    bench.api.outage = Unreachable("down")
    await bench.pass_time(3600)
    bench.api.outage = None
    await bench.pass_time(60)

    assert (await bench.job(job)).task_id == "task-1"


async def test_two_identical_requests_stay_two_jobs_and_two_tasks_when_both_answers_are_lost(bench: Bench) -> None:
    bench.api.faults.extend([LOST, LOST])
    jobs = [await bench.ask(user_id, "the same") for user_id in (1, 2)]

    await bench.pass_time(30)

    assert len(bench.api.submissions) == len(bench.api.tasks) == 2
    assert {(await bench.job(job)).task_id for job in jobs} == {"task-1", "task-2"}
    bench.api.finish()
    await bench.pass_time(30)
    assert sorted(bench.posts.delivered) == [job.job_id for job in jobs]


async def test_of_two_identical_requests_the_lost_one_gets_its_own_task_not_the_others(bench: Bench) -> None:
    first = await bench.ask(1, "the same")
    await bench.settle()
    bench.api.faults.append(LOST)
    second = await bench.ask(2, "the same")

    await bench.pass_time(10)

    assert [(await bench.job(job)).task_id for job in (first, second)] == ["task-1", "task-2"]


async def test_a_lost_request_that_left_no_task_is_not_given_an_identical_ones(bench: Bench) -> None:
    await bench.ask(1, "the same")
    await bench.settle()
    bench.api.faults.append(NOTHING_MADE)
    second = await bench.ask(2, "the same")

    await bench.pass_time(200)

    assert (await bench.job(second)).reason is Reason.LOST
    assert len(bench.api.tasks) == 1


async def test_many_lost_at_once_are_matched_one_to_one(bench: Bench) -> None:
    bench.api.faults.extend([LOST] * 5)
    bench.api.gate.shut()
    jobs = [await bench.ask(n, f"cat {n}") for n in range(5)]
    await bench.submitter.turn()
    await bench.api.has_got(5)
    bench.api.gate.open()

    await bench.pass_time(10)

    for job in jobs:
        task_id = (await bench.job(job)).task_id
        assert task_id is not None
        assert bench.api.tasks[task_id].submission.prompt == job.prompt


async def test_an_api_that_loses_every_answer_does_not_burn_through_the_queue(bench: Bench) -> None:
    bench.api.faults.extend([NOTHING_MADE] * 100)
    for n in range(40):
        await bench.ask(n, f"cat {n}")

    await bench.pass_time(600)

    assert len(bench.api.submissions) <= 12
    assert await bench.store.queue.waiting() >= 28


async def test_tasks_of_others_on_the_same_account_are_left_alone(bench: Bench) -> None:
    bench.api.plant(Submission("text2video", "veo31-fast", "another prompt", (), "16:9"))
    bench.api.plant(Submission("text2video", "veo3", "a cat", (), "16:9"))
    bench.api.faults.append(NOTHING_MADE)
    job = await bench.ask(prompt="a cat")

    await bench.pass_time(200)

    assert (await bench.job(job)).reason is Reason.LOST


async def test_a_submission_that_is_still_open_is_never_given_up(store: Store, clock: Clock) -> None:
    bench = Bench(store, clock, pace=Timing(patience=timedelta(0)))
    bench.api.hidden_for = timedelta(days=1)
    bench.api.gate.shut()
    job = await bench.ask()
    await bench.submitter.turn()
    await bench.api.gate.arrived.wait()

    for _ in range(30):
        clock.advance(30)
        await bench.reconciler.turn()
    assert (await bench.job(job)).state is JobState.SUBMITTING
    bench.api.gate.open()
    await bench.in_hand()

    assert (await bench.job(job)).task_id == "task-1"


async def test_a_job_found_by_the_next_process_is_not_sent_again(bench: Bench) -> None:
    bench.api.gate.shut()
    job = await bench.ask()
    await bench.submitter.turn()
    await bench.api.gate.arrived.wait()

    await bench.restart()
    bench.api.gate.open()
    await bench.pass_time(10)

    assert (await bench.job(job)).task_id == "task-1"
    assert len(bench.api.submissions) == 1


async def test_one_listing_an_interval_covers_everything_in_doubt_however_often_it_is_woken(bench: Bench) -> None:
    bench.api.faults.extend([NOTHING_MADE] * 5)
    for n in range(5):
        await bench.ask(n, f"cat {n}")
    await bench.settle()

    for n in range(20):
        await bench.ask(n, f"dog {n}")
        await bench.pass_time(1)

    assert 3 <= len(bench.api.times_of("find")) <= 6


async def test_nothing_in_doubt_asks_for_nothing(bench: Bench) -> None:
    await bench.ask()
    await bench.settle()

    await bench.pass_time(40)

    assert bench.api.times_of("find") == []


async def test_a_busy_provider_is_left_alone_for_as_long_as_it_asks(bench: Bench) -> None:
    bench.api.faults.append(LOST)
    job = await bench.ask()
    bench.api.busy_with_looks = RateLimited("slow down", retry_after=timedelta(seconds=30))
    await bench.settle()
    bench.api.busy_with_looks = None

    await bench.pass_time(29)
    assert bench.api.times_of("find") == [START]
    await bench.pass_time(3)

    assert (await bench.job(job)).task_id == "task-1"


@pytest.mark.parametrize("lost", [LOST, NOTHING_MADE])
async def test_a_job_in_doubt_cannot_be_cancelled(bench: Bench, lost: Fault) -> None:
    bench.api.faults.append(lost)
    bench.api.hidden_for = timedelta(minutes=1)
    job = await bench.ask()
    await bench.settle()

    assert not await bench.store.requests.cancel(job.job_id, START)


async def test_an_answer_and_a_search_at_once_leave_one_task_on_the_job(bench: Bench) -> None:
    for _ in range(10):
        bench.api.gate.shut()
        job = await bench.ask()
        await bench.submitter.turn()
        await bench.api.gate.arrived.wait()
        await bench.store.queue.mark_in_doubt(job.job_id, bench.clock.now())

        bench.api.gate.open()
        bench.clock.advance(6)
        await asyncio.gather(bench.reconciler.turn(), bench.in_hand())

        found = await bench.job(job)
        assert found.state is JobState.RUNNING
        bench.api.finish()
        await bench.pass_time(60)

    assert len(bench.api.submissions) == len(bench.posts.delivered) == 10


async def test_a_provider_that_lists_nothing_holds_up_nobody_and_is_sent_nothing_twice(bench: Bench) -> None:
    bench.api.refuses_listings = True
    bench.api.faults.append(LOST)
    lost = await bench.ask(1, "a cat")
    await bench.pass_time(30)

    other = await bench.ask(2, "a dog")
    await bench.pass_time(10)
    sent = (await bench.job(other)).state
    await bench.pass_time(200)

    assert sent is JobState.RUNNING
    ended = await bench.job(lost)
    assert (ended.state, ended.reason) == (JobState.FAILED, Reason.LOST)
    assert [submission.prompt for submission in bench.api.submissions] == ["a cat", "a dog"]

"""From running to ended: one look covers all, an outage ends nothing, and slow is not failed."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.core.bench import Bench, connection_of, counts
from tests.core.fakes import START, Clock, FakeTask
from veo_core.domain.jobs import Job, JobKind, JobState
from veo_core.errors import AccountProblem, RateLimited, Unreachable
from veo_core.reasons import Reason
from veo_core.store import Store

HOUR = 3600


def times_between(times: list[datetime]) -> list[float]:
    return [(later - at).total_seconds() for at, later in pairwise(times)]


async def running(bench: Bench, count: int = 1) -> list[Job]:
    """Jobs that the provider works on, each of another person."""
    jobs = [await bench.ask(n, f"cat {n}") for n in range(count)]
    await bench.settle()
    return jobs


def task_of(bench: Bench, job: Job) -> FakeTask:
    return next(task for task in bench.api.tasks.values() if task.submission.prompt == job.prompt)


async def test_a_finished_task_becomes_a_delivered_video(bench: Bench) -> None:
    [job] = await running(bench)
    bench.api.finish()

    await bench.pass_time(46)

    ended = await bench.job(job)
    assert (ended.state, ended.video_id) == ("succeeded", "video-task-1")
    assert bench.posts.delivered == [job.job_id]
    assert len(bench.api.batches) == 1


async def test_looks_begin_after_the_models_shortest_time_and_come_every_interval(bench: Bench) -> None:
    await running(bench)

    await bench.pass_time(61)

    assert bench.api.times_of("fetch") == [START + timedelta(seconds=n) for n in (45, 50, 55, 60)]


async def test_a_hundred_and_twenty_jobs_are_three_requests_of_at_most_fifty(store: Store, clock: Clock) -> None:
    bench = Bench(store, clock, max_running=200)
    await running(bench, 120)

    await bench.pass_time(46)

    assert [len(batch) for batch in bench.api.batches] == [50, 50, 20]
    assert len({task_id for batch in bench.api.batches for task_id in batch}) == 120


async def test_an_idle_bot_asks_once_whether_it_is_known_and_then_for_nothing(bench: Bench) -> None:
    await bench.pass_time(HOUR)

    assert bench.api.attempts == [(START, "ping")]


@pytest.mark.parametrize(
    ("code", "reason"),
    [("forbidden", Reason.MODERATED), ("api_error", Reason.PROVIDER_FAILED), ("", Reason.NO_OUTPUT)],
)
async def test_a_failed_task_gives_the_place_back_and_says_why(bench: Bench, code: str, reason: Reason) -> None:
    [job] = await running(bench)
    bench.api.fail("task-1", code)

    await bench.pass_time(46)

    assert (await bench.job(job)).reason is reason
    assert (await bench.store.requests.usage(0, JobKind.CREATE, bench.clock.now())).used == 0
    assert bench.posts.delivered == [job.job_id]


async def test_a_task_unknown_at_first_is_pending_and_delivered_later(bench: Bench) -> None:
    bench.api.hidden_for = timedelta(seconds=150)
    [job] = await running(bench)

    await bench.pass_time(149)
    assert (await bench.job(job)).state is JobState.RUNNING
    bench.api.finish()
    await bench.pass_time(10)

    assert bench.posts.delivered == [job.job_id]


async def test_a_task_that_stays_unknown_is_asked_for_by_itself_and_then_given_up(bench: Bench) -> None:
    bench.api.hidden_for = timedelta(days=1)
    [job] = await running(bench)

    await bench.pass_time(45 + 130)

    assert (await bench.job(job)).reason is Reason.LOST
    assert len(bench.api.times_of("fetch_one")) == 1
    assert bench.posts.delivered == [job.job_id]


async def test_a_task_that_a_batch_leaves_out_but_a_single_look_knows_goes_on(bench: Bench) -> None:
    [job] = await running(bench)
    bench.api.left_out_of_batches = {"task-1"}

    await bench.pass_time(45 + 130)
    assert (await bench.job(job)).state is JobState.RUNNING
    bench.api.left_out_of_batches = set()
    bench.api.finish()
    await bench.pass_time(10)

    assert bench.posts.delivered == [job.job_id]


async def test_many_unknown_tasks_are_asked_for_a_few_at_a_time_until_all_are_told(store: Store, clock: Clock) -> None:
    bench = Bench(store, clock, max_running=20)
    bench.api.hidden_for = timedelta(days=1)
    jobs = await running(bench, 20)

    await bench.pass_time(45 + 120)
    in_one_turn = max(Counter(bench.api.times_of("fetch_one")).values())
    await bench.pass_time(600)

    assert in_one_turn <= 3
    assert await counts(store) == {JobState.FAILED: 20}
    assert sorted(bench.posts.delivered) == [job.job_id for job in jobs]


async def test_a_single_look_that_is_refused_means_unknown(bench: Bench) -> None:
    [job] = await running(bench)
    bench.api.left_out_of_batches = {"task-1"}
    bench.api.refuses_single_looks = True

    await bench.pass_time(45 + 130)

    assert (await bench.job(job)).reason is Reason.LOST


async def test_what_goes_wrong_with_one_job_keeps_no_other_from_its_end(bench: Bench) -> None:
    jobs = await running(bench, 5)
    await connection_of(bench.store).execute(
        "CREATE TEMP TRIGGER stuck BEFORE UPDATE OF state ON jobs WHEN new.job_id = 1"
        " BEGIN SELECT raise(FAIL, 'a fault of ours'); END"
    )
    bench.api.finish()

    await bench.pass_time(60)
    assert sorted(bench.posts.delivered) == [job.job_id for job in jobs[1:]]
    assert len(bench.api.batches) == 1
    await connection_of(bench.store).execute("DROP TRIGGER stuck")
    await bench.pass_time(60)

    assert sorted(bench.posts.delivered) == [job.job_id for job in jobs]


async def test_an_account_refused_at_a_look_pauses_submissions_and_ends_nothing(bench: Bench) -> None:
    [job] = await running(bench)
    bench.api.busy_with_looks = AccountProblem("no", code="invalid_token")
    await bench.pass_time(46)
    assert bench.provider.is_paused
    assert len(bench.posts.operator) == 1

    bench.api.busy_with_looks = None
    bench.api.finish()
    await bench.pass_time(61)

    assert bench.posts.delivered == [job.job_id]


async def test_a_task_that_was_seen_once_is_never_lost_in_the_window(bench: Bench) -> None:
    [job] = await running(bench)
    await bench.pass_time(46)
    task_of(bench, job).known_from = START + timedelta(days=1)

    await bench.pass_time(HOUR)

    assert (await bench.job(job)).state is JobState.RUNNING


async def test_slow_is_said_and_looked_at_less_often_and_a_late_video_is_still_delivered(bench: Bench) -> None:
    [job] = await running(bench)
    await bench.pass_time(905)
    assert (await bench.job(job)).slow
    assert bench.posts.lines_of(job.job_id)[-1] == "slow"
    looks = len(bench.api.batches)

    await bench.pass_time(600)
    assert len(bench.api.batches) - looks == 10
    bench.api.finish()
    await bench.pass_time(61)

    assert bench.posts.delivered == [job.job_id]
    assert bench.posts.lines_of(job.job_id) == ["running", "slow", "done"]


async def test_a_task_that_never_ends_is_given_up_after_hours_and_the_place_given_back(bench: Bench) -> None:
    [job] = await running(bench)

    await bench.pass_time(3 * HOUR - 60)
    assert (await bench.job(job)).state is JobState.RUNNING
    await bench.pass_time(200)

    ended = await bench.job(job)
    assert (ended.state, ended.reason) == ("expired", Reason.EXPIRED)
    assert (await bench.store.requests.usage(0, JobKind.CREATE, bench.clock.now())).used == 0


async def test_an_outage_of_an_hour_with_five_hundred_waiting_costs_one_attempt_an_interval_and_all_recover(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    bench = Bench(store, clock, max_running=600)
    bench.leave_out(bench.deliverer)
    await running(bench, 20)
    bench.api.outage = Unreachable("no route")
    for n in range(480):
        await bench.ask(1000 + n, f"dog {n}")
    await bench.pass_time(5)
    bench.api.attempts.clear()
    turns = bench.turns

    await bench.pass_time(HOUR)

    assert HOUR / 5 - 2 <= len(bench.api.attempts) <= HOUR / 5 + 2
    assert min(times_between(bench.api.times_of())) >= 5
    assert bench.turns - turns < 5 * HOUR / 5
    assert said(caplog, "cannot be reached") == 1
    assert await counts(store) == {JobState.RUNNING: 20, JobState.QUEUED: 480}

    bench.api.outage = None
    await bench.pass_time(20)
    assert said(caplog, "answers again") == 1
    bench.api.finish()
    await bench.pass_time(60)
    assert await counts(store) == {JobState.SUCCEEDED: 500}
    assert len(bench.api.submissions) == 500


def said(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


async def test_an_outage_found_by_a_look_holds_submissions_back_too(bench: Bench) -> None:
    await running(bench)
    bench.api.outage = Unreachable("no route")
    await bench.pass_time(46)
    bench.api.attempts.clear()

    for n in range(10):
        await bench.ask(50 + n, f"dog {n}")
    await bench.pass_time(100)

    assert bench.api.times_of("submit") == []
    assert len(bench.api.attempts) <= 21


async def test_an_outage_does_not_count_as_watching(bench: Bench) -> None:
    bench.api.hidden_for = timedelta(hours=1, seconds=80)
    [job] = await running(bench)
    await bench.pass_time(46)
    bench.api.outage = Unreachable("no route")
    await bench.pass_time(HOUR)

    bench.api.outage = None
    await bench.pass_time(60)
    bench.api.finish()
    await bench.pass_time(10)

    assert bench.posts.delivered == [job.job_id]


async def test_429_on_a_look_waits_as_asked_and_ends_nothing(bench: Bench) -> None:
    [job] = await running(bench)
    bench.api.busy_with_looks = RateLimited("slow down", retry_after=timedelta(seconds=120))
    await bench.pass_time(46)
    bench.api.busy_with_looks = None

    await bench.pass_time(118)
    assert len(bench.api.times_of("fetch")) == 1
    bench.api.finish()
    await bench.pass_time(5)

    assert bench.posts.delivered == [job.job_id]


async def test_a_long_downtime_ends_nothing_that_has_its_video(store: Store, clock: Clock) -> None:
    bench = Bench(store, clock, max_running=60)
    jobs = await running(bench, 60)
    bench.api.finish()

    clock.advance(2 * 24 * HOUR)
    await bench.restart()
    await bench.pass_time(10)

    assert sorted(bench.posts.delivered) == [job.job_id for job in jobs]
    assert await counts(store) == {JobState.SUCCEEDED: 60}


async def test_a_clock_a_day_ahead_at_a_start_gives_every_task_its_time(bench: Bench) -> None:
    jobs = await running(bench, 5)
    bench.clock.advance(24 * HOUR)
    await bench.restart()

    # What really takes three minutes more.
    await bench.pass_time(180)
    assert await counts(bench.store) == {JobState.RUNNING: 5}
    bench.api.finish()
    await bench.pass_time(70)

    assert sorted(bench.posts.delivered) == [job.job_id for job in jobs]


async def test_a_clock_a_day_back_at_a_start_keeps_nobody_waiting(bench: Bench) -> None:
    jobs = await running(bench, 5)
    await bench.pass_time(46)
    bench.clock.advance(-24 * HOUR)
    await bench.restart()
    bench.api.finish()

    await bench.pass_time(60)

    assert sorted(bench.posts.delivered) == [job.job_id for job in jobs]

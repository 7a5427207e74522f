"""An end without a result is looked at again before anybody gets their place back; what cannot be read is no end."""

from __future__ import annotations

from datetime import timedelta

from tests.core.bench import Bench
from tests.core.fakes import START
from veo_core.domain.jobs import JobKind, JobState
from veo_core.reasons import Reason


async def test_a_video_that_comes_a_look_after_its_end_is_delivered(bench: Bench) -> None:
    job = await bench.ask()
    await bench.settle()
    bench.api.end_with_nothing("task-1")
    await bench.pass_time(52)
    assert (await bench.job(job)).state is JobState.RUNNING

    bench.api.finish("task-1")
    await bench.pass_time(5)

    assert bench.posts.delivered == [job.job_id]
    assert (await bench.job(job)).state is JobState.SUCCEEDED


async def test_an_end_that_stays_without_a_result_is_refunded_at_the_third_look(bench: Bench) -> None:
    job = await bench.ask()
    await bench.settle()
    bench.api.end_with_nothing("task-1")

    await bench.pass_time(600)

    ended = await bench.job(job)
    assert (ended.state, ended.reason) == (JobState.FAILED, Reason.NO_OUTPUT)
    assert bench.api.times_of("fetch") == [START + timedelta(seconds=n) for n in (45, 50, 55)]
    assert (await bench.store.requests.usage(1, JobKind.CREATE, bench.clock.now())).used == 0


async def test_a_task_that_runs_again_after_an_end_gets_all_its_looks_anew(bench: Bench) -> None:
    job = await bench.ask()
    await bench.settle()
    task = bench.api.tasks["task-1"]
    running = task.state
    bench.api.end_with_nothing("task-1")
    await bench.pass_time(52)
    task.state, task.settled = running, True
    await bench.pass_time(5)

    bench.api.end_with_nothing("task-1")
    await bench.pass_time(5)

    assert (await bench.job(job)).state is JobState.RUNNING


async def test_a_restart_counts_the_looks_at_an_end_anew(bench: Bench) -> None:
    job = await bench.ask()
    await bench.settle()
    bench.api.end_with_nothing("task-1")
    await bench.pass_time(52)
    await bench.restart()
    await bench.settle()

    bench.api.finish("task-1")
    await bench.pass_time(60)

    assert bench.posts.delivered == [job.job_id]


async def test_a_record_that_is_too_large_is_looked_at_slowly_and_given_up_after_hours(bench: Bench) -> None:
    job = await bench.ask()
    await bench.settle()
    bench.api.tasks["task-1"].too_large = True

    await bench.pass_time(3600)
    looks = len(bench.api.batches)
    await bench.pass_time(3 * 3600)

    ended = await bench.job(job)
    assert 55 <= looks <= 61
    assert (ended.state, ended.reason) == (JobState.EXPIRED, Reason.EXPIRED)

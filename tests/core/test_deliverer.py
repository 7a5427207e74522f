"""From ended to delivered: every result appears once, and trouble with one job is no trouble for another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.bench import PLENTY, Bench, new_job
from tests.core.fakes import START, Gate
from veo_core.domain.actors import Place
from veo_core.domain.jobs import Job, JobState
from veo_core.errors import (
    DeliveryPostponed,
    DestinationRefused,
    MediaError,
    MediaUnavailable,
    MediaUnusable,
    StorageError,
)
from veo_core.reasons import Reason
from veo_core.store.audit import audit

LATER = DeliveryPostponed("503")
REFUSED = DestinationRefused("no place takes it")


async def ended(bench: Bench, count: int = 1, *, also_in: Sequence[int] = ()) -> list[Job]:
    """Jobs whose videos are ready in channel 20, and one in each other; in Discord are only their status lines."""
    channels = [20] * count + list(also_in)
    jobs = [await bench.ask(n, f"cat {n}", place=Place(10, channel)) for n, channel in enumerate(channels)]
    while await bench.store.queue.claim(bench.clock.now(), max_running=10_000, running_per_user=10_000):
        pass
    for job in jobs:
        await bench.store.queue.mark_running(job.job_id, f"t{job.job_id}", now=START, due_at=START + timedelta(days=9))
    await bench.settle()
    for job in jobs:
        task = bench.api.plant(job.submission)
        bench.api.finish(task.task_id)
        assert task.video is not None
        await bench.store.watch.succeed(job.job_id, task.video, now=bench.clock.now())
    return jobs


def numbers(jobs: list[Job]) -> list[int]:
    return [job.job_id for job in jobs]


async def deliverer_turns(bench: Bench) -> None:
    bench.workshop.changed()
    await bench.settle()


async def test_a_result_is_posted_with_its_file_and_marked(bench: Bench) -> None:
    [job] = await ended(bench)

    await deliverer_turns(bench)

    [message] = bench.posts.messages
    after = await bench.job(job)
    assert (message.job_id, message.has_file, message.in_doubt) == (job.job_id, True, False)
    assert (after.message_id, after.delivered_channel_id, after.delivered_at) == (1001, job.channel_id, START)


async def test_a_failure_is_told_without_reading_any_file(bench: Bench) -> None:
    job = await bench.ask()
    await bench.settle()
    await bench.store.watch.fail(job.job_id, Reason.MODERATED, now=START)

    await deliverer_turns(bench)

    [message] = bench.posts.messages
    assert (message.state, message.has_file) == (JobState.FAILED, False)
    assert bench.media.reads == []


async def test_there_are_never_two_deliveries_at_once_for_one_job(bench: Bench) -> None:
    jobs = await ended(bench, 6)
    bench.posts.gate.shut()
    await bench.deliverer.turn()
    await bench.posts.gate.arrived.wait()

    for _ in range(20):
        bench.deliverer.wake()
        await bench.deliverer.turn()
    bench.posts.gate.open()
    await deliverer_turns(bench)

    assert bench.posts.most_for_one_job == 1
    assert sorted(bench.posts.delivered) == numbers(jobs)
    assert set(bench.posts.attempts.values()) == {1}


async def test_a_few_at_a_time_are_posted_and_the_end_of_each_begins_the_next(bench: Bench) -> None:
    jobs = await ended(bench, 30)

    await deliverer_turns(bench)

    assert sorted(bench.posts.delivered) == numbers(jobs)
    assert bench.posts.most_at_once <= 8
    assert bench.posts.most_for_one_job == 1


async def test_what_has_to_wait_is_tried_again_with_back_off_until_it_arrives(bench: Bench) -> None:
    [job] = await ended(bench)
    bench.posts.trouble[job.job_id] = LATER

    await deliverer_turns(bench)
    await bench.pass_time(3600)
    tries = bench.posts.attempts[job.job_id]
    assert 8 <= tries <= 22
    del bench.posts.trouble[job.job_id]
    await bench.pass_time(301)

    [message] = bench.posts.messages
    assert message.in_doubt
    assert bench.posts.attempts[job.job_id] == tries + 1


async def test_what_no_place_takes_is_kept_and_never_tried_again(bench: Bench) -> None:
    [job] = await ended(bench)
    bench.posts.trouble[job.job_id] = REFUSED

    await deliverer_turns(bench)
    await bench.pass_time(24 * 3600)

    after = await bench.job(job)
    assert (after.kept_at, after.delivered_at, after.state) == (START, None, "succeeded")
    assert bench.posts.attempts[job.job_id] == 1
    assert bench.posts.lines_of(job.job_id)[-1] == "done"


async def test_trouble_with_one_job_does_not_hold_up_the_others(bench: Bench) -> None:
    waiting, refused, fine = await ended(bench, 3)
    bench.posts.trouble = {waiting.job_id: LATER, refused.job_id: REFUSED}

    await deliverer_turns(bench)

    assert bench.posts.delivered == [fine.job_id]


async def test_a_file_that_cannot_be_read_yet_is_read_again_and_nothing_is_posted_before(bench: Bench) -> None:
    [job] = await ended(bench)
    url = (await bench.job(job)).video_url
    assert url is not None
    bench.media.broken[url] = MediaUnavailable("cut off")
    await deliverer_turns(bench)
    await bench.pass_time(20)
    assert bench.posts.attempts[job.job_id] == 0
    assert len(bench.media.reads) >= 3

    bench.media.broken.clear()
    await bench.pass_time(60)

    [message] = bench.posts.messages
    assert (message.has_file, message.in_doubt) == (True, False)


async def broken_file(bench: Bench, error: MediaError) -> tuple[Job, str]:
    """A ready video whose file cannot be had."""
    [job] = await ended(bench)
    url = (await bench.job(job)).video_url
    assert url is not None
    bench.media.broken[url] = error
    return job, url


async def test_a_file_that_stays_gone_for_hours_is_said_and_given_back(bench: Bench, tmp_path: Path) -> None:
    job, _ = await broken_file(bench, MediaUnavailable("404"))

    await deliverer_turns(bench)
    await bench.pass_time(5.9 * 3600)
    assert bench.posts.messages == []
    assert (await bench.job(job)).state is JobState.SUCCEEDED
    assert 70 <= len(bench.media.reads) <= 120
    await bench.pass_time(600)

    after = await bench.job(job)
    assert (after.state, after.reason) == (JobState.FAILED, Reason.VIDEO_GONE)
    assert [(m.job_id, m.state, m.has_file) for m in bench.posts.messages] == [(job.job_id, JobState.FAILED, False)]
    usage = await bench.store.requests.usage(job.user_id, job.kind, bench.clock.now())
    assert usage.used == 0
    assert audit(tmp_path / "bot.sqlite3", PLENTY).faults == ()
    assert bench.posts.lines_of(job.job_id)[-1] == "failed"


async def test_a_file_that_is_always_cut_on_the_way_goes_as_a_link_that_works(bench: Bench) -> None:
    job, _ = await broken_file(bench, MediaUnavailable("cut off", link_works=True))

    await deliverer_turns(bench)
    await bench.pass_time(6.1 * 3600)

    assert [(m.state, m.has_file) for m in bench.posts.messages] == [(JobState.SUCCEEDED, False)]
    assert (await bench.job(job)).delivered_at is not None


@pytest.mark.parametrize("error", [MediaUnusable("too large"), MediaUnavailable("cut off", link_works=True)])
async def test_a_link_that_nobody_may_have_is_never_posted(bench: Bench, error: MediaError) -> None:
    job, url = await broken_file(bench, error)
    bench.media.private.add(url)

    await deliverer_turns(bench)
    await bench.pass_time(6.1 * 3600)

    assert [m.state for m in bench.posts.messages] == [JobState.FAILED]
    assert (await bench.job(job)).reason is Reason.VIDEO_GONE


async def test_a_restart_does_not_begin_the_patience_anew(bench: Bench) -> None:
    job, url = await broken_file(bench, MediaUnavailable("404"))
    await deliverer_turns(bench)
    await bench.pass_time(3 * 3600)
    before = await bench.job(job)

    await bench.restart()
    bench.media.broken[url] = MediaUnavailable("404")
    await bench.pass_time(2.9 * 3600)
    assert (await bench.job(job)).state is JobState.SUCCEEDED
    assert (await bench.job(job)).file_failed_at == before.file_failed_at == START
    await bench.pass_time(0.2 * 3600)

    assert (await bench.job(job)).reason is Reason.VIDEO_GONE


async def test_a_file_that_comes_back_after_hours_is_delivered_and_forgotten(bench: Bench) -> None:
    job, _ = await broken_file(bench, MediaUnavailable("404"))
    await deliverer_turns(bench)
    await bench.pass_time(5 * 3600)

    bench.media.broken.clear()
    await bench.pass_time(600)

    after = await bench.job(job)
    assert [(m.state, m.has_file) for m in bench.posts.messages] == [(JobState.SUCCEEDED, True)]
    assert (after.file_tries, after.file_failed_at) == (0, None)


async def test_a_file_that_never_will_do_goes_as_a_link_at_once(bench: Bench) -> None:
    [job] = await ended(bench)
    url = (await bench.job(job)).video_url
    assert url is not None
    bench.media.broken[url] = MediaUnusable("too large")

    await deliverer_turns(bench)

    assert [(m.job_id, m.has_file) for m in bench.posts.messages] == [(job.job_id, False)]
    assert len(bench.media.reads) == 1


async def test_a_file_over_the_limit_of_its_place_goes_as_a_link(bench: Bench) -> None:
    [job] = await ended(bench)
    bench.posts.limits[job.channel_id] = 10

    await deliverer_turns(bench)

    assert [(m.job_id, m.has_file) for m in bench.posts.messages] == [(job.job_id, False)]


async def test_a_line_whose_first_try_came_to_nothing_is_in_doubt_at_the_next(bench: Bench) -> None:
    bench.posts.line_trouble[1] = LATER
    await bench.ask()
    await bench.settle()
    bench.posts.line_trouble.clear()

    await bench.pass_time(3)

    assert (len(bench.posts.lines), bench.posts.lines_in_doubt) == (1, 1)


async def test_the_status_line_is_changed_only_when_the_state_changes(bench: Bench) -> None:
    job = await bench.ask()
    await bench.settle()
    for _ in range(20):
        bench.workshop.changed()
        await bench.pass_time(2)
    bench.api.finish()
    await bench.pass_time(60)
    bench.workshop.changed()
    await bench.pass_time(3600)

    assert bench.posts.lines_of(job.job_id) == ["running", "done"]


async def test_a_waiting_job_says_so_before_it_says_that_it_runs(bench: Bench) -> None:
    jobs = [await bench.ask(n, f"cat {n}") for n in range(6)]
    await bench.settle()
    assert bench.posts.lines_of(jobs[5].job_id) == ["queued"]

    bench.api.finish("task-1")
    await bench.pass_time(60)

    assert bench.posts.lines_of(jobs[5].job_id) == ["queued", "running"]


async def test_a_job_that_is_cancelled_says_so(bench: Bench) -> None:
    jobs = [await bench.ask(n, f"cat {n}") for n in range(6)]
    await bench.settle()

    await bench.store.requests.cancel(jobs[5].job_id, START)
    await deliverer_turns(bench)

    assert bench.posts.lines_of(jobs[5].job_id) == ["queued", "cancelled"]
    assert bench.posts.delivered == []


async def test_a_line_that_has_to_wait_is_tried_again_and_the_result_waits_for_it_only_shortly(bench: Bench) -> None:
    bench.posts.line_trouble[1] = LATER
    job = await bench.ask()
    await bench.settle()
    bench.api.finish()

    await bench.pass_time(60)

    assert bench.posts.delivered == [job.job_id]
    assert bench.posts.lines_of(job.job_id) == []


async def test_a_line_that_is_refused_is_given_up_and_the_result_still_arrives(bench: Bench) -> None:
    bench.posts.line_trouble[1] = REFUSED
    job = await bench.ask()
    await bench.settle()
    bench.api.finish()

    await bench.pass_time(60)

    assert bench.posts.delivered == [job.job_id]


async def test_an_unforeseen_error_in_one_job_stops_no_other_and_makes_no_storm(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = await ended(bench, 5)
    bench.posts.trouble[jobs[0].job_id] = ZeroDivisionError("a fault of ours")

    await deliverer_turns(bench)
    for _ in range(20):
        await deliverer_turns(bench)

    assert sorted(bench.posts.delivered) == numbers(jobs[1:])
    assert bench.posts.attempts[jobs[0].job_id] == 1
    assert [r.levelno for r in caplog.records if "Work on a job failed" in r.getMessage()] == [logging.ERROR]


async def test_an_unforeseen_error_in_many_jobs_stops_no_other(bench: Bench) -> None:
    jobs = await ended(bench, 12)
    for job in jobs[:10]:
        bench.posts.trouble[job.job_id] = ZeroDivisionError("a fault of ours")

    for _ in range(12):
        await deliverer_turns(bench)

    assert sorted(bench.posts.delivered) == numbers(jobs[10:])


async def test_an_unforeseen_error_in_many_status_lines_stops_no_other(bench: Bench) -> None:
    bench.posts.line_trouble = {n: ZeroDivisionError("a fault of ours") for n in range(1, 11)}
    jobs = [await bench.ask(n, f"cat {n}") for n in range(12)]

    for _ in range(12):
        await deliverer_turns(bench)

    assert {number for number, _ in bench.posts.lines} == set(numbers(jobs[10:]))


async def test_after_a_rest_the_failed_one_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("veo_core.worker.runners.AFTER_ERROR", timedelta(milliseconds=20))
    [job] = await ended(bench)
    bench.posts.trouble[job.job_id] = StorageError("the disk is full")
    await bench.one_turn(bench.deliverer)
    assert bench.posts.delivered == []
    bench.posts.trouble.clear()

    await bench.woken(bench.deliverer)
    await bench.settle()

    assert bench.posts.delivered == [job.job_id]


async def test_a_stop_lets_the_post_in_hand_arrive_and_begins_no_other(bench: Bench) -> None:
    jobs = await ended(bench, 20)
    bench.posts.gate.shut()
    run = asyncio.create_task(bench.deliverer.run())
    await bench.posts.gate.arrived.wait()

    bench.deliverer.stop()
    await asyncio.sleep(0)
    assert not run.done()
    bench.posts.gate.open()
    await run

    assert 1 <= len(bench.posts.messages) <= 10
    for job_id in bench.posts.delivered:
        assert (await bench.job(jobs[job_id - 1])).delivered_at == START


async def test_a_post_whose_mark_is_missing_is_in_doubt_for_the_next_process(bench: Bench) -> None:
    [job] = await ended(bench)
    bench.posts.gate.shut()
    await bench.deliverer.turn()
    await bench.posts.gate.arrived.wait()

    await bench.restart()
    bench.posts.gate.open()
    await bench.settle()

    [message] = bench.posts.messages
    assert (message.job_id, message.in_doubt) == (job.job_id, True)


async def test_an_operator_who_cannot_be_told_now_is_told_later_and_nobody_waits_for_it(bench: Bench) -> None:
    bench.posts.operator_trouble = LATER
    bench.api.account_code = "used_up"
    await bench.ask()
    await bench.settle()
    assert bench.posts.lines_of(1)[0] == "queued"

    bench.posts.operator_trouble = None
    await bench.pass_time(31)

    assert len(bench.posts.operator) == 1


async def test_a_pause_is_said_in_the_lines_of_those_who_wait_once_when_it_begins_and_ends(bench: Bench) -> None:
    jobs = [await bench.ask(n, f"cat {n}") for n in range(7)]
    await bench.settle()
    last = jobs[-1].job_id
    assert bench.posts.lines_of(last) == ["queued"]
    bench.api.account_code = "used_up"
    bench.api.finish("task-1")

    await bench.pass_time(200)
    assert bench.posts.lines_of(last) == ["queued", "queued"]
    bench.api.account_code = None
    await bench.pass_time(200)

    # One of the two is sent; the other waits on, and is no longer told that it is paused.
    assert [bench.posts.lines_of(job.job_id) for job in jobs[-2:]] == [["queued"] * 3, ["queued", "queued", "running"]]


async def test_nothing_to_deliver_waits_to_be_woken(bench: Bench) -> None:
    assert await bench.deliverer.turn() is None


async def test_a_busy_channel_holds_two_places_and_a_quiet_one_is_served_beside_it(bench: Bench) -> None:
    *busy, quiet = await ended(bench, 30, also_in=[21])
    bench.posts.slow[20] = Gate()
    bench.posts.slow[20].shut()

    await bench.deliverer.turn()
    await bench.until(lambda: quiet.job_id in bench.posts.delivered)

    assert sum(bench.posts.attempts[job.job_id] for job in busy) == 2
    bench.posts.slow[20].open()
    await deliverer_turns(bench)
    assert sorted(bench.posts.delivered) == numbers([*busy, quiet])


async def test_a_hundred_channels_that_hang_hold_up_no_other(bench: Bench) -> None:
    *hanging, quiet = await ended(bench, 0, also_in=[*range(100, 200), 300])
    for channel in range(100, 200):
        bench.posts.slow[channel] = Gate()
        bench.posts.slow[channel].shut()
    for job in hanging:
        bench.media.broken[str((await bench.job(job)).video_url)] = MediaUnusable("a link")

    await bench.deliverer.turn()
    await bench.until(lambda: quiet.job_id in bench.posts.delivered)

    assert bench.posts.delivered == [quiet.job_id]
    for gate in bench.posts.slow.values():
        gate.open()
    await deliverer_turns(bench)
    assert sorted(bench.posts.delivered) == numbers([*hanging, quiet])


async def test_channels_in_which_posts_fail_hold_few_places_for_files(bench: Bench) -> None:
    *hanging, quiet = await ended(bench, 0, also_in=[*range(100, 130), 300])
    bench.posts.trouble = {job.job_id: LATER for job in hanging}
    bench.posts.full[300] = START + timedelta(seconds=2)
    await deliverer_turns(bench)
    for channel in range(100, 130):
        bench.posts.slow[channel] = Gate()
        bench.posts.slow[channel].shut()
    bench.posts.full.clear()
    bench.posts.trouble.clear()
    bench.clock.advance(3)

    await bench.deliverer.turn()
    await bench.until(lambda: quiet.job_id in bench.posts.delivered)

    assert sum(gate.arrived.is_set() for gate in bench.posts.slow.values()) <= 4
    for gate in bench.posts.slow.values():
        gate.open()
    await bench.in_hand()


async def test_a_channel_rests_as_a_whole_for_as_long_as_it_was_told(bench: Bench) -> None:
    *jobs, quiet = await ended(bench, 5, also_in=[21])
    told = DeliveryPostponed("429", retry_after=timedelta(seconds=90), was_sent=False)
    bench.posts.trouble = {job.job_id: told for job in jobs}

    await deliverer_turns(bench)
    bench.posts.trouble.clear()
    await bench.pass_time(89)
    before = (sum(bench.posts.attempts.values()), list(bench.posts.delivered))
    await bench.pass_time(2)

    assert before == (3, [quiet.job_id])
    assert sorted(bench.posts.delivered) == numbers([*jobs, quiet])
    assert not any(message.in_doubt for message in bench.posts.messages)


async def test_a_refusal_after_an_attempt_leaves_its_doubt(bench: Bench) -> None:
    [job] = await ended(bench)
    bench.posts.trouble[job.job_id] = DeliveryPostponed("429 after 502", retry_after=timedelta(seconds=90))

    await deliverer_turns(bench)
    bench.posts.trouble.clear()
    assert await bench.store.outbox.next_due_at(START) == START + timedelta(seconds=90)
    await bench.pass_time(89)
    assert bench.posts.attempts[job.job_id] == 1
    await bench.pass_time(2)

    assert [message.in_doubt for message in bench.posts.messages] == [True]


async def test_a_line_that_is_told_to_wait_waits_as_long_and_leaves_no_doubt(bench: Bench) -> None:
    bench.posts.line_trouble[1] = DeliveryPostponed("429", retry_after=timedelta(seconds=90), was_sent=False)
    await bench.ask()
    await bench.settle()
    bench.posts.line_trouble.clear()

    await bench.pass_time(88)
    before = list(bench.posts.lines)
    await bench.pass_time(3)

    assert before == []
    assert (len(bench.posts.lines), bench.posts.lines_in_doubt) == (1, 0)


async def test_nothing_is_tried_while_the_whole_bot_has_to_wait(bench: Bench) -> None:
    [job] = await ended(bench)
    bench.posts.resting = START + timedelta(seconds=60)

    await deliverer_turns(bench)
    await bench.pass_time(59)
    before = (bench.posts.turns[20, False], list(bench.media.reads))
    bench.posts.resting = None
    await bench.pass_time(2)

    assert before == (0, [])
    assert bench.posts.delivered == [job.job_id]


async def test_what_waited_for_its_turn_begins_nothing_when_the_whole_bot_has_to_wait_meanwhile(bench: Bench) -> None:
    [job] = await ended(bench)
    bench.posts.turn_gate.shut()
    await bench.deliverer.turn()
    await bench.posts.turn_gate.arrived.wait()

    bench.posts.resting = START + timedelta(seconds=60)
    bench.posts.turn_gate.open()
    await bench.in_hand()

    assert (bench.posts.attempts[job.job_id], (await bench.job(job)).delivery_attempts) == (0, 0)
    bench.posts.resting = None
    await bench.pass_time(61)
    assert bench.posts.delivered == [job.job_id]


async def test_the_file_of_a_full_channel_is_not_read_before_the_channel_takes_it(bench: Bench) -> None:
    *full, quiet = await ended(bench, 3, also_in=[21])
    bench.posts.full[20] = START + timedelta(seconds=5)

    await deliverer_turns(bench)
    await bench.pass_time(4)
    before = (len(bench.media.reads), list(bench.posts.delivered))
    bench.posts.full.clear()
    await bench.pass_time(2)

    assert before == (1, [quiet.job_id])
    assert sorted(bench.posts.delivered) == numbers([*full, quiet])


async def test_a_file_is_not_read_when_its_channel_filled_up_while_it_waited_for_its_place(bench: Bench) -> None:
    *slow, last = await ended(bench, 0, also_in=[*range(100, 112), 300])
    for job in slow:
        bench.posts.slow[job.lane] = Gate()
        bench.posts.slow[job.lane].shut()
    await bench.deliverer.turn()
    await bench.until(lambda: bench.posts.turns[300, False] == 1)
    bench.posts.full[300] = START + timedelta(seconds=5)

    for gate in bench.posts.slow.values():
        gate.open()
    await bench.in_hand()
    before = len(bench.media.reads)
    bench.posts.full.clear()
    await bench.pass_time(6)

    assert before == len(slow)
    assert sorted(bench.posts.delivered) == numbers([*slow, last])


async def test_a_result_is_posted_while_its_line_hangs(bench: Bench) -> None:
    job = await bench.ask()
    bench.posts.slow_lines.shut()
    await bench.deliverer.turn()
    await bench.posts.slow_lines.arrived.wait()
    await bench.store.watch.fail(job.job_id, Reason.MODERATED, now=START)

    await bench.deliverer.turn()
    await bench.until(lambda: job.job_id in bench.posts.delivered)

    bench.posts.slow_lines.open()
    await deliverer_turns(bench)


async def test_a_job_that_ended_before_it_had_a_line_gets_none(bench: Bench) -> None:
    job = await bench.record(new_job())
    await bench.store.watch.fail(job.job_id, Reason.MODERATED, now=START)

    await deliverer_turns(bench)

    assert bench.posts.delivered == [job.job_id]
    assert bench.posts.lines == []
    assert (await bench.job(job)).status_shown == "failed"

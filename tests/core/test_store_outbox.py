"""What still has to appear in Discord: found until it is marked, once each."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.core.bench import PLENTY, new_job
from tests.core.fakes import START, Clock
from veo_core.domain.actors import Place
from veo_core.domain.jobs import Job
from veo_core.domain.messages import PostedMessage
from veo_core.domain.submissions import Video
from veo_core.reasons import Reason
from veo_core.store import Store
from veo_core.store.outbox import Skip

SECOND = timedelta(seconds=1)
RECEIPT = PostedMessage(channel_id=20, message_id=30)


async def recorded(store: Store, place: Place | None = None) -> Job:
    return (await store.requests.record(new_job(place=place), PLENTY, START)).job


async def ended(store: Store, at: float = 0, place: Place | None = None) -> Job:
    """A job whose result is due since then; its line said that it was queued."""
    job = await recorded(store, place)
    await store.outbox.status_shown(job.job_id, "queued", 50)
    assert await store.queue.claim(START, max_running=99, running_per_user=99)
    assert await store.watch.succeed(job.job_id, Video("https://v"), now=START + at * SECOND)
    return job


async def now_of(store: Store, job: Job) -> Job:
    found = await store.requests.get(job.job_id)
    assert found is not None
    return found


async def due(store: Store, at: float = 0, limit: int = 99) -> list[int]:
    return [job.job_id for job in await store.outbox.deliveries_due(START + at * SECOND, limit)]


async def lines_due(store: Store, at: float = 0, limit: int = 99) -> list[int]:
    return [job.job_id for job in await store.outbox.statuses_due(START + at * SECOND, limit)]


async def test_deliveries_are_due_in_the_order_they_ended_and_at_most_so_many(store: Store) -> None:
    late, early, future = [await ended(store, at) for at in (5, 1, 9)]
    await recorded(store)

    assert await due(store, 5) == [early.job_id, late.job_id]
    [first] = await store.outbox.deliveries_due(START + 9 * SECOND, 99, Skip(each=1))
    assert first.job_id == early.job_id
    assert await due(store, 9) == [early.job_id, late.job_id, future.job_id]


async def test_what_is_in_hand_is_left_out_and_leaves_room_for_the_next(store: Store) -> None:
    jobs = [await ended(store, n) for n in range(4)]
    waiting = [await recorded(store) for _ in range(2)]
    skip = [jobs[0].job_id, jobs[2].job_id, waiting[0].job_id]

    deliveries = await store.outbox.deliveries_due(START + 9 * SECOND, 2, Skip(99, skip))
    lines = await store.outbox.statuses_due(START, 99, Skip(99, skip))

    assert [job.job_id for job in deliveries] == [jobs[1].job_id, jobs[3].job_id]
    assert [job.job_id for job in lines] == [jobs[1].job_id, jobs[3].job_id, waiting[1].job_id]


async def test_a_result_waits_for_no_status_line(store: Store) -> None:
    job = await recorded(store)
    await store.queue.claim(START, max_running=99, running_per_user=99)
    await store.watch.succeed(job.job_id, Video("https://v"), now=START)

    assert await due(store) == [job.job_id]


async def test_a_lane_gives_no_more_than_its_share_and_every_lane_is_found(store: Store) -> None:
    busy = [await ended(store, n) for n in range(5)]
    quiet = await ended(store, 9, Place(10, 21))
    direct = await ended(store, 9, Place(10, 20, private=True))

    both = await store.outbox.deliveries_due(START + 9 * SECOND, 99, Skip(each=2))
    others = await store.outbox.deliveries_due(START + 9 * SECOND, 99, Skip(each=2, lanes={busy[0].lane}))

    assert {job.job_id for job in both} == {busy[0].job_id, busy[1].job_id, quiet.job_id, direct.job_id}
    assert {job.job_id for job in others} == {quiet.job_id, direct.job_id}
    assert (busy[0].lane, quiet.lane, direct.lane) == (20, 21, direct.user_id)


async def test_an_attempt_that_did_not_reach_discord_is_taken_back(store: Store) -> None:
    job = await ended(store)
    for _ in range(2):
        await store.outbox.begin_delivery(job.job_id)
        await store.outbox.begin_status(job.job_id)

    await store.outbox.take_back_delivery(job.job_id)
    await store.outbox.take_back_status(job.job_id)

    after = await now_of(store, job)
    assert (after.delivery_attempts, after.status_attempts) == (1, 1)


async def test_cancelled_jobs_get_no_message(store: Store) -> None:
    job = await recorded(store)
    await store.requests.cancel(job.job_id, START)

    assert await due(store) == []


async def test_an_attempt_is_counted_before_anything_is_posted(store: Store) -> None:
    job = await ended(store)

    await store.outbox.begin_delivery(job.job_id)

    assert (await now_of(store, job)).delivery_attempts == 1
    assert await due(store) == [job.job_id]


async def test_a_delivered_job_holds_its_message_and_is_never_due_again(store: Store) -> None:
    job = await ended(store)

    await store.outbox.delivered(job.job_id, RECEIPT, START + SECOND)

    after = await now_of(store, job)
    assert (after.delivered_at, after.delivered_channel_id, after.message_id) == (START + SECOND, 20, 30)
    assert after.status_wanted == "done"
    assert await due(store, 1e6) == []


async def test_the_first_message_stands_whatever_comes_later(store: Store) -> None:
    job = await ended(store)
    await store.outbox.delivered(job.job_id, RECEIPT, START)

    await store.outbox.delivered(job.job_id, PostedMessage(99, 99), START + SECOND)
    await store.outbox.keep(job.job_id, START)
    await store.outbox.postpone_delivery(job.job_id, START)

    after = await now_of(store, job)
    assert (after.message_id, after.delivered_at, after.kept_at) == (30, START, None)
    assert await due(store) == []


async def test_marks_at_once_leave_one_message(store: Store) -> None:
    job = await ended(store)

    await asyncio.gather(*(store.outbox.delivered(job.job_id, PostedMessage(20, n), START) for n in range(30, 40)))

    assert (await now_of(store, job)).message_id == 30


async def test_what_no_place_takes_is_kept_and_not_due_and_the_line_says_done(store: Store) -> None:
    job = await ended(store)

    await store.outbox.keep(job.job_id, START)

    after = await now_of(store, job)
    assert (after.kept_at, after.delivered_at, after.status_wanted) == (START, None, "done")
    assert await due(store, 1e6) == []


async def test_a_failed_job_that_is_kept_still_says_failed(store: Store) -> None:
    job = await recorded(store)
    await store.watch.fail(job.job_id, Reason.LOST, now=START)

    await store.outbox.keep(job.job_id, START)

    assert (await now_of(store, job)).status_wanted == "failed"


async def test_a_postponed_delivery_is_due_then_and_its_attempt_stays_counted(store: Store) -> None:
    job = await ended(store)
    await store.outbox.begin_delivery(job.job_id)

    await store.outbox.postpone_delivery(job.job_id, START + 10 * SECOND)

    assert await due(store, 9) == []
    assert await due(store, 10) == [job.job_id]
    assert (await now_of(store, job)).delivery_attempts == 1


async def test_a_new_job_wants_its_status_line(store: Store) -> None:
    first, second = await recorded(store), await recorded(store)

    assert await lines_due(store) == [first.job_id, second.job_id]
    assert await lines_due(store, limit=1) == [first.job_id]


async def test_a_line_that_says_what_the_job_does_is_not_due_until_the_state_changes(store: Store) -> None:
    job = await recorded(store)
    await store.outbox.begin_status(job.job_id)
    assert (await now_of(store, job)).status_attempts == 1

    await store.outbox.status_shown(job.job_id, "queued", 55)

    after = await now_of(store, job)
    assert (after.status_shown, after.status_message_id, after.status_attempts) == ("queued", 55, 0)
    assert await lines_due(store, 1e6) == []
    await store.queue.claim(START, max_running=9, running_per_user=9)
    assert await lines_due(store, 1e6) == []
    await store.queue.mark_running(job.job_id, "t", now=START, due_at=START)
    assert await lines_due(store) == [job.job_id]


async def test_a_line_that_was_overtaken_while_it_was_posted_is_due_again(store: Store) -> None:
    job = await recorded(store)
    await store.outbox.begin_status(job.job_id)
    await store.requests.cancel(job.job_id, START)

    await store.outbox.status_shown(job.job_id, "queued", 55)

    assert await lines_due(store) == [job.job_id]


async def test_the_lines_of_everything_queued_can_be_written_anew(store: Store) -> None:
    shown, sent = await recorded(store), await recorded(store)
    await store.queue.claim(START, max_running=9, running_per_user=9)
    for job in (shown, sent):
        await store.outbox.status_shown(job.job_id, "queued", 55)
    await store.queue.requeue(shown.job_id)
    await store.queue.claim(START, max_running=9, running_per_user=9)
    await store.queue.mark_running(shown.job_id, "t", now=START, due_at=START)
    await store.outbox.status_shown(shown.job_id, "running", 55)

    await store.outbox.restate_queued(paused=True)

    assert await lines_due(store) == [sent.job_id]


async def test_a_postponed_line_is_due_then(store: Store) -> None:
    job = await recorded(store)

    await store.outbox.postpone_status(job.job_id, START + 10 * SECOND)

    assert await lines_due(store, 9) == []
    assert await lines_due(store, 10) == [job.job_id]


async def test_the_next_moment_is_the_nearest_of_deliveries_and_lines_that_are_still_to_come(
    store: Store, clock: Clock
) -> None:
    assert await store.outbox.next_due_at(START) is None
    job = await ended(store)
    assert await store.outbox.next_due_at(START) is None

    await store.outbox.postpone_delivery(job.job_id, START + 10 * SECOND)
    assert await store.outbox.next_due_at(START) == START + 10 * SECOND

    await store.outbox.postpone_status(job.job_id, START + 4 * SECOND)
    assert await store.outbox.next_due_at(START) == START + 4 * SECOND
    assert await store.outbox.next_due_at(START + 4 * SECOND) == START + 10 * SECOND


async def test_what_is_shown_and_delivered_has_no_next_moment(store: Store) -> None:
    job = await ended(store)
    await store.outbox.postpone_status(job.job_id, START + 4 * SECOND)
    await store.outbox.postpone_delivery(job.job_id, START + 4 * SECOND)

    await store.outbox.delivered(job.job_id, RECEIPT, START)
    await store.outbox.status_shown(job.job_id, "done", 55)

    assert await store.outbox.next_due_at(START) is None


async def test_a_message_that_turned_up_meanwhile_is_not_posted_again(store: Store) -> None:
    job = await ended(store)
    await store.outbox.delivered(job.job_id, PostedMessage(1, 2, 3), START)

    assert not await store.outbox.begin_delivery(job.job_id)
    assert (await now_of(store, job)).delivery_attempts == 0


async def test_the_lines_of_what_waits_are_written_anew_when_a_pause_begins(store: Store) -> None:
    running, waiting = await ended(store), await recorded(store)
    await store.outbox.status_shown(waiting.job_id, "queued", 51)
    await store.outbox.status_shown(running.job_id, "running", 50)

    await store.outbox.restate_queued(paused=True)

    assert await lines_due(store) == [waiting.job_id]


async def test_whether_the_lines_speak_of_a_pause_outlives_the_process(store: Store) -> None:
    found = [await store.outbox.pause_shown()]
    for paused in (True, False):
        await store.outbox.restate_queued(paused=paused)
        found.append(await store.outbox.pause_shown())

    assert found == [False, True, False]

"""Jobs as people ask for them: counted and recorded in one step, cancelled, listed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.core.bench import PLENTY, counts, new_job, new_upscale
from tests.core.fakes import START, Clock
from veo_core.domain.actors import Actor, Place
from veo_core.domain.jobs import Job, JobKind, JobState, NewJob
from veo_core.domain.messages import PostedMessage
from veo_core.domain.quota import Limits
from veo_core.domain.submissions import Submission, Video
from veo_core.errors import Refusal
from veo_core.reasons import Reason
from veo_core.store import Store

FIVE = Limits(videos_per_day=5, upscales_per_day=2, running_per_user=2)
HOUR = timedelta(hours=1)


async def running(store: Store, user_id: int = 1) -> Job:
    """A job that the provider works on."""
    recorded = await store.requests.record(new_job(user_id, f"for {user_id}"), PLENTY, START)
    assert await store.queue.claim(START, max_running=100, running_per_user=100)
    number = recorded.job.job_id
    assert await store.queue.mark_running(number, f"task-{number}", now=START, due_at=START)
    return recorded.job


async def succeeded(store: Store, user_id: int = 1) -> Job:
    """A job with its video."""
    number = (await running(store, user_id)).job_id
    assert await store.watch.succeed(number, Video("https://cdn.acedata.cloud/v.mp4", "video-1"), now=START)
    found = await store.requests.get(number)
    assert found is not None
    return found


async def refused(store: Store, new: NewJob, limits: Limits = FIVE) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await store.requests.record(new, limits, START)
    return caught.value


async def test_a_recorded_job_is_queued_and_holds_everything_that_was_asked(store: Store) -> None:
    submission = Submission(
        "image2video", "veo31", "a cat", ("https://a/1.png", "https://a/2.png"), "9:16", "4k", translate=True
    )
    place = Place(guild_id=7, channel_id=8, interaction_id=9, private=True)

    recorded = await store.requests.record(NewJob(JobKind.CREATE, Actor(5), place, "a cat", submission), PLENTY, START)

    job = recorded.job
    assert recorded.is_new
    assert (job.state, job.kind, job.user_id, job.guild_id, job.channel_id) == ("queued", "create", 5, 7, 8)
    assert (job.private, job.prompt, job.created_at, job.status_wanted) == (True, "a cat", START, "queued")
    assert job.submission == submission
    assert await store.requests.get(job.job_id) == job


async def test_a_request_outside_of_a_server_is_recorded_too(store: Store) -> None:
    recorded = await store.requests.record(new_job(place=Place(None, 8)), PLENTY, START)

    assert recorded.job.guild_id is None


async def test_one_interaction_makes_one_job_however_often_it_arrives(store: Store) -> None:
    new = new_job(place=Place(1, 2, interaction_id=77))

    answers = await asyncio.gather(*(store.requests.record(new, FIVE, START) for _ in range(10)))

    assert [answer.is_new for answer in answers].count(True) == 1
    assert len({answer.job.job_id for answer in answers}) == 1


@pytest.mark.parametrize("commands", [10, 50])
async def test_commands_at_once_accept_exactly_the_limit(store: Store, commands: int) -> None:
    asked = [new_job(prompt=f"cat {n}") for n in range(commands)]

    answers = await asyncio.gather(*(store.requests.record(new, FIVE, START) for new in asked), return_exceptions=True)

    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refusals) == commands - 5
    assert {refusal.reason for refusal in refusals} == {Reason.DAILY_LIMIT}
    assert await counts(store) == {JobState.QUEUED: 5}


async def test_people_are_counted_apart(store: Store) -> None:
    for user_id in (1, 2):
        for _ in range(5):
            await store.requests.record(new_job(user_id), FIVE, START)

    assert (await refused(store, new_job(1))).reason is Reason.DAILY_LIMIT
    assert (await store.requests.record(new_job(3), FIVE, START)).is_new


async def test_a_refusal_says_the_limit_and_when_the_next_place_frees(store: Store) -> None:
    for n in range(5):
        await store.requests.record(new_job(), FIVE, START - n * HOUR)

    refusal = await refused(store, new_job())

    assert (refusal.details["limit"], refusal.details["frees_at"]) == (5, START + 20 * HOUR)


async def test_a_limit_of_nothing_accepts_nothing(store: Store) -> None:
    source = await succeeded(store)

    assert (await refused(store, new_job(), Limits(0, 0, 1))).reason is Reason.VIDEOS_OFF
    assert (await refused(store, new_upscale(source), Limits(9, 0, 1))).reason is Reason.SWITCHED_OFF


async def test_the_window_rolls_to_the_millisecond(store: Store) -> None:
    for _ in range(5):
        await store.requests.record(new_job(), FIVE, START)
    day = timedelta(days=1)

    with pytest.raises(Refusal):
        await store.requests.record(new_job(), FIVE, START + day - timedelta(milliseconds=1))
    assert (await store.requests.record(new_job(), FIVE, START + day)).is_new


async def test_a_clock_that_goes_back_gives_no_places_away(store: Store) -> None:
    for _ in range(5):
        await store.requests.record(new_job(), FIVE, START + timedelta(days=1))

    assert (await refused(store, new_job())).reason is Reason.DAILY_LIMIT


@pytest.mark.parametrize("expired", [False, True])
async def test_a_job_without_a_video_gives_its_place_back(store: Store, expired: bool) -> None:
    job = await running(store)
    assert (await store.requests.usage(1, JobKind.CREATE, START)).used == 1

    await store.watch.fail(job.job_id, Reason.PROVIDER_FAILED, now=START, expired=expired)

    assert (await store.requests.usage(1, JobKind.CREATE, START)).used == 0


async def test_a_cancelled_job_gives_its_place_back(store: Store) -> None:
    limit = Limits(1, 1, 1)
    job = (await store.requests.record(new_job(), limit, START)).job
    assert (await refused(store, new_job(), limit)).reason is Reason.DAILY_LIMIT

    assert await store.requests.cancel(job.job_id, START)

    assert (await store.requests.record(new_job(), limit, START)).is_new


async def test_a_video_counts_and_its_1080p_version_is_counted_apart(store: Store) -> None:
    source = await succeeded(store)
    await store.requests.record(new_upscale(source), FIVE, START)

    assert (await store.requests.usage(1, JobKind.CREATE, START)).counted_at == (START,)
    assert (await store.requests.usage(1, JobKind.UPSCALE, START)).used == 1
    assert (await store.requests.usage(2, JobKind.CREATE, START)).used == 0


async def test_the_1080p_versions_have_a_limit_and_a_refusal_of_their_own(store: Store) -> None:
    sources = [await succeeded(store) for _ in range(3)]
    for source in sources[:2]:
        await store.requests.record(new_upscale(source), FIVE, START)

    assert (await refused(store, new_upscale(sources[2]))).reason is Reason.UPSCALE_LIMIT


async def test_pressing_1080p_at_once_makes_one_job_whoever_presses(store: Store) -> None:
    source = await succeeded(store)

    answers = await asyncio.gather(
        *(store.requests.record(new_upscale(source, user_id), FIVE, START) for user_id in (1, 2, 3, 1, 2, 3))
    )

    assert len({answer.job.job_id for answer in answers}) == 1
    assert [answer.is_new for answer in answers].count(True) == 1


async def test_whoever_has_no_places_left_is_still_shown_the_1080p_version_of_another(store: Store) -> None:
    source = await succeeded(store)
    first = await store.requests.record(new_upscale(source, 1), FIVE, START)

    second = await store.requests.record(new_upscale(source, 2), Limits(0, 0, 1), START)

    assert (second.job.job_id, second.is_new) == (first.job.job_id, False)


async def test_a_1080p_version_that_failed_may_be_asked_for_again(store: Store) -> None:
    source = await succeeded(store)
    first = await store.requests.record(new_upscale(source), FIVE, START)
    await store.watch.fail(first.job.job_id, Reason.PROVIDER_FAILED, now=START)

    second = await store.requests.record(new_upscale(source), FIVE, START)

    assert second.is_new
    assert second.job.job_id != first.job.job_id


async def test_a_queued_job_can_be_cancelled_once(store: Store) -> None:
    job = (await store.requests.record(new_job(), PLENTY, START)).job

    answers = await asyncio.gather(*(store.requests.cancel(job.job_id, START) for _ in range(5)))

    assert answers.count(True) == 1
    cancelled = await store.requests.get(job.job_id)
    assert cancelled is not None
    assert (cancelled.state, cancelled.ended_at, cancelled.status_wanted) == ("cancelled", START, "cancelled")


async def test_what_was_submitted_can_no_longer_be_cancelled(store: Store) -> None:
    job = await running(store)
    other = (await store.requests.record(new_job(), PLENTY, START)).job
    await store.queue.claim(START, max_running=9, running_per_user=9)

    assert not await store.requests.cancel(job.job_id, START)
    assert not await store.requests.cancel(other.job_id, START)
    assert not await store.requests.cancel(999, START)


async def test_cancelling_and_claiming_at_once_never_both_win(store: Store) -> None:
    for _ in range(20):
        job = (await store.requests.record(new_job(), PLENTY, START)).job

        cancelled, claimed = await asyncio.gather(
            store.requests.cancel(job.job_id, START), store.queue.claim(START, max_running=99, running_per_user=99)
        )

        assert cancelled == (claimed is None)
        await store.watch.fail(job.job_id, Reason.LOST, now=START)


async def test_an_unknown_job_is_none(store: Store) -> None:
    assert await store.requests.get(12345) is None


async def test_a_message_that_was_taken_away_is_noted_only_where_there_was_one(store: Store) -> None:
    delivered, waiting = await succeeded(store), await succeeded(store)
    await store.outbox.delivered(delivered.job_id, PostedMessage(20, 30), START)

    for job in (delivered, waiting):
        await store.requests.message_deleted(job.job_id, START + HOUR)

    assert [job.message_deleted_at for job in await store.requests.history(1, 9)] == [None, START + HOUR]


async def test_active_jobs_are_a_persons_own_that_have_not_ended_oldest_first(store: Store) -> None:
    first = await running(store)
    second = (await store.requests.record(new_job(), PLENTY, START)).job
    await store.requests.record(new_job(2), PLENTY, START)
    ended = (await store.requests.record(new_job(), PLENTY, START)).job
    await store.requests.cancel(ended.job_id, START)

    assert [job.job_id for job in await store.requests.active(1)] == [first.job_id, second.job_id]


async def test_history_is_a_persons_own_newest_first_in_pages(store: Store, clock: Clock) -> None:
    for n in range(5):
        await store.requests.record(new_job(prompt=str(n)), PLENTY, clock.advance(1))
    await store.requests.record(new_job(2, "not mine"), PLENTY, clock.now())

    assert [job.prompt for job in await store.requests.history(1, 2)] == ["4", "3"]
    assert [job.prompt for job in await store.requests.history(1, 2, 2)] == ["2", "1"]
    assert await store.requests.history(3, 2) == ()


async def test_counts_are_by_state(store: Store) -> None:
    await running(store)
    for _ in range(2):
        await store.requests.record(new_job(), PLENTY, START)

    assert await counts(store) == {JobState.RUNNING: 1, JobState.QUEUED: 2}


@pytest.mark.parametrize("prompt", ["'; DROP TABLE jobs; --", "\u202e\u0000 nul", "🎬" * 500, "\n\t"])
async def test_any_prompt_comes_back_as_it_was(store: Store, prompt: str) -> None:
    recorded = await store.requests.record(new_job(prompt=prompt), PLENTY, START)

    found = await store.requests.get(recorded.job.job_id)
    assert found is not None
    assert found.prompt == prompt


async def test_every_change_of_state_is_written_down_by_the_database(store: Store) -> None:
    job = await succeeded(store)

    async with store.database.read() as connection:
        rows = await connection.execute_fetchall(
            "SELECT state FROM job_events WHERE job_id = ? ORDER BY event_id", (job.job_id,)
        )
    assert [row["state"] for row in rows] == ["queued", "submitting", "running", "succeeded"]

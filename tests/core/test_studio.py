"""The use cases: what a person is promised is on disk, what is refused costs nothing, and rights are read each time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.bench import Bench, connection_of, counts, is_awake
from tests.core.fakes import START, Clock
from veo_core.domain.actors import Actor, Place
from veo_core.domain.images import Image, PictureSize, VideoRequest
from veo_core.domain.jobs import Job, JobKind, JobState
from veo_core.domain.quota import Limits
from veo_core.domain.retirement import ModelTrouble
from veo_core.errors import Refusal, StorageError
from veo_core.reasons import Reason
from veo_core.services.studio import Studio
from veo_core.store import Store

HERE = Place(guild_id=10, channel_id=20)
ANN, BOB = Actor(1), Actor(2)
PICTURE = Image("https://cdn.discordapp.com/a.png", "a.png", 1000)
FIVE = Limits(videos_per_day=5, upscales_per_day=2, running_per_user=2)


class FakeInspector:
    """Looks at every picture; those by these names are none. All have one size."""

    max_bytes = 8_000_000

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.fakes: set[str] = set()
        self.size = PictureSize(1280, 720)

    async def inspect(
        self, user_id: int, images: Sequence[Image], may_ask: Callable[[], Awaitable[None]]
    ) -> tuple[PictureSize, ...]:
        assert user_id > 0
        await may_ask()
        for image in images:
            self.seen.append(image.filename)
            if image.filename in self.fakes:
                raise Refusal(Reason.NOT_AN_IMAGE, filename=image.filename)
        return (self.size,) * len(images)


@pytest.fixture
def inspector() -> FakeInspector:
    return FakeInspector()


@pytest.fixture
def bench(store: Store, clock: Clock) -> Bench:
    return Bench(store, clock, limits=FIVE)


@pytest.fixture
def studio(bench: Bench, inspector: FakeInspector) -> Studio:
    return Studio(bench.workshop, inspector, "veo31-fast")


def a_video(prompt: str = "a cat", *images: Image, model: str = "veo31-fast") -> VideoRequest:
    return VideoRequest(prompt, model, images)


async def made(bench: Bench, studio: Studio, actor: Actor = ANN, place: Place = HERE) -> Job:
    """A delivered video."""
    accepted_job = await studio.request(actor, a_video(f"for {actor.user_id}"), place)
    await bench.settle()
    bench.api.finish()
    await bench.pass_time(60)
    return await bench.job(accepted_job.job)


async def refused(attempt: Awaitable[object]) -> Reason:
    with pytest.raises(Refusal) as caught:
        await attempt
    return caught.value.reason


async def test_a_request_is_on_disk_with_its_place_before_the_answer(bench: Bench, studio: Studio) -> None:
    accepted_job = await studio.request(ANN, a_video(), HERE)

    assert await bench.job(accepted_job.job) == accepted_job.job
    assert (accepted_job.is_new, accepted_job.place.position) == (True, 1)
    assert accepted_job.place.ready_at == START + timedelta(seconds=100)
    assert bench.api.submissions == []
    assert is_awake(bench.submitter)


async def test_an_estimate_counts_the_rounds_before_it(store: Store, clock: Clock, inspector: FakeInspector) -> None:
    studio = Studio(Bench(store, clock, max_running=2).workshop, inspector, "veo31-fast")

    tickets = [await studio.request(Actor(n), a_video(f"cat {n}"), HERE) for n in range(5)]

    assert [accepted_job.place.position for accepted_job in tickets] == [1, 2, 3, 4, 5]
    assert [(accepted_job.place.ready_at - START).total_seconds() for accepted_job in tickets] == [
        100,
        100,
        200,
        200,
        300,
    ]


async def test_an_estimate_is_never_in_the_past(bench: Bench, studio: Studio) -> None:
    accepted_job = await studio.request(ANN, a_video(), HERE)
    await bench.settle()
    now = bench.clock.advance(3600)

    place = await studio.place_in_queue(await bench.job(accepted_job.job))

    assert (place.position, place.ready_at) == (None, now + timedelta(seconds=5))


async def test_images_are_looked_at_and_kept_in_order(studio: Studio, inspector: FakeInspector) -> None:
    second = Image("https://cdn.discordapp.com/b.png", "b.png", 1000)

    accepted_job = await studio.request(ANN, a_video("two", PICTURE, second), HERE)

    assert inspector.seen == ["a.png", "b.png"]
    assert accepted_job.job.image_urls == (PICTURE.url, second.url)
    assert accepted_job.job.action == "image2video"


async def test_what_is_no_picture_is_refused_and_costs_nothing(studio: Studio, inspector: FakeInspector) -> None:
    inspector.fakes = {"a.png"}

    assert await refused(studio.request(ANN, a_video("x", PICTURE), HERE)) is Reason.NOT_AN_IMAGE

    assert (await studio.allowance(ANN, HERE)).videos.used == 0


async def test_what_the_table_refuses_is_refused_before_any_picture_is_read(
    studio: Studio, inspector: FakeInspector
) -> None:
    assert await refused(studio.request(ANN, a_video("", PICTURE), HERE)) is Reason.PROMPT_MISSING

    assert inspector.seen == []


async def test_whoever_has_no_video_left_or_is_blocked_has_no_picture_read(
    bench: Bench, studio: Studio, inspector: FakeInspector
) -> None:
    for number in range(FIVE.videos_per_day):
        await studio.request(ANN, a_video(f"cat {number}"), HERE)
    await studio.block(Actor(9, is_admin=True), BOB.user_id, HERE)

    assert await refused(studio.request(ANN, a_video("x", PICTURE), HERE)) is Reason.DAILY_LIMIT
    assert await refused(studio.request(BOB, a_video("x", PICTURE), HERE)) is Reason.BLOCKED

    assert inspector.seen == []


async def test_the_same_interaction_again_is_the_same_job_also_at_the_limit(studio: Studio) -> None:
    here = replace(HERE, interaction_id=77)
    first = await studio.request(ANN, a_video("x", PICTURE), here)
    for number in range(FIVE.videos_per_day - 1):
        await studio.request(ANN, a_video(f"cat {number}"), HERE)

    again = await studio.request(ANN, a_video("x", PICTURE), here)

    assert (again.job.job_id, again.is_new) == (first.job.job_id, False)


@pytest.mark.parametrize(
    ("size", "chosen", "ratio"),
    [
        ((720, 1280), None, "9:16"),
        ((1280, 720), None, "16:9"),
        ((600, 600), None, "16:9"),
        ((720, 1280), "16:9", "16:9"),
        ((1280, 720), "9:16", "9:16"),
    ],
)
async def test_without_a_chosen_ratio_the_first_pictures_own_shape_decides(
    studio: Studio, inspector: FakeInspector, size: tuple[int, int], chosen: str | None, ratio: str
) -> None:
    inspector.size = PictureSize(*size)

    accepted_job = await studio.request(ANN, replace(a_video("x", PICTURE), aspect_ratio=chosen), HERE)

    assert accepted_job.job.aspect_ratio == ratio


async def test_a_model_the_provider_dropped_is_refused_with_those_that_work(bench: Bench, studio: Studio) -> None:
    bench.provider.troubles["veo2"] = ModelTrouble("veo2", 3, START, START + timedelta(days=1))

    assert await refused(studio.request(ANN, a_video(model="veo2"), HERE)) is Reason.MODEL_UNAVAILABLE

    assert studio.unavailable == {"veo2"}
    assert "veo2" in [row.name for row in studio.models]
    assert "veo2" not in [row.name for row in studio.available]


async def test_ten_requests_at_once_against_a_limit_of_five_accept_exactly_five(bench: Bench, studio: Studio) -> None:
    answers = await asyncio.gather(
        *(studio.request(ANN, a_video(f"cat {n}"), HERE) for n in range(10)), return_exceptions=True
    )

    assert sum(isinstance(answer, Refusal) for answer in answers) == 5
    assert await counts(bench.store) == {JobState.QUEUED: 5}


async def test_the_allowance_says_what_is_left_and_when_the_next_place_frees(studio: Studio, clock: Clock) -> None:
    await studio.request(ANN, a_video("one"), HERE)
    clock.advance(60)
    await studio.request(ANN, a_video("two"), HERE)

    allowance = await studio.allowance(ANN, HERE)

    assert (allowance.videos.used, allowance.videos.remaining) == (2, 3)
    assert allowance.videos.frees_at == START + timedelta(days=1)
    assert (allowance.upscales.remaining, allowance.upscales.frees_at) == (2, None)
    assert studio.limits == FIVE


async def test_what_could_not_be_recorded_is_an_error_and_no_job(bench: Bench, studio: Studio, tmp_path: Path) -> None:
    await connection_of(bench.store).execute("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(tmp_path / "bot.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError):
            await studio.request(ANN, a_video(), HERE)

    assert await counts(bench.store) == {}
    assert not is_awake(bench.submitter)


async def test_the_1080p_version_is_one_job_and_the_second_press_gets_it(bench: Bench, studio: Studio) -> None:
    source = await made(bench, studio)

    tickets = await asyncio.gather(*(studio.upscale(ANN, source.job_id, HERE) for _ in range(5)))
    await bench.pass_time(1)

    assert len({accepted_job.job.job_id for accepted_job in tickets}) == 1
    assert [accepted_job.is_new for accepted_job in tickets].count(True) == 1
    assert (await studio.allowance(ANN, HERE)).upscales.used == 1
    sent = bench.api.submissions[-1]
    assert (sent.action, sent.model, sent.video_id) == ("get1080p", "veo31-fast", source.video_id)
    assert await studio.source_of(tickets[0].job) == source
    assert await studio.source_of(source) is None


async def test_a_direct_message_is_no_way_round_the_servers_that_are_allowed(
    bench: Bench, studio: Studio, inspector: FakeInspector
) -> None:
    source = await made(bench, studio)
    strict = Studio(bench.workshop, inspector, "veo31-fast", servers=(11,))

    assert await refused(strict.upscale(ANN, source.job_id, Place(None, 30))) is Reason.SERVER_NOT_ALLOWED
    assert await refused(strict.request(ANN, a_video(), HERE)) is Reason.SERVER_NOT_ALLOWED
    assert (await strict.request(ANN, a_video(), Place(11, 40))).is_new


async def test_only_the_requester_and_moderators_may_ask_for_1080p_unless_everybody_may(
    bench: Bench, studio: Studio, inspector: FakeInspector
) -> None:
    source = await made(bench, studio)
    open_studio = Studio(bench.workshop, inspector, "veo31-fast", anyone_may_upscale=True)

    assert await refused(studio.upscale(BOB, source.job_id, HERE)) is Reason.NOT_YOURS
    first = await studio.upscale(Actor(3, is_moderator=True), source.job_id, HERE)
    second = await open_studio.upscale(BOB, source.job_id, HERE)

    assert (first.is_new, second.is_new, second.job.job_id) == (True, False, first.job.job_id)


async def test_the_1080p_version_of_a_private_video_is_private(bench: Bench, studio: Studio) -> None:
    source = await made(bench, studio, place=Place(10, 20, private=True))

    accepted_job = await studio.upscale(ANN, source.job_id, HERE)

    assert accepted_job.job.private


async def test_there_is_no_1080p_version_of_what_has_no_video(bench: Bench, studio: Studio) -> None:
    accepted_job = await studio.request(ANN, a_video(), HERE)

    assert await refused(studio.upscale(ANN, accepted_job.job.job_id, HERE)) is Reason.UPSCALE_IMPOSSIBLE


async def test_cancelling_gives_the_place_back_and_is_for_the_requester_and_moderators(studio: Studio) -> None:
    mine, other = [(await studio.request(ANN, a_video(f"cat {n}"), HERE)).job for n in range(2)]

    assert await refused(studio.cancel(BOB, mine.job_id, HERE)) is Reason.NOT_YOURS
    await studio.cancel(ANN, mine.job_id, HERE)
    await studio.cancel(Actor(3, is_moderator=True), other.job_id, HERE)

    assert (await studio.allowance(ANN, HERE)).videos.used == 0
    assert await refused(studio.cancel(ANN, mine.job_id, HERE)) is Reason.TOO_LATE_TO_CANCEL
    assert await studio.waiting(ANN) == ()


async def test_what_is_running_cannot_be_cancelled(bench: Bench, studio: Studio) -> None:
    accepted_job = await studio.request(ANN, a_video(), HERE)
    await bench.settle()

    assert await refused(studio.cancel(ANN, accepted_job.job.job_id, HERE)) is Reason.TOO_LATE_TO_CANCEL


@pytest.mark.parametrize("number", [0, -1, 999, 2**53, 2**63, 2**100])
async def test_forged_numbers_are_not_found(studio: Studio, number: int) -> None:
    for attempt in (studio.show, studio.cancel, studio.upscale, studio.may_delete):
        assert await refused(attempt(ANN, number, HERE)) is Reason.NOT_FOUND


@pytest.mark.parametrize("actor", [BOB, Actor(2, is_moderator=True), Actor(2, is_moderator=True, is_admin=True)])
async def test_jobs_of_another_server_are_not_found_whatever_rights_one_has_here(studio: Studio, actor: Actor) -> None:
    job = (await studio.request(ANN, a_video(), HERE)).job
    elsewhere = Place(11, 20)

    for attempt in (studio.show, studio.cancel, studio.upscale, studio.may_delete):
        assert await refused(attempt(actor, job.job_id, elsewhere)) is Reason.NOT_FOUND
        assert await refused(attempt(actor, job.job_id, Place(None, 20))) is Reason.NOT_FOUND


async def test_private_jobs_are_shown_to_their_requester_only(studio: Studio) -> None:
    job = (await studio.request(ANN, a_video(), Place(10, 20, private=True))).job

    assert await refused(studio.show(Actor(3, is_moderator=True), job.job_id, HERE)) is Reason.NOT_FOUND
    assert (await studio.show(ANN, job.job_id, HERE)).job_id == job.job_id
    assert (await studio.may_delete(ANN, job.job_id, HERE)).job_id == job.job_id


async def test_a_moderator_of_one_channel_is_none_in_another(studio: Studio) -> None:
    job = (await studio.request(ANN, a_video(), HERE)).job
    other_channel = Place(10, 21)

    assert await refused(studio.show(Actor(3, is_moderator=True), job.job_id, other_channel)) is Reason.NOT_YOURS
    assert (await studio.show(Actor(3, is_admin=True), job.job_id, other_channel)).job_id == job.job_id


async def test_active_and_history_are_ones_own(bench: Bench, studio: Studio) -> None:
    done = await made(bench, studio)
    waiting = (await studio.request(ANN, a_video("next"), HERE)).job
    await studio.request(BOB, a_video("his"), HERE)

    active = await studio.active(ANN)

    assert [(accepted_job.job.job_id, accepted_job.place.position) for accepted_job in active] == [(waiting.job_id, 1)]
    assert [job.job_id for job in await studio.history(ANN)] == [waiting.job_id, done.job_id]
    assert [job.job_id for job in await studio.waiting(ANN)] == [waiting.job_id]
    assert await studio.active(Actor(99)) == ()


async def test_a_deleted_message_is_noted(bench: Bench, studio: Studio) -> None:
    done = await made(bench, studio)

    await studio.message_deleted(done)

    assert (await bench.job(done)).message_deleted_at == bench.clock.now()


async def test_a_blocked_person_is_refused_here_and_nowhere_else_until_the_block_ends(
    bench: Bench, studio: Studio
) -> None:
    admin = Actor(9, is_admin=True)
    done = await made(bench, studio)
    await studio.block(admin, ANN.user_id, HERE)

    assert await refused(studio.request(ANN, a_video(), HERE)) is Reason.BLOCKED
    assert await refused(studio.upscale(ANN, done.job_id, HERE)) is Reason.BLOCKED
    assert await refused(studio.may_delete(ANN, done.job_id, HERE)) is Reason.BLOCKED
    # The same buttons under a copy in direct messages lead no way round.
    assert await refused(studio.upscale(ANN, done.job_id, Place(None, 30))) is Reason.BLOCKED
    # Direct messages belong to no server: a block of any holds there.
    assert await refused(studio.request(ANN, a_video(), Place(None, 30))) is Reason.BLOCKED
    assert (await studio.request(ANN, a_video(), Place(11, 20))).is_new
    assert (await studio.overview(admin, HERE)).blocked == (ANN.user_id,)
    await studio.unblock(admin, ANN.user_id, HERE)

    assert (await studio.request(ANN, a_video("again"), HERE)).is_new
    assert await refused(studio.unblock(admin, ANN.user_id, HERE)) is Reason.NOT_BLOCKED


@pytest.mark.parametrize(
    ("actor", "place"), [(Actor(9, is_moderator=True), HERE), (Actor(9, is_admin=True), Place(None, 1))]
)
async def test_only_those_who_manage_the_server_may_block_and_look(studio: Studio, actor: Actor, place: Place) -> None:
    for attempt in (studio.block(actor, 1, place), studio.unblock(actor, 1, place), studio.overview(actor, place)):
        assert await refused(attempt) is Reason.NOT_ADMIN


async def test_a_pause_is_known_to_those_who_ask(bench: Bench, studio: Studio) -> None:
    assert not studio.is_paused
    bench.api.account_code = "used_up"
    await studio.request(ANN, a_video(), HERE)

    await bench.settle()

    assert studio.is_paused


async def test_an_upscale_counts_as_an_upscale(bench: Bench, studio: Studio) -> None:
    source = await made(bench, studio)

    job = (await studio.upscale(ANN, source.job_id, HERE)).job

    assert (job.kind, job.source_job_id, job.prompt) == (JobKind.UPSCALE, source.job_id, source.prompt)

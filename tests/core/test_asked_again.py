"""Discord refused the acknowledgement or the answer, and the person asks again: it is the same video."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.core.bench import Bench
from tests.core.fakes import Clock
from tests.core.test_studio import FakeInspector
from veo_core.domain.actors import Actor, Place
from veo_core.domain.images import Image, VideoRequest
from veo_core.domain.jobs import JobState
from veo_core.domain.quota import Limits
from veo_core.services.studio import Accepted, Studio
from veo_core.store import Store

HERE = Place(guild_id=10, channel_id=20)
ANN, BOB = Actor(1), Actor(2)
PICTURE = Image("https://cdn.discordapp.com/ephemeral-attachments/1/100/cat.png?ex=1", "cat.png", 1000)
ATTACHED_AGAIN = replace(PICTURE, url="https://cdn.discordapp.com/ephemeral-attachments/1/200/cat.png?ex=2")
WISH = VideoRequest("a cat", "veo31-fast", (PICTURE,))


@pytest.fixture
def bench(store: Store, clock: Clock) -> Bench:
    return Bench(store, clock, limits=Limits(videos_per_day=9, upscales_per_day=9, running_per_user=9))


@pytest.fixture
def studio(bench: Bench) -> Studio:
    return Studio(bench.workshop, FakeInspector(), "veo31-fast")


async def asks(
    studio: Studio, actor: Actor = ANN, place: Place = HERE, *, heard: bool = True, **changes: Any
) -> Accepted:
    """Somebody asks; `heard` False: Discord takes neither the acknowledgement nor the answer."""
    accepted_job = await studio.request(actor, replace(WISH, **changes), place, acknowledged=heard)
    await studio.answered(accepted_job, arrived=heard)
    return accepted_job


async def test_the_same_request_after_a_refused_acknowledgement_is_that_one(bench: Bench, studio: Studio) -> None:
    first = await asks(studio, heard=False)
    bench.clock.advance(119)

    second = await asks(studio, images=(ATTACHED_AGAIN,))

    assert second.job.job_id == first.job.job_id
    assert second.is_new, "the person gets the answer of a new request"
    assert (await studio.allowance(ANN, HERE)).videos.used == 1
    await bench.settle()
    assert len(bench.api.submissions) == 1


async def test_an_answer_that_was_refused_later_counts_like_a_refused_acknowledgement(studio: Studio) -> None:
    first = await studio.request(ANN, WISH, HERE)
    await studio.answered(first, arrived=False)

    assert (await asks(studio)).job.job_id == first.job.job_id


async def test_a_third_request_after_a_successful_answer_is_a_new_one(studio: Studio) -> None:
    first = await asks(studio, heard=False)
    await asks(studio)

    third = await asks(studio)

    assert third.job.job_id != first.job.job_id


async def test_as_long_as_no_answer_arrives_it_stays_that_one(studio: Studio) -> None:
    numbers = {(await asks(studio, heard=False)).job.job_id for _ in range(4)}

    assert len(numbers) == 1


async def test_two_at_once_after_a_refused_acknowledgement_make_no_second_job(studio: Studio) -> None:
    first = await asks(studio, heard=False)

    again = await asyncio.gather(*(studio.request(ANN, WISH, HERE) for _ in range(2)))

    assert {accepted_job.job.job_id for accepted_job in again} == {first.job.job_id}


async def test_two_at_once_that_are_both_refused_make_one_job(studio: Studio) -> None:
    both = await asyncio.gather(*(studio.request(ANN, WISH, HERE, acknowledged=False) for _ in range(2)))

    assert len({accepted_job.job.job_id for accepted_job in both}) == 1


async def test_a_request_that_was_refused_after_an_impatient_second_one_is_that_one(
    bench: Bench, studio: Studio
) -> None:
    """Discord took three seconds to refuse the first; the second was asked, and answered, meanwhile."""
    second = await asks(studio)
    bench.clock.advance(2)

    first = await asks(studio, heard=False)

    assert first.job.job_id == second.job.job_id
    assert (await asks(studio)).job.job_id != second.job.job_id, "that one was answered"


async def test_an_earlier_answered_request_is_not_taken_for_one_that_is_refused_now(
    bench: Bench, studio: Studio
) -> None:
    earlier = await asks(studio)
    bench.clock.advance(6)

    assert (await asks(studio, heard=False)).job.job_id != earlier.job.job_id


async def test_after_two_minutes_it_is_a_new_one(bench: Bench, studio: Studio) -> None:
    first = await asks(studio, heard=False)
    bench.clock.advance(120)

    assert (await asks(studio)).job.job_id != first.job.job_id


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "a dog"},
        {"model": "veo31"},
        {"aspect_ratio": "9:16"},
        {"resolution": "1080p"},
        {"translate": True},
        {"images": ()},
        {"images": (replace(PICTURE, size=1001),)},
        {"images": (replace(PICTURE, filename="dog.png"),)},
        {"images": (PICTURE, PICTURE)},
    ],
    ids=str,
)
async def test_another_request_is_another_one(studio: Studio, changes: dict[str, Any]) -> None:
    first = await asks(studio, heard=False)

    assert (await asks(studio, **changes)).job.job_id != first.job.job_id


@pytest.mark.parametrize(
    ("actor", "place"),
    [(BOB, HERE), (ANN, replace(HERE, channel_id=21)), (ANN, replace(HERE, private=True)), (ANN, Place(None, 20))],
)
async def test_another_person_or_place_is_another_request(studio: Studio, actor: Actor, place: Place) -> None:
    first = await asks(studio, heard=False)

    assert (await asks(studio, actor, place)).job.job_id != first.job.job_id


async def test_what_ended_without_a_video_may_be_asked_for_anew(bench: Bench, studio: Studio) -> None:
    first = await asks(studio, heard=False)
    await studio.cancel(ANN, first.job.job_id, HERE)

    second = await asks(studio)

    assert second.job.job_id != first.job.job_id
    assert second.job.state is JobState.QUEUED


async def test_a_video_that_is_already_there_is_shown_as_such(bench: Bench, studio: Studio) -> None:
    first = await asks(studio, heard=False)
    await bench.settle()
    bench.api.finish()
    await bench.pass_time(60)

    second = await asks(studio)

    assert (second.job.job_id, second.is_new) == (first.job.job_id, False)


async def test_whoever_has_no_places_left_gets_that_ones_answer_too(bench: Bench, studio: Studio) -> None:
    for number in range(8):
        await asks(studio, prompt=f"cat {number}")
    first = await asks(studio, heard=False)

    assert (await asks(studio)).job.job_id == first.job.job_id


async def test_an_answer_that_arrived_writes_nothing(bench: Bench, studio: Studio) -> None:
    accepted_job = await studio.request(ANN, WISH, HERE)
    await studio.answered(accepted_job, arrived=True)

    assert await bench.job(accepted_job.job) == accepted_job.job

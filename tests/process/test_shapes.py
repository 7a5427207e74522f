"""A finished, paid video reaches its channel in whatever shape the provider writes it, and no preview of it does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandbox.veo import Form, Links, Pending, Route, Shape, Shaped
from sandbox.veo.contract import JsonObject
from tests.process.books import audit
from tests.process.house import House, gathered, open_house

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]

CODED: JsonObject = {"code": "api_error", "message": "Internal server error."}
SHAPES = {
    "a unified record": Shape(form=Form.UNIFIED),
    "a flat record": Shape(form=Form.FLAT),
    "a running preview": Shape(pending=Pending.PREVIEW),
    "a preview without a word of its own": Shape(pending=Pending.PREVIEW_OF_RESPONSE),
    "a soft error at first": Shape(pending=Pending.SOFT_ERROR),
    "a soft failure at first": Shape(pending=Pending.SOFT_FAILURE),
    "an end before its link": Shape(url_after=0.15),
    "an error beside the video": Shape(error_beside=CODED),
    "an empty list of errors": Shape(error_beside=[], state=None),
    "a second result that failed": Shape(items_after=({"id": "b", "state": "failed"},)),
    "a first result that failed": Shape(items_before=({"id": "a", "state": "failed"},)),
    "text at every level": Shape(as_text=frozenset({"response", "data", "error", "cost", "request"})),
    "a list of addresses": Shape(links=Links.ADDRESSES),
    "a failed twin": Shape(failed_twin=True),
}
TOO_LARGE = Shape(padding=4_100_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("shapes")) as furnished:
        furnished.veo.switches.delay = 0.5
        await furnished.start()
        yield furnished


async def ordered(house: House, name: str, shape: Shape) -> int:
    """One person's video, whose task is written in this shape; the job's number."""
    prompt = f"video of {name}"
    house.veo.faults.add(Route.VIDEOS, Shaped(shape), when=lambda body: body.get("prompt") == prompt)
    return await house.order(house.person(name), prompt)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening(house: House) -> dict[str, int]:
    """All shapes at once, in one batch; and one record that is larger than an answer may be."""
    await ordered(house, "a record that is too large", TOO_LARGE)
    numbers = await gathered(*(ordered(house, name, shape) for name, shape in SHAPES.items()))
    return dict(zip(SHAPES, numbers, strict=True))


@pytest.mark.parametrize("name", SHAPES)
async def test_a_paid_video_is_delivered_whole_in_every_shape(house: House, evening: dict[str, int], name: str) -> None:
    jobs = await house.settled(evening[name])

    row = jobs[evening[name]]
    (message,) = house.carriers(evening[name])
    assert (row["state"], house.posts(f"video of {name}")) == ("succeeded", 1)
    assert [one.data for one in message.attachments] == [await house.veo.media_bytes(row["task_id"])]
    assert await audit(house, evening[name]) == []


async def test_odd_answers_are_logged_once_a_kind(house: House, evening: dict[str, int]) -> None:
    await house.settled(*evening.values())

    said = [line for line in house.log.splitlines() if "odd way" in line]
    assert 5 <= len(said) <= 12
    assert len({line.partition("odd way")[2].partition("task_id")[0] for line in said}) == len(said)

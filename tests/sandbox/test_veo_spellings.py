"""The stand-in spells records as newer clients, other documents and bug reports know them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.veo import Absent, Form, IgnoreAsync, Links, Pending, Route, Shape
from tests.sandbox.caller import IMAGE, Caller, Clock

IN_A_LIST = {Links.LIST: "video_url", Links.VIDEO_URLS: "video_urls", Links.URLS: "urls"}


async def ended(caller: Caller, shape: Shape) -> tuple[str, Any]:
    """The id and the record of a task that ended well in this shape."""
    task_id = await caller.accepted()
    caller.veo.reshape(task_id, shape)
    caller.veo.finish(task_id)
    return task_id, await caller.retrieve(task_id)


@pytest.mark.parametrize("form", [Form.UNIFIED, Form.FLAT])
async def test_newer_records_have_the_state_as_a_word_and_little_else(caller: Caller, form: Form) -> None:
    good, bad = await caller.accepted(), await caller.accepted()
    for task_id in (good, bad):
        caller.veo.reshape(task_id, Shape(form=form))
    running = await caller.retrieve(good)
    caller.veo.finish(good)
    caller.veo.fail(bad)
    done, failed = await caller.retrieve(good), await caller.retrieve(bad)

    inner = [record["response"] if form is Form.UNIFIED else record for record in (running, done, failed)]
    assert [answer["status"] for answer in inner] == ["running", "succeeded", "failed"]
    assert [record["task_id"] for record in (running, done, failed)] == [good, good, bad]
    assert not {"id", "request", "finished_at", "created_at"} & done.keys()
    assert inner[1]["data"][0]["video_url"] == caller.veo.video_url(good)


@pytest.mark.parametrize("links", list(Links))
async def test_the_link_stands_in_many_places(caller: Caller, links: Links) -> None:
    task_id, record = await ended(caller, Shape(links=links))

    url, response = caller.veo.video_url(task_id), record["response"]
    if links is Links.BESIDE:
        assert (response["video_url"], "data" in response) == (url, False)
    elif links is Links.ADDRESSES:
        assert response["data"] == [url]
    else:
        video = response["data"][0]
        assert video.get(IN_A_LIST.get(links, "video_url")) == ([url] if links in IN_A_LIST else url)


@pytest.mark.parametrize("error", [None, "", False, [], {}, {"code": None, "message": None}])
async def test_an_error_may_stand_beside_a_video(caller: Caller, error: Any) -> None:
    _, record = await ended(caller, Shape(error_beside=error))

    assert record["response"]["error"] == error
    assert record["response"]["data"][0]["state"] == "succeeded"


async def test_other_results_may_stand_around_a_video(caller: Caller) -> None:
    shape = Shape(items_before=({"id": "a", "state": "failed"},), items_after=({"id": "b", "state": "failed"},))

    task_id, record = await ended(caller, shape)

    videos = record["response"]["data"]
    assert [video["id"] for video in videos] == ["a", caller.veo.tasks[task_id].video_id, "b"]


@pytest.mark.parametrize("name", ["response", "data", "error", "cost", "request"])
async def test_any_field_may_be_json_inside_text(caller: Caller, name: str) -> None:
    _, plain = await ended(caller, Shape(error_beside={}))
    _, record = await ended(caller, Shape(error_beside={}, as_text=frozenset({name})))

    holder, same = (record, plain) if name in {"response", "request"} else (record["response"], plain["response"])
    assert isinstance(holder[name], str)
    assert type(json.loads(holder[name])) is type(same[name])


async def test_the_words_may_stand_under_status_and_beside_data(caller: Caller) -> None:
    _, record = await ended(caller, Shape(state="completed", state_key="status", response_state="finished"))

    response = record["response"]
    assert (response["status"], response["data"][0]["status"]) == ("finished", "completed")
    assert "state" not in response["data"][0]


async def test_a_link_may_come_later_than_the_end(caller: Caller, clock: Clock) -> None:
    task_id, early = await ended(caller, Shape(url_after=10))
    clock.now += 10
    late = await caller.retrieve(task_id)

    assert "video_url" not in early["response"]["data"][0]
    assert early["finished_at"] is not None
    assert late["response"]["data"][0]["video_url"] == caller.veo.video_url(task_id)


async def test_unfinished_records_may_have_previews_and_soft_errors(caller: Caller) -> None:
    task_id = await caller.accepted()
    records: dict[Pending, Any] = {}
    for pending in (Pending.PREVIEW, Pending.PREVIEW_OF_RESPONSE, Pending.SOFT_ERROR, Pending.SOFT_FAILURE):
        caller.veo.reshape(task_id, Shape(pending=pending))
        record = await caller.retrieve(task_id)
        assert "finished_at" not in record
        records[pending] = record["response"]

    preview, of_response = records[Pending.PREVIEW], records[Pending.PREVIEW_OF_RESPONSE]
    assert (preview["data"][0]["state"], "preview" in preview["data"][0]["video_url"]) == ("running", True)
    assert (of_response["status"], "preview" in of_response["data"][0]["video_url"]) == ("processing", True)
    assert isinstance(records[Pending.SOFT_ERROR]["error"], str)
    assert (records[Pending.SOFT_FAILURE]["success"], "error" in records[Pending.SOFT_FAILURE]) == (False, False)


async def test_batches_and_listings_may_have_a_failed_twin_of_a_task(caller: Caller) -> None:
    task_id, alone = await ended(caller, Shape(failed_twin=True))

    batch = await caller.look(action="retrieve_batch", ids=[task_id])
    listing = await caller.look(action="retrieve_batch")

    assert alone["response"]["success"] is True
    for answer in (batch, listing):
        assert [item["response"]["success"] for item in answer["items"]] == [False, True]
        assert {item["id"] for item in answer["items"]} == {task_id}


async def test_a_record_may_be_longer_by_any_number_of_bytes(caller: Caller) -> None:
    _, record = await ended(caller, Shape(padding=5000))

    assert len(json.dumps(record)) > 5000


@pytest.mark.parametrize(("model", "amount"), [("veo31-fast", 0.72), ("veo31", 7.64), ("veo31-fast-ingredients", 0.72)])
async def test_what_ended_well_has_its_cost_in_answers_and_records(caller: Caller, model: str, amount: float) -> None:
    caller.veo.switches.delay = 0
    caller.veo.faults.add(Route.VIDEOS, IgnoreAsync())
    images = IMAGE if "ingredients" in model else {}

    answer = (await caller.submit(**{**images, "model": model})).json
    record = await caller.retrieve(answer["task_id"])

    expected = {"amount": amount, "currency": "credit", "list_amount": amount}
    assert (answer["cost"], record["response"]["cost"]) == (expected, expected)


async def test_the_cost_may_be_left_out_or_be_anything(caller: Caller) -> None:
    _, without = await ended(caller, Shape(cost=Absent()))
    _, other = await ended(caller, Shape(cost={"amount": "0.5", "currency": "USD"}))
    failed = await caller.accepted()
    caller.veo.fail(failed)

    assert "cost" not in without["response"]
    assert other["response"]["cost"] == {"amount": "0.5", "currency": "USD"}
    assert "cost" not in (await caller.retrieve(failed))["response"]

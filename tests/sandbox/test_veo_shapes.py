"""The stand-in writes one and the same fact in every shape in which the provider was seen to write it."""

from __future__ import annotations

import pytest

from sandbox.veo import (
    Accepted,
    ErrorForm,
    FailTask,
    IgnoreAsync,
    Invisible,
    Pending,
    Route,
    Shape,
    Shaped,
    error_answer,
)
from tests.sandbox.caller import Caller, Clock


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (ErrorForm.OBJECT, {"error": {"code": "api_error", "message": "boom"}}),
        (ErrorForm.STRING, {"error": "boom"}),
        (ErrorForm.NULL, {"error": None}),
        (ErrorForm.MISSING, {}),
    ],
)
async def test_errors_come_in_every_form(caller: Caller, form: ErrorForm, expected: dict[str, object]) -> None:
    fault = error_answer("api_error", message="boom", form=form, success=False).with_status(200)
    caller.veo.faults.add(Route.VIDEOS, fault)

    reply = await caller.submit()

    trace_id = reply.json["trace_id"]
    assert (reply.status, reply.json) == (200, expected | {"success": False, "trace_id": trace_id})


async def test_an_invisible_task_is_null_and_absent_until_its_time(caller: Caller, clock: Clock) -> None:
    caller.veo.faults.add(Route.VIDEOS, Invisible(30))
    task_id = await caller.accepted()

    hidden = [
        await caller.retrieve(task_id),
        await caller.look(action="retrieve_batch", ids=[task_id], limit=50),
        await caller.look(action="retrieve_batch", limit=50),
    ]
    clock.now += 30

    assert hidden == [None, {"items": [], "count": 0}, {"items": [], "count": 0}]
    assert (await caller.retrieve(task_id))["id"] == task_id


async def test_a_task_can_be_hidden_later(caller: Caller, clock: Clock) -> None:
    task_id = await caller.accepted()
    caller.veo.hide(task_id, 5)

    assert await caller.retrieve(task_id) is None
    clock.now += 5
    assert await caller.retrieve(task_id) is not None


async def test_async_is_ignored_for_one_request_or_for_all(caller: Caller) -> None:
    caller.veo.switches.delay = 0
    caller.veo.faults.add(Route.VIDEOS, IgnoreAsync())

    held, prompt = await caller.submit(), await caller.submit()
    caller.veo.switches.ignore_async = True
    all_held = await caller.submit()

    assert ["data" in reply.json for reply in (held, prompt, all_held)] == [True, False, True]


@pytest.mark.parametrize(
    ("pending", "expected"),
    [
        (Pending.ABSENT, {}),
        (Pending.NULL, {"response": None, "finished_at": None}),
        (Pending.EMPTY, {"response": {}}),
    ],
)
async def test_an_unfinished_record_has_several_looks(
    caller: Caller, pending: Pending, expected: dict[str, object]
) -> None:
    caller.veo.faults.add(Route.VIDEOS, Shaped(Shape(pending=pending)))

    record = await caller.retrieve(await caller.accepted())

    assert {key: record[key] for key in ("response", "finished_at") if key in record} == expected


async def test_a_running_state_and_a_false_start_are_not_the_end(caller: Caller) -> None:
    task_id = await caller.accepted()

    caller.veo.reshape(task_id, Shape(pending=Pending.RUNNING))
    running = await caller.retrieve(task_id)
    caller.veo.reshape(task_id, Shape(pending=Pending.FALSE_START))
    false_start = await caller.retrieve(task_id)

    assert running["response"]["data"][0]["state"] == "running"
    assert "finished_at" not in running
    assert (false_start["response"]["success"], false_start["finished_at"]) == (False, None)
    assert false_start["response"]["error"]["code"] == "api_error"


@pytest.mark.parametrize("word", ["succeeded", "succeed", "success", "completed", "complete", "finished", None])
@pytest.mark.parametrize("as_object", [False, True])
async def test_success_has_many_words_and_two_containers(caller: Caller, word: str | None, as_object: bool) -> None:
    caller.veo.switches.shape = Shape(state=word, data_as_object=as_object, iso_times=True)
    task_id = await caller.accepted()
    caller.veo.finish(task_id)

    data = (await caller.retrieve(task_id))["response"]["data"]

    video = data if as_object else data[0]
    assert isinstance(data, dict) == as_object
    assert video.get("state") == word
    assert video["complete_at"].endswith("Z")


async def test_a_task_may_end_without_a_url_or_with_a_foreign_one(caller: Caller) -> None:
    empty, foreign = await caller.accepted(), await caller.accepted()
    caller.veo.reshape(empty, Shape(with_url=False))
    caller.veo.reshape(foreign, Shape(video_url="https://elsewhere.example/v.mp4"))
    caller.veo.finish(empty)
    caller.veo.finish(foreign)

    ended = [await caller.retrieve(task_id) for task_id in (empty, foreign)]

    assert [record["response"]["data"][0].get("video_url") for record in ended] == [
        None,
        "https://elsewhere.example/v.mp4",
    ]
    assert ended[0]["finished_at"] is not None


async def test_an_accepted_task_may_fail_moderation_with_finished_at_or_without(caller: Caller, clock: Clock) -> None:
    caller.veo.faults.add(Route.VIDEOS, FailTask(), times=2)
    plain, bare = await caller.accepted(), await caller.accepted()
    caller.veo.reshape(bare, Shape(failed_without_finished_at=True))
    assert "response" not in await caller.retrieve(plain)
    clock.now += 90

    records = [await caller.retrieve(task_id) for task_id in (plain, bare)]

    assert [record["response"]["error"]["code"] for record in records] == ["forbidden"] * 2
    assert ["finished_at" in record for record in records] == [True, False]


@pytest.mark.parametrize(
    ("accepted", "keys"),
    [
        (Accepted.BARE, {"task_id"}),
        (Accepted.SUCCESS, {"task_id", "success"}),
        (Accepted.TRACED, {"task_id", "trace_id"}),
        (Accepted.FULL, {"task_id", "success", "trace_id"}),
    ],
)
async def test_acceptance_has_several_looks(caller: Caller, accepted: Accepted, keys: set[str]) -> None:
    caller.veo.switches.shape = Shape(accepted=accepted)

    assert (await caller.submit()).json.keys() == keys

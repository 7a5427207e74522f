"""The stand-in answers what the provider's own clients send, not only what this bot does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.caller import IMAGE, Caller, Clock


@pytest.mark.parametrize("key", ["id", "trace_id"])
async def test_one_id_without_an_action_is_retrieved(caller: Caller, key: str) -> None:
    answer = (await caller.submit()).json
    wanted = answer["task_id"] if key == "id" else answer["trace_id"]

    record = await caller.look(**{key: wanted})

    assert record["id"] == answer["task_id"]


async def test_several_ids_without_an_action_are_refused(caller: Caller) -> None:
    assert (await caller.post("/veo/tasks", {"ids": ["x"]})).status == 400


async def test_a_batch_may_be_asked_for_by_trace_ids(caller: Caller) -> None:
    answers = [(await caller.submit()).json for _ in range(3)]

    found = await caller.look(
        action="retrieve_batch", trace_ids=[answers[0]["trace_id"]], ids=[answers[1]["task_id"]], limit=50
    )

    assert {item["id"] for item in found["items"]} == {answer["task_id"] for answer in answers[:2]}


async def test_repeated_ids_are_answered_once_each(caller: Caller) -> None:
    answer = (await caller.submit()).json
    task_id, trace_id = answer["task_id"], answer["trace_id"]

    found = await caller.look(action="retrieve_batch", ids=[task_id] * 3, trace_ids=[trace_id] * 2, limit=50)

    assert ([item["id"] for item in found["items"]], found["count"]) == ([task_id], 1)


@pytest.mark.parametrize(("kind", "count"), [("videos", 1), ("images", 0)])
async def test_a_listing_and_a_batch_can_be_of_one_type(caller: Caller, kind: str, count: int) -> None:
    task_id = await caller.accepted()

    listing = await caller.look(action="retrieve_batch", type=kind)
    batch = await caller.look(action="retrieve_batch", ids=[task_id], type=kind)

    assert (listing["count"], batch["count"]) == (count, count)


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_a_look_asks_nobody_who_they_are(caller: Caller, token: str | None) -> None:
    task_id = await caller.accepted()
    caller.token = token

    assert (await caller.retrieve(task_id))["id"] == task_id


@pytest.mark.parametrize("body", [{"trace_ids": "x"}, {"trace_ids": [1]}, {"type": 5}])
async def test_a_look_with_wrong_types_is_refused(caller: Caller, body: dict[str, Any]) -> None:
    reply = await caller.post("/veo/tasks", {"action": "retrieve_batch"} | body)

    assert (reply.status, reply.json["error"]["code"]) == (400, "bad_request")


async def test_4k_with_images_is_accepted_and_fails_minutes_later(caller: Caller, clock: Clock) -> None:
    task_id = await caller.accepted(**{**IMAGE, "model": "veo31", "resolution": "4k"})
    before = await caller.retrieve(task_id)
    clock.now += 90

    after = await caller.retrieve(task_id)

    assert "response" not in before
    assert (after["response"]["success"], after["response"]["error"]["code"]) == (False, "api_error")

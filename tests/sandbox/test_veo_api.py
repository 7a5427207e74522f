"""The stand-in keeps the provider's contract: tasks, looks, upscales, callbacks, and its own records."""

from __future__ import annotations

import asyncio
import math
import uuid

import aiohttp
import pytest
from aiohttp import web

from sandbox.veo import SECRETS, Outcome, Route, Settings, Shape, StandInVeo, TaskEndedError, UnknownTaskError
from tests.sandbox.caller import IMAGE, Caller, Clock, until


async def test_a_task_runs_until_the_clock_says_it_is_done(caller: Caller, clock: Clock) -> None:
    task_id = await caller.accepted()
    before = await caller.retrieve(task_id)
    clock.now += 90

    after = await caller.retrieve(task_id)

    assert "response" not in before
    assert "finished_at" not in before
    assert (after["finished_at"], after["elapsed"]) == (clock.now, 90)
    video = after["response"]["data"][0]
    assert (video["state"], video["video_url"]) == ("succeeded", caller.veo.video_url(task_id))
    assert after["response"]["task_id"] == task_id


async def test_beijing_time_is_written_without_a_zone(caller: Caller, clock: Clock) -> None:
    clock.now = 1_753_430_863.0
    task_id = await caller.accepted()
    caller.veo.finish(task_id)

    video = (await caller.retrieve(task_id))["response"]["data"][0]

    assert video["created_at"] == "2025-07-25 16:07:43"


async def test_a_record_repeats_the_request_and_carries_the_operators_secrets(caller: Caller) -> None:
    task_id = await caller.accepted(prompt="A kite")

    record = await caller.retrieve(task_id)

    assert record["request"]["prompt"] == "A kite"
    assert {key: record[key] for key in SECRETS} == SECRETS
    assert all(str(value).startswith("SECRET-") for value in SECRETS.values())
    assert {"_id", "id", "type", "created_at", "started_at", "trace_id"} <= record.keys()


async def test_a_task_can_be_found_by_its_trace_id(caller: Caller) -> None:
    reply = await caller.submit()

    record = await caller.look(action="retrieve", trace_id=reply.json["trace_id"])

    assert record["id"] == reply.json["task_id"]


async def test_an_unknown_id_is_null_or_on_demand_an_empty_object(caller: Caller) -> None:
    assert await caller.retrieve("nobody") is None
    caller.veo.switches.unknown_as_empty_object = True
    assert await caller.retrieve("nobody") == {}


async def test_a_batch_returns_twelve_unless_a_limit_is_sent(caller: Caller) -> None:
    ids = [await caller.accepted() for _ in range(20)]

    default = await caller.look(action="retrieve_batch", ids=ids)
    asked = await caller.look(action="retrieve_batch", ids=[*ids, "unknown"], limit=50)

    assert (len(default["items"]), default["count"]) == (12, 12)
    assert {item["id"] for item in asked["items"]} == set(ids)
    assert [item["id"] for item in asked["items"]] != ids


async def test_the_listing_is_bounded_by_time_and_paged(caller: Caller, clock: Clock) -> None:
    start = clock.now
    ids: list[str] = []
    for _ in range(6):
        ids.append(await caller.accepted())
        clock.now += 10
    between = {"created_at_min": start + 10, "created_at_max": start + 40}

    whole = await caller.look(action="retrieve_batch", limit=50, **between)
    pages = [await caller.look(action="retrieve_batch", limit=3, offset=offset, **between) for offset in (0, 3)]

    assert {item["id"] for item in whole["items"]} == set(ids[1:5])
    assert {item["id"] for item in pages[0]["items"]} == set(ids[2:5])
    assert {item["id"] for item in pages[1]["items"]} == {ids[1]}


@pytest.mark.parametrize(
    "body",
    [
        {"action": "delete"},
        {"action": "retrieve"},
        {"action": "retrieve_batch", "ids": "abc"},
        {"action": "retrieve_batch", "ids": [1]},
        {"action": "retrieve_batch", "limit": 0},
        {"action": "retrieve_batch", "offset": -1},
    ],
)
async def test_a_look_that_makes_no_sense_is_refused(caller: Caller, body: dict[str, object]) -> None:
    reply = await caller.post("/veo/tasks", body)

    assert (reply.status, reply.json["error"]["code"]) == (400, "bad_request")


async def test_an_upscale_is_a_new_task_with_the_same_video_id(caller: Caller) -> None:
    source = await caller.accepted(prompt="A kite")
    caller.veo.finish(source)
    video_id = (await caller.retrieve(source))["response"]["data"][0]["id"]

    upscale = await caller.accepted(action="get1080p", prompt=None, video_id=video_id)
    caller.veo.finish(upscale)

    video = (await caller.retrieve(upscale))["response"]["data"][0]
    assert upscale != source
    assert video["id"] == video_id
    assert video["video_url"] == caller.veo.video_url(upscale) != caller.veo.video_url(source)


async def test_an_upscale_of_an_unfinished_video_or_another_models_is_refused(caller: Caller) -> None:
    source = await caller.accepted(model="veo3")
    video_id = caller.veo.tasks[source].video_id

    early = await caller.submit(action="get1080p", model="veo3", video_id=video_id)
    caller.veo.finish(source)
    other = await caller.submit(action="get1080p", model="veo31", video_id=video_id)

    assert (early.status, other.status) == (400, 400)
    assert len(caller.veo.tasks) == 1


async def test_4k_on_a_model_that_cannot_fails_only_later(caller: Caller, clock: Clock) -> None:
    doomed, fine = await caller.accepted(resolution="4k"), await caller.accepted(resolution="4k", model="veo31")
    clock.now += 90

    assert (await caller.retrieve(doomed))["response"]["success"] is False
    assert (await caller.retrieve(fine))["response"]["success"] is True


async def test_without_async_the_connection_is_held_until_the_video_is_done(caller: Caller, clock: Clock) -> None:
    waiting = asyncio.create_task(caller.submit(**{"async": None}))
    await until(lambda: caller.veo.tasks)
    assert not waiting.done()
    clock.now += 90

    reply = await waiting

    task_id = next(iter(caller.veo.tasks))
    assert reply.json["data"][0]["video_url"] == caller.veo.video_url(task_id)
    assert caller.veo.submissions[0].status is None


async def test_a_held_connection_whose_task_fails_gets_the_codes_status_and_success_false(caller: Caller) -> None:
    waiting = asyncio.create_task(caller.submit(**{"async": False}))
    await until(lambda: caller.veo.tasks)
    caller.veo.fail(next(iter(caller.veo.tasks)), "forbidden", "No.")

    reply = await waiting

    assert (reply.status, reply.json["success"]) == (403, False)
    assert reply.json["error"] == {"code": "forbidden", "message": "No."}


async def test_a_task_ended_by_hand_stays_ended(caller: Caller) -> None:
    task_id = await caller.accepted()
    caller.veo.fail(task_id, "api_error", "upstream")

    record = await caller.retrieve(task_id)

    assert record["response"]["error"] == {"code": "api_error", "message": "upstream"}
    with pytest.raises(TaskEndedError):
        caller.veo.finish(task_id)
    with pytest.raises(UnknownTaskError):
        caller.veo.finish("nobody")


async def test_the_result_is_posted_to_the_callback_url_as_often_as_told(session: aiohttp.ClientSession) -> None:
    bodies: list[dict[str, object]] = []

    async def receive(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    async with StandInVeo(Settings(delay=math.inf, callback_times=2)) as veo:
        task_id = await Caller(veo, session).accepted(**{"async": None, "callback_url": url})
        veo.finish(task_id)
        await until(lambda: len(veo.callbacks) == 2)
        assert [sent.status for sent in veo.callbacks] == [204, 204]
    await runner.cleanup()
    assert [body["task_id"] for body in bodies] == [task_id] * 2


async def test_a_callback_to_a_foreign_host_is_never_sent(caller: Caller) -> None:
    task_id = await caller.accepted(callback_url="https://bot.example/hook")
    caller.veo.finish(task_id)
    await until(lambda: caller.veo.callbacks)

    assert caller.veo.callbacks[0].status is None


async def test_submissions_are_kept_as_they_came_without_the_token(caller: Caller) -> None:
    task_id = await caller.accepted(prompt="A kite")

    submission = caller.veo.submissions[0]

    assert (submission.payload["prompt"], submission.task_id) == ("A kite", task_id)
    assert submission.outcome is Outcome.ACCEPTED
    assert "authorization" not in submission.headers
    assert "right" not in str(submission)
    assert [seen.route for seen in caller.veo.requests] == [Route.VIDEOS]


async def test_the_high_water_marks_count_submissions_and_running_tasks(caller: Caller, clock: Clock) -> None:
    waiting = [asyncio.create_task(caller.submit(**{"async": None})) for _ in range(4)]
    await until(lambda: len(caller.veo.tasks) == 4)
    clock.now += 90
    await asyncio.gather(*waiting)
    await caller.accepted()

    assert (caller.veo.max_in_flight, caller.veo.max_running) == (4, 4)


async def test_a_planted_task_of_another_user_shows_in_the_listing_only(caller: Caller) -> None:
    planted = caller.veo.plant(IMAGE)

    listing = await caller.look(action="retrieve_batch", limit=10)

    assert [item["id"] for item in listing["items"]] == [planted.task_id]
    assert not caller.veo.submissions


async def test_ids_of_videos_come_as_hex_or_as_uuid(caller: Caller) -> None:
    plain = caller.veo.tasks[await caller.accepted()].video_id
    caller.veo.switches.shape = Shape(uuid_video_id=True)
    dashed = caller.veo.tasks[await caller.accepted()].video_id

    assert (len(plain), plain.isalnum()) == (32, True)
    assert str(uuid.UUID(dashed)) == dashed

"""Looking at tasks: batches, listings, single ones; a failed look never looks like a lost task."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import aiohttp
import pytest

from sandbox.veo import (
    Answer,
    Fault,
    Hang,
    Invisible,
    Reset,
    Route,
    StandInVeo,
    cut_off_answer,
    error_answer,
    html_answer,
    json_answer,
)
from tests.core.client.calls import (
    POSTED,
    WANTED,
    Clock,
    client_for,
    failure_of,
)
from tests.core.values import NOW
from veo_core.domain.submissions import TaskState, Video
from veo_core.errors import AccountProblem, ProviderError, RateLimited, Rejected, Unreachable
from veo_core.provider.client import VeoClient


async def test_a_batch_of_fifty_comes_back_whole(client: VeoClient, veo: StandInVeo) -> None:
    wanted = [veo.plant(POSTED).task_id for _ in range(50)]

    reports = await client.fetch(wanted)

    assert set(reports) == set(wanted)
    assert veo.requests[0].payload["limit"] == 50


async def test_unknown_tasks_are_absent_from_a_batch(client: VeoClient, veo: StandInVeo) -> None:
    known = veo.plant(POSTED).task_id

    assert set(await client.fetch([known, "never-heard-of"])) == {known}


@pytest.mark.parametrize("empty_object", [False, True])
async def test_one_unknown_task_is_none(client: VeoClient, veo: StandInVeo, empty_object: bool) -> None:
    veo.switches.unknown_as_empty_object = empty_object

    assert await client.fetch_one("never-heard-of") is None


async def test_one_task_is_seen_until_it_is_done(client: VeoClient, veo: StandInVeo, clock: Clock) -> None:
    task = veo.plant(POSTED)
    before = await client.fetch_one(task.task_id)
    clock.seconds += 91

    after = await client.fetch_one(task.task_id)

    assert before is not None
    assert after is not None
    assert (before.state, after.state) == (TaskState.PENDING, TaskState.SUCCEEDED)
    assert after.video == Video(veo.video_url(task.task_id), task.video_id)


async def test_a_task_that_is_not_visible_yet_is_unknown(client: VeoClient, veo: StandInVeo, clock: Clock) -> None:
    veo.faults.add(Route.VIDEOS, Invisible(30))
    report = await client.submit(WANTED)
    assert report.task_id is not None

    hidden = await client.fetch([report.task_id])
    clock.seconds += 31
    shown = await client.fetch([report.task_id])

    assert (set(hidden), set(shown)) == (set(), {report.task_id})


@pytest.mark.parametrize(
    ("count", "offsets"),
    [(0, [0]), (1, [0, 1]), (49, [0, 49]), (50, [0, 50]), (51, [0, 50, 51]), (120, [0, 50, 100, 120])],
)
async def test_a_listing_is_read_until_a_page_is_empty(
    client: VeoClient, veo: StandInVeo, count: int, offsets: list[int]
) -> None:
    made = {veo.plant(POSTED).task_id for _ in range(count)}

    found = await client.find(NOW)

    assert {report.task_id for report in found} == made
    assert len(found) == count
    assert [seen.payload["offset"] for seen in veo.requests] == offsets


async def test_a_listing_whose_pages_are_shorter_than_asked_for_is_read_to_its_end(
    client: VeoClient, veo: StandInVeo
) -> None:
    names = [f"task-{number}" for number in range(30)]
    for start in (0, 12, 24, 30):
        items = [{"id": name} for name in names[start : start + 12]]
        veo.faults.add(Route.TASKS, Answer(200, json.dumps({"items": items, "count": len(items)})))

    found = await client.find(NOW)

    assert [report.task_id for report in found] == names
    assert [seen.payload["offset"] for seen in veo.requests] == [0, 12, 24, 30]


async def test_a_listing_goes_on_behind_a_page_with_an_empty_record(client: VeoClient, veo: StandInVeo) -> None:
    wanted = [veo.plant(POSTED).task_id for _ in range(60)][-1]
    first = [{"id": f"other-{number}"} for number in range(49)]
    veo.faults.add(Route.TASKS, Answer(200, json.dumps({"items": [*first, None], "count": 50})))
    second = [{"id": wanted}]
    veo.faults.add(Route.TASKS, Answer(200, json.dumps({"items": second, "count": 1})))

    found = await client.find(NOW)

    assert wanted in {report.task_id for report in found}
    assert [seen.payload["offset"] for seen in veo.requests][:2] == [0, 50]


async def test_a_listing_without_end_is_given_up(client: VeoClient, veo: StandInVeo) -> None:
    page = json_answer({"items": [{"id": f"task-{number}"} for number in range(50)], "count": 50})
    veo.faults.add(Route.TASKS, page, times=None)

    found = await client.find(NOW)

    assert len(found) == 50
    assert len(veo.requests) <= 20


async def test_only_tasks_made_since_the_moment_are_listed(client: VeoClient, veo: StandInVeo, clock: Clock) -> None:
    veo.plant(POSTED)
    clock.seconds += 100
    recent = veo.plant(POSTED).task_id

    found = await client.find(NOW + timedelta(seconds=99.5))

    assert [report.task_id for report in found] == [recent]
    assert found[0].submission is not None
    assert found[0].submission.prompt == WANTED.prompt


async def test_a_ping_asks_for_next_to_nothing(client: VeoClient, veo: StandInVeo) -> None:
    await client.ping()

    assert dict(veo.requests[0].payload) == {
        "action": "retrieve_batch",
        "created_at_min": int(NOW.timestamp()),
        "offset": 0,
        "limit": 1,
    }


def one_look(client: VeoClient, name: str) -> Awaitable[object]:
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "fetch": lambda: client.fetch(["task-1"]),
        "fetch_one": lambda: client.fetch_one("task-1"),
        "find": lambda: client.find(datetime.fromtimestamp(0, NOW.tzinfo)),
        "ping": client.ping,
    }
    return calls[name]()


@pytest.mark.parametrize("call", ["fetch", "fetch_one", "find", "ping"])
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Reset(), Unreachable),
        (html_answer(502), Unreachable),
        (html_answer(200), Unreachable),
        (html_answer(404), Unreachable),
        (cut_off_answer(200), Unreachable),
        (error_answer("api_error"), Unreachable),
        (error_answer("timeout"), Unreachable),
        (json_answer([]), Unreachable),
        (error_answer("too_many_requests"), RateLimited),
        (error_answer("invalid_token"), AccountProblem),
        (error_answer("disabled"), AccountProblem),
        (error_answer("used_up"), AccountProblem),
    ],
    ids=str,
)
async def test_a_failed_look_may_be_tried_again_unless_it_is_the_account(
    client: VeoClient, veo: StandInVeo, call: str, fault: Fault, expected: type[ProviderError]
) -> None:
    veo.faults.add(Route.TASKS, fault)

    assert type(await failure_of(one_look(client, call))) is expected


REFUSALS = [
    error_answer("bad_request"),
    error_answer("forbidden"),
    error_answer("no_api"),
    json_answer({"error": "no such task"}),
]


@pytest.mark.parametrize(
    ("call", "answer"),
    [("fetch", REFUSALS[0]), *((call, answer) for call in ("fetch", "find", "ping") for answer in REFUSALS[1:])],
)
async def test_a_refused_look_at_many_may_be_tried_again(
    client: VeoClient, veo: StandInVeo, call: str, answer: Answer
) -> None:
    veo.faults.add(Route.TASKS, answer)

    assert type(await failure_of(one_look(client, call))) is Unreachable


@pytest.mark.parametrize("answer", REFUSALS)
async def test_a_refused_look_at_one_is_about_that_task_alone(
    client: VeoClient, veo: StandInVeo, answer: Answer
) -> None:
    veo.faults.add(Route.TASKS, answer)

    assert type(await failure_of(client.fetch_one("task-1"))) is Rejected


@pytest.mark.parametrize("call", ["fetch", "find"])
@pytest.mark.parametrize("body", [None, {}, {"count": 0}, {"items": None}, {"items": {}}])
async def test_a_batch_answer_without_items_is_a_failed_look_not_a_lost_task(
    client: VeoClient, veo: StandInVeo, call: str, body: dict[str, None] | None
) -> None:
    veo.faults.add(Route.TASKS, Answer(200, "null") if body is None else json_answer(dict(body)))

    assert type(await failure_of(one_look(client, call))) is Unreachable


async def test_a_silent_look_is_given_up(
    session: aiohttp.ClientSession, veo: StandInVeo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veo_core.provider.client._LOOK_TIMEOUT", timedelta(seconds=0.1))
    veo.faults.add(Route.TASKS, Hang())

    error = await failure_of(client_for(session, veo.base_url).fetch(["task-1"]))

    assert type(error) is Unreachable


async def test_a_listing_that_the_api_does_not_know_is_no_outage(client: VeoClient, veo: StandInVeo) -> None:
    veo.faults.add(Route.TASKS, error_answer("bad_request"), times=2)

    await client.ping()

    assert isinstance(await failure_of(client.find(NOW)), Rejected)

"""Every fault the stand-in offers really happens, over real HTTP, as often as scripted."""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest

from sandbox.veo import (
    ERRORS,
    Answer,
    Fault,
    FaultBook,
    Hang,
    Invisible,
    Naming,
    Outcome,
    Reset,
    Route,
    Slow,
    StandInVeo,
    coded_answer,
    cut_off_answer,
    detail_answer,
    error_answer,
    html_answer,
    json_answer,
    naming_answer,
    rate_limited,
)
from tests.sandbox.caller import Caller, until


@pytest.mark.parametrize("code", ERRORS)
async def test_every_error_code_can_be_answered_with_its_status(caller: Caller, code: str) -> None:
    caller.veo.faults.add(Route.VIDEOS, error_answer(code))

    reply = await caller.submit()

    assert (reply.status, reply.json["error"]["code"]) == (ERRORS[code][0], code)
    assert "success" not in reply.json
    assert caller.veo.submissions[0].outcome is Outcome.FAULTED
    assert not caller.veo.tasks


@pytest.mark.parametrize("wait", ["7", "0.5", "Wed, 21 Oct 2026 07:28:00 GMT", None])
async def test_429_comes_with_and_without_retry_after(caller: Caller, wait: str | None) -> None:
    caller.veo.faults.add(Route.TASKS, rate_limited(wait))

    reply = await caller.post("/veo/tasks", {"action": "retrieve", "id": "x"})

    assert (reply.status, reply.headers.get("Retry-After")) == (429, wait)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("after", [False, True])
async def test_a_proxys_page_may_hide_an_accepted_task(caller: Caller, status: int, after: bool) -> None:
    caller.veo.faults.add(Route.VIDEOS, html_answer(status, after=after))

    reply = await caller.submit()

    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (status, "text/html")
    assert len(caller.veo.tasks) == after
    assert caller.veo.submissions[0].outcome is (Outcome.LOST if after else Outcome.FAULTED)


async def test_json_may_be_cut_off(caller: Caller) -> None:
    caller.veo.faults.add(Route.VIDEOS, cut_off_answer(200, after=True))

    reply = await caller.submit()

    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.text)
    assert caller.veo.submissions[0].task_id in caller.veo.tasks


@pytest.mark.parametrize("after", [False, True])
async def test_a_reset_breaks_the_connection_and_the_task_exists_only_after_accepting(
    caller: Caller, after: bool
) -> None:
    caller.veo.faults.add(Route.VIDEOS, Reset(after=after))

    with pytest.raises(aiohttp.ClientError):
        await caller.submit()

    assert len(caller.veo.tasks) == after
    assert caller.veo.submissions[0].outcome is (Outcome.LOST if after else Outcome.DROPPED)


@pytest.mark.parametrize("after", [False, True])
async def test_a_hang_outlasts_the_clients_patience(caller: Caller, after: bool) -> None:
    caller.veo.faults.add(Route.VIDEOS, Hang(after=after))

    caller.patience = 0.05

    with pytest.raises(TimeoutError):
        await caller.submit()

    assert len(caller.veo.tasks) == after
    assert caller.veo.submissions[0].outcome is (Outcome.LOST if after else Outcome.DROPPED)


async def test_a_hang_ends_with_a_closed_connection(caller: Caller) -> None:
    caller.veo.faults.add(Route.TASKS, Hang(seconds=0.02))

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await caller.look(action="retrieve", id="x")


async def test_a_stand_in_stops_at_once_although_requests_hang(session: aiohttp.ClientSession) -> None:
    async with StandInVeo() as veo:
        veo.faults.add(Route.VIDEOS, Hang(after=True))
        waiting = asyncio.create_task(Caller(veo, session).submit())
        await until(lambda: veo.tasks)
        began = time.monotonic()

    with pytest.raises(aiohttp.ClientError):
        await waiting
    assert time.monotonic() - began < 1


async def test_a_slow_answer_is_a_right_answer(caller: Caller) -> None:
    caller.veo.faults.add(Route.VIDEOS, Slow(0.2), times=2)

    caller.patience = 0.05
    with pytest.raises(TimeoutError):
        await caller.submit()
    caller.patience = 5

    reply = await caller.submit()

    assert reply.json["task_id"] in caller.veo.tasks


async def test_a_lost_answer_and_an_invisible_task_can_strike_together(caller: Caller) -> None:
    caller.veo.faults.add(Route.VIDEOS, Reset(after=True), Invisible(30))

    with pytest.raises(aiohttp.ClientError):
        await caller.submit()

    task_id = caller.veo.submissions[0].task_id
    assert task_id is not None
    assert task_id in caller.veo.tasks
    assert await caller.retrieve(task_id) is None


async def test_a_provider_that_is_down_closes_every_connection_until_it_is_up(caller: Caller) -> None:
    task_id = await caller.accepted()
    caller.veo.down = True

    with pytest.raises(aiohttp.ClientError):
        await caller.submit()
    with pytest.raises(aiohttp.ClientError):
        await caller.retrieve(task_id)
    caller.veo.down = False

    assert (await caller.retrieve(task_id))["id"] == task_id
    assert len(caller.veo.tasks) == 1


async def test_a_host_without_a_server_refuses_connections_and_comes_back_on_its_port(caller: Caller) -> None:
    address = caller.veo.base_url
    await caller.veo.unlisten()

    with pytest.raises(aiohttp.ClientConnectorError):
        await caller.submit()
    await caller.veo.listen()

    assert (await caller.submit()).status == 200
    assert caller.veo.base_url == address


@pytest.mark.parametrize("code", ["used_up", "disabled", "invalid_token"])
async def test_an_account_in_trouble_is_refused_until_it_is_not_but_may_still_look(caller: Caller, code: str) -> None:
    task_id = await caller.accepted()
    caller.veo.switches.refuse_submissions = code

    refused = [await caller.submit() for _ in range(2)]
    seen = await caller.retrieve(task_id)
    caller.veo.switches.refuse_submissions = None

    assert [reply.json["error"]["code"] for reply in refused] == [code] * 2
    assert seen["id"] == task_id
    assert (await caller.submit()).status == 200


async def test_looks_can_be_refused_too(caller: Caller) -> None:
    caller.veo.switches.refuse_lookups = "token_expired"

    reply = await caller.post("/veo/tasks", {"action": "retrieve", "id": "x"})

    assert (reply.status, reply.json["error"]["code"]) == (401, "token_expired")


async def test_a_fault_strikes_as_often_as_told_where_told_and_is_counted(caller: Caller) -> None:
    rule = caller.veo.faults.add(Route.VIDEOS, html_answer(502), times=2, when=lambda body: body.get("prompt") == "bad")

    statuses = [(await caller.submit(prompt=prompt)).status for prompt in ("good", "bad", "bad", "bad")]

    assert statuses == [200, 502, 502, 200]
    assert rule.used == 2
    assert not caller.veo.faults.unused()


async def test_a_cancelled_rule_and_a_cleared_book_strike_no_more(caller: Caller) -> None:
    rule = caller.veo.faults.add(Route.VIDEOS, html_answer(502), times=None)
    assert (await caller.submit()).status == 502
    rule.cancel()
    assert (await caller.submit()).status == 200
    caller.veo.faults.add(Route.VIDEOS, html_answer(502))
    caller.veo.faults.clear()

    assert (await caller.submit()).status == 200


def test_chance_repeats_with_its_seed() -> None:
    def strikes(seed: int) -> list[bool]:
        book = FaultBook(seed)
        book.add(Route.VIDEOS, Reset(), times=None, chance=0.5)
        return [bool(book.take(Route.VIDEOS, {})) for _ in range(64)]

    assert strikes(7) == strikes(7) != strikes(8)
    assert 16 < sum(strikes(7)) < 48


def test_a_rule_that_never_struck_is_unused() -> None:
    book = FaultBook(0)
    once: tuple[Fault, ...] = (Reset(),)
    rule = book.add(Route.TASKS, *once)

    assert book.take(Route.VIDEOS, {}) == ()
    assert book.unused() == [rule]
    assert book.take(Route.TASKS, {}) == once
    assert book.unused() == []


async def test_any_json_at_all_can_be_answered(caller: Caller) -> None:
    caller.veo.faults.add(Route.TASKS, json_answer([1, None]), Slow(0.0))
    caller.veo.faults.add(Route.TASKS, Answer(204))

    assert await caller.look(action="retrieve", id="x") == [1, None]
    assert (await caller.post("/veo/tasks", {})).status == 204


@pytest.mark.parametrize("status", [200, 302, 401, 404, 429])
@pytest.mark.parametrize("naming", Naming)
async def test_an_answer_may_name_the_task_that_it_seems_to_refuse(caller: Caller, status: int, naming: Naming) -> None:
    caller.veo.faults.add(Route.VIDEOS, naming_answer(status, naming))

    reply = await caller.submit()

    (task_id,) = caller.veo.tasks
    assert reply.status == status
    assert task_id in reply.text
    assert caller.veo.submissions[0].outcome is Outcome.LOST


async def test_an_answer_may_name_a_task_and_lead_elsewhere(caller: Caller) -> None:
    caller.veo.faults.add(Route.VIDEOS, naming_answer(404, location="http://127.0.0.1:9/"))

    reply = await caller.submit()

    assert (reply.status, reply.headers["Location"]) == (404, "http://127.0.0.1:9/")


async def test_an_error_may_stand_at_the_top_or_have_a_code_of_its_own(caller: Caller) -> None:
    caller.veo.faults.add(Route.VIDEOS, detail_answer("not_applied"))
    caller.veo.faults.add(Route.VIDEOS, coded_answer("key_limit_reached", "The key is used up"))

    top, own = await caller.submit(), await caller.submit()

    assert (top.status, top.json["code"], "error" in top.json) == (403, "not_applied", False)
    assert (own.status, own.json["error"]["code"]) == (403, "key_limit_reached")

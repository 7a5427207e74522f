"""What was sent and what was not: a lost answer is never mistaken for a failed attempt, nor the other way round."""

from __future__ import annotations

import asyncio
import gzip
import traceback

import aiohttp
import pytest

from sandbox.veo import (
    Answer,
    ErrorForm,
    Fault,
    Hang,
    Naming,
    Outcome,
    Reset,
    Route,
    Settings,
    StandInVeo,
    cut_off_answer,
    error_answer,
    html_answer,
    json_answer,
    naming_answer,
    rate_limited,
)
from tests.core.client.calls import (
    OUTCOMES,
    TOKEN,
    WANTED,
    Clock,
    client_for,
    failure_of,
    free_port,
    raw_server,
)
from tests.core.values import NOW
from veo_core.domain.submissions import TaskState
from veo_core.errors import AnswerLost, Unreachable
from veo_core.provider.client import VeoClient


@pytest.mark.parametrize(
    "fault",
    [
        Reset(after=True),
        error_answer("api_error", after=True),
        error_answer("api_error", form=ErrorForm.STRING, after=True),
        error_answer("api_error", after=True).with_status(200),
        error_answer("timeout", after=True),
        error_answer("timeout", after=True).with_status(408),
        html_answer(408, after=True),
        html_answer(500, after=True),
        html_answer(502, after=True),
        html_answer(503, after=True),
        html_answer(504, after=True),
        html_answer(200, after=True),
        cut_off_answer(200, after=True),
        cut_off_answer(502, after=True),
        json_answer({}, after=True),
        json_answer({"success": True}, after=True),
        json_answer({"success": False}, after=True),
        json_answer({"success": False, "error": None}, after=True),
        json_answer({"error": "something is wrong"}, after=True),
        error_answer("bad_request", form=ErrorForm.NULL, after=True),
        error_answer("bad_request", form=ErrorForm.MISSING, after=True),
        html_answer(302, after=True),
        html_answer(400, after=True),
        html_answer(404, after=True),
        json_answer({}, status=404, after=True),
        Answer(299, "{}", after=True),
        json_answer({"task_id": ""}, after=True),
        json_answer({"task_id": None}, after=True),
        json_answer(None, after=True),
        json_answer([{"task_id": "x"}], after=True),
        Answer(204, after=True),
        Answer(200, "\ufeff", after=True),
    ],
    ids=str,
)
async def test_a_lost_answer_is_one_and_its_task_can_be_found(client: VeoClient, veo: StandInVeo, fault: Fault) -> None:
    veo.faults.add(Route.VIDEOS, fault)

    error = await failure_of(client.submit(WANTED))

    assert isinstance(error, AnswerLost)
    assert veo.submissions[0].outcome is Outcome.LOST
    assert {report.task_id for report in await client.find(NOW)} == set(veo.tasks)


async def test_silence_after_acceptance_is_a_lost_answer(session: aiohttp.ClientSession, veo: StandInVeo) -> None:
    veo.faults.add(Route.VIDEOS, Hang(after=True))

    error = await failure_of(client_for(session, veo.base_url, seconds=0.2).submit(WANTED))

    assert isinstance(error, AnswerLost)
    assert len(veo.tasks) == 1


@pytest.mark.parametrize("fault", [Reset(), html_answer(502)])
async def test_a_break_after_sending_counts_as_lost_even_if_nothing_was_made(
    client: VeoClient, veo: StandInVeo, fault: Fault
) -> None:
    veo.faults.add(Route.VIDEOS, fault)

    assert isinstance(await failure_of(client.submit(WANTED)), AnswerLost)


async def test_an_endless_answer_is_cut(session: aiohttp.ClientSession) -> None:
    sent = 0

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not writer.is_closing() and sent < 200_000_000:
            writer.write(b" " * 65_536)
            sent += 65_536
            await writer.drain()

    async with raw_server(serve) as base:
        error = await failure_of(client_for(session, base).submit(WANTED))

    assert isinstance(error, AnswerLost)
    assert sent < 40_000_000


async def test_a_packed_answer_that_unpacks_without_end_is_cut(session: aiohttp.ClientSession) -> None:
    packed = gzip.compress(b" " * 300_000_000, compresslevel=1)

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
        writer.write(head.encode() + packed)
        await writer.drain()

    async with raw_server(serve) as base:
        assert isinstance(await failure_of(client_for(session, base).submit(WANTED)), AnswerLost)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n",
        b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"task_id": "x"}',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["closed", "ssh", "half head", "bad length", "short body", "bad chunk", "bad gzip", "huge head"],
)
@pytest.mark.parametrize("look", [False, True])
async def test_what_is_no_http_is_a_lost_answer_or_a_failed_look(
    session: aiohttp.ClientSession, raw: bytes, look: bool
) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    async with raw_server(serve) as base:
        client = client_for(session, base)
        error = await failure_of(client.fetch_one("task-1") if look else client.submit(WANTED))

    assert type(error) is (Unreachable if look else AnswerLost)
    assert TOKEN not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("look", [False, True])
async def test_a_deeply_nested_answer_is_no_answer(client: VeoClient, veo: StandInVeo, look: bool) -> None:
    veo.faults.add(Route.TASKS if look else Route.VIDEOS, Answer(200, "[" * 200_000))

    error = await failure_of(client.fetch(["task-1"]) if look else client.submit(WANTED))

    assert type(error) is (Unreachable if look else AnswerLost)


@pytest.mark.parametrize("look", [False, True])
async def test_a_refused_connection_means_nothing_was_sent(session: aiohttp.ClientSession, look: bool) -> None:
    client = client_for(session, f"http://127.0.0.1:{free_port()}")

    error = await failure_of(client.ping() if look else client.submit(WANTED))

    assert type(error) is Unreachable


async def test_a_host_without_an_address_means_nothing_was_sent(session: aiohttp.ClientSession) -> None:
    error = await failure_of(client_for(session, "http://veo.invalid").submit(WANTED))

    assert type(error) is Unreachable


async def test_a_host_without_tls_means_nothing_was_sent(session: aiohttp.ClientSession, veo: StandInVeo) -> None:
    error = await failure_of(client_for(session, veo.base_url.replace("http:", "https:")).submit(WANTED))

    assert type(error) is Unreachable


async def test_after_the_outage_the_same_call_works(client: VeoClient, veo: StandInVeo) -> None:
    await veo.unlisten()
    first = await failure_of(client.submit(WANTED))
    await veo.listen()

    assert type(first) is Unreachable
    assert (await client.submit(WANTED)).task_id in veo.tasks
    assert len(veo.tasks) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("look", [False, True])
async def test_a_redirect_is_not_followed(
    client: VeoClient, veo: StandInVeo, clock: Clock, status: int, look: bool
) -> None:
    async with StandInVeo(Settings(), clock=clock) as elsewhere:
        answer = Answer(status, headers={"Location": elsewhere.base_url + "/veo/videos"})
        veo.faults.add(Route.TASKS if look else Route.VIDEOS, answer)

        error = await failure_of(client.fetch(["task-1"]) if look else client.submit(WANTED))

        assert type(error) is (Unreachable if look else AnswerLost)
        assert not elsewhere.requests


@pytest.mark.parametrize("look", [False, True])
async def test_a_page_that_knows_no_api_proves_nothing(client: VeoClient, veo: StandInVeo, look: bool) -> None:
    veo.faults.add(Route.TASKS if look else Route.VIDEOS, html_answer(404))

    error = await failure_of(client.fetch_one("task-1") if look else client.submit(WANTED))

    assert type(error) is (Unreachable if look else AnswerLost)


@pytest.mark.parametrize(
    "fault",
    [
        Reset(),
        html_answer(502),
        html_answer(302),
        cut_off_answer(200),
        rate_limited(),
        error_answer("invalid_token", message=f"The specified token {TOKEN} is invalid or wrong."),
        error_answer("bad_request", message=f"authorization: Bearer {TOKEN}", form=ErrorForm.STRING),
    ],
    ids=str,
)
@pytest.mark.parametrize("look", [False, True])
async def test_the_token_is_in_no_exception(client: VeoClient, veo: StandInVeo, fault: Fault, look: bool) -> None:
    veo.faults.add(Route.TASKS if look else Route.VIDEOS, fault)

    error = await failure_of(client.fetch(["task-1"]) if look else client.submit(WANTED))

    assert isinstance(error, OUTCOMES)
    assert TOKEN not in "".join(traceback.format_exception(error))
    assert TOKEN not in f"{error!r} {error.message} {error.code} {error.trace_id}"


@pytest.mark.parametrize("status", [200, 302, 303, 307, 401, 403, 404, 429, 500, 502])
@pytest.mark.parametrize("naming", Naming)
async def test_an_answer_that_names_its_task_is_an_acceptance_over_http_too(
    client: VeoClient, veo: StandInVeo, clock: Clock, status: int, naming: Naming
) -> None:
    async with StandInVeo(Settings(), clock=clock) as elsewhere:
        veo.faults.add(Route.VIDEOS, naming_answer(status, naming, location=elsewhere.base_url + "/veo/videos"))

        report = await client.submit(WANTED)

        assert (report.state, report.task_id) == (TaskState.PENDING, next(iter(veo.tasks)))
        assert not elsewhere.requests

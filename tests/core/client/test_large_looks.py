"""An answer that is too large is asked for again in halves, and one record spoils no other one's look."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from tests.core.client.calls import client_for
from tests.core.values import NOW
from veo_core.domain.oddities import Oddity
from veo_core.domain.submissions import TaskState
from veo_core.errors import Unreachable
from veo_core.provider.client import MAX_ANSWER_BYTES, VeoClient
from veo_core.provider.lookups import MAX_BATCH_REQUESTS
from veo_core.provider.session import api_session

HALF = MAX_ANSWER_BYTES // 2


class Api:
    """/veo/tasks over records of chosen sizes; `looks` holds how many records each request asked for."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.looks: list[int] = []
        self.page: str | None = None
        self.base = ""

    async def answer(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        if self.page is not None:
            self.looks.append(0)
            return web.Response(text=self.page, content_type="text/html")
        if body["action"] == "retrieve":
            self.looks.append(1)
            return web.json_response(self._record(body["id"]))
        offset, limit = body.get("offset", 0), body["limit"]
        ids = body.get("ids") or list(self.sizes)[offset : offset + limit]
        self.looks.append(limit)
        if sum(self.sizes.get(task_id, 0) for task_id in ids) > MAX_ANSWER_BYTES:
            return web.Response(text='{"items": [{"id": "' + "x" * MAX_ANSWER_BYTES, content_type="application/json")
        return web.json_response({"items": [self._record(task_id) for task_id in ids if task_id in self.sizes]})

    def _record(self, task_id: str) -> dict[str, Any]:
        return {"id": task_id, "request": {"prompt": "x" * self.sizes[task_id]}, "status": "running"}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api()
    app = web.Application()
    app.router.add_post("/veo/tasks", api.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    api.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield api
    await runner.cleanup()


@pytest.fixture
async def client(api: Api) -> AsyncIterator[VeoClient]:
    async with api_session() as session:
        yield client_for(session, api.base)


def unread(reports: dict[str, Any]) -> set[str]:
    return {task_id for task_id, report in reports.items() if Oddity.RECORD_TOO_LARGE in report.oddities}


async def test_a_batch_that_is_too_large_comes_in_two_halves(api: Api, client: VeoClient) -> None:
    api.sizes = {f"task-{n}": MAX_ANSWER_BYTES // 40 for n in range(50)}

    reports = await client.fetch(list(api.sizes))

    assert set(reports) == set(api.sizes)
    assert unread(reports) == set()
    assert api.looks == [50, 25, 25]


async def test_one_record_that_is_too_large_spoils_no_other_look(api: Api, client: VeoClient) -> None:
    api.sizes = {f"task-{n}": 10 for n in range(50)} | {"task-31": MAX_ANSWER_BYTES + 1}

    reports = await client.fetch(list(api.sizes))

    assert set(reports) == set(api.sizes)
    assert unread(reports) == {"task-31"}
    assert reports["task-31"].state is TaskState.PENDING
    assert len(api.looks) <= 13


async def test_a_record_that_was_too_large_is_asked_for_by_itself_from_then_on(api: Api, client: VeoClient) -> None:
    api.sizes = {f"task-{n}": 10 for n in range(50)} | {"task-31": MAX_ANSWER_BYTES + 1}
    await client.fetch(list(api.sizes))
    api.looks.clear()

    await client.fetch(list(api.sizes))
    api.sizes["task-31"] = 10
    reports = await client.fetch(list(api.sizes))

    assert api.looks == [49, 1, 49, 1]
    assert unread(reports) == set()


async def test_when_all_are_too_large_the_requests_of_one_look_are_bounded(api: Api, client: VeoClient) -> None:
    api.sizes = {f"task-{n}": MAX_ANSWER_BYTES + 1 for n in range(50)}

    reports = await client.fetch(list(api.sizes))

    assert unread(reports) == set(api.sizes)
    assert len(api.looks) == MAX_BATCH_REQUESTS


async def test_one_task_that_is_too_large_is_pending_and_said_once(
    api: Api, client: VeoClient, caplog: pytest.LogCaptureFixture
) -> None:
    api.sizes = {"task-1": MAX_ANSWER_BYTES + 1}
    caplog.set_level(logging.WARNING)

    reports = [await client.fetch_one("task-1") for _ in range(3)]

    assert [report.state for report in reports if report is not None] == [TaskState.PENDING] * 3
    assert sum("odd way" in record.getMessage() for record in caplog.records) == 1


async def test_a_listing_that_is_too_large_is_read_in_smaller_pages_and_passes_over_one_record(
    api: Api, client: VeoClient
) -> None:
    api.sizes = {f"task-{n}": 10 for n in range(30)} | {"task-3": MAX_ANSWER_BYTES + 1, "task-7": HALF, "task-8": HALF}

    found = await client.find(datetime(2026, 10, 20, tzinfo=UTC))

    assert {report.task_id for report in found} == set(api.sizes) - {"task-3"}
    assert len(api.looks) <= 20


async def test_an_answer_of_exactly_the_largest_size_is_read(api: Api, client: VeoClient) -> None:
    api.sizes = {"task-1": 0}
    empty = len('{"items": [{"id": "task-1", "request": {"prompt": ""}, "status": "running"}]}')
    api.sizes = {"task-1": MAX_ANSWER_BYTES - empty}

    reports = await client.fetch(["task-1"])

    assert unread(reports) == set()
    assert api.looks == [1]


async def test_a_large_page_of_a_proxy_is_an_outage_and_is_asked_for_once(api: Api, client: VeoClient) -> None:
    api.page = "<html>" + "x" * MAX_ANSWER_BYTES

    with pytest.raises(Unreachable):
        await client.fetch(["task-1", "task-2"])

    assert api.looks == [0]


async def test_a_greeting_whose_answer_is_too_large_was_answered(api: Api, client: VeoClient) -> None:
    api.sizes = {"task-1": MAX_ANSWER_BYTES + 1}

    await client.ping()

    assert api.looks == [1]
    assert await client.find(NOW - timedelta(days=1)) == ()

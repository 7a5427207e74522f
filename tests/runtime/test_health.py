"""The health pages name the part that fails, answer while the event loop stands still, and cost a flood nothing."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from runtime.health import health_server
from runtime.vitals import Life, Vitals
from veo_core.errors import ConfigError, StorageError


@dataclass
class Body:
    """A bot and a provider whose troubles a test sets."""

    worker: str | None = None
    gateway: str | None = None
    heartbeat: str | None = None
    is_paused: bool = False
    is_down: bool = False
    checks: int = 0
    database: Callable[[], Awaitable[None]] | None = None

    def worker_trouble(self) -> str | None:
        return self.worker

    def gateway_trouble(self) -> str | None:
        return self.gateway

    def heartbeat_trouble(self) -> str | None:
        return self.heartbeat

    async def check_database(self) -> None:
        self.checks += 1
        if self.database is not None:
            await self.database()

    @property
    def life(self) -> Life:
        return Life(self, self, self.check_database)


async def refused() -> None:
    raise StorageError("disk full")


async def hangs() -> None:
    await asyncio.Event().wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def read(session: aiohttp.ClientSession, port: int, page: str) -> tuple[int, dict[str, Any]]:
    async with session.get(f"http://127.0.0.1:{port}/{page}") as response:
        return response.status, await response.json()


async def asked(body: Body | None, page: str) -> tuple[int, dict[str, Any]]:
    vitals, port = Vitals(), free_port()
    async with health_server("127.0.0.1", port, vitals), aiohttp.ClientSession() as session:
        if body is None:
            return await read(session, port, page)
        with vitals.watch(body.life):
            return await read(session, port, page)


TROUBLES = {
    "worker": Body(worker="ended: poller"),
    "gateway": Body(gateway="not ready"),
    "heartbeat": Body(heartbeat="not acknowledged: shard 0"),
    "database": Body(database=refused),
}


async def test_all_is_well_on_both_pages() -> None:
    assert await asked(Body(), "healthz") == (
        200,
        {"status": "ok", "failing": [], "parts": {"event_loop": "ok", "worker": "ok"}},
    )
    status, body = await asked(Body(), "readyz")
    assert (status, body["failing"]) == (200, [])
    assert set(body["parts"].values()) == {"ok"}


@pytest.mark.parametrize("part", TROUBLES)
async def test_readyz_is_503_with_the_part_that_fails(part: str) -> None:
    status, body = await asked(TROUBLES[part], "readyz")

    assert (status, body["status"], body["failing"]) == (503, "failing", [part])


@pytest.mark.parametrize(("part", "expected"), [("worker", 503), ("gateway", 200), ("database", 200)])
async def test_healthz_concerns_the_worker_and_neither_discord_nor_the_disk(part: str, expected: int) -> None:
    status, _ = await asked(TROUBLES[part], "healthz")

    assert status == expected


@pytest.mark.parametrize(
    ("body", "word"), [(Body(is_paused=True), "paused"), (Body(is_down=True), "down")], ids=["paused", "down"]
)
async def test_a_provider_in_trouble_is_named_and_is_no_503(body: Body, word: str) -> None:
    status, answer = await asked(body, "readyz")

    assert (status, answer["parts"]["provider"]) == (200, word)


async def test_before_there_is_a_bot_the_process_lives_and_serves_nobody() -> None:
    assert (await asked(None, "healthz"))[0] == 200
    status, body = await asked(None, "readyz")
    assert (status, body["failing"]) == (503, ["gateway"])


async def test_a_database_that_hangs_is_503_within_seconds_and_is_asked_once(caplog: pytest.LogCaptureFixture) -> None:
    body, vitals = Body(database=hangs), Vitals()
    with vitals.watch(body.life):
        first = await vitals.ready()
        second = await vitals.ready()

    parts = [{sign.part: sign.text for sign in signs}["database"] for signs in (first, second)]
    assert parts == ["it does not answer in time"] * 2
    assert body.checks == 1


async def test_the_log_has_one_line_when_the_database_fails_and_one_when_it_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    body, vitals = Body(database=refused), Vitals()
    with vitals.watch(body.life):
        await vitals.ready()
        await vitals.ready()
        body.database = None
        await vitals.ready()
        await vitals.ready()

    assert [record.getMessage() for record in caplog.records] == [
        "The health check cannot use the database",
        "The health check can use the database again",
    ]


async def test_a_new_life_is_asked_anew_after_one_whose_database_hung() -> None:
    vitals = Vitals()
    with vitals.watch(Body(database=hangs).life):
        await vitals.ready()
    with vitals.watch(Body().life):
        signs = await vitals.ready()

    assert all(sign.ok for sign in signs)


async def test_a_life_that_ends_during_a_look_breaks_nothing() -> None:
    vitals, gate = Vitals(), asyncio.Event()

    async def waits() -> None:
        await gate.wait()

    with vitals.watch(Body(database=waits).life):
        looking = asyncio.create_task(vitals.ready())
        await asyncio.sleep(0.01)
    gate.set()
    signs = await looking

    assert {sign.part: sign.ok for sign in signs}["database"]


async def test_a_flood_of_questions_costs_one_look() -> None:
    body, vitals, port = Body(), Vitals(), free_port()
    async with health_server("127.0.0.1", port, vitals), aiohttp.ClientSession() as session:
        with vitals.watch(body.life):
            began = time.monotonic()
            answers = await asyncio.gather(*(read(session, port, "readyz") for _ in range(200)))
            seconds = time.monotonic() - began

    assert {status for status, _ in answers} == {200}
    assert body.checks <= 1 + int(seconds)


async def test_while_the_event_loop_stands_still_the_page_still_answers_and_names_it() -> None:
    vitals, port = Vitals(), free_port()

    def look() -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=8) as one:
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while chunk := one.recv(4096):
                answer += chunk
            return answer

    with vitals.watch(Body().life):
        async with health_server("127.0.0.1", port, vitals):
            with ThreadPoolExecutor(1) as other:
                found = other.submit(look)
                answer = found.result(timeout=10)  # blocks this event loop

    assert b" 503 " in answer.splitlines()[0]
    assert b'"failing": ["event_loop"]' in answer


async def test_a_port_that_is_taken_is_one_readable_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(ConfigError, match=r"server\.port: cannot listen"):
            async with health_server("127.0.0.1", port, Vitals()):
                pass


async def test_port_0_switches_the_pages_off() -> None:
    async with health_server("127.0.0.1", 0, Vitals()):
        pass

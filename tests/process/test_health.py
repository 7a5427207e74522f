"""What the health pages of the real process say when Discord, the worker's database or nothing fails."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from tests.process.house import DISCORD_TOKEN, PATIENCE, VEO_TOKEN, House, open_house

pytestmark = pytest.mark.process


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Watcher:
    """Whoever monitors the bot."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self.seen: list[str] = []

    async def look(self, page: str) -> tuple[int, list[str]]:
        """The status and the failing parts; 0 while nobody listens."""
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self._base}/{page}") as response:
                text = await response.text()
        except aiohttp.ClientError:
            return 0, []
        self.seen.append(text)
        return response.status, json.loads(text)["failing"]

    async def until(self, page: str, *expected: tuple[int, list[str]]) -> None:
        """Look until the page says one of these."""
        found: list[tuple[int, list[str]]] = []
        async with asyncio.timeout(PATIENCE):
            while not found or found[-1] not in expected:
                found.append(await self.look(page))
                await asyncio.sleep(0.2)


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[tuple[House, Watcher]]:
    port = free_port()
    async with open_house(tmp_path, {"server": {"port": port}}) as house:
        yield house, Watcher(port)


async def test_readyz_follows_the_gateway_over_a_break_and_healthz_stays_well(watched: tuple[House, Watcher]) -> None:
    house, watcher = watched
    await house.start()
    await watcher.until("readyz", (200, []))

    house.discord.gateway.refusing = True
    house.discord.gateway.kill()
    await watcher.until("readyz", (503, ["gateway"]))
    alive = await watcher.look("healthz")
    house.discord.gateway.refusing = False
    await watcher.until("readyz", (200, []))

    assert alive == (200, [])
    assert not any(secret in text for text in watcher.seen for secret in (DISCORD_TOKEN, VEO_TOKEN))


async def test_a_gateway_that_never_says_ready_is_named(watched: tuple[House, Watcher]) -> None:
    house, watcher = watched
    house.discord.gateway.never_ready = True
    await house.launch()
    await house.discord.wait_until(lambda: bool(house.discord.gateway.identifies), PATIENCE)

    await watcher.until("readyz", (503, ["gateway"]))

    assert await watcher.look("healthz") == (200, [])


async def test_a_discord_that_cannot_be_reached_at_the_start_is_named(watched: tuple[House, Watcher]) -> None:
    house, watcher = watched
    house.discord.down = True
    await house.launch()
    await house.discord.wait_requests("GET", "/users/@me")

    await watcher.until("readyz", (503, ["gateway"]))

    assert await watcher.look("healthz") == (200, [])


@pytest.mark.slow
async def test_a_heartbeat_that_is_not_acknowledged_is_named(watched: tuple[House, Watcher]) -> None:
    house, watcher = watched
    house.discord.gateway.heartbeat_interval = 1.0
    house.discord.gateway.ack_heartbeats = False
    await house.start()

    await watcher.until("readyz", (503, ["heartbeat"]))


async def test_a_database_that_takes_no_writes_is_named_until_it_does(watched: tuple[House, Watcher]) -> None:
    house, watcher = watched
    await house.start()
    await watcher.until("readyz", (200, []))

    with closing(sqlite3.connect(house.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await watcher.until("readyz", (503, ["database"]))
        other.execute("ROLLBACK")
    await watcher.until("readyz", (200, []))


async def test_a_paused_provider_is_named_and_people_are_served(watched: tuple[House, Watcher]) -> None:
    house, watcher = watched
    house.veo.switches.refuse_submissions = "used_up"
    await house.start()
    await house.order(house.person("anna"), "waits for the balance")
    await house.until(lambda: house.posts("waits for the balance") >= 1, "a submission")

    async with asyncio.timeout(PATIENCE):
        while '"provider": "paused"' not in " ".join(watcher.seen):
            assert (await watcher.look("readyz"))[0] in {0, 200, 503}
            await asyncio.sleep(0.2)

    await watcher.until("readyz", (200, []))

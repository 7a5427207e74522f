"""Fixtures and helpers for tests of the whole bot on a simulated Discord server with a stand-in Veo API.

Time passes only by `world.env.advance_time` and by `until`; everything else is real: HTTP, SQLite, discord.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.ext import commands
from discord.http import HTTPClient, Route
from simcord.backend import Backend

from runtime.config.loader import Settings
from sandbox.demo.settings import demo_settings
from sandbox.demo.world import MakeBot, Surroundings, World, open_world
from sandbox.veo import ImageMode, StandInVeo
from sandbox.veo import Settings as VeoSettings
from veo_core.errors import VeoBotError

TOKEN = "sandbox-token"


@pytest.fixture
def configured() -> Callable[[Surroundings], Settings]:
    """The bot's settings; a module may override this fixture to change some."""
    return demo_settings


@pytest.fixture
def make_bot(configured: Callable[[Surroundings], Settings]) -> MakeBot:
    """The real bot."""
    from bot import assembled

    def make(surroundings: Surroundings) -> AbstractAsyncContextManager[commands.AutoShardedBot]:
        return assembled(configured(surroundings), now=surroundings.now, idle=surroundings.idle)

    return make


@pytest.fixture
def backend() -> Backend:
    """The simulated Discord, before anybody is on it."""
    return Backend()


@pytest.fixture
async def veo(backend: Backend) -> AsyncIterator[StandInVeo]:
    """The stand-in API on the world's clock; a video takes a minute."""
    settings = VeoSettings(token=TOKEN, delay=60, images=ImageMode.LENIENT)
    async with StandInVeo(settings, clock=lambda: backend.clock.now().timestamp()) as stand_in:
        yield stand_in


@pytest.fixture
async def world(make_bot: MakeBot, backend: Backend, veo: StandInVeo, tmp_path: Path) -> AsyncIterator[World]:
    """The bot on the server; fails the test if the bot raised what nobody is meant to raise."""
    async with open_world(
        make_bot, directory=tmp_path, veo_api_base=veo.base_url, veo_api_token=TOKEN, backend=backend
    ) as opened:
        yield opened
    unexpected = opened.errors((VeoBotError, discord.app_commands.CheckFailure))
    if unexpected:
        raise ExceptionGroup("the bot raised", [error for error in unexpected if isinstance(error, Exception)])


async def until(world: World, holds: Callable[[], bool], *, within: float = 600, step: float = 2) -> None:
    """Let the world's time pass until the condition holds; fails after `within` of its seconds with what happened."""
    for _ in range(int(within / step) + 1):
        await world.env.settle()
        if holds():
            return
        await asyncio.sleep(0)
        await world.env.advance_time(step)
    happened = "\n".join(world.env.transcript().splitlines()[-25:])
    pytest.fail(f"this did not come about within {within} seconds of the world's time; last it saw:\n{happened}")


def texts(world: World) -> list[str]:
    """Everything that stands in #films for all to see, oldest first."""
    return [message.content for message in world.films.history() if not message.flags.ephemeral]


def videos(world: World) -> list[discord.Message]:
    """The messages in #films that carry a file, oldest first."""
    return [message for message in world.films.history() if message.attachments]


class DiscordLine:
    """The line between the bot and the simulated Discord, where answers can get lost and nonces are honoured.

    simcord accepts a nonce and forgets it; Discord answers a repeated one with the first message for a few minutes.
    Made after the bot was started; a restarted bot needs a new one.
    """

    def __init__(self, http: HTTPClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self._through = http.request
        self._losses: list[tuple[str, str]] = []
        self._by_nonce: dict[str, Any] = {}
        self.repeats = 0
        monkeypatch.setattr(http, "request", self._request)

    def lose_answer(self, method: str, path: str) -> None:
        """Carry out the next call that matches (fnmatch, as in `inject_error`) but break before its answer."""
        self._losses.append((method, path))

    async def _request(self, route: Route, **arguments: Any) -> Any:
        nonce = _nonce(arguments)
        if nonce is not None and nonce in self._by_nonce:
            self.repeats += 1
            return self._by_nonce[nonce]
        answer = await self._through(route, **arguments)
        if nonce is not None:
            self._by_nonce[nonce] = answer
        for loss in self._losses:
            if route.method == loss[0] and fnmatch(route.url.removeprefix(Route.BASE), loss[1]):
                self._losses.remove(loss)
                raise ConnectionResetError(104, "Connection reset by peer")
        return answer


def _nonce(arguments: dict[str, Any]) -> str | None:
    form: Iterable[dict[str, Any]] = arguments.get("form") or ()
    parts: list[dict[str, Any]] = [json.loads(part["value"]) for part in form if part.get("name") == "payload_json"]
    body: dict[str, Any] | None = parts[0] if parts else arguments.get("json")
    return str(body["nonce"]) if body and body.get("enforce_nonce") else None

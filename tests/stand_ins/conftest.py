from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox.discord import DiscordStandIn
from tests.stand_ins.house import TOKEN, Caller, Place, running_bot
from tests.stand_ins.small_bot import SmallBot, point_at


@pytest.fixture
def untouched_discord(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)


@pytest.fixture
async def world(untouched_discord: None) -> AsyncIterator[DiscordStandIn]:
    async with DiscordStandIn(token=TOKEN, random=Random(7)) as stand_in:
        point_at(stand_in.api_base, stand_in.gateway.url)
        yield stand_in


@pytest.fixture
def place(world: DiscordStandIn) -> Place:
    return Place(world)


@pytest.fixture
async def bot(world: DiscordStandIn, place: Place) -> AsyncIterator[SmallBot]:
    async with running_bot() as small:
        yield small


@pytest.fixture
async def caller(world: DiscordStandIn) -> AsyncIterator[Caller]:
    async with Caller(world) as plain:
        yield plain

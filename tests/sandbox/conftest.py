from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.veo import Settings, StandInVeo
from tests.sandbox.caller import Caller, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def veo(clock: Clock) -> AsyncIterator[StandInVeo]:
    async with StandInVeo(Settings(token="right", delay=90), clock=clock) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as opened:
        yield opened


@pytest.fixture
def caller(veo: StandInVeo, session: aiohttp.ClientSession) -> Caller:
    return Caller(veo, session)

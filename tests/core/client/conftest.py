from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.veo import (
    Settings,
    StandInVeo,
)
from tests.core.client.calls import (
    TOKEN,
    Clock,
    client_for,
)
from veo_core.provider.client import VeoClient
from veo_core.provider.session import api_session


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def veo(clock: Clock) -> AsyncIterator[StandInVeo]:
    async with StandInVeo(Settings(token=TOKEN, delay=90), clock=clock) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with api_session() as opened:
        yield opened


@pytest.fixture
def client(veo: StandInVeo, session: aiohttp.ClientSession) -> VeoClient:
    return client_for(session, veo.base_url)

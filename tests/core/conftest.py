from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.bench import Bench, connection_of
from tests.core.fakes import Clock
from veo_core.store import Store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A real database in a file; no test here cuts the power, so the disk need not keep up."""
    async with Store.open(tmp_path / "bot.sqlite3") as opened:
        await connection_of(opened).execute("PRAGMA synchronous = OFF")
        yield opened


@pytest.fixture
def bench(store: Store, clock: Clock) -> Bench:
    """The core with plenty of quota and five places at the provider."""
    return Bench(store, clock)

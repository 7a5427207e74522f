from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.core.bench import Bench, connection_of
from tests.core.fakes import Clock
from tests.core.plans import Planner, Statements, recorded
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


@pytest.fixture(scope="session")
def statements() -> Iterator[Statements]:
    """What the store executes from the first test of the core on."""
    found = Statements()
    with recorded(found):
        yield found


@pytest.fixture(scope="session")
def planner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planner]:
    """Tells what SQLite would do with a long past."""
    with closing(Planner(tmp_path_factory.mktemp("past"))) as opened:
        yield opened


@pytest.fixture(autouse=True)
def plans_are_bounded(statements: Statements, planner: Planner) -> Iterator[None]:
    """Judge each statement of the store after the test that ran it first."""
    yield
    found = {fault for sql, values in statements.new() for fault in planner.faults(sql, values)}
    assert not found, f"these read what grows: {sorted(found)}; tests/core/plans.py names what may"

"""Hours of bad luck in half a minute: every fault at once, kills at any moment; afterwards the books balance.

SOAK_SEEDS chooses the storms (`SOAK_SEEDS=3,7` or `1-20`, ten by default), SOAK_SECONDS how long each of them lasts.
The decisions of a storm follow from its seed; when they meet the bot depends on the machine.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from tests.soak.environment import Town, open_town
from tests.soak.faults import Weather
from tests.soak.keeper import Keeper
from tests.soak.ledger import Account, settle_accounts, story
from tests.soak.load import Crowd

pytestmark = [
    pytest.mark.soak,
    # A stand-in that stops listening while the bot dies leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

DRAINED_WITHIN = 90.0
_STORIES = 4


def seeds() -> list[int]:
    """The storms to play."""
    found: list[int] = []
    for part in os.environ.get("SOAK_SEEDS", "1-10").split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def seconds() -> float:
    """How long each of them lasts."""
    return float(os.environ.get("SOAK_SECONDS", "20"))


def rng(what: str, seed: int) -> Random:
    """Chance that repeats, apart for each of those who act."""
    return Random(f"{what} {seed}")


@asynccontextmanager
async def under_way(*work: Coroutine[object, object, None]) -> AsyncGenerator[None]:
    """Work that goes on until the block is left; what went wrong with it is raised."""
    runners = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for runner in runners:
            runner.cancel()
        for runner in runners:
            with suppress(asyncio.CancelledError):
                await runner


async def storm(town: Town, seed: int, weather: Weather, crowd: Crowd) -> Keeper:
    """Everything at once, and then one more clean start in good weather that finishes what was begun."""
    keeper = Keeper(town, rng("kills", seed))
    await town.house.start()
    town.begin()
    async with under_way(keeper.weigh()):
        async with under_way(crowd.bustle(), weather.blow()):
            await keeper.keep()
        await weather.calm()
        await keeper.part()
        await town.house.start()
        await town.house.settled(within=DRAINED_WITHIN)
    return keeper


def report(seed: int, town: Town, account: Account, weather: Weather, crowd: Crowd) -> str:
    """What happened, in lines."""
    happened = {
        "seed": seed,
        "seconds": round(town.age()),
        "people did": dict(crowd.done),
        "squalls": len(weather.blown),
        **account.figures,
        "excused": len(account.excused),
        "faults": len(account.faults),
    }
    lines = [f"{name}: {value}" for name, value in happened.items()]
    lines += [f"excused: {one}" for one in account.excused if one.startswith("#")] + [
        f"FAULT {one}" for one in account.faults
    ]
    return "\n".join(lines)


def stories(town: Town, account: Account) -> str:
    """The first jobs that something is wrong with, told at length."""
    numbers = [int(found[1]) for one in account.faults if (found := re.match(r"#(\d+) ", one))]
    return "\n\n".join(story(town.house, job_id) for job_id in list(dict.fromkeys(numbers))[:_STORIES])


@pytest.mark.parametrize("seed", seeds(), ids=lambda seed: f"seed {seed}")
async def test_after_a_storm_the_books_balance(tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int) -> None:
    async with open_town(tmp_path, seed, seconds()) as town:
        weather, crowd = Weather(town, rng("weather", seed)), Crowd(town, rng("people", seed))
        keeper = await storm(town, seed, weather, crowd)

        account = await settle_accounts(town, keeper)

        told = report(seed, town, account, weather, crowd)
        with capsys.disabled():
            sys.stdout.write(f"\n{told}\n")
        assert account.faults == [], f"{told}\n\n{stories(town, account)}"

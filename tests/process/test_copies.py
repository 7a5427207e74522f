"""A copy made while the bot works, put back after it went on: one POST a job and one message a job in all."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.books import audit
from tests.process.house import DISCORD_TOKEN, ROOT, VEO_TOKEN, House, gathered

pytestmark = pytest.mark.process


async def command(house: House, *words: str) -> tuple[int, str]:
    """`python bot.py …`; its exit code and what it said."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "bot.py",
        *words,
        "--config",
        str(house.config),
        cwd=ROOT,
        env={"DISCORD_TOKEN": DISCORD_TOKEN, "ACEDATACLOUD_API_TOKEN": VEO_TOKEN, "PATH": ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await running.communicate()
    assert running.returncode is not None
    return running.returncode, said.decode()


async def by_command(house: House, copy: Path) -> None:
    code, said = await command(house, "restore", str(copy))
    assert code == 0, said


async def by_hand(house: House, copy: Path) -> None:
    """The file alone, the others removed, as the manuals of SQLite say."""
    for file in house.database.parent.glob(f"{house.database.name}-*"):
        file.unlink()
    shutil.copy(copy, house.database)


async def alone(house: House, copy: Path) -> None:
    """By hand, and whatever lies beside the database is gone too."""
    for file in house.database.parent.glob(f"{house.database.name}*"):
        file.unlink()
    shutil.copy(copy, house.database)


async def backup(house: House, copy: Path) -> None:
    code, said = await command(house, "backup", str(copy))
    assert code == 0, said


async def by_sqlite(house: House, copy: Path) -> None:
    with closing(sqlite3.connect(house.database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


Way = Callable[[House, Path], Awaitable[None]]
WAYS = {
    "backup and restore": (backup, by_command),
    "a backup put there by hand": (backup, alone),
    "a copy of SQLite put there by hand": (by_sqlite, by_hand),
    "a copy of SQLite moved alone": (by_sqlite, alone),
}


# Each takes twenty seconds: the other two ways of putting a copy back run with the slow tests.
QUICK = ("backup and restore", "a copy of SQLite put there by hand")


@pytest.mark.parametrize("way", [way if way in QUICK else pytest.param(way, marks=pytest.mark.slow) for way in WAYS])
async def test_a_copy_put_back_pays_and_posts_nothing_twice(house: House, tmp_path: Path, way: str) -> None:
    make, put_back = WAYS[way]
    copy = tmp_path / "copy.sqlite3"
    house.configure({"veo": {"max_running": 2, "search_window": 3}})
    house.veo.switches.delay = 5.0
    people = [house.person(name) for name in ("anna", "ben", "cleo", "dora", "emil")]
    await house.start()
    jobs = await gathered(*(house.order(one, f"film {n}") for n, one in enumerate(people)))
    await house.until(lambda: len(house.veo.submissions) >= 2, "two under way")
    await make(house, copy)
    states = sorted(row["state"] for row in _rows(copy))
    lost = await house.order(people[0], "only in the lost life")
    await house.settled(within=40)
    await house.kill()

    await put_back(house, copy)
    await house.start()
    after = await house.settled(within=40)
    new = await house.order(people[0], "in the new life")
    await house.settled(within=40)

    assert "queued" in states
    assert set(after) == set(jobs)
    assert {row["state"] for row in after.values()} == {"succeeded"}
    assert [house.posts(f"film {n}") for n in range(len(jobs))] == [1] * len(jobs)
    assert [len(house.carriers(job_id)) for job_id in jobs] == [1] * len(jobs)
    assert new > lost
    problems = await audit(house, *jobs, new)
    assert [one for one in problems if "only in the lost life" not in one and f"#{lost} " not in one] == []


async def test_a_queued_job_of_a_copy_that_was_never_sent_is_given_back(house: House, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    house.configure({"veo": {"max_running": 1}})
    house.veo.switches.delay = 30.0
    anna, ben = house.person("anna"), house.person("ben")
    await house.start()
    await house.order(anna, "runs")
    await house.until(lambda: house.posts("runs") == 1, "running")
    waiting = await house.order(ben, "waits")
    await backup(house, copy)
    await house.kill()

    await by_command(house, copy)
    await house.start()
    await house.settled(waiting)

    assert house.jobs()[waiting]["reason"] == "lost"
    assert (house.posts("waits"), house.posts("runs")) == (0, 1)
    assert len(house.carriers(waiting)) == 1


async def test_a_restore_while_the_bot_runs_is_one_readable_line(house: House, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    await house.start()
    await backup(house, copy)

    code, said = await command(house, "restore", str(copy))

    assert code == 1
    assert said.startswith("bot.py: ")
    assert "in use by another running bot" in said
    assert len(said.splitlines()) == 1


def _rows(path: Path) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("SELECT * FROM jobs").fetchall()

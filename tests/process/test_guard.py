"""The database is this bot's alone and where it was opened; otherwise people are told, and the process ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.books import audit
from tests.process.house import House

pytestmark = pytest.mark.process

TROUBLE = "I couldn't write that down"


async def test_deleting_every_file_beside_the_database_lets_no_second_bot_in(house: House) -> None:
    house.veo.switches.delay = 3.0
    await house.start()
    job_id = await house.order(house.person("anna"), "paid once")
    first = house.process
    sqlite = {house.database.name, f"{house.database.name}-wal", f"{house.database.name}-shm"}
    beside = [file for file in house.database.parent.glob(f"{house.database.name}*") if file.name not in sqlite]
    for file in beside:
        file.unlink()

    await house.launch()
    code = await house.ended()
    refusal = house.log
    house.process = first
    await house.settled()

    assert beside
    assert code == 1
    assert "in use by another running bot" in refusal
    assert house.jobs()[job_id]["state"] == "succeeded"
    assert house.posts("paid once") == 1
    assert await audit(house) == []


def delete_the_database(house: House) -> None:
    house.database.unlink()


def delete_all_three(house: House) -> None:
    for file in house.database.parent.glob(f"{house.database.name}*"):
        file.unlink()


def delete_the_wal(house: House) -> None:
    house.database.with_name(f"{house.database.name}-wal").unlink()


def put_another_there(house: House) -> None:
    other = house.database.with_name("other")
    with closing(sqlite3.connect(house.database)) as source, closing(sqlite3.connect(other)) as target:
        source.backup(target)
    other.replace(house.database)


LOSSES = [delete_the_database, delete_all_three, delete_the_wal, put_another_there]


@pytest.mark.parametrize("lose", LOSSES)
async def test_a_database_that_goes_under_a_running_bot_refuses_the_next_person_and_ends_the_process(
    house: House, lose: Callable[[House], None]
) -> None:
    anna = house.person("anna")
    await house.start()
    await house.order(anna, "before")
    await house.settled()

    lose(house)
    refused = await house.ask(anna, "after")
    answer = await refused.wait_answer()
    code = await house.ended()

    assert TROUBLE in answer.text
    assert code == 1
    told = [line for line in house.log.splitlines() if line.startswith("bot.py: ")]
    assert len(told) == 1
    assert "while the bot ran" in told[0]
    assert "Traceback" not in house.log
    assert house.posts("after") == 0


async def test_a_database_that_goes_while_nobody_asks_ends_the_process_too(house: House) -> None:
    await house.start()

    house.database.unlink()

    assert await house.ended() == 1


async def test_everything_of_the_database_is_its_owners_alone(house: House, tmp_path: Path) -> None:
    house.database = tmp_path / "made" / "veobot.sqlite3"
    house.configure()
    await house.start()
    await house.order(house.person("anna"), "private")
    await house.settled()

    modes = {file.name: file.stat().st_mode & 0o777 for file in house.database.parent.iterdir()}

    assert set(modes.values()) == {0o600}
    assert len(modes) == 4
    assert house.database.parent.stat().st_mode & 0o777 == 0o700

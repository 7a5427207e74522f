"""Nobody is left with "thinking" when the process is asked to stop."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from io import BytesIO

import pytest
from PIL import Image

from sandbox.discord import Hang
from tests.process.books import audit
from tests.process.house import House, gathered

pytestmark = pytest.mark.process

SECONDS = 10.0


def picture(house: House) -> dict[str, object]:
    made = BytesIO()
    Image.new("RGB", (128, 128), "red").save(made, "PNG")
    return house.discord.upload(made.getvalue(), "red.png", "image/png")


async def test_six_commands_whose_pictures_hang_are_answered_with_words_and_nothing_is_counted(house: House) -> None:
    people = [house.person(f"p{number}") for number in range(6)]
    pictures = [picture(house) for _ in people]
    house.discord.faults.add("GET", "/cdn/*", Hang())
    await house.start()
    asked = await gathered(
        *(house.ask(one, "from a slow picture", image1=image) for one, image in zip(people, pictures, strict=True))
    )
    await gathered(*(one.wait_ack() for one in asked))

    stopped = await house.stop(within=SECONDS)
    answers = await gathered(*(one.wait_answer() for one in asked))

    assert stopped == 0
    assert {"I am restarting" in answer.text for answer in answers} == {True}
    assert house.jobs() == {}
    assert "Traceback" not in house.log


async def test_commands_that_wait_for_a_locked_database_are_answered(house: House) -> None:
    people = [house.person(f"p{number}") for number in range(3)]
    await house.start()

    with closing(sqlite3.connect(house.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asked = await gathered(*(house.ask(one, "at a bad moment") for one in people))
        await gathered(*(one.wait_ack() for one in asked))
        stopped = await house.stop(within=20)
        other.execute("ROLLBACK")
    answers = await gathered(*(one.wait_answer() for one in asked))

    assert stopped == 0
    assert all(answer.text for answer in answers)
    assert house.jobs() == {}


async def test_a_command_in_hand_that_ends_soon_gets_its_own_answer_and_a_later_one_is_sent_away(house: House) -> None:
    anna, ben, cleo = (house.person(name) for name in ("anna", "ben", "cleo"))
    slow, quick = picture(house), picture(house)
    house.discord.faults.add("GET", "/cdn/*", Hang(1.0), times=2)
    await house.start()
    first = await house.ask(anna, "from a picture", image1=slow)
    await first.wait_ack()

    stopping = asyncio.create_task(house.stop(within=SECONDS))
    await house.until(lambda: "Stopping" in house.log, "the stop began")
    late = await house.ask(ben, "too late", image1=quick)
    pressed = await house.ask(cleo, "too late as well")
    answers = await gathered(first.wait_answer(), late.wait_answer(), pressed.wait_answer())
    stopped = await stopping

    assert stopped == 0
    assert answers[0].text
    for answer in answers[1:]:
        assert "I am restarting" in answer.text
        assert "Nothing was started" in answer.text
    assert house.posts("too late") == 0
    await house.start()
    await house.settled()
    assert await audit(house) == []

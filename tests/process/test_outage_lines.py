"""Trouble that lasts is one line when it begins and one when it ends, and no traceback."""

from __future__ import annotations

import asyncio

import pytest

from tests.process.books import audit
from tests.process.house import House
from tests.process.trouble import full

pytestmark = pytest.mark.process

LOST, BACK = "Discord cannot be reached", "The connection to Discord stands"
REFUSED, TAKEN = "The database takes nothing", "The database works again"


def lines(house: House, words: str) -> int:
    return sum(words in line for line in house.log.splitlines())


async def test_a_start_without_network_is_one_line_however_often_it_is_tried(house: House) -> None:
    house.configure({"discord": {"api_base": "http://127.0.0.1:9/api/v10"}})

    await house.launch()
    await house.until(lambda: lines(house, LOST) == 1, "the line")
    await asyncio.sleep(6)

    assert not house.is_dead
    assert len(house.log.splitlines()) <= 2, house.log
    assert await house.stop() == 0
    assert "Traceback" not in house.log


@pytest.mark.slow
async def test_a_gateway_that_stays_away_is_one_line_and_one_more_when_it_is_back(house: House) -> None:
    await house.start()
    began = len(house.log.splitlines())
    house.discord.gateway.refusing = True
    house.discord.gateway.kill()
    await house.until(lambda: lines(house, LOST) == 1, "the line")
    await asyncio.sleep(5)
    house.discord.gateway.refusing = False
    await house.until(lambda: lines(house, BACK) == 1, "the other", within=40)

    assert lines(house, LOST) == 1
    assert "Traceback" not in house.log
    assert len(house.log.splitlines()) - began <= 6, house.log
    assert await house.result(await house.order(house.person("anna"), "after the outage"))


async def test_a_full_disk_is_one_line_however_many_meet_it(house: House) -> None:
    people = [house.person(name) for name in ("anna", "ben", "cleo")]
    house.veo.switches.delay = 1.0
    await house.start()
    under_way = [await house.order(one, "already under way") for one in people]
    began = len(house.log.splitlines())

    with full(house):
        for one in people * 3:
            refused = await house.ask(one, "at a bad moment")
            assert "I couldn't write that down" in (await refused.wait_answer()).text
        await asyncio.sleep(6)
        inside = len(house.log.splitlines()) - began
    await house.until(lambda: lines(house, TAKEN) == 1, "the end", within=40)
    await house.settled(*under_way, within=40)

    assert lines(house, REFUSED) == 1
    assert "Traceback" not in house.log
    assert inside <= 4, house.log
    assert await audit(house) == []

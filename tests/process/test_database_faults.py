"""A database that does not take what is written: a clear refusal, no half-written job, and all is well afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.process.books import audit
from tests.process.house import House
from tests.process.trouble import full, locked

pytestmark = [pytest.mark.process, pytest.mark.slow]

TROUBLE = "I couldn't write that down"


@pytest.mark.parametrize("trouble", [locked, full])
async def test_while_nothing_can_be_written_people_are_refused_in_words_and_videos_only_wait(
    house: House, trouble: Callable[[House], AbstractContextManager[None]]
) -> None:
    anna, ben = house.person("anna"), house.person("ben")
    house.veo.switches.delay = 1.0
    await house.start()
    before = await house.order(anna, "already under way")
    await house.until(lambda: house.jobs()[before]["state"] == "running", "running")

    with trouble(house):
        refused = await house.ask(ben, "at a bad moment")
        answer = await refused.wait_answer(within=20)
    after = await house.order(ben, "at a better moment")
    jobs = await house.settled(within=40)

    assert TROUBLE in answer.text
    assert list(jobs) == [before, after]
    assert {row["state"] for row in jobs.values()} == {"succeeded"}
    assert house.posts("at a bad moment") == 0
    assert await audit(house) == []

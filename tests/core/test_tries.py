"""Refused tries are remembered for a while, for a bounded number of people."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.core.fakes import START, Clock
from veo_core.errors import Refusal
from veo_core.media.tries import MOST_REFUSED, MOST_WAITING, WINDOW, PictureTurns, RefusedTries
from veo_core.reasons import Reason


def used_up(tries: RefusedTries, user_id: int) -> None:
    for number in range(MOST_REFUSED):
        tries.add(user_id, START + timedelta(seconds=number))


def test_the_place_of_the_oldest_try_frees_first() -> None:
    tries = RefusedTries()
    used_up(tries, 1)

    assert tries.free_at(1, START + timedelta(minutes=5)) == START + WINDOW
    assert tries.free_at(1, START + WINDOW) is None
    tries.add(1, START + WINDOW)
    assert tries.free_at(1, START + WINDOW) == START + timedelta(seconds=1) + WINDOW
    assert tries.free_at(2, START) is None


def test_whoever_was_longest_without_a_try_is_forgotten_first() -> None:
    tries = RefusedTries(most_people=2)
    used_up(tries, 1)
    used_up(tries, 2)
    tries.add(1, START + timedelta(seconds=20))
    used_up(tries, 3)

    assert tries.free_at(2, START) is None
    assert tries.free_at(1, START) is not None
    assert tries.free_at(3, START) is not None


async def test_a_turn_that_is_given_up_lets_the_next_one_in(clock: Clock) -> None:
    turns = PictureTurns(clock.now)
    begun = asyncio.Event()

    async def stay() -> None:
        async with turns.of(1):
            begun.set()
            await asyncio.Event().wait()

    stays = [asyncio.create_task(stay()) for _ in range(MOST_WAITING)]
    await begun.wait()
    with pytest.raises(Refusal) as caught:
        async with turns.of(1):
            pass
    assert caught.value.reason is Reason.TOO_MANY_TRIES
    for one in stays:
        one.cancel()
    await asyncio.wait(stays)

    async with asyncio.timeout(5), turns.of(1):
        pass

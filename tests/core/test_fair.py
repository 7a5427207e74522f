"""Whose turn it is: a quiet lane never waits behind the queue of a busy one."""

from __future__ import annotations

import asyncio

import pytest

from veo_core.fairness import FairQueue, FairSlots

BUSY, QUIET, OTHER = 1, 2, 3


async def test_the_lane_with_the_fewest_turns_is_next_and_in_a_lane_the_first_come() -> None:
    queue, order = FairQueue(), list[str]()
    for name, lane in (("a1", BUSY), ("a2", BUSY), ("b1", OTHER), ("a3", BUSY), ("q1", QUIET)):
        queue.join(lane).add_done_callback(lambda _, name=name: order.append(name))
    queue.serve(BUSY)
    queue.serve(OTHER)

    calls = [queue.call_next() for _ in range(6)]
    await asyncio.sleep(0)

    assert calls == [True] * 5 + [False]
    assert order == ["q1", "b1", "a1", "a2", "a3"]


async def test_of_lanes_with_equal_turns_the_one_for_which_fewer_wait_is_next() -> None:
    queue = FairQueue()
    busy = [queue.join(BUSY), queue.join(BUSY)]
    quiet = queue.join(QUIET)

    queue.call_next()

    assert (quiet.done(), [one.done() for one in busy]) == (True, [False, False])


async def test_turns_of_long_ago_are_forgotten() -> None:
    queue = FairQueue()
    for _ in range(5):
        queue.serve(QUIET)
    for _ in range(1200):
        queue.serve(BUSY)
    busy, quiet = queue.join(BUSY), queue.join(QUIET)

    queue.call_next()

    assert (quiet.done(), busy.done()) == (True, False)


async def test_who_leaves_the_queue_takes_no_turn() -> None:
    queue = FairQueue()
    gone, here = queue.join(BUSY), queue.join(BUSY)
    gone.cancel()

    assert queue.call_next()
    assert here.done()
    assert not queue.call_next()


async def held(slots: FairSlots, lane: int, log: list[int], release: asyncio.Event) -> None:
    async with slots.slot(lane):
        log.append(lane)
        await release.wait()


async def test_never_more_than_the_limit_hold_a_slot_and_a_quiet_lane_is_next() -> None:
    slots, log, release = FairSlots(2), list[int](), asyncio.Event()
    runners = [asyncio.create_task(held(slots, lane, log, release)) for lane in [BUSY] * 5 + [QUIET]]
    await asyncio.sleep(0)
    first = list(log)

    release.set()
    await asyncio.wait(runners)

    assert first == [BUSY, BUSY]
    assert log[2] == QUIET
    assert len(log) == 6


@pytest.mark.parametrize("at_its_turn", [False, True], ids=["while it waits", "at the moment of its turn"])
async def test_a_cancelled_wait_loses_no_slot(*, at_its_turn: bool) -> None:
    slots, log, release = FairSlots(1), list[int](), asyncio.Event()
    first, second, third = (asyncio.create_task(held(slots, lane, log, release)) for lane in (BUSY, QUIET, OTHER))
    await asyncio.sleep(0)
    if at_its_turn:
        release.set()
        await asyncio.sleep(0)
    second.cancel()
    release.set()

    await asyncio.wait({first, second, third}, timeout=5)

    assert (second.cancelled(), third.done()) == (True, True)
    assert OTHER in log

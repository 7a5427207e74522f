"""The loops rest until something is due, survive what they did not foresee, and stop when asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.core.bench import is_awake
from tests.core.fakes import START, Clock, Gate
from veo_core.errors import StorageError
from veo_core.wake import Signal, rest
from veo_core.worker.loop import Loop
from veo_core.worker.runners import Runners

SECOND = timedelta(seconds=1)


class Counting(Loop):
    """Takes turns and does in each what the test wants."""

    def __init__(self, clock: Clock, what: Callable[[int], datetime | None]) -> None:
        super().__init__(now=clock.now, idle=self._rested)
        self.rests: list[float | None] = []
        self.taken = 0
        self.finished = False
        self._what = what

    async def turn(self) -> datetime | None:
        self.taken += 1
        return self._what(self.taken)

    async def finish(self) -> None:
        self.finished = True

    async def _rested(self, _: asyncio.Event, seconds: float | None) -> None:
        self.rests.append(seconds)
        await asyncio.sleep(0)


def stop_after(turns: int, loop: list[Counting], answer: datetime | None = None) -> Callable[[int], datetime | None]:
    def what(taken: int) -> datetime | None:
        if taken == turns:
            loop[0].stop()
        return answer

    return what


async def test_a_loop_rests_until_the_moment_it_named_and_ends_what_is_in_hand(clock: Clock) -> None:
    held: list[Counting] = []
    held.append(Counting(clock, stop_after(3, held, START + 7 * SECOND)))

    await held[0].run()

    assert (held[0].taken, held[0].rests, held[0].finished) == (3, [7.0, 7.0], True)


async def test_a_moment_that_has_passed_means_now_and_none_means_when_woken(clock: Clock) -> None:
    held: list[Counting] = []
    answers = iter([START - 7 * SECOND, None, None])

    def what(taken: int) -> datetime | None:
        if taken == 3:
            held[0].stop()
        return next(answers)

    held.append(Counting(clock, what))

    await held[0].run()

    assert held[0].rests == [0.0, None]


async def test_a_database_that_refuses_is_waited_for_longer_and_longer_without_a_line(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    held: list[Counting] = []

    def what(taken: int) -> datetime | None:
        if taken == 6:
            return START + 7 * SECOND
        if taken == 8:
            held[0].stop()
        raise StorageError("the disk is full")

    held.append(Counting(clock, what))

    await held[0].run()

    waits = [seconds or 0.0 for seconds in held[0].rests]
    assert [low <= wait <= high for wait, (low, high) in zip(waits, WAITS, strict=True)] == [True] * 7
    assert caplog.records == []


# The jitter takes up to a third away; after a turn that went well the waits begin anew.
WAITS = [(1.3, 2), (2.6, 4), (5.3, 8), (10, 15), (10, 15), (7, 7), (1.3, 2)]


async def test_an_unforeseen_error_is_logged_and_the_next_turn_follows_after_a_rest(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    held: list[Counting] = []

    def what(taken: int) -> datetime | None:
        if taken == 1:
            raise ZeroDivisionError
        held[0].stop()
        return None

    held.append(Counting(clock, what))

    await held[0].run()

    assert (held[0].taken, held[0].rests) == (2, [5.0])
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_a_loop_that_was_stopped_before_it_ran_takes_no_turn(clock: Clock) -> None:
    loop = Counting(clock, lambda _: None)
    loop.stop()

    await loop.run()

    assert (loop.taken, loop.finished) == (0, True)


async def test_a_cancelled_loop_still_ends_what_is_in_hand(clock: Clock) -> None:
    loop = Counting(clock, lambda _: None)
    run = asyncio.create_task(loop.run())
    await asyncio.sleep(0)

    run.cancel()
    await asyncio.wait({run})

    assert run.cancelled()
    assert loop.finished


async def test_a_wake_during_a_turn_is_not_lost() -> None:
    wake = asyncio.Event()
    wake.set()

    async with asyncio.timeout(5):
        await rest(wake, None)
        await rest(wake, 1000)


async def test_a_rest_ends_by_itself() -> None:
    async with asyncio.timeout(5):
        await rest(asyncio.Event(), 0)


async def test_a_signal_wakes_every_loop_it_is_connected_to(clock: Clock) -> None:
    loops = [Counting(clock, lambda _: None) for _ in range(3)]
    signal = Signal()
    signal()
    signal.connect(*loops[:2])

    signal()

    assert [is_awake(loop) for loop in loops] == [True, True, False]


class Hands:
    """Runners whose work waits at a gate."""

    def __init__(self, limit: int = 2) -> None:
        self.gate = Gate()
        self.gate.shut()
        self.freed = asyncio.Event()
        self.ended: list[int] = []
        self.runners = Runners(limit, self.freed.set)

    def start(self, job_id: int, error: Exception | None = None) -> None:
        self.runners.start(job_id, self._work(job_id, error))

    async def _work(self, job_id: int, error: Exception | None) -> None:
        await self.gate.pass_through()
        if error is not None:
            raise error
        self.ended.append(job_id)


async def test_runners_know_what_is_in_hand_and_say_when_a_place_is_free() -> None:
    hands = Hands()
    hands.start(1)
    hands.start(2)
    assert (hands.runners.free, len(hands.runners), hands.runners.has(1), hands.runners.has(3)) == (0, 2, True, False)

    hands.gate.open()
    async with asyncio.timeout(5):
        await hands.freed.wait()
    await hands.runners.finish(SECOND)

    assert (hands.ended, hands.runners.free) == ([1, 2], 2)


async def test_finishing_lets_work_end_within_the_grace() -> None:
    hands = Hands()
    hands.start(1)
    finishing = asyncio.create_task(hands.runners.finish(5 * SECOND))
    await hands.gate.arrived.wait()

    hands.gate.open()
    await finishing

    assert hands.ended == [1]


async def test_finishing_cuts_off_what_is_late_and_nothing_is_left() -> None:
    hands = Hands()
    hands.start(1)
    await hands.gate.arrived.wait()

    await hands.runners.finish(timedelta(0))

    assert (hands.ended, len(hands.runners)) == ([], 0)


async def test_finishing_nothing_is_done_at_once() -> None:
    await Hands().runners.finish(SECOND)


async def test_only_the_named_work_is_cut_off() -> None:
    hands = Hands()
    hands.start(1)
    hands.start(2)
    await hands.gate.arrived.wait()

    hands.runners.cancel([1, 99])
    hands.gate.open()
    await hands.runners.finish(SECOND)

    assert hands.ended == [2]


async def test_work_that_raises_is_logged_and_rests_before_it_may_begin_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veo_core.worker.runners.AFTER_ERROR", timedelta(milliseconds=20))
    hands = Hands()
    hands.gate.open()
    hands.start(7, ZeroDivisionError("a fault of ours"))
    await hands.runners.finish(SECOND)
    assert (hands.runners.has(7), hands.runners.free, hands.freed.is_set()) == (True, 2, False)

    async with asyncio.timeout(5):
        await hands.freed.wait()

    assert not hands.runners.has(7)
    assert [record.getMessage() for record in caplog.records] == ["Work on a job failed"]


async def test_a_loop_owes_nothing_while_it_rests_and_counts_from_a_turn_from_a_due_moment_and_from_a_wake(
    clock: Clock,
) -> None:
    held: list[Counting] = []

    def what(_: int) -> datetime | None:
        clock.advance(5)
        in_turn.append(held[0].owed_for)
        held[0].stop()
        return clock.now() + 10 * SECOND

    in_turn: list[timedelta] = []
    held.append(Counting(clock, what))
    before = held[0].owed_for
    await held[0].run()
    rests = held[0].owed_for
    clock.advance(4)
    held[0].wake()
    clock.advance(3)
    woken = held[0].owed_for
    clock.advance(20)

    assert (before, in_turn, rests, woken) == (timedelta(0), [5 * SECOND], timedelta(0), 3 * SECOND)
    assert held[0].owed_for == 23 * SECOND


async def test_a_loop_that_nobody_turned_when_it_was_due_owes_since_that_moment(clock: Clock) -> None:
    held: list[Counting] = []
    held.append(Counting(clock, stop_after(1, held, clock.now() + 10 * SECOND)))
    await held[0].run()

    clock.advance(70)

    assert held[0].owed_for == 60 * SECOND

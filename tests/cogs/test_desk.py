"""Whoever asked is answered, also when the bot stops: by the work itself, or with words where it takes too long."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

from cogs.kit.desk import Asked, Desk


def asked(number: int) -> Asked:
    return cast("Asked", SimpleNamespace(id=number))


class UserMessage:
    """Notes who was told the last words."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.told: list[int] = []
        self._hangs = hangs

    async def __call__(self, interaction: Asked) -> None:
        self.told.append(interaction.id)
        if self._hangs:
            await asyncio.Event().wait()


class Work:
    """A command in hand: takes its interaction, works until told to end, and lets go."""

    def __init__(self, desk: Desk, number: int, *, stubborn: bool = False) -> None:
        self.ends = asyncio.Event()
        self.was_cut_off = False
        self._desk, self._interaction, self._stubborn = desk, asked(number), stubborn

    async def run(self) -> None:
        self._desk.take(self._interaction)
        try:
            await self.ends.wait()
            self._desk.let_go(self._interaction)
        except asyncio.CancelledError:
            self.was_cut_off = True
            if self._stubborn:
                await asyncio.sleep(5)
            raise


async def begun(*works: Work) -> list[asyncio.Task[None]]:
    runners = [asyncio.create_task(work.run()) for work in works]
    await asyncio.sleep(0)
    return runners


async def test_what_ends_within_the_grace_is_answered_by_itself() -> None:
    desk, words = Desk(grace=5), UserMessage()
    work = Work(desk, 1)
    await begun(work)

    closing = asyncio.create_task(desk.close(words))
    await asyncio.sleep(0.01)
    waits = not closing.done()
    work.ends.set()
    await closing

    assert (waits, words.told, work.was_cut_off, desk.is_closed) == (True, [], False, True)


async def test_what_takes_longer_is_cut_off_and_answered_with_words() -> None:
    desk, words = Desk(grace=0.02), UserMessage()
    works = [Work(desk, number) for number in range(6)]
    runners = await begun(*works)

    await desk.close(words)

    assert words.told == [0, 1, 2, 3, 4, 5]
    assert all(work.was_cut_off for work in works)
    assert all(runner.cancelled() for runner in runners)


async def test_what_cannot_be_cut_off_at_once_is_answered_all_the_same() -> None:
    desk, words = Desk(grace=0.02), UserMessage()
    (runner,) = await begun(Work(desk, 1, stubborn=True))

    await desk.close(words)

    assert words.told == [1]
    assert not runner.done()
    runner.cancel()


async def test_an_answer_that_hangs_does_not_hold_up_the_end() -> None:
    desk, words = Desk(grace=0.02), UserMessage(hangs=True)
    await begun(Work(desk, 1))

    async with asyncio.timeout(8):
        await desk.close(words)

    assert words.told == [1]


async def test_the_answer_to_somebody_who_came_during_the_last_words_is_waited_for() -> None:
    desk, late = Desk(grace=0.02), asked(2)
    await begun(Work(desk, 1))

    async def words(_: Asked) -> None:
        desk.take(late)

    closing = asyncio.create_task(desk.close(words))
    await asyncio.sleep(0.2)
    waits = not closing.done()
    desk.let_go(late)
    await closing

    assert (waits, desk.is_closed) == (True, True)


async def test_an_empty_desk_closes_at_once_and_may_be_closed_twice() -> None:
    desk, words = Desk(), UserMessage()

    async with asyncio.timeout(1):
        await desk.close(words)
        await desk.close(words)

    assert words.told == []

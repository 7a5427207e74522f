"""The worker tells of a loop that ended or stands still, and of nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from cogs.background import Worker
from veo_core.errors import StorageGone


class Poller:
    """A loop whose end and whose debt the test decides."""

    def __init__(self) -> None:
        self.owed_for = timedelta(0)
        self.ends = asyncio.Event()
        self.obeys = True

    async def run(self) -> None:
        await self.ends.wait()

    def stop(self) -> None:
        if self.obeys:
            self.ends.set()


async def test_a_worker_in_order_has_no_trouble_and_ends_when_asked() -> None:
    worker = Worker((Poller(), Poller()))
    worker.begin()
    await asyncio.sleep(0)

    assert worker.trouble() is None
    await worker.stop()
    assert worker.trouble() is None


async def test_a_loop_that_ended_by_itself_is_named() -> None:
    loop = Poller()
    worker = Worker((loop,))
    worker.begin()
    loop.ends.set()
    await asyncio.sleep(0.01)

    assert worker.trouble() == "ended: poller"


async def test_a_loop_that_owes_a_turn_for_minutes_is_named_once_it_was_begun() -> None:
    loop = Poller()
    loop.owed_for = timedelta(minutes=4)
    worker = Worker((loop,))
    before = worker.trouble()
    worker.begin()
    late = worker.trouble()
    loop.owed_for = timedelta(minutes=2)

    assert (before, late, worker.trouble()) == (None, "stands still: poller", None)
    await worker.stop()


async def test_a_loop_that_does_not_end_is_cut_off_after_the_grace() -> None:
    loop = Poller()
    loop.obeys = False
    worker = Worker((loop,), grace=0.05)
    worker.begin()

    await worker.stop()

    assert worker.trouble() is None


class Broken(Poller):
    """A loop after which nothing can go on."""

    async def run(self) -> None:
        await self.ends.wait()
        raise StorageGone("deleted")


async def test_a_loop_that_ends_by_an_exception_is_told_at_once_and_its_exception_is_kept() -> None:
    told: list[str] = []
    loop = Broken()
    worker = Worker((Poller(), loop), on_failure=lambda: told.append("broken"))
    worker.begin()
    before = worker.failure
    loop.ends.set()
    await asyncio.sleep(0.01)
    await worker.stop()

    assert (before, told) == (None, ["broken"])
    assert isinstance(worker.failure, StorageGone)

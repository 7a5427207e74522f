"""The core on a bench: the real store and loops, the fakes around them, and time moved by hand."""

# The one file of these tests that reaches into the core: a turn is taken by hand only where the wake is seen.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import aiosqlite

from tests.core.fakes import Clock, FakeMedia, FakePublisher, FakeVeoApi
from veo_core.domain.actors import Actor, Place
from veo_core.domain.catalog import Catalog
from veo_core.domain.jobs import Job, JobKind, JobState, NewJob
from veo_core.domain.quota import Limits
from veo_core.domain.submissions import Submission
from veo_core.domain.timing import Timing
from veo_core.provider.status import Provider
from veo_core.store import Store
from veo_core.worker.deliverer import Deliverer
from veo_core.worker.loop import Loop
from veo_core.worker.model_doubts import ModelDoubts
from veo_core.worker.poller import Poller
from veo_core.worker.reconciler import Reconciler
from veo_core.worker.runners import Runners
from veo_core.worker.submitter import Submitter
from veo_core.workshop import Workshop

PLENTY = Limits(videos_per_day=10_000, upscales_per_day=10_000, running_per_user=10_000)
# Without a pause between submissions a turn sends everything that may go.
PACE = Timing(submit_interval=timedelta(0))


class NoDice(random.Random):
    """Jitter of nothing, so that waits can be counted."""

    def random(self) -> float:
        return 0.0


def new_job(
    user_id: int = 1,
    prompt: str = "a cat",
    *,
    model: str = "veo31-fast",
    images: tuple[str, ...] = (),
    place: Place | None = None,
) -> NewJob:
    """A request for a video, ready to be recorded."""
    row = Catalog.of().models[model]
    submission = Submission(row.actions(len(images))[0], model, prompt, images, "16:9")
    return NewJob(JobKind.CREATE, Actor(user_id), place or Place(10, 20), prompt, submission)


def new_upscale(source: Job, user_id: int = 1) -> NewJob:
    """A request for the 1080p version of a video."""
    submission = Submission("get1080p", source.model, video_id=source.video_id, resolution="1080p")
    return NewJob(JobKind.UPSCALE, Actor(user_id), Place(10, 20), source.prompt, submission, source.job_id)


class Bench:
    """The loops take their turns here, when they are due or woken, as `Loop.run` would let them."""

    def __init__(
        self, store: Store, clock: Clock, *, pace: Timing = PACE, limits: Limits = PLENTY, max_running: int = 5
    ) -> None:
        self.store = store
        self.clock = clock
        self.api = FakeVeoApi(clock.now)
        self.posts = FakePublisher()
        self.media = FakeMedia()
        self.turns = 0
        self._settings = (pace, limits, max_running)
        self._build()

    def _build(self) -> None:
        pace, limits, max_running = self._settings
        self.provider = Provider(pace, self.clock.now, NoDice())
        self.workshop = Workshop(
            self.api, self.store, self.provider, Catalog.of(), pace, limits, max_running, self.clock.now
        )
        self.submitter = Submitter(self.workshop)
        self.reconciler = Reconciler(self.workshop, self.submitter)
        self.poller = Poller(self.workshop)
        self.deliverer = Deliverer(self.workshop, self.media, self.posts, rng=NoDice())
        self.loops: tuple[Loop, ...] = (self.submitter, self.reconciler, self.poller, self.deliverer)
        self.workshop.changed.connect(*self.loops)
        self._due: dict[Loop, datetime | None] = dict.fromkeys(self.loops, self.clock.now())

    def leave_out(self, loop: Loop) -> None:
        """Let this loop take no turns; for tests of many jobs in which it does not matter."""
        self.loops = tuple(other for other in self.loops if other is not loop)

    async def restart(self) -> None:
        """Another process on the same database; what the last one had in hand is gone with it."""
        for loop in self.loops:
            for runner in _runners(loop):
                runner.cancel()
        await self.in_hand()
        self._build()
        await self.store.queue.recover(self.clock.now())
        await ModelDoubts(self.workshop).load()

    async def ask(self, user_id: int = 1, prompt: str = "a cat", **options: Any) -> Job:
        """Record a request, as `studio` does."""
        job = await self.record(new_job(user_id, prompt, **options))
        self.workshop.changed()
        return job

    async def record(self, new: NewJob) -> Job:
        """Record any job and wake nobody."""
        return (await self.store.requests.record(new, PLENTY, self.clock.now())).job

    async def job(self, job: Job) -> Job:
        """The job as it stands now."""
        found = await self.store.requests.get(job.job_id)
        assert found is not None
        return found

    async def in_hand(self) -> None:
        """Let everything that was begun end."""
        while runners := {runner for loop in self.loops for runner in _runners(loop)}:
            await asyncio.wait(runners)

    async def woken(self, loop: Loop) -> None:
        """Wait until somebody wakes this loop; real time, so at most some seconds."""
        async with asyncio.timeout(5):
            await loop._wake.wait()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let what was begun go on until this holds; real time, so at most some seconds."""
        for _ in range(5000):
            if holds():
                return
            await asyncio.sleep(0.001)
        raise AssertionError("it does not come about")

    async def one_turn(self, loop: Loop) -> None:
        """Take one turn of this loop alone, and let what it begins end."""
        loop._wake.clear()
        self.turns += 1
        self._due[loop] = await loop.turn()
        await self.in_hand()

    async def settle(self) -> None:
        """Take every turn that is due now, and those that follow from it."""
        for _ in range(20_000):
            loop = next((loop for loop in self.loops if self._is_due(loop)), None)
            if loop is None:
                return
            await self.one_turn(loop)
        raise AssertionError("the loops never come to rest")

    async def pass_time(self, seconds: float) -> None:
        """Let time pass; each loop takes its turns at the moments it asked for."""
        end = self.clock.now() + timedelta(seconds=seconds)
        await self.settle()
        while (moment := self._next_due()) is not None and moment < end:
            self.clock.move_to(moment)
            await self.settle()
        self.clock.move_to(end)
        await self.settle()

    def _is_due(self, loop: Loop) -> bool:
        due_at = self._due[loop]
        return is_awake(loop) or (due_at is not None and due_at <= self.clock.now())

    def _next_due(self) -> datetime | None:
        moments = (self._due[loop] for loop in self.loops)
        return min((due_at for due_at in moments if due_at is not None), default=None)


def is_awake(loop: Loop) -> bool:
    """Whether somebody woke this loop since its last turn."""
    return loop._wake.is_set()


def connection_of(store: Store) -> aiosqlite.Connection:
    """The store's own connection, beside its transactions."""
    return store.database._connection


async def counts(store: Store) -> dict[JobState, int]:
    """How many jobs stand in each state; the product never asks, since that reads the whole past."""
    rows = await connection_of(store).execute_fetchall("SELECT state, count(*) AS n FROM jobs GROUP BY state")
    return {JobState(row["state"]): row["n"] for row in rows}


def _runners(loop: Loop) -> list[asyncio.Task[None]]:
    held = [value for value in vars(loop).values() if isinstance(value, Runners)]
    return [runner for runners in held for runner in runners._by_job.values()]


async def trace_with(connection: aiosqlite.Connection, handler: Callable[[str], None]) -> None:
    """Hand every statement of a connection to `handler`."""
    # aiosqlite declares a bare Callable.
    await connection.set_trace_callback(handler)  # pyright: ignore[reportUnknownMemberType]

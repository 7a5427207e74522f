"""The base of the background loops: they rest until something is due or somebody wakes them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import datetime, timedelta

from runtime.clock import Now
from veo_core.domain.timing import backoff
from veo_core.errors import StorageError

_log = logging.getLogger(__name__)
_AFTER_ERROR = timedelta(seconds=5)
_AFTER_REFUSAL = timedelta(seconds=2)
_LONGEST_REFUSAL = timedelta(seconds=15)

Idle = Callable[[asyncio.Event, float | None], Awaitable[None]]


async def rest(wake: asyncio.Event, seconds: float | None) -> None:
    """Wait until woken, at most so long; for ever with None."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()


class Loop(ABC):
    """A stop is a request: the turn in hand is finished first."""

    def __init__(self, *, now: Now, idle: Idle = rest) -> None:
        self._now = now
        self._idle = idle
        self._wake = asyncio.Event()
        self._stopping = False
        self._owed_since: datetime | None = None
        self._refused = 0
        self._dice = random.Random()

    @property
    def owed_for(self) -> timedelta:
        """For how long a turn is owed: since the one in hand began or the next was due; zero while it rests."""
        return max(timedelta(0), self._now() - self._owed_since) if self._owed_since is not None else timedelta(0)

    def wake(self) -> None:
        """Something changed: take the next turn now."""
        now = self._now()
        self._owed_since = now if self._owed_since is None else min(now, self._owed_since)
        self._wake.set()

    def stop(self) -> None:
        """Ask the loop to end after the turn in hand."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Take turns until asked to stop; an unforeseen error is logged and the work goes on."""
        try:
            while not self._stopping:
                self._wake.clear()
                self._owed_since = self._now()
                self._owed_since = due_at = await self._safe_turn()
                if not self._stopping:
                    await self._idle(self._wake, self._seconds_until(due_at))
        finally:
            await self.finish()

    async def _safe_turn(self) -> datetime | None:
        try:
            due_at = await self.turn()
        except StorageError:
            # The database has told the log, once for all who meet it.
            self._refused += 1
            return self._now() + backoff(self._refused, _AFTER_REFUSAL, _LONGEST_REFUSAL, self._dice)
        except Exception:  # noqa: BLE001 - a durable loop survives whatever its turn raises; it is logged
            _log.exception("A turn failed; the next one follows shortly", extra={"loop": type(self).__name__})
            return self._now() + _AFTER_ERROR
        self._refused = 0
        return due_at

    @abstractmethod
    async def turn(self) -> datetime | None:
        """Do everything that is due and say when something is due next; None waits for a wake."""

    async def finish(self) -> None:
        """Bring what is in hand to a safe end; a loop without work in hand has nothing to do."""
        return

    def _seconds_until(self, due_at: datetime | None) -> float | None:
        return None if due_at is None else max(0.0, (due_at - self._now()).total_seconds())


class Signal:
    """Calls every loop at once: something changed, and each knows best whether that concerns it."""

    def __init__(self) -> None:
        self._loops: tuple[Loop, ...] = ()

    def connect(self, *loops: Loop) -> None:
        """The loops to wake from now on."""
        self._loops = loops

    def __call__(self) -> None:
        """Wake them."""
        for loop in self._loops:
            loop.wake()


class Runners:
    """A bounded number of pieces of work side by side, each for one job and, where that matters, in one lane."""

    def __init__(self, limit: int, on_free: Callable[[], None]) -> None:
        self._limit = limit
        self._on_free = on_free
        self._by_job: dict[int, asyncio.Task[None]] = {}
        self.lanes: Counter[int] = Counter()
        self._resting: set[int] = set()

    @property
    def free(self) -> int:
        """How many more may be started."""
        return self._limit - len(self._by_job)

    @property
    def busy(self) -> frozenset[int]:
        """The jobs in hand, and those that rest after an unforeseen error."""
        return frozenset(self._by_job) | self._resting

    def has(self, job_id: int) -> bool:
        """Whether this job is in hand, or rests after an unforeseen error."""
        return job_id in self._by_job or job_id in self._resting

    def __len__(self) -> int:
        return len(self._by_job)

    def start(self, job_id: int, work: Coroutine[object, object, None], lane: int = 0) -> None:
        """Begin work for a job; its unforeseen errors are logged, never lost."""
        runner = asyncio.create_task(work, name=f"job-{job_id}")
        self._by_job[job_id] = runner
        self.lanes[lane] += 1
        runner.add_done_callback(lambda done: self._ended(job_id, lane, done))

    def cancel(self, job_ids: Iterable[int]) -> None:
        """Cut off the work on these jobs."""
        for job_id in job_ids:
            if (runner := self._by_job.get(job_id)) is not None:
                runner.cancel()

    async def finish(self, grace: timedelta) -> None:
        """Let the work in hand end, at most so long; what is cut off is found again after the next start."""
        runners = set(self._by_job.values())
        if not runners:
            return
        try:
            await asyncio.wait(runners, timeout=grace.total_seconds())
        finally:
            for runner in runners:
                runner.cancel()
            await asyncio.wait(runners)

    def _ended(self, job_id: int, lane: int, runner: asyncio.Task[None]) -> None:
        self.lanes -= Counter((lane,))
        if self._by_job.get(job_id) is runner:
            del self._by_job[job_id]
        if runner.cancelled() or (error := runner.exception()) is None:
            self._on_free()
            return
        if not isinstance(error, StorageError):
            _log.error("Work on a job failed", exc_info=error, extra={"job_id": job_id})
        # What is still due would fail again at once: a full disk must not become a storm.
        self._resting.add(job_id)
        runner.get_loop().call_later(_AFTER_ERROR.total_seconds(), self._rested, job_id)

    def _rested(self, job_id: int) -> None:
        self._resting.discard(job_id)
        self._on_free()

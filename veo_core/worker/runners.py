"""Bounded work side by side."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from datetime import timedelta

from veo_core.errors import StorageError
from veo_core.worker.loop import AFTER_ERROR

_log = logging.getLogger(__name__)


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
        runner.get_loop().call_later(AFTER_ERROR.total_seconds(), self._rested, job_id)

    def _rested(self, job_id: int) -> None:
        self._resting.discard(job_id)
        self._on_free()

"""Submissions whose answer was lost: their tasks are looked for at the provider, never submitted again."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Protocol

from veo_core.domain.jobs import Job
from veo_core.domain.polling import find_task
from veo_core.domain.submissions import TaskReport
from veo_core.errors import ProviderError, Rejected
from veo_core.reasons import Reason
from veo_core.worker.loop import Loop
from veo_core.worker.model_doubts import ModelDoubts
from veo_core.workshop import Workshop

_log = logging.getLogger(__name__)
# The provider's clock may be behind ours: tasks made a little before the attempt are looked at too.
_SAME_MOMENT = timedelta(minutes=1)
_CLOCK_SKEW = timedelta(hours=1)


class OpenPosts(Protocol):
    """What is known of submissions that still wait for their answer."""

    def is_open(self, job_id: int) -> bool:
        """Whether the answer may still arrive."""
        ...

    def found(self, job_id: int) -> None:
        """Nobody needs that answer any more."""
        ...


class Reconciler(Loop):
    """Turns doubt into a running job, or after a while into a refund."""

    def __init__(self, workshop: Workshop, posts: OpenPosts) -> None:
        super().__init__(now=workshop.now, idle=workshop.idle)
        self._client = workshop.client
        self._queue = workshop.store.queue
        self._watch = workshop.store.watch
        self._provider = workshop.provider
        self._doubts = ModelDoubts(workshop)
        self._pace = workshop.pace
        self._changed = workshop.changed
        self._posts = posts
        self._restored_at = workshop.store.restored_at
        self._not_before: datetime | None = None
        # When a job was first missing in a listing that the provider really answered.
        self._missing_since: dict[int, datetime] = {}

    async def turn(self) -> datetime | None:
        """Look once for every task in doubt."""
        submitting = await self._queue.submitting()
        jobs = [job for job in submitting if self._is_in_doubt(job)]
        self._missing_since = {job.job_id: at for job in jobs if (at := self._missing_since.get(job.job_id))}
        if not jobs:
            # An answer that could not be written down wakes nobody: look again while anything is in the air.
            return self._now() + self._pace.poll_interval if submitting else None
        now = self._now()
        wait_until = max((m for m in (self._provider.look_at(), self._not_before) if m and m > now), default=None)
        if wait_until is not None:
            return wait_until
        self._not_before = now + self._pace.poll_interval
        self._provider.begin_look()
        try:
            listed = await self._listed(min(now, *map(_asked_at, jobs)) - _CLOCK_SKEW)
        except ProviderError as error:
            # The window counts only while the provider answers.
            self._missing_since.clear()
            if self._provider.look_failed(error):
                self._changed()
        else:
            self._provider.looked()
            await self._match(jobs, listed)
        return self._now() + self._pace.poll_interval

    async def _listed(self, since: datetime) -> tuple[TaskReport, ...]:
        """The tasks made since then; none where the API refuses to list any, so that no job waits for ever.

        Raises Unreachable, RateLimited, AccountProblem.
        """
        try:
            return await self._client.find(since)
        except Rejected as error:
            _log.warning("The Veo API refuses to list tasks", extra={"error": error.message, "code": error.code})
            return ()

    def _is_in_doubt(self, job: Job) -> bool:
        """Also a submission that nobody waits for any more: its answer could not be written down."""
        return job.in_doubt_at is not None or not self._posts.is_open(job.job_id)

    async def _match(self, jobs: list[Job], listed: tuple[TaskReport, ...]) -> None:
        ids = [report.task_id for report in listed if report.task_id is not None]
        claimed = set(await self._queue.claimed(ids))
        for job in jobs:
            # An earlier one that nobody owns is taken only when the window ends without a better one.
            over = self._is_over(job)
            report = find_task(job, listed, claimed, self._last_resort(job) if over else _asked_at(job) - _SAME_MOMENT)
            if report is not None and report.task_id is not None:
                claimed.add(report.task_id)
                await self._found(job, report.task_id)
            elif over:
                _log.warning("A submission left no task; it is refunded", extra={"job_id": job.job_id})
                await self._doubts.failed(job, Reason.LOST)
                await self._watch.fail(job.job_id, Reason.LOST, now=self._now())
                self._changed()

    def _last_resort(self, job: Job) -> datetime | None:
        """A task of the life that a copy replaced was made for a job of that life, never for a new one."""
        return None if job.restored else self._restored_at

    async def _found(self, job: Job, task_id: str) -> None:
        _log.warning("The task of a lost answer is found", extra={"job_id": job.job_id})
        now = self._now()
        await self._queue.mark_running(job.job_id, task_id, now=now, due_at=now)
        self._posts.found(job.job_id)
        self._provider.lost_was_found()
        self._changed()

    def _is_over(self, job: Job) -> bool:
        """Given up only after the provider answered for the whole window without knowing the task."""
        if self._posts.is_open(job.job_id):
            return False
        now = self._now()
        return now - self._missing_since.setdefault(job.job_id, now) >= self._pace.search_window


def _asked_at(job: Job) -> datetime:
    return job.submitting_at or job.created_at

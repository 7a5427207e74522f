"""From running to ended: one batch request covers all running jobs."""

from __future__ import annotations

import logging
from datetime import datetime
from itertools import islice

from veo_core.checkpoints import Checkpoint, reached
from veo_core.errors import ProviderError
from veo_core.loop import Loop
from veo_core.models import Job, TaskReport
from veo_core.transitions import Decision, Fail, LookAgain, Succeed, after_look
from veo_core.wire import BATCH_LIMIT
from veo_core.workshop import Workshop

_log = logging.getLogger(__name__)


class Poller(Loop):
    """Looks at running tasks, at most once an interval; while the provider is down it asks whether it is back."""

    def __init__(self, workshop: Workshop) -> None:
        super().__init__(now=workshop.now, idle=workshop.idle)
        self._client = workshop.client
        self._watch = workshop.store.watch
        self._provider = workshop.provider
        self._pace = workshop.pace
        self._changed = workshop.changed
        self._not_before: datetime | None = None
        # Since when this process has been able to look at a job.
        self._watched_since: dict[int, datetime] = {}

    async def turn(self) -> datetime | None:
        """Look at everything that is due."""
        now = self._now()
        wait_until = max((m for m in (self._provider.look_at(), self._not_before) if m and m > now), default=None)
        if wait_until is not None:
            return wait_until
        jobs = await self._watch.due(now)
        if jobs or self._provider.is_down:
            self._not_before = now + self._pace.poll_interval
            await self._look(jobs)
        if self._provider.is_down:
            return self._provider.look_at() or self._not_before
        due_at = await self._watch.next_due_at()
        if due_at is None:
            self._watched_since.clear()
        return due_at

    async def _look(self, jobs: tuple[Job, ...]) -> None:
        """Chunk by chunk; the first failure ends the turn, so an outage costs one request."""
        self._provider.begin_look()
        try:
            if not jobs:
                await self._client.ping()
                self._came_back()
            for chunk in _chunks(jobs):
                reached(Checkpoint.BEFORE_LOOK)
                reports = await self._client.fetch([job.task_id for job in chunk if job.task_id is not None])
                reached(Checkpoint.AFTER_LOOK)
                self._came_back()
                await self._apply(chunk, reports)
        except ProviderError as error:
            # Nothing is written in an outage: what is due stays due.
            self._provider.look_failed(error)

    def _came_back(self) -> None:
        was_down = self._provider.is_down
        self._provider.looked()
        if was_down:
            self._changed()

    async def _apply(self, jobs: tuple[Job, ...], reports: dict[str, TaskReport]) -> None:
        looks: dict[int, LookAgain] = {}
        for job in jobs:
            decision = await self._decide(job, reports.get(job.task_id or ""))
            if isinstance(decision, LookAgain):
                looks[job.job_id] = decision
            else:
                self._watched_since.pop(job.job_id, None)
                await self._end(job, decision)
        await self._watch.look_again(looks, self._now())
        if any(look.slow and not job.slow for job in jobs if (look := looks.get(job.job_id))):
            self._changed()

    async def _decide(self, job: Job, report: TaskReport | None) -> Decision:
        decision = self._judge(job, report)
        if report is None and isinstance(decision, Fail) and job.task_id is not None:
            # A batch leaves out what it does not know; before a job is given up it is asked for by itself.
            return self._judge(job, await self._client.fetch_one(job.task_id))
        return decision

    def _judge(self, job: Job, report: TaskReport | None) -> Decision:
        now = self._now()
        watched = now - self._watched_since.setdefault(job.job_id, now)
        return after_look(job, report, now=now, pace=self._pace, watched=watched)

    async def _end(self, job: Job, decision: Succeed | Fail) -> None:
        now = self._now()
        match decision:
            case Succeed(video=video):
                await self._watch.succeed(job.job_id, video, now=now)
            case Fail(reason=reason, expired=expired):
                _log.warning("A task ended without a video", extra={"job_id": job.job_id, "reason": str(reason)})
                await self._watch.fail(job.job_id, reason, now=now, expired=expired)
        reached(Checkpoint.END_MARKED)
        self._changed()


def _chunks(jobs: tuple[Job, ...]) -> list[tuple[Job, ...]]:
    rest_of = iter(jobs)
    return list(iter(lambda: tuple(islice(rest_of, BATCH_LIMIT)), ()))

"""From running to ended: one batch request covers all running jobs."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from datetime import datetime
from itertools import islice

from veo_core.domain.failures import account_problem_of
from veo_core.domain.jobs import Job
from veo_core.domain.polling import Decision, Fail, Reschedule, Succeed, after_poll
from veo_core.domain.submissions import TaskReport
from veo_core.errors import ProviderError, Rejected, StorageError, Unreachable
from veo_core.failpoints import Failpoint, reached
from veo_core.provider.bodies import BATCH_LIMIT
from veo_core.reasons import Reason
from veo_core.worker.loop import Loop
from veo_core.worker.model_doubts import ModelDoubts
from veo_core.workshop import Workshop

_log = logging.getLogger(__name__)
# Single looks in one turn; the contract asks to stay under one request a second.
_ALONE_AT_MOST = 3


class Poller(Loop):
    """Looks at running tasks, at most once an interval; while the provider is down it asks whether it is back."""

    def __init__(self, workshop: Workshop) -> None:
        super().__init__(now=workshop.now, idle=workshop.idle)
        self._client = workshop.client
        self._watch = workshop.store.watch
        self._provider = workshop.provider
        self._doubts = ModelDoubts(workshop)
        self._pace = workshop.pace
        self._changed = workshop.changed
        self._not_before: datetime | None = None
        # The first turn asks whether the token works, so that the operator learns it before the first job does.
        self._greeted = False
        self._asked_alone = 0
        # Since when this process has been able to look at a job.
        self._watched_since: dict[int, datetime] = {}
        # How many looks in a row found an end that the next look may correct; after a start they are counted anew.
        self._ends_seen: Counter[int] = Counter()

    async def turn(self) -> datetime | None:
        """Look at everything that is due."""
        now = self._now()
        wait_until = max((m for m in (self._provider.look_at(), self._not_before) if m and m > now), default=None)
        if wait_until is not None:
            return wait_until
        jobs = await self._watch.due(now)
        if jobs or self._provider.is_down or not self._greeted:
            self._not_before = now + self._pace.poll_interval
            await self._look(jobs)
        if self._provider.is_down:
            return self._provider.look_at() or self._not_before
        due_at = await self._watch.next_due_at()
        if due_at is None:
            self._watched_since.clear()
            self._ends_seen.clear()
        return due_at

    async def _look(self, jobs: tuple[Job, ...]) -> None:
        """Chunk by chunk; the first failure ends the turn, so an outage costs one request."""
        self._provider.begin_look()
        self._asked_alone = 0
        try:
            if not jobs:
                await self._client.ping()
                self._greeted = True
                self._came_back()
            for chunk in _chunks(jobs):
                reached(Failpoint.BEFORE_LOOK)
                reports = await self._client.fetch([job.task_id for job in chunk if job.task_id is not None])
                reached(Failpoint.AFTER_LOOK)
                self._came_back()
                await self._apply(chunk, reports)
        except ProviderError as error:
            # Nothing is written in an outage: what is due stays due.
            self._greeted = True
            if self._provider.look_failed(error):
                self._changed()

    def _came_back(self) -> None:
        was_down = self._provider.is_down
        self._provider.looked()
        if was_down:
            # An outage is no time of watching.
            self._watched_since.clear()
            self._changed()

    async def _apply(self, jobs: tuple[Job, ...], reports: dict[str, TaskReport]) -> None:
        """Job by job: what goes wrong with one keeps no other from its end."""
        settled = await asyncio.gather(
            *(self._settle(job, reports.get(job.task_id or "")) for job in jobs), return_exceptions=True
        )
        looks: dict[int, Reschedule] = {}
        for job, outcome in zip(jobs, settled, strict=True):
            if isinstance(outcome, Reschedule):
                looks[job.job_id] = outcome
            elif isinstance(outcome, StorageError):
                # Nothing was decided about any of them: all are still due.
                raise outcome
            elif isinstance(outcome, BaseException):
                looks[job.job_id] = self._no_verdict(job, outcome)
        await self._watch.reschedule(looks, self._now())
        if any(look.slow and not job.slow for job in jobs if (look := looks.get(job.job_id))):
            self._changed()

    def _no_verdict(self, job: Job, error: BaseException) -> Reschedule:
        unforeseen = None if isinstance(error, ProviderError) else error
        _log.warning(
            "A look came to no verdict", exc_info=unforeseen, extra={"job_id": job.job_id, "error": str(error)}
        )
        return Reschedule(self._now() + self._pace.slow_interval, slow=job.slow, seen=False)

    async def _settle(self, job: Job, report: TaskReport | None) -> Reschedule | None:
        decision = self._judge(job, report)
        if report is None and isinstance(decision, Fail) and job.task_id is not None:
            # A batch leaves out what it does not know; before a job is given up it is asked for by itself.
            report = await self._ask_alone(job.task_id)
            decision = self._judge(job, report)
        if isinstance(decision, Reschedule):
            return decision
        self._watched_since.pop(job.job_id, None)
        self._ends_seen.pop(job.job_id, None)
        await self._end(job, decision, report)
        return None

    async def _ask_alone(self, task_id: str) -> TaskReport | None:
        if self._asked_alone >= _ALONE_AT_MOST:
            raise Unreachable("enough was asked for by itself in this turn")
        self._asked_alone += 1
        try:
            return await self._client.fetch_one(task_id)
        except Rejected as error:
            _log.warning("The Veo API does not know a task", extra={"error": error.message})
            return None

    def _judge(self, job: Job, report: TaskReport | None) -> Decision:
        now = self._now()
        watched = now - self._watched_since.setdefault(job.job_id, now)
        if report is None or report.settled:
            self._ends_seen.pop(job.job_id, None)
        else:
            self._ends_seen[job.job_id] += 1
        ends_seen = self._ends_seen[job.job_id]
        return after_poll(job, report, now=now, pace=self._pace, watched=watched, ends_seen=ends_seen)

    async def _end(self, job: Job, decision: Succeed | Fail, report: TaskReport | None) -> None:
        now, cost = self._now(), report.cost if report is not None else None
        match decision:
            case Succeed(video=video):
                self._provider.made_video(job.job_id, job.submitting_at or job.created_at)
                await self._doubts.succeeded(job)
                await self._watch.succeed(job.job_id, video, now=now, cost=cost)
            case Fail(reason=reason, expired=expired, limit=limit):
                trace_id = report.trace_id if report is not None else None
                if report is not None and (problem := account_problem_of(report)) is not None:
                    self._provider.task_refused(job.job_id, problem)
                _log.warning("A task ended without a video", extra=_about(job, reason, report))
                await self._doubts.failed(job, reason)
                await self._watch.fail(
                    job.job_id, reason, now=now, expired=expired, trace_id=trace_id, limit=limit, cost=cost
                )
        reached(Failpoint.END_MARKED)
        self._changed()


def _about(job: Job, reason: Reason, report: TaskReport | None) -> dict[str, object]:
    """What the operator's log says; people only read our words for the reason."""
    about: dict[str, object] = {"job_id": job.job_id, "reason": str(reason)}
    if report is not None:
        about |= {"code": report.error_code, "error": report.error_message, "trace_id": report.trace_id}
    return about


def _chunks(jobs: tuple[Job, ...]) -> list[tuple[Job, ...]]:
    rest_of = iter(jobs)
    return list(iter(lambda: tuple(islice(rest_of, BATCH_LIMIT)), ()))

"""From queued to running: one POST a job, recorded before it is sent."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime, timedelta

from veo_core.domain.failures import account_problem_of
from veo_core.domain.jobs import Job, JobKind
from veo_core.domain.polling import next_action
from veo_core.domain.shapes import GET1080P
from veo_core.domain.submissions import TaskReport, TaskState
from veo_core.domain.suspicion import Step
from veo_core.errors import AccountProblem, AnswerLost, ProviderError, Rejected, Unreachable
from veo_core.failpoints import Failpoint, reached
from veo_core.reasons import Reason
from veo_core.worker.loop import Loop
from veo_core.worker.model_doubts import ModelDoubts
from veo_core.worker.runners import Runners
from veo_core.workshop import Workshop

_log = logging.getLogger(__name__)
_OPEN_POSTS = 4
MAX_POSTS = 3
# Discord's links to the attachments of a command live about a day.
_IMAGES_LAST = timedelta(hours=23)


class Submitter(Loop):
    """Sends queued jobs while there are free places at the provider."""

    def __init__(self, workshop: Workshop) -> None:
        super().__init__(now=workshop.now, idle=workshop.idle)
        self._client = workshop.client
        self._queue = workshop.store.queue
        self._watch = workshop.store.watch
        self._provider = workshop.provider
        self._doubts = ModelDoubts(workshop)
        self._catalog = workshop.catalog
        self._pace = workshop.pace
        self._max_running = workshop.max_running
        self._running_per_user = workshop.limits.running_per_user
        self._changed = workshop.changed
        # How many are in flight at the provider is decided by the store; an answer nobody needs may take long.
        self._runners = Runners(workshop.max_running * _OPEN_POSTS, self.wake)
        self._found: set[int] = set()
        self._not_before: datetime | None = None
        # The action that the API took last, by model: where it refused the first of the row, the other is sent at once.
        self._preferred: dict[str, str] = {}

    def is_open(self, job_id: int) -> bool:
        """Whether the answer to this job's submission may still arrive."""
        return self._runners.has(job_id)

    def found(self, job_id: int) -> None:
        """Nobody needs this answer any more: its connection may be given up when another one is needed."""
        self._found.add(job_id)

    async def turn(self) -> datetime | None:
        """Send what may be sent now."""
        if self._runners.free == 0:
            self._runners.cancel(self._found)
        self._found = {job_id for job_id in self._found if self._runners.has(job_id)}
        while self._runners.free > 0 and not self._stopping:
            wait_until = self._may_send_at()
            if wait_until is not None:
                return wait_until if await self._queue.any_waiting() else None
            reached(Failpoint.BEFORE_CLAIM)
            job = await self._queue.claim(
                self._now(), max_running=self._max_running, running_per_user=self._running_per_user
            )
            if job is None:
                return None
            reached(Failpoint.AFTER_CLAIM)
            hindrance = await self._hindrance(job)
            if hindrance is not None:
                await self._watch.fail(job.job_id, hindrance, now=self._now())
                self._changed()
                continue
            self._provider.begin_submission()
            self._not_before = self._now() + self._pace.submit_interval
            self._runners.start(job.job_id, self._submit(job))
        return None

    async def finish(self) -> None:
        """Wait shortly for answers that are on their way."""
        await self._runners.finish(self._pace.stop_grace)

    def _may_send_at(self) -> datetime | None:
        moments = [self._provider.submit_at()]
        if self._not_before is not None and self._not_before > self._now():
            moments.append(self._not_before)
        return max((moment for moment in moments if moment is not None), default=None)

    async def _hindrance(self, job: Job) -> Reason | None:
        """Why a job that has its turn is not sent at all."""
        if job.posts > MAX_POSTS:
            self._tell_of_fuse(job)
            return Reason.PROVIDER_REFUSED
        if job.image_urls and self._now() - job.created_at > _IMAGES_LAST:
            return Reason.IMAGES_EXPIRED
        return None if await self._doubts.may_send(job) else Reason.MODEL_RETIRED

    def _tell_of_fuse(self, job: Job) -> None:
        """Paying without end is worse than one video that is given up."""
        _log.error("A video was submitted too often and is given up", extra={"job_id": job.job_id})
        self._provider.tell(
            f"#{job.job_id} was sent to the Veo API {MAX_POSTS} times without being taken. I gave it up and did not"
            " count it."
        )

    async def _submit(self, job: Job) -> None:
        try:
            await self._send(await self._with_known_action(job))
        finally:
            # Also when an answer could not be written down: the reconciler has to know.
            self._changed()

    async def _send(self, job: Job) -> None:
        try:
            report = await self._answer(job)
        except AnswerLost as error:
            await self._lost(job, error)
        except AccountProblem as error:
            await self._account_refused(job, error)
        except Unreachable as error:
            self._provider.submit_failed(error)
            await self._queue.requeue(job.job_id)
        except Rejected as error:
            await self._rejected(job, error)
        else:
            reached(Failpoint.AFTER_SUBMIT)
            await self._accepted(job, report)

    async def _with_known_action(self, job: Job) -> Job:
        preferred = self._preferred.get(job.model, job.action)
        row = self._catalog.known(job.model)
        actions = row.image_actions if row is not None else ()
        if preferred == job.action or preferred not in actions or job.action not in actions:
            return job
        return await self._change_action(job, preferred)

    def _remember_action(self, job: Job) -> None:
        row = self._catalog.known(job.model)
        if row is not None and job.action in row.image_actions:
            self._preferred[job.model] = job.action

    async def _change_action(self, job: Job, action: str) -> Job:
        await self._queue.change_action(job.job_id, action)
        return replace(job, action=action)

    async def _answer(self, job: Job) -> TaskReport:
        """The answer to the POST; while it is late, the search for its task goes on beside it."""
        post = asyncio.create_task(self._client.submit(job.submission))
        try:
            done, _ = await asyncio.wait({post}, timeout=self._pace.patience.total_seconds())
            if not done:
                await self._queue.mark_in_doubt(job.job_id, self._now())
                self._changed()
            return await post
        finally:
            post.cancel()

    async def _accepted(self, job: Job, report: TaskReport) -> None:
        if account_problem_of(report) is None:
            if self._provider.is_paused:
                await self._queue.reset_attempts()
            self._provider.accepted(job.job_id, _sent_at(job))
        self._remember_action(job)
        now = self._now()
        if report.state is TaskState.SUCCEEDED and report.video is not None:
            self._provider.made_video(job.job_id, _sent_at(job))
            await self._doubts.succeeded(job)
            await self._watch.succeed(job.job_id, report.video, now=now, task_id=report.task_id, cost=report.cost)
        elif report.task_id is not None:
            row = self._catalog.known(job.model)
            due_at = now + self._pace.first_look(row, upscale=job.kind is JobKind.UPSCALE)
            if not await self._queue.mark_running(
                job.job_id, report.task_id, now=now, due_at=due_at, trace_id=report.trace_id
            ):
                # The search was faster, or the answer names another job's task; the search tells them apart.
                await self._queue.mark_in_doubt(job.job_id, now)
        reached(Failpoint.RUNNING_MARKED)

    async def _account_refused(self, job: Job, error: AccountProblem) -> None:
        """The next probe is another job's: one that alone provokes the answer must not block all."""
        _log.warning("The Veo API refuses the account", extra=_about(job, error))
        if self._provider.account_refused(job.job_id, error) is Step.FAIL:
            await self._fail(job, Reason.PROVIDER_REFUSED, trace_id=error.trace_id)
        else:
            await self._queue.requeue(job.job_id, self._now())

    async def _lost(self, job: Job, error: AnswerLost) -> None:
        """A second POST could be billed twice, so the task is looked for instead."""
        _log.warning("The answer to a submission is lost", extra=_about(job, error))
        self._provider.submission_lost()
        if error.account is not None:
            self._provider.account_refused(job.job_id, error.account)
        await self._queue.mark_in_doubt(job.job_id, self._now())

    async def _rejected(self, job: Job, error: Rejected) -> None:
        row = self._catalog.known(job.model)
        other = next_action(row.image_actions, job.action, error, job.prompt) if row is not None else None
        if other is not None and job.posts < MAX_POSTS:
            self._preferred.pop(job.model, None)
            await self._queue.count_post(job.job_id)
            again = replace(await self._change_action(job, other), posts=job.posts + 1)
            await self._send(again)
            return
        _log.warning("The Veo API refuses a request", extra=_about(job, error))
        self._provider.answered(_sent_at(job))
        upscale_refused = job.action == GET1080P and error.reason is not Reason.MODERATED
        reason = Reason.UPSCALE_REFUSED if upscale_refused else error.reason
        await self._fail(job, reason, trace_id=error.trace_id, limit=error.limit)

    async def _fail(self, job: Job, reason: Reason, *, trace_id: str | None = None, limit: int | None = None) -> None:
        await self._doubts.failed(job, reason, certain=True)
        await self._watch.fail(job.job_id, reason, now=self._now(), trace_id=trace_id, limit=limit)


def _sent_at(job: Job) -> datetime:
    return job.submitting_at or job.created_at


def _about(job: Job, error: ProviderError) -> dict[str, object]:
    return {"job_id": job.job_id, "error": error.message, "code": error.code, "trace_id": error.trace_id}

"""From ended to delivered, and the status line on the way: whatever the store says is due appears in Discord."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from veo_core.checkpoints import Checkpoint, reached
from veo_core.errors import DeliveryPostponed, DestinationRefused, MediaUnavailable, MediaUnusable
from veo_core.loop import Loop, Runners
from veo_core.media import MediaReader
from veo_core.models import Job, JobState, MediaFile, Receipt
from veo_core.pace import backoff
from veo_core.workshop import Workshop

_log = logging.getLogger(__name__)
_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=5)
_NOTICE_WAIT = timedelta(seconds=10)
_AT_ONCE = 4
_FILES_AT_ONCE = 8
_NO_JOB = 0
# What a status line says last; it is worth no new message.
FINAL_LINES = frozenset({"done", "failed", "cancelled", "rejected"})


class Posts(Protocol):
    """What is needed of Discord; implemented in cogs.delivery."""

    async def upload_limit(self, job: Job) -> int:
        """How many bytes an attachment may have where this job's result goes."""
        ...

    async def deliver(self, job: Job, media: MediaFile | None, *, in_doubt: bool) -> Receipt:
        """Post the result or the failure; raises DeliveryPostponed, DestinationRefused when no place takes it."""
        ...

    async def show_status(self, job: Job, *, in_doubt: bool) -> int | None:
        """Post or edit the status line and return its message id, None when there is none; raises like `deliver`."""
        ...

    async def tell_operator(self, text: str) -> None:
        """Tell whoever runs the bot; raises DeliveryPostponed."""
        ...


Work = Callable[[Job], Coroutine[object, object, None]]


@dataclass(slots=True)
class _Trouble:
    """Since when, and how often, a result's file could not be read."""

    since: datetime
    tries: int = 0


class Courier(Loop):
    """An outbox: ended and not delivered is due, and so is a status line that says something old."""

    def __init__(
        self, workshop: Workshop, media: MediaReader, posts: Posts, *, dice: random.Random | None = None
    ) -> None:
        super().__init__(now=workshop.now, idle=workshop.idle)
        self._outbox = workshop.store.outbox
        self._provider = workshop.provider
        self._pace = workshop.pace
        self._media = media
        self._posts = posts
        self._dice = dice or random.Random()
        # Apart, so that slow files hold up no status line.
        self._lines = Runners(_AT_ONCE, self.wake)
        self._deliveries = Runners(_FILES_AT_ONCE, self.wake)
        self._news = Runners(1, self.wake)
        self._pause_shown: bool | None = None
        self._notices: list[str] = []
        self._notices_due_at = self._now()
        self._unreadable: dict[int, _Trouble] = {}

    async def turn(self) -> datetime | None:
        """Begin what is due, a few at a time; the end of each begins the next."""
        await self._speak_of_pauses()
        now = self._now()
        for job in await self._outbox.statuses_due(now, _AT_ONCE, self._in_hand):
            self._start(self._lines, job, self._show_status)
        for job in await self._outbox.deliveries_due(now, _FILES_AT_ONCE, self._in_hand):
            self._start(self._deliveries, job, self._deliver)
        due_at = await self._outbox.next_due_at(now)
        if self._notices and self._notices_due_at > now:
            return min(self._notices_due_at, due_at or self._notices_due_at)
        return due_at

    async def _speak_of_pauses(self) -> None:
        """The operator is told, and whoever waits reads it in the status line."""
        self._notices += self._provider.take_notices()
        if self._notices and self._now() >= self._notices_due_at and self._news.free > 0:
            self._news.start(_NO_JOB, self._tell_operator(self._notices[0]))
        paused = self._provider.is_paused
        if self._pause_shown is None:
            self._pause_shown = await self._outbox.pause_shown()
        if self._pause_shown is not paused:
            await self._outbox.restate_queued(paused=paused)
            self._pause_shown = paused

    async def _tell_operator(self, text: str) -> None:
        try:
            await self._posts.tell_operator(text)
        except DeliveryPostponed:
            self._notices_due_at = self._now() + _NOTICE_WAIT
        else:
            self._notices.remove(text)

    async def finish(self) -> None:
        """Let posts that are on their way arrive."""
        groups = (self._lines, self._deliveries, self._news)
        await asyncio.gather(*(runners.finish(self._pace.stop_grace) for runners in groups))

    @property
    def _in_hand(self) -> frozenset[int]:
        return self._lines.busy | self._deliveries.busy

    def _start(self, runners: Runners, job: Job, work: Work) -> None:
        if runners.free > 0 and job.job_id not in self._in_hand:
            runners.start(job.job_id, work(job))

    async def _show_status(self, job: Job) -> None:
        if job.status_message_id is None and job.status_attempts == 0 and job.status_wanted in FINAL_LINES:
            await self._outbox.status_shown(job.job_id, job.status_wanted, None)
            return
        await self._outbox.begin_status(job.job_id)
        reached(Checkpoint.BEFORE_STATUS)
        was_paused = self._provider.is_paused
        try:
            message_id = await self._posts.show_status(job, in_doubt=job.status_attempts > 0)
        except DeliveryPostponed as error:
            await self._outbox.postpone_status(job.job_id, self._next_try(job.status_attempts + 1, job, error))
            return
        except DestinationRefused as error:
            _log.warning("A status line cannot be shown", extra={"job_id": job.job_id, "error": str(error)})
            message_id = job.status_message_id
        reached(Checkpoint.AFTER_STATUS)
        # A pause that began or ended meanwhile makes the line old at once.
        shown = job.status_wanted if self._provider.is_paused is was_paused else ""
        await self._outbox.status_shown(job.job_id, shown, message_id)
        reached(Checkpoint.STATUS_MARKED)

    async def _deliver(self, job: Job) -> None:
        try:
            async with self._result(job) as media:
                await self._post(job, media)
        except MediaUnavailable as error:
            # Nothing was posted: only the file could not be read yet.
            trouble = self._unreadable[job.job_id]
            patience_ends_at = trouble.since + self._pace.media_patience
            due_at = min(self._next_try(trouble.tries, job, error), patience_ends_at)
            await self._outbox.postpone_delivery(job.job_id, due_at)

    @asynccontextmanager
    async def _result(self, job: Job) -> AsyncGenerator[MediaFile | None]:
        """The file to attach, or None where the message goes without one; raises MediaUnavailable to try again."""
        reached(Checkpoint.BEFORE_DOWNLOAD)
        if job.state is not JobState.SUCCEEDED or job.video_url is None:
            yield None
            return
        try:
            async with self._media.video(job.video_url, await self._posts.upload_limit(job)) as media:
                self._unreadable.pop(job.job_id, None)
                reached(Checkpoint.AFTER_DOWNLOAD)
                yield media
        except MediaUnusable as error:
            _log.warning("A result goes out as a link", extra={"job_id": job.job_id, "error": str(error)})
        except MediaUnavailable:
            trouble = self._unreadable.setdefault(job.job_id, _Trouble(self._now()))
            trouble.tries += 1
            if self._now() - trouble.since < self._pace.media_patience:
                raise
            del self._unreadable[job.job_id]
        else:
            return
        yield None

    async def _post(self, job: Job, media: MediaFile | None) -> None:
        if not await self._outbox.begin_delivery(job.job_id):
            return
        reached(Checkpoint.DELIVERY_MARKED)
        try:
            receipt = await self._posts.deliver(job, media, in_doubt=job.delivery_attempts > 0)
        except DeliveryPostponed as error:
            due_at = self._next_try(job.delivery_attempts + 1, job, error)
            await self._outbox.postpone_delivery(job.job_id, due_at)
        except DestinationRefused as error:
            _log.warning("A result waits to be asked for", extra={"job_id": job.job_id, "error": str(error)})
            await self._outbox.keep(job.job_id, self._now())
        else:
            reached(Checkpoint.AFTER_DELIVERY)
            await self._outbox.delivered(job.job_id, receipt, self._now())
            reached(Checkpoint.DELIVERED_MARKED)

    def _next_try(self, attempt: int, job: Job, error: Exception) -> datetime:
        wait = backoff(attempt, _FIRST_WAIT, _LONGEST_WAIT, self._dice)
        _log.warning(
            "A message has to wait",
            extra={"job_id": job.job_id, "error": str(error), "attempt": attempt, "seconds": wait.total_seconds()},
        )
        return self._now() + wait

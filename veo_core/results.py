"""The result of a job, or the reason there is none, brought to Discord with its file."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from veo_core.checkpoints import Checkpoint, reached
from veo_core.errors import DeliveryPostponed, DestinationRefused, MediaUnavailable, MediaUnusable
from veo_core.fair import FairSlots
from veo_core.lanes import Lanes
from veo_core.media import MediaReader
from veo_core.models import Job, JobState, MediaFile
from veo_core.posts import Posts
from veo_core.workshop import Workshop

_log = logging.getLogger(__name__)
# Files cost disk and bandwidth, so that they are few.
_FILES_AT_ONCE = 12
_FILES_OF_TROUBLED_LANES = 4


@dataclass(slots=True)
class _Trouble:
    """Since when, and how often, a result's file could not be read."""

    since: datetime
    tries: int = 0


class Results:
    """Reads the files, posts the messages, and marks them."""

    def __init__(self, workshop: Workshop, media: MediaReader, posts: Posts, lanes: Lanes) -> None:
        self._outbox = workshop.store.outbox
        self._pace = workshop.pace
        self._now = workshop.now
        self._media = media
        self._posts = posts
        self._lanes = lanes
        # Apart, so that lanes in which files or posts hang cannot hold all places.
        self._files = FairSlots(_FILES_AT_ONCE)
        self._troubled_files = FairSlots(_FILES_OF_TROUBLED_LANES)
        self._troubled: set[int] = set()
        self._unreadable: dict[int, _Trouble] = {}

    async def deliver(self, job: Job) -> None:
        """Post the result, once."""
        limit = await self._posts.upload_limit(job) if _has_file(job) else 0
        async with self._place_for_file(job):
            if (full_until := self._posts.full_until(job, 0)) is not None:
                # The place filled up while this one waited; the file would be held until it is free again.
                self._lanes.rest(job.lane, full_until)
                return
            try:
                async with self._result(job, limit) as media:
                    await self._post(job, media)
            except MediaUnavailable as error:
                # Nothing was posted: only the file could not be read yet.
                self._troubled.add(job.lane)
                trouble = self._unreadable[job.job_id]
                patience_ends_at = trouble.since + self._pace.media_patience
                due_at = min(self._lanes.next_try(trouble.tries, job, error), patience_ends_at)
                await self._outbox.postpone_delivery(job.job_id, due_at)

    @asynccontextmanager
    async def _place_for_file(self, job: Job) -> AsyncGenerator[None]:
        """One of the few places for those that carry a file; the others need none."""
        if not _has_file(job):
            yield
            return
        slots = self._troubled_files if job.lane in self._troubled else self._files
        async with slots.slot(job.lane):
            yield

    @asynccontextmanager
    async def _result(self, job: Job, limit: int) -> AsyncGenerator[MediaFile | None]:
        """The file to attach, or None where the message goes without one; raises MediaUnavailable to try again."""
        reached(Checkpoint.BEFORE_DOWNLOAD)
        if job.video_url is None or not _has_file(job):
            yield None
            return
        try:
            async with self._media.video(job.video_url, limit) as media:
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
            await self._postpone(job, error)
            return
        except DestinationRefused as error:
            _log.warning("A result waits to be asked for", extra={"job_id": job.job_id, "error": str(error)})
            await self._outbox.keep(job.job_id, self._now())
        else:
            reached(Checkpoint.AFTER_DELIVERY)
            await self._outbox.delivered(job.job_id, receipt, self._now())
            reached(Checkpoint.DELIVERED_MARKED)
        self._troubled.discard(job.lane)

    async def _postpone(self, job: Job, error: DeliveryPostponed) -> None:
        due_at = self._lanes.next_try(job.delivery_attempts + 1, job, error)
        if error.was_sent:
            self._troubled.add(job.lane)
            await self._outbox.postpone_delivery(job.job_id, due_at)
        else:
            await self._outbox.take_back_delivery(job.job_id)


def _has_file(job: Job) -> bool:
    return job.state is JobState.SUCCEEDED and job.video_url is not None

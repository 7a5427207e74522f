"""The result of a job, or the reason there is none, brought to Discord with its file."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from veo_core.domain.images import MediaFile
from veo_core.domain.jobs import Job, JobState
from veo_core.domain.lost_files import FileEnd, FileTrouble, ReadAgain, after_failure
from veo_core.errors import DeliveryPostponed, DestinationRefused, MediaError
from veo_core.failpoints import Failpoint, reached
from veo_core.fairness import FairSlots
from veo_core.media.download import MediaReader
from veo_core.worker.lanes import Lanes
from veo_core.worker.publisher import Publisher
from veo_core.workshop import Workshop

_log = logging.getLogger(__name__)
# Files cost disk and bandwidth, so that they are few.
_FILES_AT_ONCE = 12
_FILES_OF_TROUBLED_LANES = 4


class _PlaceIsFullError(Exception):
    """The place of a message takes none until then."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class Results:
    """Reads the files, posts the messages, and marks them."""

    def __init__(self, workshop: Workshop, media: MediaReader, posts: Publisher, lanes: Lanes) -> None:
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

    async def deliver(self, job: Job) -> None:
        """Post the result, once."""
        await self._posts.turn(job, is_line=False)
        if (rest_ends_at := self._posts.rests_until() or self._posts.full_until(job, 0)) is not None:
            self._lanes.rest(job.lane, rest_ends_at)
            return
        reached(Failpoint.BEFORE_DOWNLOAD)
        if job.video_url is None or job.state is not JobState.SUCCEEDED:
            await self._post(job, None)
            return
        limit = await self._posts.upload_limit(job)
        try:
            async with self._place_for_file(job), self._media.video(job.video_url, limit) as media:
                reached(Failpoint.AFTER_DOWNLOAD)
                await self._note_read(job)
                await self._post(job, media)
        except _PlaceIsFullError as full:
            self._lanes.rest(job.lane, full.until)
        except MediaError as error:
            # Nothing was posted: only the file could not be had.
            await self._go_on_without_file(job, job.video_url, error)

    async def _note_read(self, job: Job) -> None:
        if job.file_tries > 0:
            await self._outbox.file_read(job.job_id)

    async def _go_on_without_file(self, job: Job, url: str, error: MediaError) -> None:
        now = self._now()
        trouble = FileTrouble(job.file_failed_at or now, job.file_tries + 1)
        may_link = self._media.may_link(url)
        match after_failure(error, trouble, patience=self._pace.file_patience, now=now, may_link=may_link):
            case ReadAgain(not_after):
                self._troubled.add(job.lane)
                due_at = self._lanes.next_try(trouble.tries, job, error)
                await self._outbox.file_failed(job.job_id, now, min(due_at, not_after or due_at))
            case FileEnd.LINK:
                _log.warning("A result goes out as a link", extra={"job_id": job.job_id, "error": str(error)})
                await self._post(job, None)
            case FileEnd.GONE:
                _log.error("The file of a result is gone", extra={"job_id": job.job_id, "error": str(error)})
                await self._outbox.give_up_file(job.job_id, now)

    @asynccontextmanager
    async def _place_for_file(self, job: Job) -> AsyncGenerator[None]:
        """One of the few places for files; raises _PlaceIsFullError when the channel filled up while this one waited.

        The file would be held until the channel takes a message again.
        """
        slots = self._troubled_files if job.lane in self._troubled else self._files
        async with slots.slot(job.lane):
            if (full_until := self._posts.full_until(job, 0)) is not None:
                raise _PlaceIsFullError(full_until)
            yield

    async def _post(self, job: Job, media: MediaFile | None) -> None:
        if not await self._outbox.begin_delivery(job.job_id):
            return
        reached(Failpoint.DELIVERY_MARKED)
        try:
            posted = await self._posts.deliver(job, media, in_doubt=job.delivery_attempts > 0)
        except DeliveryPostponed as error:
            await self._postpone(job, error)
            return
        except DestinationRefused as error:
            _log.warning("A result waits to be asked for", extra={"job_id": job.job_id, "error": str(error)})
            await self._outbox.keep(job.job_id, self._now())
        else:
            reached(Failpoint.AFTER_DELIVERY)
            await self._outbox.delivered(job.job_id, posted, self._now())
            reached(Failpoint.DELIVERED_MARKED)
        self._troubled.discard(job.lane)

    async def _postpone(self, job: Job, error: DeliveryPostponed) -> None:
        due_at = self._lanes.next_try(job.delivery_attempts + 1, job, error)
        if error.was_sent:
            self._troubled.add(job.lane)
            await self._outbox.postpone_delivery(job.job_id, due_at)
        else:
            await self._outbox.take_back_delivery(job.job_id)

"""Surroundings that cost next to nothing: a provider, files and a Discord in memory that are never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from io import BytesIO
from time import perf_counter

from veo_core.domain.images import Image, MediaFile, PictureSize
from veo_core.domain.jobs import Job
from veo_core.domain.messages import PostedMessage
from veo_core.domain.submissions import Submission, TaskReport, TaskState, Video
from veo_core.media.download import MediaReader
from veo_core.services.studio import Studio

# So many more are asked for than were delivered: with a long line as many videos are made as without one.
_AT_ONCE = 10


class QuickApi:
    """A provider that takes everything and has each video ready at the first look."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self._count = 0

    async def submit(self, submission: Submission) -> TaskReport:
        """Take it and note when."""
        self._count += 1
        self.sent[submission.prompt] = perf_counter()
        return TaskReport(f"quick-{self._count}-{perf_counter()}", TaskState.PENDING)

    async def fetch(self, task_ids: Sequence[str]) -> dict[str, TaskReport]:
        """All are ready."""
        video = Video("https://cdn.acedata.cloud/video.mp4")
        return {task_id: TaskReport(task_id, TaskState.SUCCEEDED, video=video) for task_id in task_ids}

    async def fetch_one(self, task_id: str) -> TaskReport | None:
        """Ready as well."""
        return (await self.fetch([task_id]))[task_id]

    async def find(self, since: datetime) -> tuple[TaskReport, ...]:
        """Nothing was lost."""
        del since
        return ()

    async def ping(self) -> None:
        """It answers."""


class QuickFiles(MediaReader):
    """Every file is there at once."""

    def __init__(self) -> None:
        """Nothing is fetched from anywhere."""

    @asynccontextmanager
    async def video(self, url: str, max_bytes: int) -> AsyncGenerator[MediaFile]:
        """A few bytes."""
        del url, max_bytes
        yield MediaFile(BytesIO(b"video"), 5, "mp4")


class QuickPosts:
    """A Discord that takes every message; a status line asks for its job's place, as the real ones do.

    Each delivery lets somebody ask for the next video; `enough` is set with the delivery number `wanted`.
    """

    def __init__(self, studio: Studio, first_message: int, wanted: int) -> None:
        self.room = asyncio.Semaphore(_AT_ONCE)
        self.enough = asyncio.Event()
        self._studio = studio
        self._missing = wanted
        self._last_message = first_message

    def rests_until(self) -> datetime | None:
        """Never."""
        return None

    def full_until(self, job: Job, planned: int) -> datetime | None:
        """Never."""
        del job, planned
        return None

    async def turn(self, job: Job, *, is_line: bool) -> None:
        """At once."""
        del job, is_line

    async def upload_limit(self, job: Job) -> int:
        """Enough."""
        del job
        return 1_000_000

    async def deliver(self, job: Job, media: MediaFile | None, *, in_doubt: bool) -> PostedMessage:
        """It stands."""
        del media, in_doubt
        self._last_message += 1
        self._missing -= 1
        self.room.release()
        if self._missing == 0:
            self.enough.set()
        return PostedMessage(job.channel_id, self._last_message, job.guild_id)

    async def show_status(self, job: Job, *, in_doubt: bool) -> int:
        """It stands."""
        del in_doubt
        await self._studio.place_in_queue(job)
        self._last_message += 1
        return job.status_message_id or self._last_message

    async def tell_operator(self, text: str) -> None:
        """There is nothing to tell."""


class NoImages:
    """No request here has any."""

    max_bytes = 1

    async def inspect(
        self, user_id: int, images: Sequence[Image], may_ask: Callable[[], Awaitable[None]]
    ) -> tuple[PictureSize, ...]:
        """Nothing but the limits is asked for."""
        del user_id, images
        await may_ask()
        return ()

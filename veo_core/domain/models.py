"""The values everything else speaks in: frozen, without behaviour that touches the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO

from veo_core.domain.oddities import Oddity
from veo_core.reasons import Reason


class JobKind(StrEnum):
    """What a job makes: a new video, or the 1080p version of one."""

    CREATE = "create"
    UPSCALE = "upscale"


class JobState(StrEnum):
    """Where a job stands; the values are stored."""

    AWAITING_REVIEW = "awaiting_review"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


CANCELLABLE = frozenset({JobState.AWAITING_REVIEW, JobState.QUEUED})


class Resolution(StrEnum):
    """Resolutions of the API; 720p is sent by leaving the field out."""

    P720 = "720p"
    P1080 = "1080p"
    P4K = "4k"
    GIF = "gif"


class AspectRatio(StrEnum):
    """The two ratios every version of the API accepts."""

    LANDSCAPE = "16:9"
    PORTRAIT = "9:16"


@dataclass(frozen=True, slots=True)
class Image:
    """An attached picture as Discord describes it; `size` in bytes. Its declared type decides nothing."""

    url: str
    filename: str
    size: int


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Width and height of a picture in pixels, as a person sees it."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """What a person asked for, before it is recorded.

    `images` are in the order of the command's options, which is that of the frames; None is an option left out before
    another one. Without an `aspect_ratio` the first image's own shape decides.
    """

    prompt: str
    model: str
    images: tuple[Image | None, ...] = ()
    aspect_ratio: str | None = None
    resolution: str = Resolution.P720
    translate: bool = False

    @property
    def attached(self) -> tuple[Image, ...]:
        """The images that were given, in order."""
        return tuple(image for image in self.images if image is not None)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, with the rights at this moment: `is_moderator` in this channel, `is_admin` in the whole server."""

    user_id: int
    is_moderator: bool = False
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request was made and where its answer belongs."""

    guild_id: int | None
    channel_id: int
    interaction_id: int | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """What one POST to the API asks for, in our words; also what a lost answer is recognised by."""

    action: str
    model: str
    prompt: str = ""
    image_urls: tuple[str, ...] = ()
    aspect_ratio: str | None = None
    resolution: str = Resolution.P720
    translate: bool = False
    video_id: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One person's request for one video, from command to delivery: a row of `jobs`."""

    job_id: int
    kind: JobKind
    state: JobState
    user_id: int
    guild_id: int | None
    channel_id: int
    private: bool
    prompt: str
    model: str
    action: str
    image_urls: tuple[str, ...]
    aspect_ratio: str | None
    resolution: str
    translate: bool
    created_at: datetime
    source_job_id: int | None = None
    source_video_id: str | None = None
    submitting_at: datetime | None = None
    in_doubt_at: datetime | None = None
    running_at: datetime | None = None
    seen_at: datetime | None = None
    due_at: datetime | None = None
    slow: bool = False
    ended_at: datetime | None = None
    task_id: str | None = None
    trace_id: str | None = None
    video_id: str | None = None
    video_url: str | None = None
    reason: Reason | None = None
    status_message_id: int | None = None
    status_shown: str | None = None
    status_wanted: str = ""
    status_attempts: int = 0
    delivery_attempts: int = 0
    delivered_at: datetime | None = None
    delivered_guild_id: int | None = None
    delivered_channel_id: int | None = None
    message_id: int | None = None
    message_deleted_at: datetime | None = None
    kept_at: datetime | None = None
    file_tries: int = 0
    file_failed_at: datetime | None = None
    posts: int = 0
    reason_limit: int | None = None
    # From a copy that was put back: a later life of the bot may have submitted and posted it already.
    restored: bool = False
    unanswered: bool = False

    @property
    def lane(self) -> int:
        """Where its messages go first: the channel, or the person for direct messages; as the column `lane` says."""
        return self.user_id if self.private else self.channel_id

    @property
    def submission(self) -> Submission:
        """The POST this job stands for."""
        return Submission(
            action=self.action,
            model=self.model,
            prompt=self.prompt if self.kind is JobKind.CREATE else "",
            image_urls=self.image_urls,
            aspect_ratio=self.aspect_ratio,
            resolution=self.resolution,
            translate=self.translate,
            video_id=self.source_video_id,
        )


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job about to be recorded.

    `cost` is the estimate in milli-credits. `request_key` tells this request from others of the same person, without
    the addresses of its images. `unheard_since`: Discord did not take the acknowledgement of what was asked then, so
    that the person may ask again. `source_guild_id` is the server of the video that a 1080p version is made of.
    """

    kind: JobKind
    asker: Asker
    place: Place
    prompt: str
    submission: Submission
    source_job_id: int | None = None
    cost: int = 0
    request_key: str | None = None
    unheard_since: datetime | None = None
    source_guild_id: int | None = None

    @property
    def workspace_id(self) -> int | None:
        """The server whose budgets it weighs on, also where its button is pressed in a direct message."""
        return self.place.guild_id if self.place.guild_id is not None else self.source_guild_id


@dataclass(frozen=True, slots=True)
class Video:
    """The finished artefact; `video_id` repeats between a video and its 1080p version."""

    video_url: str
    video_id: str | None = None


class TaskState(StrEnum):
    """What the provider says of a task."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TaskReport:
    """One look at one task: what the API's answers come down to; `cost` in thousandths of a credit.

    `settled` is False for an end that the next look may correct: one without a video and without an error.
    `candidate` is a link in a pending record that does not say whether it is the finished video.
    """

    task_id: str | None
    state: TaskState
    video: Video | None = None
    error_code: str = ""
    error_message: str = ""
    trace_id: str | None = None
    submission: Submission | None = None
    created_at: datetime | None = None
    cost: int | None = None
    settled: bool = True
    candidate: Video | None = None
    oddities: frozenset[Oddity] = frozenset()


@dataclass(frozen=True, slots=True)
class Usage:
    """Jobs of one person that count in the rolling window: the moments they were asked for, oldest first."""

    counted_at: tuple[datetime, ...] = ()

    @property
    def used(self) -> int:
        """How many places are taken."""
        return len(self.counted_at)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A downloaded result on disk, first bytes checked, at its beginning; `size` in bytes."""

    content: BinaryIO
    size: int
    extension: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What moderators see of their server: jobs by state, prompts the provider refused by person, who is blocked."""

    states: Mapping[str, int]
    refused_prompts: Mapping[int, int]
    blocked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof that a Discord message exists."""

    channel_id: int
    message_id: int
    guild_id: int | None = None

"""A job: one person's request for one video, from command to delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from veo_core.domain.actors import Actor, Place
from veo_core.domain.submissions import Submission
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
    actor: Actor
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

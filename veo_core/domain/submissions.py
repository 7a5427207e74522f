"""What one POST asks for, and what one look at its task says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from veo_core.domain.oddities import Oddity
from veo_core.domain.shapes import GET1080P, AspectRatio, Resolution


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


def fingerprint(submission: Submission) -> str:
    """What tells one submission from another, by which a task whose answer was lost is recognised.

    Left out are the fields that a record may spell otherwise than they were sent.
    """
    if submission.video_id is not None:
        return json.dumps([GET1080P, submission.video_id])
    return json.dumps(
        [
            "images" if submission.image_urls else "text",
            submission.model,
            submission.prompt,
            submission.image_urls,
            submission.aspect_ratio or AspectRatio.LANDSCAPE,
            submission.resolution,
            submission.translate,
        ]
    )

"""Values that the core's tests start from."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from veo_core.domain.images import Image, VideoRequest
from veo_core.domain.jobs import Job, JobKind, JobState

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
PICTURE = Image("https://cdn.discordapp.com/ephemeral-attachments/1/2/cat.png", "cat.png", 1000)

_JOB = Job(
    job_id=12,
    kind=JobKind.CREATE,
    state=JobState.RUNNING,
    user_id=1001,
    guild_id=2002,
    channel_id=3003,
    private=False,
    prompt="A lighthouse in a storm",
    model="veo31-fast",
    action="text2video",
    image_urls=(),
    aspect_ratio="16:9",
    resolution="720p",
    translate=False,
    created_at=NOW,
    running_at=NOW,
    task_id="task-12",
    status_wanted="running",
)


def job(**changes: Any) -> Job:
    """A running job, but for these fields."""
    return replace(_JOB, **changes)


def asked(**changes: Any) -> VideoRequest:
    """A good request without images, but for these fields."""
    return replace(VideoRequest("A lighthouse in a storm", "veo31-fast"), **changes)


class Dice(random.Random):
    """Dice that always fall the same way; `value` from 0 to below 1."""

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self._value = value

    def random(self) -> float:
        return self._value

"""What the benchmarks work on: requests of many people, a provider in memory, time moved by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from veo_core.domain.actors import Actor, Place
from veo_core.domain.jobs import JobKind, NewJob
from veo_core.domain.quota import Limits
from veo_core.domain.submissions import Submission, TaskReport, TaskState

# Ten requests a person: as many as the default quota allows.
LIMITS = Limits(videos_per_day=10, upscales_per_day=10, running_per_user=10)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self._moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment."""
        return self._moment

    def advance(self, by: timedelta) -> None:
        """Let so much time pass."""
        self._moment += by


class RunningTasks:
    """A provider at which every task is still running; counts how often it is asked."""

    def __init__(self) -> None:
        self.requests = 0

    async def submit(self, submission: Submission) -> TaskReport:
        """Not what is measured here."""
        raise NotImplementedError

    async def fetch(self, task_ids: Sequence[str]) -> dict[str, TaskReport]:
        """Many tasks in one request."""
        self.requests += 1
        return {task_id: TaskReport(task_id, TaskState.PENDING) for task_id in task_ids}

    async def fetch_one(self, task_id: str) -> TaskReport | None:
        """One task in one request."""
        self.requests += 1
        return TaskReport(task_id, TaskState.PENDING)

    async def find(self, since: datetime) -> tuple[TaskReport, ...]:
        """Nothing was lost."""
        del since
        return ()

    async def ping(self) -> None:
        """It answers."""


def wishes(count: int) -> list[NewJob]:
    """So many different requests for a video, ten of each person."""
    return [_wish(number) for number in range(count)]


def _wish(number: int) -> NewJob:
    prompt = f"A lighthouse in storm number {number}, seen from the sea"
    submission = Submission(action="text2video", model="veo31-fast", prompt=prompt, aspect_ratio="16:9")
    actor = Actor(1 + number // LIMITS.videos_per_day)
    return NewJob(JobKind.CREATE, actor, Place(10, 20, interaction_id=1 + number), prompt, submission)

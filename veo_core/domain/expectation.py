"""Where a job stands in the line and when it is probably ready; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from veo_core.domain.catalog import Model
from veo_core.domain.jobs import Job, JobKind, JobState

# So many jobs before another one are counted exactly.
COUNTED_BEFORE = 20
# So many waiting jobs are counted; beyond that there are only "more".
MOST_COUNTED = 1000
_UPSCALE_TIME = timedelta(seconds=40)
_SOON = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a queued job stands: `position` counts from 1; `ready_at` is an estimate.

    With `is_far` more than 20 jobs are before it and nobody counted how many: `position` is None, `ready_at` is the
    earliest estimate and `ready_by` the latest, None where too many wait to say.
    """

    position: int | None
    ready_at: datetime
    is_far: bool = False
    ready_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rounds:
    """An average round for each full set of places before a job."""

    now: datetime
    max_running: int
    row: Model | None

    def ready_at(self, job: Job, before: int) -> datetime:
        """When it is probably ready with so many before it; never in the past."""
        usual = _UPSCALE_TIME if job.kind is JobKind.UPSCALE or self.row is None else self.row.usual
        began = (job.submitting_at if job.state is not JobState.QUEUED else None) or self.now
        return max(began + usual * (before // self.max_running + 1), self.now + _SOON)


def place_of(job: Job, position: int | None, waiting: int, rounds: Rounds) -> QueuePlace:
    """The place of a job and when it is expected.

    `position` is None for a job that does not wait or has more than COUNTED_BEFORE before it; for those `waiting` is
    how many wait, at most MOST_COUNTED.
    """
    if position is not None or job.state is not JobState.QUEUED or waiting <= COUNTED_BEFORE:
        return QueuePlace(position, rounds.ready_at(job, (position or 1) - 1))
    latest = rounds.ready_at(job, waiting - 1) if waiting < MOST_COUNTED else None
    return QueuePlace(None, rounds.ready_at(job, COUNTED_BEFORE + 1), is_far=True, ready_by=latest)

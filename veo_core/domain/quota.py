"""May this person have one more, and if not, when; pure.

Usage is counted from the jobs themselves over a rolling window, so there is no counter that could drift.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from veo_core.domain.budgets import Barrier
from veo_core.domain.jobs import JobKind
from veo_core.domain.usage import Usage
from veo_core.reasons import Reason

WINDOW = timedelta(hours=24)
_FULL = {JobKind.CREATE: Reason.DAILY_LIMIT, JobKind.UPSCALE: Reason.UPSCALE_LIMIT}
_OFF = {JobKind.CREATE: Reason.VIDEOS_OFF, JobKind.UPSCALE: Reason.SWITCHED_OFF}


@dataclass(frozen=True, slots=True)
class Limits:
    """An operator's limits for one person; counts a day, and how many run at once."""

    videos_per_day: int
    upscales_per_day: int
    running_per_user: int

    def per_day(self, kind: JobKind) -> int:
        """The daily limit of this kind of job."""
        return self.videos_per_day if kind is JobKind.CREATE else self.upscales_per_day


@dataclass(frozen=True, slots=True)
class QuotaStatus:
    """What is left, and when the next place frees (None while nothing is used)."""

    limit: int
    used: int
    frees_at: datetime | None

    @property
    def remaining(self) -> int:
        """Places left now."""
        return max(0, self.limit - self.used)

    @property
    def allowed(self) -> bool:
        """Whether one more is allowed now."""
        return self.remaining > 0


def answer(usage: Usage, limit: int) -> QuotaStatus:
    """Weigh the usage in the window against a limit.

    With more used than allowed (an operator lowered the limit) the place that frees first is the one that
    brings the usage under the limit again.
    """
    if not usage.counted_at or limit <= 0:
        return QuotaStatus(limit, usage.used, None)
    blocking = max(0, usage.used - limit)
    return QuotaStatus(limit, usage.used, usage.counted_at[blocking] + WINDOW)


def barrier(found: QuotaStatus, kind: JobKind) -> Barrier | None:
    """What keeps a person from one more job of this kind; None when nothing does."""
    if found.allowed:
        return None
    reason = _OFF[kind] if found.limit <= 0 else _FULL[kind]
    return Barrier(reason, found.frees_at, found.limit)

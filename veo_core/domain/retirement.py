"""When a model is doubted, hidden, tried again and trusted again; pure.

The provider ends models without notice and says so with each refused or failed request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FAILURES_TO_DOUBT = 3
RETRY_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ModelTrouble:
    """What is known against one model: failures in a row that say it is gone, and since when it is doubted.

    `retry_at` is when one job may try it again.
    """

    model: str
    failures: int = 0
    doubtful_at: datetime | None = None
    retry_at: datetime | None = None
    told_at: datetime | None = None

    def is_hidden(self, now: datetime) -> bool:
        """Whether people cannot choose it now."""
        return self.doubtful_at is not None and (self.retry_at is None or self.retry_at > now)


def after_failure(known: ModelTrouble | None, model: str, now: datetime, *, certain: bool) -> ModelTrouble:
    """One more answer says that the model is gone; `certain`: the API refused the model itself at the door."""
    trouble = known or ModelTrouble(model)
    trouble = replace(trouble, failures=trouble.failures + 1)
    if not certain and trouble.failures < FAILURES_TO_DOUBT and trouble.doubtful_at is None:
        return trouble
    return replace(trouble, doubtful_at=trouble.doubtful_at or now, retry_at=now + RETRY_AFTER)


def as_told(trouble: ModelTrouble, now: datetime) -> ModelTrouble:
    """The operator was told."""
    return replace(trouble, told_at=now)


def as_tried(trouble: ModelTrouble, now: datetime) -> ModelTrouble:
    """One job tries it; all others wait for the next time."""
    return replace(trouble, retry_at=now + RETRY_AFTER)


def as_untried(trouble: ModelTrouble, now: datetime) -> ModelTrouble:
    """The job that tried it ended for a reason of its own: the next one may try."""
    return replace(trouble, retry_at=now)

"""Work by lane: a channel, or a person's direct messages, never takes more than its share of what runs at once."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta

from veo_core.domain.jobs import Job
from veo_core.domain.timing import Now, backoff
from veo_core.errors import DeliveryPostponed
from veo_core.worker.runners import Runners

_log = logging.getLogger(__name__)
_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=5)
# Waiting costs little, so that lanes are many.
_MOST_AT_ONCE = 1000

Work = Callable[[Job], Coroutine[object, object, None]]


class Lanes(Runners):
    """Runners for one kind of work, at most `each` in a lane; a lane that was told to wait rests as a whole."""

    def __init__(self, each: int, on_free: Callable[[], None], now: Now, rng: random.Random) -> None:
        super().__init__(_MOST_AT_ONCE, on_free)
        self.each = each
        self._now = now
        self._rng = rng
        self._rests_until: dict[int, datetime] = {}

    def held(self) -> frozenset[int]:
        """The lanes in which nothing more can be begun now."""
        now = self._now()
        self._rests_until = {lane: until for lane, until in self._rests_until.items() if until > now}
        return frozenset(lane for lane, count in self.lanes.items() if count >= self.each) | self._rests_until.keys()

    def rest(self, lane: int, until: datetime) -> None:
        """Begin nothing in this lane until then."""
        self._rests_until[lane] = max(until, self._rests_until.get(lane, until))

    def next_end(self) -> datetime | None:
        """When the first rest ends; None while no lane rests."""
        return min(self._rests_until.values(), default=None)

    def begin(self, job: Job, work: Work) -> None:
        """Begin work on a job in its lane, where there is room."""
        if self.free > 0 and self.lanes[job.lane] < self.each and job.job_id not in self.busy:
            self.start(job.job_id, work(job), job.lane)

    def next_try(self, attempt: int, job: Job, error: Exception) -> datetime:
        """When to try again after try number `attempt`; where Discord said how long, its whole lane rests as long."""
        now = self._now()
        wait = backoff(attempt, _FIRST_WAIT, _LONGEST_WAIT, self._rng)
        if isinstance(error, DeliveryPostponed) and error.retry_after is not None:
            self.rest(job.lane, now + error.retry_after)
            wait = max(wait, error.retry_after)
        # Said once a message: a lost network would fill the log.
        _log.log(
            logging.WARNING if attempt == 1 else logging.DEBUG,
            "A message has to wait",
            extra={"job_id": job.job_id, "error": str(error), "attempt": attempt, "seconds": wait.total_seconds()},
        )
        return now + wait

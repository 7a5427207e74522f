"""How patient everything is. All of it follows from the poll interval unless the operator says otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from veo_core.domain.catalog import Model

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Timing:
    """The waits of the loops.

    `search_window` is how long a task with a lost answer is looked for, `unknown_grace` how long the API may not
    know a task id it gave out, `file_patience` how long a result's file may stay unreadable, `patience` how
    long a submission may stay unanswered before its task is looked for.
    """

    poll_interval: timedelta = timedelta(seconds=5)
    submit_interval: timedelta = timedelta(seconds=0.5)
    slow_after: timedelta = 15 * _MINUTE
    slow_interval: timedelta = _MINUTE
    give_up_after: timedelta = 180 * _MINUTE
    search_window: timedelta = 2 * _MINUTE
    unknown_grace: timedelta = 2 * _MINUTE
    patience: timedelta = timedelta(seconds=20)
    probe_interval: timedelta = 5 * _MINUTE
    file_patience: timedelta = timedelta(hours=6)
    stop_grace: timedelta = timedelta(seconds=5)
    submit_timeout: timedelta = 20 * _MINUTE

    def first_look(self, model: Model | None, *, upscale: bool) -> timedelta:
        """How long after its submission a task is looked at first: the model's usual shortest time.

        Never more than twelve poll intervals, so that an operator who wants to look more often really does.
        """
        if upscale or model is None:
            return min(2 * self.poll_interval, timedelta(seconds=10))
        return min(model.usual_shortest, 12 * self.poll_interval)


def backoff(attempt: int, first: timedelta, longest: timedelta, rng: random.Random) -> timedelta:
    """The wait before try number `attempt` + 1: doubling, with up to a third of jitter, never over `longest`."""
    doubled = first * 2 ** min(max(attempt - 1, 0), 20)
    return min(doubled, longest) * (1 - rng.random() / 3)


Now = Callable[[], datetime]

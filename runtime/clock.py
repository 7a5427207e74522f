"""The time everything in the core works with: aware, and immune to jumps of the machine's clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def elapsed() -> float:
    """Seconds that really passed, a suspended machine's sleep included where the system can tell."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class SteadyClock:
    """Wall time read once at the start and carried on by the time that really passed.

    A clock that jumps by a day while the bot runs then neither expires every job nor gives everybody a new quota.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        passed: Callable[[], float] = elapsed,
    ) -> None:
        self._passed = passed
        self._start = datetime.fromtimestamp(wall(), UTC)
        self._zero = passed()

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self._start + timedelta(seconds=self._passed() - self._zero)

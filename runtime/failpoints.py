"""Ends the process at a named place, for the tests that prove that nothing is lost there; off unless asked for."""

from __future__ import annotations

import os
import signal

from veo_core.errors import ConfigError
from veo_core.failpoints import Failpoint, Failpoints

VARIABLE = "VEO_KILL_AT"


def arm_from_environment() -> None:
    """`VEO_KILL_AT=name` or `name:3` kills the process when it reaches the place for the first or third time.

    Raises ConfigError for a name that does not exist.
    """
    wish = os.environ.get(VARIABLE, "")
    if not wish:
        return
    name, _, count = wish.partition(":")
    if name not in set(Failpoint) or not (count or "1").isdigit():
        raise ConfigError(f"environment: {VARIABLE} names no failpoint")
    Failpoints.on_reach = _Killer(Failpoint(name), int(count or "1"))


class _Killer:
    def __init__(self, place: Failpoint, count: int) -> None:
        self._place = place
        self._left = count

    def __call__(self, failpoint: Failpoint) -> None:
        if failpoint is self._place:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

"""Trouble that lasts: one line when it begins and one when it ends, however often it is met in between."""

from __future__ import annotations

import logging


class Outage:
    """What is said when something stops working, and when it works again."""

    def __init__(self, log: logging.Logger, begins: str, ends: str) -> None:
        self._log = log
        self._begins = begins
        self._ends = ends
        self._times = 0

    @property
    def lasts(self) -> bool:
        """Whether it began and has not ended."""
        return self._times > 0

    def begin(self, error: BaseException) -> None:
        """It was met; the first time since it last ended says so."""
        self._times += 1
        if self._times == 1:
            self._log.error(self._begins, extra={"error": f"{type(error).__name__}: {error}"[:300]})

    def end(self) -> None:
        """It works; says so if it did not before."""
        if self._times:
            self._log.warning(self._ends, extra={"times": self._times})
            self._times = 0

"""Rests all requests of the bot's own when Discord, or the proxy in front of it, asks the whole bot to wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_log = logging.getLogger(__name__)
_LONGEST_GROWTH = 60.0
# Seconds; a probe may be a large file, or a request that Discord never answers.
_PROBE_PATIENCE = 2.0


class Circuit:
    """Closed; open for as long as Discord said; then one request goes ahead as a probe before all others."""

    def __init__(self) -> None:
        self._open_until = 0.0
        self._is_doubtful = False
        self._trips = 0
        self._probe: asyncio.Future[None] | None = None

    def wait(self, now: float) -> float:
        """Seconds that everything has to rest; 0 when requests may go."""
        return max(0.0, self._open_until - now)

    @property
    def is_probing(self) -> bool:
        """Whether a probe is under way."""
        return self._probe is not None

    async def probed(self) -> None:
        """Wait until the probe under way has its answer."""
        if self._probe is not None:
            await asyncio.shield(self._probe)

    def trip(self, seconds: float, now: float, why: str = "Discord asks the whole bot to wait") -> None:
        """Rest everything; a probe that is refused too makes the wait longer, whatever Discord says."""
        if self.wait(now) == 0.0:
            self._trips += 1
            seconds = max(seconds, min(2.0 ** (self._trips - 1), _LONGEST_GROWTH) if self._trips > 1 else 0.0)
            # Said once until requests are taken again.
            level = logging.WARNING if self._trips == 1 else logging.DEBUG
            _log.log(level, why, extra={"seconds": round(seconds, 3)})
        self._is_doubtful = True
        self._open_until = max(self._open_until, now + seconds)

    @asynccontextmanager
    async def passage(self) -> AsyncGenerator[None]:
        """Send one request; after a rest it is the probe that all others wait for.

        Leaving without `answered` says nothing: then the next request is the probe. So it is after a probe that
        takes too long.
        """
        if not self._is_doubtful:
            yield
            return
        loop = asyncio.get_running_loop()
        probe = self._probe = loop.create_future()
        patience = loop.call_later(_PROBE_PATIENCE, self._end, probe)
        try:
            yield
        finally:
            patience.cancel()
            self._end(probe)

    def _end(self, probe: asyncio.Future[None]) -> None:
        """Nobody waits for this probe any longer."""
        if self._probe is probe:
            self._probe = None
        if not probe.done():
            probe.set_result(None)

    def answered(self, now: float) -> None:
        """Discord answered a request and did not ask everything to wait."""
        if self._is_doubtful and self.is_probing and self.wait(now) == 0.0:
            self._is_doubtful = False
            self._trips = 0
            _log.warning("Discord takes requests again")

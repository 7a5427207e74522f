"""How many refused pictures a person may send, and who has one in hand; in memory, bounded."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from veo_core.domain.timing import Now
from veo_core.errors import Refusal
from veo_core.reasons import Reason

MOST_REFUSED = 10
WINDOW = timedelta(minutes=10)
MOST_WAITING = 5
_MOST_PEOPLE = 5_000
_WAIT = timedelta(minutes=1)


class RefusedTries:
    """At most MOST_REFUSED refused pictures a person in WINDOW; whoever was longest without one is forgotten first."""

    def __init__(self, most_people: int = _MOST_PEOPLE) -> None:
        self._most_people = most_people
        self._tries: OrderedDict[int, deque[datetime]] = OrderedDict()

    def add(self, user_id: int, now: datetime) -> None:
        """Note that a picture of this person was refused."""
        self._tries.setdefault(user_id, deque(maxlen=MOST_REFUSED)).append(now)
        self._tries.move_to_end(user_id)
        if len(self._tries) > self._most_people:
            self._tries.popitem(last=False)

    def free_at(self, user_id: int, now: datetime) -> datetime | None:
        """When this person may send the next picture; None when that is now."""
        tries = self._tries.get(user_id)
        if tries is None or len(tries) < MOST_REFUSED or tries[0] + WINDOW <= now:
            return None
        return tries[0] + WINDOW


@dataclass(slots=True)
class _Line:
    """The commands of one person that have pictures."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class PictureTurns:
    """One person's pictures are looked at one command at a time, so that nobody holds up the others."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._lines: dict[int, _Line] = {}
        self.refused = RefusedTries()

    @asynccontextmanager
    async def of(self, user_id: int) -> AsyncGenerator[None]:
        """Wait for this person's turn.

        Raises Refusal when they have too many refused pictures behind them or too many commands before this one.
        """
        line = self._lines.setdefault(user_id, _Line())
        if line.length >= MOST_WAITING:
            raise Refusal(Reason.TOO_MANY_TRIES, until=self._now() + _WAIT)
        line.length += 1
        try:
            async with line.lock:
                free_at = self.refused.free_at(user_id, self._now())
                if free_at is not None:
                    raise Refusal(Reason.TOO_MANY_TRIES, until=free_at)
                yield
        finally:
            line.length -= 1
            if line.length == 0:
                del self._lines[user_id]

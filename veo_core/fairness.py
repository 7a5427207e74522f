"""Whose turn it is among many lanes: the lane that had the fewest of the latest turns goes first."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_LATEST = 1200


class FairQueue:
    """Those who wait, each for a lane.

    However many wait for busy lanes, whoever comes for a quiet one is next: the lane that had the fewest of the latest
    1,200 turns, of equal ones the lane for which fewer wait. In one lane the first come is first.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._latest: deque[int] = deque()
        self._turns: Counter[int] = Counter()

    def join(self, lane: int) -> asyncio.Future[None]:
        """Wait for a turn; the future is done when it came, and cancelling it leaves the queue."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((lane, turn))
        return turn

    def call_next(self) -> bool:
        """Give the next one its turn; False when nobody waits."""
        self._waiting = [waiting for waiting in self._waiting if not waiting[1].done()]
        if not self._waiting:
            return False
        crowds = Counter(lane for lane, _ in self._waiting)
        chosen = min(self._waiting, key=lambda waiting: (self._turns[waiting[0]], crowds[waiting[0]]))
        self._waiting.remove(chosen)
        self.serve(chosen[0])
        chosen[1].set_result(None)
        return True

    def serve(self, lane: int) -> None:
        """Note that this lane has just had a turn."""
        self._latest.append(lane)
        self._turns[lane] += 1
        if len(self._latest) > _LATEST:
            self._turns -= Counter((self._latest.popleft(),))


class FairSlots:
    """A bounded number of things at once, given out fairly by lane."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._queue = FairQueue()

    @asynccontextmanager
    async def slot(self, lane: int) -> AsyncGenerator[None]:
        """Hold one of them, once it is this lane's turn."""
        await self._take(lane)
        try:
            yield
        finally:
            self._give_back()

    async def _take(self, lane: int) -> None:
        if self._free > 0:
            self._free -= 1
            self._queue.serve(lane)
            return
        turn = self._queue.join(lane)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                # The turn came at the very moment of the cancellation.
                self._give_back()
            raise

    def _give_back(self) -> None:
        if not self._queue.call_next():
            self._free += 1

"""What Discord's headers say of its limits by route and channel: who may send now, and who when.

The headers are those of Discord's page "Rate Limits": X-RateLimit-Limit, -Remaining, -Reset-After, -Bucket.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from discord.http import Route

_UNLIMITED = 1_000_000
_MARGIN = 0.05
_USUAL_WINDOW = 1.0
_FIRST_GROWTH, _LONGEST_GROWTH = 0.5, 60.0
_MOST = 1024


@dataclass(slots=True)
class Bucket:
    """One limit. Until the first answer nothing is known of it, so that one request goes alone."""

    limit: int = 1
    remaining: int = 1
    resets_at: float = 0.0
    refused_until: float = 0.0
    refusals: int = 0
    in_flight: int = 0
    _waiting: list[asyncio.Future[None]] = field(default_factory=list[asyncio.Future[None]])

    def wait(self, now: float, planned: int = 0) -> float:
        """Seconds until one more request may go, given those in flight or planned; 0 when only these are in the way."""
        if now < self.refused_until:
            return self.refused_until - now
        if now < self.resets_at and self.remaining <= max(self.in_flight, planned):
            return self.resets_at - now
        return 0.0

    def is_full(self, now: float) -> bool:
        """Whether the requests in flight may already use up the limit."""
        return self.in_flight >= (self.remaining if now < self.resets_at else self.limit)

    def learn(self, headers: Mapping[str, str], now: float) -> None:
        """Take over what an answer said; without any headers there is no limit."""
        self.refusals = 0
        limit, remaining = _number(headers, "X-RateLimit-Limit"), _number(headers, "X-RateLimit-Remaining")
        if remaining is None:
            if self.resets_at == 0.0:
                self.limit = _UNLIMITED
            return
        self.limit = max(1, int(limit or 1))
        same_window = now < self.resets_at
        self.remaining = min(self.remaining, int(remaining)) if same_window else int(remaining)
        reset_after = _number(headers, "X-RateLimit-Reset-After")
        self.resets_at = max(self.resets_at, now + (_USUAL_WINDOW if reset_after is None else reset_after) + _MARGIN)

    def refuse(self, seconds: float, now: float) -> float:
        """A 429 asks to wait; refusals in a row make the wait longer, whatever Discord says.

        Returns the seconds in which nothing goes here.
        """
        self.refusals += 1
        least = 0.0 if self.refusals == 1 else min(_FIRST_GROWTH * 2.0 ** (self.refusals - 2), _LONGEST_GROWTH)
        wait = max(seconds, least, _MARGIN)
        self.refused_until = max(self.refused_until, now + wait)
        return wait

    def leave(self) -> None:
        """A request ended: whoever waits looks again."""
        self.in_flight -= 1
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def change(self) -> None:
        """Wait until a request in flight ends."""
        one = asyncio.get_running_loop().create_future()
        self._waiting.append(one)
        await one

    def is_idle(self, now: float) -> bool:
        """Whether forgetting it loses nothing that matters now."""
        return self.in_flight == 0 and not self._waiting and now >= max(self.resets_at, self.refused_until)


class Buckets:
    """All limits that are known: Discord names them by a hash, apart for each channel, server and webhook."""

    def __init__(self) -> None:
        self._hashes: dict[str, str] = {}
        self._buckets: dict[str, Bucket] = {}

    def of(self, route: Route) -> Bucket:
        """The bucket that a request on this route counts in."""
        key = self._key(route)
        if key not in self._buckets:
            self._forget_idle()
            self._buckets[key] = Bucket()
        return self._buckets[key]

    def look(self, route: Route) -> Bucket | None:
        """The same, or None where nothing is known yet."""
        return self._buckets.get(self._key(route))

    def learn(self, route: Route, bucket: Bucket, headers: Mapping[str, str], now: float) -> None:
        """Take over an answer's headers; routes that share a hash share the bucket from now on."""
        bucket.learn(headers, now)
        named = headers.get("X-RateLimit-Bucket")
        if named is not None and self._hashes.get(route.key) != named:
            self._buckets.pop(self._key(route), None)
            self._hashes[route.key] = named
            self._buckets.setdefault(self._key(route), bucket)

    def _key(self, route: Route) -> str:
        return f"{self._hashes.get(route.key, route.key)}:{route.major_parameters}"

    def _forget_idle(self) -> None:
        if len(self._buckets) >= _MOST:
            now = asyncio.get_running_loop().time()
            self._buckets = {key: one for key, one in self._buckets.items() if not one.is_idle(now)}


def _number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        value = float(headers[name])
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) else None

"""Things that go wrong on demand: rules that match requests and spoil them before or after they took effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from .errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from .traffic import RequestRecord


@dataclass(frozen=True)
class Refuse:
    """Answer with one of Discord's errors; `status` overrides the table's."""

    code: ErrorCode
    status: int | None = None
    retry_after: float = 0.05


@dataclass(frozen=True)
class RateLimit:
    """Answer 429; without `via_discord` as Cloudflare does when it bans an address (no Via header, HTML)."""

    retry_after: float
    is_global: bool = False
    scope: str = "user"
    bucket: str = "stand-in-bucket"
    via_discord: bool = True


@dataclass(frozen=True)
class Garbage:
    """Answer with an HTML page instead of JSON, as a proxy in between does."""

    status: int = 502
    text: str = "<html><title>Bad gateway</title></html>"


@dataclass(frozen=True)
class Drop:
    """End the connection without an answer: `hard` is a reset (ECONNRESET), else an ordinary close."""

    hard: bool = True


@dataclass(frozen=True)
class Hang:
    """Never answer; after `seconds`, if given, end the connection."""

    seconds: float | None = None


@dataclass(frozen=True)
class Slow:
    """Answer as usual, `seconds` later."""

    seconds: float


Effect: TypeAlias = Refuse | RateLimit | Garbage | Drop | Hang | Slow


@dataclass
class Fault:
    """One rule; `hits` counts how often it struck."""

    method: str
    route: str
    effect: Effect
    after: bool = False
    times: int | None = None
    skip: int = 0
    chance: float = 1.0
    when: Callable[[RequestRecord], bool] | None = None
    hits: int = 0
    active: bool = True
    _seen: int = field(default=0, repr=False)

    def remove(self) -> None:
        """Stop striking."""
        self.active = False

    def matches(self, record: RequestRecord) -> bool:
        """Tell whether the rule is about this request."""
        right_method = self.method in ("*", record.method)
        right_route = self.route == record.route or fnmatchcase(record.path, self.route)
        return right_method and right_route and (self.when is None or self.when(record))

    def strikes(self, record: RequestRecord, random: Random | None) -> bool:
        """Tell whether the rule strikes this request, and count it."""
        spent = self.times is not None and self.hits >= self.times
        if not self.active or spent or not self.matches(record):
            return False
        self._seen += 1
        missed = random is not None and self.chance < 1.0 and random.random() >= self.chance
        if self._seen <= self.skip or missed:
            return False
        self.hits += 1
        return True


class Faults:
    """All rules, asked in the order they were added; the first that strikes wins."""

    def __init__(self, random: Random | None = None) -> None:
        """Decide chances with `random`, which the test seeds."""
        self._random = random
        self._rules: list[Fault] = []

    def add(
        self,
        method: str,
        route: str,
        effect: Effect,
        *,
        after: bool = False,
        times: int | None = None,
        skip: int = 0,
        chance: float = 1.0,
        when: Callable[[RequestRecord], bool] | None = None,
    ) -> Fault:
        """Add a rule.

        `method` is an HTTP method or `*`; `route` a template such as `/channels/{channel_id}/messages` or a pattern
        on the path such as `/channels/123/*` (without `/api/v10`; the CDN's paths start with `/cdn`).
        `after`: the request takes effect and only its answer is spoilt. `skip`: let that many matching requests pass
        first. `times`: strike at most so often. `chance`: of 0 to 1, needs the stand-in's `random`.

        Raises:
            ValueError: `chance` without `random`.
        """
        if chance < 1.0 and self._random is None:
            text = "a chance needs DiscordStandIn(random=Random(seed))"
            raise ValueError(text)
        fault = Fault(method, route, effect, after, times, skip, chance, when)
        self._rules.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all rules."""
        self._rules.clear()

    def strike(self, record: RequestRecord, *, after: bool) -> Effect | None:
        """Return what hits this request at this stage."""
        for fault in self._rules:
            if fault.after is after and fault.strikes(record, self._random):
                return fault.effect
        return None

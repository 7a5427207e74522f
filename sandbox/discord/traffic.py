"""The record of every request the bot made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from .clock import Changes
    from .jsons import Json

BAN_STATUSES = (401, 403, 429)
REFUSAL = 400
LONG_PART = re.compile(r"/[^/]{40,}")


@dataclass
class RequestRecord:
    """One request: `path` and `route` are without `/api/v10`, `headers` without the token.

    `injected`: what became of it was a fault on demand, or the caller went away (499). `status` is None while it runs.
    """

    method: str
    path: str
    route: str
    at: datetime
    headers: dict[str, str]
    query: dict[str, str]
    body: Any = None
    files: dict[str, int] = field(default_factory=dict[str, int])
    status: int | None = None
    code: int | None = None
    errors: Json | None = None
    injected: bool = False
    schema_errors: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        """Return one line for a failed test's report."""
        path = LONG_PART.sub("/…", self.path)
        return f"{self.method} {path} -> {self.status} {self.code or ''} {self.errors or ''}".rstrip()


class Traffic:
    """All requests since the start, in order."""

    def __init__(self, changes: Changes) -> None:
        """Start empty; `changes` is told of every request and every answer."""
        self.requests: list[RequestRecord] = []
        self.changes = changes

    def to(self, method: str, route: str) -> list[RequestRecord]:
        """Return requests of that method (or `*`) to that template or path pattern."""
        return [
            one
            for one in self.requests
            if method in ("*", one.method) and (route == one.route or fnmatchcase(one.path, route))
        ]

    def count(self, method: str, route: str) -> int:
        """Return how many requests went there."""
        return len(self.to(method, route))

    @property
    def by_route(self) -> dict[str, int]:
        """How many requests every route got, keyed `POST /channels/{channel_id}/messages`."""
        counts: dict[str, int] = {}
        for one in self.requests:
            key = f"{one.method} {one.route}"
            counts[key] = counts.get(key, 0) + 1
        return counts

    @property
    def refused(self) -> list[RequestRecord]:
        """Requests that broke a rule of Discord; injected faults do not count."""
        return [one for one in self.requests if one.status is not None and one.status >= REFUSAL and not one.injected]

    @property
    def towards_ban(self) -> int:
        """Answers of 401, 403 and 429: 10,000 in ten minutes ban the address."""
        return sum(one.status in BAN_STATUSES for one in self.requests)

    @property
    def schema_errors(self) -> list[str]:
        """What Discord's OpenAPI description, if there is a copy, has against the bodies sent."""
        return [f"{one}: {error}" for one in self.requests for error in one.schema_errors]

    def clear(self) -> None:
        """Forget all requests."""
        self.requests.clear()

"""Everything the stand-in saw, kept for assertions; times are those of its clock, tokens are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.veo.contract import JsonObject, Payload
from sandbox.veo.faults import Route


class Outcome(StrEnum):
    """What became of one `POST /veo/videos`."""

    ACCEPTED = "accepted"
    """A task exists and the client is told so."""
    LOST = "lost"
    """A task exists, but a fault keeps the answer from the client."""
    REFUSED = "refused"
    """The contract's rules refuse it: no task."""
    FAULTED = "faulted"
    """A scripted answer instead of the truth: no task."""
    DROPPED = "dropped"
    """No answer and no task."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One `POST /veo/videos`, as it came and as it went."""

    at: float
    payload: Payload
    headers: Mapping[str, str]
    outcome: Outcome
    status: int | None
    """HTTP status of the answer; None when none is sent or it waits for the video."""
    task_id: str | None = None


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request to the API, whatever became of it."""

    at: float
    route: Route
    payload: Payload


@dataclass(frozen=True, slots=True)
class MediaHit:
    """One download; `status` is None when the connection broke before an answer."""

    at: float
    task_id: str
    kind: str
    status: int | None


@dataclass(frozen=True, slots=True)
class SentCallback:
    """One call of a `callback_url`; `status` is None when it could not be delivered."""

    at: float
    url: str
    body: JsonObject
    status: int | None


@dataclass(slots=True)
class Journal:
    """The lists a test reads, and the high-water marks of what ran at once."""

    submissions: list[Submission] = field(default_factory=list[Submission])
    requests: list[SeenRequest] = field(default_factory=list[SeenRequest])
    media_hits: list[MediaHit] = field(default_factory=list[MediaHit])
    callbacks: list[SentCallback] = field(default_factory=list[SentCallback])
    in_flight: int = 0
    """Submissions that wait for their answer now."""
    max_in_flight: int = 0
    max_running: int = 0
    """Most tasks that were unfinished at one time."""

    def enter(self) -> None:
        """Count a submission in."""
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def leave(self) -> None:
        """Count a submission out."""
        self.in_flight -= 1

"""Faults on demand: what goes wrong, on which route, how often; the server asks here before it does anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from random import Random
from typing import TypeAlias

from sandbox.veo.contract import ERRORS, JsonObject, JsonValue, Payload
from sandbox.veo.shapes import Shape

TRACE_ID = "2efa9340-b21b-4e26-9e14-4aac95f343ab"


class Route(StrEnum):
    """Where a fault strikes."""

    VIDEOS = "videos"  # POST /veo/videos
    TASKS = "tasks"  # POST /veo/tasks
    MEDIA = "media"  # GET /media/<task id>.<mp4 or gif>; predicates see `{"task_id", "kind"}`


class ErrorForm(Enum):
    """The ways in which the provider writes `error`."""

    OBJECT = "object"
    STRING = "string"
    NULL = "null"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer this instead of the truth; with `after`, a submission has been accepted all the same."""

    status: int
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    after: bool = False

    def with_status(self, status: int) -> Answer:
        """Return the same answer under another HTTP status: some codes come with more than one."""
        return replace(self, status=status)


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection without an answer: before the request is looked at, or after it was accepted."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Hang:
    """Say nothing for `seconds` of real time, or until the client gives up; then close the connection."""

    seconds: float = 60.0
    after: bool = False


@dataclass(frozen=True, slots=True)
class Slow:
    """Do everything right, but send the answer `seconds` of real time later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Invisible:
    """Keep the new task out of every look for `seconds` on the stand-in's clock."""

    seconds: float


@dataclass(frozen=True, slots=True)
class IgnoreAsync:
    """Hold the connection until the video is done, whatever the request asked for."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """Give the new task another shape of answer."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class FailTask:
    """Accept the request and let its task fail when it ends."""

    code: str = "forbidden"
    message: str | None = None


@dataclass(frozen=True, slots=True)
class WrongBytes:
    """Serve bytes that are no video under a video's content type."""

    body: bytes = b"MZ\x90\x00 this program cannot be run in DOS mode"


@dataclass(frozen=True, slots=True)
class CutShort:
    """Announce the whole length and break the connection in the middle of the body."""


@dataclass(frozen=True, slots=True)
class Partial:
    """Serve the first `size` bytes of the file (None: the first half) as if they were all of it."""

    size: int | None = None


@dataclass(frozen=True, slots=True)
class Endless:
    """Send a body that never fits what was expected: chunked, without a length, up to `size` bytes."""

    size: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the client to another address with 302."""

    url: str


@dataclass(frozen=True, slots=True)
class Trickle:
    """Spread the body over `seconds` of real time."""

    seconds: float


Interruption: TypeAlias = Answer | Reset | Hang
MediaFault: TypeAlias = WrongBytes | CutShort | Partial | Endless | Redirect | Trickle
Fault: TypeAlias = Interruption | Slow | Invisible | IgnoreAsync | Shaped | FailTask | MediaFault
Predicate: TypeAlias = Callable[[Payload], bool]


def error_answer(
    code: str,
    *,
    message: str | None = None,
    form: ErrorForm = ErrorForm.OBJECT,
    success: bool | None = None,
    after: bool = False,
) -> Answer:
    """Build the provider's answer for an error code, in any form it was seen in; raises KeyError for unknown codes."""
    status, usual = ERRORS[code]
    body: JsonObject = {"trace_id": TRACE_ID} | _error_field(form, code, message or usual)
    if success is not None:
        body["success"] = success
    return Answer(status, json.dumps(body), after=after)


def rate_limited(retry_after: str | None = None) -> Answer:
    """Build a 429, with the `Retry-After` header (seconds or an HTTP date) when one is given."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return replace(error_answer("too_many_requests"), headers=headers)


def html_answer(status: int, *, after: bool = False) -> Answer:
    """Build what a proxy in front of the provider answers: a page instead of JSON."""
    page = f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center><hr>nginx</body></html>"
    return Answer(status, page, "text/html", after=after)


def cut_off_answer(status: int, *, after: bool = False) -> Answer:
    """Build JSON that stops in the middle, as a proxy leaves it when its upstream goes away."""
    return Answer(status, '{"success": true, "task_id": "dd01fc69-e1f7-4b', after=after)


def json_answer(value: JsonValue, *, status: int = 200, after: bool = False) -> Answer:
    """Answer any JSON at all."""
    return Answer(status, json.dumps(value), after=after)


def _error_field(form: ErrorForm, code: str, message: str) -> JsonObject:
    match form:
        case ErrorForm.OBJECT:
            return {"error": {"code": code, "message": message}}
        case ErrorForm.STRING:
            return {"error": message}
        case ErrorForm.NULL:
            return {"error": None}
        case ErrorForm.MISSING:
            return {}


@dataclass(slots=True)
class Rule:
    """One scripted fault: `remaining` strikes left (None: without end), `used` strikes so far."""

    route: Route
    faults: tuple[Fault, ...]
    remaining: int | None
    when: Predicate | None
    chance: float
    used: int = 0

    def cancel(self) -> None:
        """Let this rule never strike again; `used` stays readable."""
        self.remaining = 0


class FaultBook:
    """All scripted faults in the order they were added; the first that fits a request strikes and is counted."""

    def __init__(self, seed: int) -> None:
        """Take what decides when rules strike that strike only sometimes."""
        self._random = Random(seed)
        self._rules: list[Rule] = []

    def add(
        self, route: Route, *faults: Fault, times: int | None = 1, when: Predicate | None = None, chance: float = 1.0
    ) -> Rule:
        """Script faults that strike together, on `times` requests (None: all) among those `when` and `chance` pick."""
        rule = Rule(route, faults, times, when, chance)
        self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget every rule: from now on all goes well."""
        self._rules.clear()

    def unused(self) -> list[Rule]:
        """List the rules that still owe a strike, so that a test can claim that its fault really happened."""
        return [rule for rule in self._rules if rule.remaining or (rule.remaining is None and not rule.used)]

    def take(self, route: Route, payload: Payload) -> tuple[Fault, ...]:
        """Return what strikes this request, and count it; empty when nothing does."""
        rule = next((rule for rule in self._rules if self._strikes(rule, route, payload)), None)
        if rule is None:
            return ()
        rule.used += 1
        if rule.remaining is not None:
            rule.remaining -= 1
        return rule.faults

    def _strikes(self, rule: Rule, route: Route, payload: Payload) -> bool:
        if rule.route is not route or rule.remaining == 0:
            return False
        if rule.when is not None and not rule.when(payload):
            return False
        return rule.chance >= 1.0 or self._random.random() < rule.chance

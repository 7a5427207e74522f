"""The body of an answer → what stands in it, field by field; pure.

The provider's documents contradict each other and could not be tried live, so every shape they mention is
understood: the answer itself or inside `response`, data as object, list or addresses, errors as object, list, string,
null or missing, and any of them as JSON inside text. What it all means for the task is decided in records.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import IntEnum
from typing import Any

from veo_core.domain.submissions import Video
from veo_core.provider.loose_json import as_list, as_object, is_empty, scalar_in, text_in, unpacked, whole

SUCCESS_WORDS = frozenset(
    {"succeeded", "succeed", "success", "successful", "completed", "complete", "finished", "done"}
)
FAILURE_WORDS = frozenset(
    {
        *("failed", "failure", "fail", "error", "errored", "cancelled", "canceled", "rejected", "aborted"),
        *("expired", "timeout", "timed_out"),
    }
)
RUNNING_WORDS = frozenset(
    {
        *("pending", "queued", "queueing", "in_queue", "processing", "running", "in_progress", "submitted", "created"),
        *("accepted", "started", "starting", "waiting", "generating", "rendering", "active", "retrying", "scheduled"),
    }
)
# One clip costs about 12 credits at most; a thousand is a mistake of the provider's and not a price.
_ABSURD_CREDITS = 1000
_DEPTH = 3
# What is longer is no word for a log, and no address that a request can carry.
_LONGEST_CODE, _LONGEST_MESSAGE, _LONGEST_ADDRESS = 100, 2000, 8000
_MAYBE_TEXT = ("response", "data", "error", "cost", "request")


class Word(IntEnum):
    """What a word of state says, the strongest first; UNKNOWN is one that nobody has documented."""

    RUNNING = 1
    FAILURE = 2
    UNKNOWN = 3
    SUCCESS = 4


def strongest(words: Iterable[Word | None]) -> Word | None:
    """The word that decides where several stand: who waits loses no money, so an unfinished state comes first."""
    return min((word for word in words if word is not None), default=None)


@dataclass(frozen=True, slots=True)
class ApiError:
    """The `error` of an answer, however it was spelled."""

    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One element of `data`: its link, if it has one, and its state."""

    video: Video | None = None
    word: Word | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of POST /veo/videos, of a callback, and of a record: one shape; `cost` in thousandths of a credit.

    `word` is the state of the whole, apart from those of its items. `error_given`: an error was written, perhaps an
    empty one.
    """

    success: bool | None = None
    task_id: str | None = None
    trace_id: str | None = None
    items: tuple[Item, ...] = ()
    word: Word | None = None
    error: ApiError | None = None
    error_given: bool = False
    cost: int | None = None
    has_text: bool = False

    @property
    def failed(self) -> bool:
        """Whether this answer itself says that something went wrong."""
        return self.error is not None or self.success is False


def parse_answer(body: Mapping[str, Any]) -> Answer:
    """Read one answer; never raises for a JSON object."""
    response = as_object(unpacked(body.get("response"))) or {}
    # What stands inside `response` is nearer to the task than what stands around it.
    fields = {**body, **{name: value for name, value in response.items() if value is not None}}
    success, error = fields.get("success"), fields.get("error")
    return Answer(
        success=success if isinstance(success, bool) else None,
        task_id=text_in(fields.get("task_id")),
        trace_id=text_in(fields.get("trace_id")),
        items=parse_results(fields),
        word=strongest((word_of(body), word_of(response))),
        error=parse_error(error),
        error_given=error is not None,
        cost=parse_cost(fields.get("cost")),
        has_text=any(_is_json_text(fields.get(name)) for name in _MAYBE_TEXT),
    )


def _is_json_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(unpacked(value), str)


def word_of(fields: Mapping[str, Any]) -> Word | None:
    """The state that an object names in `state` or `status`; None when it names none."""
    return strongest(_meaning(fields.get(name)) for name in ("state", "status"))


def _meaning(value: object) -> Word | None:
    if not isinstance(value, str) or is_empty(value) or value.strip().isdigit():
        return None
    word = value.strip().lower().replace("-", "_").replace(" ", "_").rpartition("status_")[2]
    if word in SUCCESS_WORDS:
        return Word.SUCCESS
    if word in FAILURE_WORDS:
        return Word.FAILURE
    return Word.RUNNING if word in RUNNING_WORDS else Word.UNKNOWN


def parse_results(fields: Mapping[str, Any]) -> tuple[Item, ...]:
    """The elements of `data`; an address that stands beside it is one more result, in the state of the others."""
    items = tuple(_items(fields.get("data"), _DEPTH))
    link = _link_of(fields)
    if link is None or any(item.video for item in items):
        return items
    video = Video(link, scalar_in(fields.get("video_id")))
    return (*items, Item(video, strongest(item.word for item in items)))


def _items(value: object, depth: int) -> Iterator[Item]:
    """The schema says object, every example is a list, and a list may hold bare addresses."""
    value = unpacked(value)
    single = as_object(value)
    if single:
        link = _link_of(single)
        video_id = scalar_in(single.get("id")) or scalar_in(single.get("video_id"))
        yield Item(None if link is None else Video(link, video_id), word_of(single))
    elif isinstance(value, str):
        link = _first_link(value, 0)
        if link is not None:
            yield Item(Video(link))
    elif depth > 0:
        for element in as_list(value):
            yield from _items(element, depth - 1)


def _link_of(fields: Mapping[str, Any]) -> str | None:
    given = [fields[name] for name in ("video_url", "video_urls", "urls") if name in fields]
    return next((link for value in given if (link := _first_link(value, _DEPTH)) is not None), None)


def _first_link(value: object, depth: int) -> str | None:
    value = unpacked(value)
    if isinstance(value, str):
        address = whole(value.strip())
        fits = address.lower().startswith(("https://", "http://")) and len(address) <= _LONGEST_ADDRESS
        return address if fits else None
    if depth <= 0:
        return None
    links = (_first_link(element, depth - 1) for element in as_list(value))
    return next((link for link in links if link is not None), None)


def parse_error(value: object, depth: int = _DEPTH) -> ApiError | None:
    """The error in any spelling: an object, a list of them, a bare string; None for every spelling of empty."""
    value = unpacked(value)
    if is_empty(value):
        return None
    fields = as_object(value)
    if fields is not None:
        code, message = scalar_in(fields.get("code")), fields.get("message")
        return ApiError((code or "")[:_LONGEST_CODE], "" if is_empty(message) else _message(message))
    errors = as_list(value) if depth > 0 else []
    found = (parse_error(element, depth - 1) for element in errors)
    return next((error for error in found if error is not None), ApiError(message=_message(value)))


def _message(value: object) -> str:
    return whole(str(value)[:_LONGEST_MESSAGE])


def parse_cost(value: object) -> int | None:
    """What a `cost` object says that a task cost, in thousandths of a credit.

    None when it is absent, in another currency, or when the amount is no amount of credits. The amount may be a number
    or decimal text.
    """
    fields = as_object(unpacked(value))
    if fields is None or str(fields.get("currency") or "credit").lower() not in {"credit", "credits"}:
        return None
    amount = fields.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        return None
    try:
        credits_ = Decimal(str(amount).strip())
    except InvalidOperation:
        return None
    if not credits_.is_finite() or not 0 <= credits_ <= _ABSURD_CREDITS:
        return None
    return int((credits_ * 1000).to_integral_value(ROUND_HALF_UP))

"""JSON ↔ values; the only place that knows the API's field names; pure.

The provider's documents contradict each other and could not be tried live, so every shape they mention is
understood: data as object or list, errors as object, string, null or missing, six words for success.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from veo_core.catalog import GET1080P
from veo_core.models import AspectRatio, Resolution, Submission, TaskReport, TaskState, Video

SUCCESS_WORDS = frozenset({"succeeded", "succeed", "success", "completed", "complete", "finished"})
FAILURE_WORDS = frozenset({"failed", "failure", "error", "cancelled", "canceled", "rejected"})
BATCH_LIMIT = 50
# One clip costs about 12 credits at most; a thousand is a mistake of the provider's and not a price.
_ABSURD_CREDITS = 1000

Json = dict[str, Any]


class ApiError(BaseModel):
    """The `error` of an answer, however it was spelled."""

    code: str = ""
    message: str = ""

    @field_validator("code", "message", mode="before")
    @classmethod
    def _text(cls, value: object) -> str:
        return "" if value is None else whole(str(value))


class Item(BaseModel):
    """One element of `data`."""

    id: str | None = None
    video_url: str | None = None
    state: str | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _text(cls, value: object) -> str | None:
        return None if value is None or value == "" or isinstance(value, dict | list) else whole(str(value))


class Answer(BaseModel):
    """The body of POST /veo/videos, of a callback, and a record's `response`: one shape."""

    model_config = ConfigDict(extra="ignore")

    success: bool | None = None
    task_id: str | None = None
    trace_id: str | None = None
    data: tuple[Item, ...] = ()
    error: ApiError | None = None
    cost: int | None = None

    @field_validator("cost", mode="before")
    @classmethod
    def _cost(cls, value: object) -> int | None:
        return parse_cost(value)

    @field_validator("success", mode="before")
    @classmethod
    def _flag(cls, value: object) -> bool | None:
        return value if isinstance(value, bool) else None

    @field_validator("task_id", "trace_id", mode="before")
    @classmethod
    def _text(cls, value: object) -> str | None:
        return _text(value)

    @field_validator("data", mode="before")
    @classmethod
    def _data_as_list(cls, value: object) -> list[object]:
        """The schema says object, every example is a list."""
        single = as_object(value)
        if single is not None:
            return [single] if single else []
        return [item for item in _as_list(value) if as_object(item) is not None]

    @field_validator("error", mode="before")
    @classmethod
    def _as_error(cls, value: object) -> object:
        """An error may be an object, a bare string, null or missing."""
        if value is None or isinstance(value, dict):
            return as_object(cast("object", value)) or None
        return {"message": whole(str(value))}

    @property
    def failed(self) -> bool:
        """Whether this answer itself says that something went wrong."""
        return self.error is not None or self.success is False


def parse_object(text: str) -> Json | None:
    """The JSON object in a body; None for HTML, a cut-off body or anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return as_object(value)


def as_object(value: object) -> Json | None:
    """The value as a JSON object; None when it is none."""
    return cast("Json", value) if isinstance(value, dict) else None


def _as_list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def parse_answer(body: Mapping[str, Any]) -> Answer:
    """Read one answer; never raises for a JSON object."""
    try:
        return Answer.model_validate(dict(body))
    except ValidationError:
        return Answer(success=False, error=ApiError(message="the answer has an unknown shape"))


def submission_body(submission: Submission) -> Json:
    """The body of POST /veo/videos: always asynchronous, always with a model, 720p and no images by omission."""
    body: Json = {"action": submission.action, "model": submission.model, "async": True}
    if submission.video_id is not None:
        return body | {"video_id": submission.video_id}
    body["prompt"] = submission.prompt
    if submission.image_urls:
        body["image_urls"] = list(submission.image_urls)
    if submission.aspect_ratio is not None:
        body["aspect_ratio"] = submission.aspect_ratio
    if submission.resolution != Resolution.P720:
        body["resolution"] = submission.resolution
    if submission.translate:
        body["translation"] = True
    return body


def retrieve_body(task_id: str) -> Json:
    """The body that looks at one task."""
    return {"action": "retrieve", "id": task_id}


def batch_body(task_ids: list[str]) -> Json:
    """The body that looks at up to 50 tasks; without `limit` the API would answer with 12."""
    return {"action": "retrieve_batch", "ids": task_ids, "limit": len(task_ids)}


def listing_body(created_at_min: float, offset: int, limit: int = BATCH_LIMIT) -> Json:
    """The body that lists the account's tasks made since a moment (Unix seconds)."""
    return {"action": "retrieve_batch", "created_at_min": int(created_at_min), "offset": offset, "limit": limit}


def parse_items(body: Mapping[str, Any]) -> tuple[TaskReport, ...] | None:
    """The reports in a batch answer; None when the body is no batch answer at all."""
    items: object = body.get("items")
    if not isinstance(items, list):
        return None
    return tuple(report for report in map(parse_record, _as_list(cast("object", items))) if report is not None)


def count_items(body: Mapping[str, Any]) -> int:
    """How many records a batch answer has, readable or not: what tells a full page from the last."""
    return len(_as_list(body.get("items")))


def parse_record(record: object) -> TaskReport | None:
    """The report in one record of /veo/tasks; None for `null`, `{}` or anything without an id."""
    fields = as_object(record)
    if not fields:
        return None
    response = as_object(fields.get("response"))
    answer = parse_answer(response) if response is not None else Answer()
    task_id = _text(fields.get("id")) or answer.task_id
    if task_id is None:
        return None
    still_open = "finished_at" in fields and fields["finished_at"] is None
    report = task_report(answer, ended=bool(fields.get("finished_at")), still_open=still_open)
    return TaskReport(
        task_id=task_id,
        state=report.state,
        video=report.video,
        error_code=report.error_code,
        error_message=report.error_message,
        trace_id=report.trace_id or _text(fields.get("trace_id")),
        submission=parse_submission(fields.get("request")),
        created_at=parse_moment(fields.get("created_at")),
        cost=report.cost if report.cost is not None else parse_cost(fields.get("cost")),
    )


def parse_cost(value: object) -> int | None:
    """What a `cost` object says that a task cost, in thousandths of a credit.

    None when it is absent, in another currency, or when the amount is no amount of credits. The amount may be a number
    or decimal text.
    """
    fields = as_object(value)
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


def parse_moment(value: object) -> datetime | None:
    """When a record was made, where it says so beyond doubt: Unix seconds, or ISO with a zone; else None."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def task_report(answer: Answer, *, ended: bool = False, still_open: bool = False) -> TaskReport:
    """What an answer says of its task.

    `ended`: the record has a `finished_at`. `still_open`: it has one that is null, so the task still runs,
    whatever else the record says of failure.
    """
    state, video = _judge(answer, ended=ended, still_open=still_open)
    error = answer.error or ApiError()
    return TaskReport(
        task_id=answer.task_id,
        state=state,
        video=video,
        error_code=error.code,
        error_message=error.message,
        trace_id=answer.trace_id,
        cost=answer.cost,
    )


def _judge(answer: Answer, *, ended: bool, still_open: bool) -> tuple[TaskState, Video | None]:
    words = {(item.state or "").lower() for item in answer.data}
    if not answer.failed and not words & FAILURE_WORDS:
        video = _video(answer)
        if video is not None:
            return TaskState.SUCCEEDED, video
    if words & FAILURE_WORDS:
        return TaskState.FAILED, None
    if still_open:
        return TaskState.PENDING, None
    # Finished without a link is "ended without output"; a success word without a link is the same thing.
    over = answer.error is not None or ended or words & SUCCESS_WORDS
    return (TaskState.FAILED if over else TaskState.PENDING), None


def _video(answer: Answer) -> Video | None:
    """The first element with a link, unless its state says that it is still being made."""
    for item in answer.data:
        done = item.state is None or item.state.lower() in SUCCESS_WORDS
        if item.video_url and done:
            return Video(video_url=item.video_url, video_id=item.id)
    return None


def parse_submission(request: object) -> Submission | None:
    """What a record says was posted, in our words, with the API's defaults filled in."""
    fields = as_object(request)
    if fields is None:
        return None
    return Submission(
        action=_text(fields.get("action")) or "",
        model=_text(fields.get("model")) or "",
        prompt=_text(fields.get("prompt")) or "",
        image_urls=tuple(str(url) for url in _as_list(fields.get("image_urls"))),
        aspect_ratio=_text(fields.get("aspect_ratio")),
        resolution=_text(fields.get("resolution")) or Resolution.P720,
        translate=fields.get("translation") is True,
        video_id=_text(fields.get("video_id")),
    )


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """How long a Retry-After header asks to wait, at most an hour; None when absent or unreadable.

    RFC 9110 allows seconds and a date.
    """
    wait = _seconds(header or "")
    if wait is None:
        try:
            wait = (parsedate_to_datetime(header or "") - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return timedelta(seconds=min(max(wait, 0.0), 3600.0))


def fingerprint(submission: Submission) -> str:
    """What tells one submission from another, by which a task whose answer was lost is recognised.

    Left out are the fields that a record may spell otherwise than they were sent.
    """
    if submission.video_id is not None:
        return json.dumps([GET1080P, submission.video_id])
    return json.dumps(
        [
            "images" if submission.image_urls else "text",
            submission.model,
            submission.prompt,
            submission.image_urls,
            submission.aspect_ratio or AspectRatio.LANDSCAPE,
            submission.resolution,
            submission.translate,
        ]
    )


def _seconds(header: str) -> float | None:
    try:
        seconds = float(header)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def whole(text: str) -> str:
    """Half a character, which JSON can carry and SQLite cannot store, becomes a question mark."""
    return text.encode(errors="replace").decode()


def _text(value: object) -> str | None:
    return whole(value) if isinstance(value, str) and value else None

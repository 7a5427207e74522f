"""The records of /veo/tasks → reports of tasks; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from veo_core.answers import FAILURE_WORDS, SUCCESS_WORDS, Answer, ApiError, parse_answer, parse_cost
from veo_core.loose import as_list, as_object, text_in
from veo_core.models import Resolution, Submission, TaskReport, TaskState, Video


def parse_items(body: Mapping[str, Any]) -> tuple[TaskReport, ...] | None:
    """The reports in a batch answer; None when the body is no batch answer at all."""
    items: object = body.get("items")
    if not isinstance(items, list):
        return None
    return tuple(report for report in map(parse_record, as_list(cast("object", items))) if report is not None)


def count_items(body: Mapping[str, Any]) -> int:
    """How many records a batch answer has, readable or not: what tells a full page from the last."""
    return len(as_list(body.get("items")))


def parse_record(record: object) -> TaskReport | None:
    """The report in one record of /veo/tasks; None for `null`, `{}` or anything without an id."""
    fields = as_object(record)
    if not fields:
        return None
    response = as_object(fields.get("response"))
    answer = parse_answer(response) if response is not None else Answer()
    task_id = text_in(fields.get("id")) or answer.task_id
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
        trace_id=report.trace_id or text_in(fields.get("trace_id")),
        submission=parse_submission(fields.get("request")),
        created_at=parse_moment(fields.get("created_at")),
        cost=report.cost if report.cost is not None else parse_cost(fields.get("cost")),
    )


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
        action=text_in(fields.get("action")) or "",
        model=text_in(fields.get("model")) or "",
        prompt=text_in(fields.get("prompt")) or "",
        image_urls=tuple(str(url) for url in as_list(fields.get("image_urls"))),
        aspect_ratio=text_in(fields.get("aspect_ratio")),
        resolution=text_in(fields.get("resolution")) or Resolution.P720,
        translate=fields.get("translation") is True,
        video_id=text_in(fields.get("video_id")),
    )

"""The records of /veo/tasks → reports of tasks, and what they say of a task; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, cast

from veo_core.domain.oddities import Oddity
from veo_core.domain.shapes import Resolution
from veo_core.domain.submissions import Submission, TaskReport, TaskState, Video
from veo_core.provider.answers import Answer, ApiError, Item, Word, parse_answer, strongest
from veo_core.provider.loose_json import as_list, as_object, text_in, unpacked


class End(Enum):
    """What a record says of its end by `finished_at`."""

    REACHED = "a time"
    OPEN = "null: it still runs, whatever else the record says of failure"
    UNTOLD = "the field is left out"


def parse_items(body: Mapping[str, Any]) -> tuple[TaskReport, ...] | None:
    """The reports in a batch answer; None when the body is no batch answer at all."""
    items = unpacked(body.get("items"))
    if not isinstance(items, list):
        return None
    return tuple(report for report in map(parse_record, as_list(cast("object", items))) if report is not None)


def count_items(body: Mapping[str, Any]) -> int:
    """How many records a batch answer has, readable or not: what tells a full page from the last."""
    return len(as_list(unpacked(body.get("items"))))


def by_task(reports: Iterable[TaskReport]) -> dict[str, TaskReport]:
    """The reports by task id; where one task has two, a video wins, and a task that still runs beats a failure."""
    best: dict[str, TaskReport] = {}
    for report in reports:
        if report.task_id is None:
            continue
        known = best.get(report.task_id)
        best[report.task_id] = report if known is None else _better(known, report)
    return best


_RANK = {TaskState.SUCCEEDED: 2, TaskState.PENDING: 1, TaskState.FAILED: 0}


def _better(one: TaskReport, other: TaskReport) -> TaskReport:
    winner, loser = (other, one) if _RANK[other.state] > _RANK[one.state] else (one, other)
    oddities = winner.oddities | {Oddity.DUPLICATE_RECORD} if one.state is not other.state else winner.oddities
    return replace(
        winner,
        submission=winner.submission or loser.submission,
        created_at=winner.created_at or loser.created_at,
        cost=winner.cost if winner.cost is not None else loser.cost,
        oddities=oddities,
    )


def parse_record(record: object, asked: str | None = None) -> TaskReport | None:
    """The report in one record of /veo/tasks; None for `null`, `{}` or anything without an id.

    `asked` is the id of the one task that was asked for: a record that tells of a task without naming it is that one's.
    """
    fields = as_object(unpacked(record))
    if not fields:
        return None
    answer = parse_answer(fields)
    tells = answer.word is not None or bool(answer.items)
    task_id = text_in(fields.get("task_id")) or text_in(fields.get("id")) or answer.task_id
    task_id = task_id or (asked if tells else None)
    if task_id is None:
        return None
    return replace(
        task_report(answer, _end_of(fields)),
        task_id=task_id,
        submission=parse_submission(fields.get("request")),
        created_at=parse_moment(fields.get("created_at")),
    )


def _end_of(fields: Mapping[str, Any]) -> End:
    if fields.get("finished_at"):
        return End.REACHED
    return End.OPEN if fields.get("finished_at", "") is None else End.UNTOLD


def parse_moment(value: object) -> datetime | None:
    """When a record was made, where it says so beyond doubt: Unix seconds, or ISO with a zone; else None.

    The provider also writes Beijing time without saying so: nothing is computed with a time that names no zone.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def task_report(answer: Answer, end: End = End.UNTOLD) -> TaskReport:
    """What an answer, and the end that its record names, say of its task: a finished video wins over all else."""
    video = next((item.video for item in answer.items if _finished(item, answer, end)), None)
    state, settled = (TaskState.SUCCEEDED, True) if video is not None else _without_video(answer, end)
    error = answer.error or ApiError()
    return TaskReport(
        task_id=answer.task_id,
        state=state,
        video=video,
        error_code=error.code,
        error_message=error.message,
        trace_id=answer.trace_id,
        cost=answer.cost,
        settled=settled,
        candidate=_candidate(answer) if state is TaskState.PENDING else None,
        oddities=frozenset(_oddities(answer, state, settled=settled)),
    )


def _finished(item: Item, answer: Answer, end: End) -> bool:
    """Whether an element is a finished video: a running preview has a link too, and so may a failure."""
    if item.video is None or item.word is Word.FAILURE or _runs(item.word, end):
        return False
    if item.word is Word.SUCCESS:
        # Its own word counts more than an error beside it; only a task that says that it runs may still replace it.
        return end is End.REACHED or not _runs(answer.word, end)
    if answer.word is Word.FAILURE or _runs(answer.word, end):
        return False
    return answer.word is Word.SUCCESS or _link_is_enough(answer, end)


def _candidate(answer: Answer) -> Video | None:
    """A link in a record that names no end: its own word calls it finished, or nothing calls it anything."""
    nothing_said = answer.word not in _NO_VIDEO and not answer.failed
    return next(
        (
            item.video
            for item in answer.items
            if item.video and (item.word is Word.SUCCESS or (nothing_said and item.word not in _NO_VIDEO))
        ),
        None,
    )


_NO_VIDEO = (Word.RUNNING, Word.FAILURE)


def _link_is_enough(answer: Answer, end: End) -> bool:
    """Whether a link is a finished video where no word of state says so."""
    if end is End.OPEN or answer.success is False:
        return False
    return answer.success is True or answer.error is None or not answer.error.code


def _runs(word: Word | None, end: End) -> bool:
    """A word that nobody knows holds a task open until its record says that it ended."""
    return word is Word.RUNNING or (word is Word.UNKNOWN and end is not End.REACHED)


def _without_video(answer: Answer, end: End) -> tuple[TaskState, bool]:
    """The state of a task without a finished video, and whether that is certain enough to act on at once."""
    word = strongest((answer.word, *(item.word for item in answer.items)))
    if _runs(word, end):
        return TaskState.PENDING, True
    if word is Word.FAILURE:
        return TaskState.FAILED, end is not End.OPEN
    if end is End.OPEN:
        return TaskState.PENDING, True
    # Without an end only an error with a code is one: the API writes bare errors while it tries again by itself.
    if answer.error is not None and (end is End.REACHED or answer.error.code):
        return TaskState.FAILED, True
    if end is End.REACHED or word is Word.SUCCESS:
        return TaskState.FAILED, end is End.REACHED and answer.success is False
    return TaskState.PENDING, True


def _oddities(answer: Answer, state: TaskState, *, settled: bool) -> Iterator[Oddity]:
    words = {answer.word, *(item.word for item in answer.items)}
    odd_by_state = {
        TaskState.SUCCEEDED: {
            Oddity.ERROR_BESIDE_VIDEO: answer.error_given or answer.success is False,
            Oddity.PARTIAL_RESULT: Word.FAILURE in words or any(item.video is None for item in answer.items),
        },
        TaskState.PENDING: {
            Oddity.LINK_BEFORE_END: any(item.video for item in answer.items),
            Oddity.SOFT_ERROR: answer.failed,
        },
        TaskState.FAILED: {
            Oddity.LINK_OF_FAILURE: any(item.video for item in answer.items),
            Oddity.END_WITHOUT_RESULT: not settled,
        },
    }[state]
    yield from (oddity for oddity, seen in odd_by_state.items() if seen)
    if Word.UNKNOWN in words:
        yield Oddity.UNKNOWN_WORD
    if answer.has_text:
        yield Oddity.JSON_AS_TEXT


def parse_submission(request: object) -> Submission | None:
    """What a record says was posted, in our words, with the API's defaults filled in."""
    fields = as_object(unpacked(request))
    if fields is None:
        return None
    return Submission(
        action=text_in(fields.get("action")) or "",
        model=text_in(fields.get("model")) or "",
        prompt=text_in(fields.get("prompt")) or "",
        image_urls=tuple(str(url) for url in as_list(unpacked(fields.get("image_urls")))),
        aspect_ratio=text_in(fields.get("aspect_ratio")),
        resolution=text_in(fields.get("resolution")) or Resolution.P720,
        translate=fields.get("translation") is True,
        video_id=text_in(fields.get("video_id")),
    )

"""Tasks as JSON: the accepted answer, the finished answer, and the record that `/veo/tasks` returns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from sandbox.veo.contract import JsonObject, JsonValue
from sandbox.veo.shapes import Accepted, Pending
from sandbox.veo.tasks import Failure, Task

SECRETS: JsonObject = {
    "user_id": "SECRET-user-7f3a",
    "application_id": "SECRET-application-7f3a",
    "credential_id": "SECRET-credential-7f3a",
    "api_id": "SECRET-api-7f3a",
}
"""The operator's account fields, in values that nothing else contains: a test greps for `SECRET-`."""

_BEIJING = timezone(timedelta(hours=8))


def accepted(task: Task) -> JsonObject:
    """Write the immediate answer to an asynchronous request."""
    form = task.shape.accepted
    answer: JsonObject = {"task_id": task.task_id}
    if form in {Accepted.SUCCESS, Accepted.FULL}:
        answer["success"] = True
    if form in {Accepted.TRACED, Accepted.FULL}:
        answer["trace_id"] = task.trace_id
    return answer


def finished(task: Task, media_base: str) -> JsonObject:
    """Write the result of an ended task: the body of a held connection, of a callback, and of a record's response."""
    if task.failure is not None:
        return _failed(task, task.failure)
    item = _item(task, task.shape.state) | {"complete_at": _written(task, task.ends_at)}
    if task.shape.with_url:
        item["video_url"] = task.shape.video_url or f"{media_base}/{task.task_id}.{task.kind}"
    return _response(task, item)


def record(task: Task, now: float, media_base: str) -> JsonObject:
    """Write the record that a look at `now` gets, with the operator's secrets in it as the provider sends them."""
    written: JsonObject = {
        "_id": task.record_id,
        "id": task.task_id,
        "type": "videos",
        "created_at": task.created_at,
        "started_at": task.created_at,
        "trace_id": task.trace_id,
        "request": task.payload,
        **SECRETS,
    }
    return written | (_ending(task, media_base) if task.ended(now) else _unfinished(task))


def _ending(task: Task, media_base: str) -> JsonObject:
    ending: JsonObject = {"response": finished(task, media_base)}
    if task.failure is not None and task.shape.failed_without_finished_at:
        return ending
    return ending | {"finished_at": task.ends_at, "elapsed": round(task.ends_at - task.created_at, 3)}


def _unfinished(task: Task) -> JsonObject:
    match task.shape.pending:
        case Pending.ABSENT:
            return {}
        case Pending.NULL:
            return {"response": None, "finished_at": None}
        case Pending.EMPTY:
            return {"response": {}}
        case Pending.RUNNING:
            return {"response": _response(task, _item(task, "running"))}
        case Pending.FALSE_START:
            return {"response": _failed(task, Failure.of("api_error")), "finished_at": None}


def _response(task: Task, item: JsonObject) -> JsonObject:
    data: JsonValue = item if task.shape.data_as_object else [item]
    return {"success": True, "task_id": task.task_id, "trace_id": task.trace_id, "data": data}


def _failed(task: Task, failure: Failure) -> JsonObject:
    error: JsonObject = {"code": failure.code, "message": failure.message}
    return {"success": False, "task_id": task.task_id, "trace_id": task.trace_id, "error": error}


def _item(task: Task, state: str | None) -> JsonObject:
    item: JsonObject = {"id": task.video_id, "created_at": _written(task, task.created_at)}
    return item if state is None else item | {"state": state}


def _written(task: Task, moment: float) -> str:
    if task.shape.iso_times:
        return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
    return datetime.fromtimestamp(moment, _BEIJING).strftime("%Y-%m-%d %H:%M:%S")

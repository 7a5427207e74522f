"""Tasks as JSON: the accepted answer, the finished answer, and the record that `/veo/tasks` returns."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

from sandbox.veo.contract import JsonObject, JsonValue
from sandbox.veo.shapes import Absent, Accepted, Form, Links, Pending, Shape
from sandbox.veo.tasks import Failure, Task

SECRETS: JsonObject = {
    "user_id": "SECRET-user-7f3a",
    "application_id": "SECRET-application-7f3a",
    "credential_id": "SECRET-credential-7f3a",
    "api_id": "SECRET-api-7f3a",
}
"""The operator's account fields, in values that nothing else contains: a test greps for `SECRET-`."""

RECORD_TYPE = "videos"
"""The `type` of every record of this API."""

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
    return _spelled(_result(task, media_base), task.shape)


def record(task: Task, now: float, media_base: str) -> JsonObject:
    """Write the record that a look at `now` gets, with the operator's secrets in it as the provider sends them."""
    written: JsonObject = {
        "_id": task.record_id,
        "id": task.task_id,
        "type": RECORD_TYPE,
        "created_at": task.created_at,
        "started_at": task.created_at,
        "trace_id": task.trace_id,
        "request": task.payload,
        **SECRETS,
    }
    written |= _ending(task, now, media_base) if task.ended(now) else _unfinished(task, media_base)
    if task.shape.padding:
        written["padding"] = "x" * task.shape.padding
    return _spelled(_formed(task, now, written), task.shape)


def failed_twin(task: Task) -> JsonObject:
    """Write a second record of the same task, which tells of a failure that came to nothing."""
    response = _failed(task, Failure.of("api_error"))
    twin: JsonObject = {"id": task.task_id, "trace_id": task.trace_id, "request": task.payload, "response": response}
    twin["finished_at"] = task.created_at
    return twin


def _result(task: Task, media_base: str, *, with_url: bool = True) -> JsonObject:
    if task.failure is not None:
        return _failed(task, task.failure)
    item = _item(task, task.shape.state) | {"complete_at": _written(task, task.ends_at)}
    url = (task.shape.video_url or f"{media_base}/{task.task_id}.{task.kind}") if with_url else None
    answer = _response(task, item, url if task.shape.with_url else None)
    if task.shape.response_state is not None:
        answer[task.shape.state_key] = task.shape.response_state
    if not isinstance(task.shape.error_beside, Absent):
        answer["error"] = task.shape.error_beside
    if not isinstance(task.shape.cost, Absent):
        answer["cost"] = price(task) if task.shape.cost is None else task.shape.cost
    return answer


def price(task: Task) -> JsonObject:
    """Write what a task costs by the provider's list, in credits."""
    of_video = 0.72 if "fast" in task.model else 7.64
    amount = 0.16 if task.payload["action"] == "get1080p" else of_video
    return {"amount": amount, "currency": "credit", "list_amount": amount}


def _formed(task: Task, now: float, classic: JsonObject) -> JsonObject:
    """Write a classic record in the form of the newer clients, which tells the state by a word."""
    if task.shape.form is Form.CLASSIC:
        return classic
    response = classic.get("response")
    inner: JsonObject = dict(response) if isinstance(response, dict) else {"data": list[JsonValue]()}
    ended = task.shape.response_state or ("failed" if task.failure else "succeeded")
    inner["status"] = ended if task.ended(now) else "running"
    named: JsonObject = {"task_id": task.task_id, "trace_id": task.trace_id}
    return {**named, "response": inner} if task.shape.form is Form.UNIFIED else {**inner, **named}


def _spelled(fields: JsonObject, shape: Shape) -> JsonObject:
    """Write those of the fields as text that the shape names; those inside `response` first."""
    response = fields.get("response")
    if isinstance(response, dict):
        fields = {**fields, "response": _spelled(response, shape)}
    return {**fields, **{name: json.dumps(fields[name]) for name in shape.as_text if name in fields}}


def _ending(task: Task, now: float, media_base: str) -> JsonObject:
    with_url = now >= task.ends_at + task.shape.url_after
    ending: JsonObject = {"response": _result(task, media_base, with_url=with_url)}
    if task.failure is not None and task.shape.failed_without_finished_at:
        return ending
    return ending | {"finished_at": task.ends_at, "elapsed": round(task.ends_at - task.created_at, 3)}


def _unfinished(task: Task, media_base: str) -> JsonObject:
    preview = f"{media_base}/preview-of-{task.task_id}.mp4"
    bare: list[JsonValue] = [{"id": task.video_id, "video_url": preview}]
    soft: JsonObject = {"success": False, "task_id": task.task_id, "trace_id": task.trace_id}
    written: dict[Pending, JsonObject] = {
        Pending.ABSENT: {},
        Pending.NULL: {"response": None, "finished_at": None},
        Pending.EMPTY: {"response": {}},
        Pending.RUNNING: {"response": _response(task, _item(task, "running"), None)},
        Pending.PREVIEW: {"response": _response(task, _item(task, "running"), preview)},
        Pending.PREVIEW_OF_RESPONSE: {"response": {"success": True, "status": "processing", "data": bare}},
        Pending.FALSE_START: {"response": _failed(task, Failure.of("api_error")), "finished_at": None},
        Pending.SOFT_ERROR: {"response": soft | {"error": "upstream busy, trying again"}},
        Pending.SOFT_FAILURE: {"response": soft},
    }
    return written[task.shape.pending]


def _response(task: Task, item: JsonObject, url: str | None) -> JsonObject:
    shape = task.shape
    answer: JsonObject = {"success": True, "task_id": task.task_id, "trace_id": task.trace_id}
    if url is not None:
        if shape.links is Links.ADDRESSES:
            addresses: list[JsonValue] = [url]
            answer["data"] = addresses
            return answer
        if shape.links is Links.BESIDE:
            return answer | {"video_url": url, "video_id": task.video_id}
        item = item | _linked(shape.links, url)
    items: list[JsonValue] = [*shape.items_before, item, *shape.items_after]
    answer["data"] = item if shape.data_as_object else items
    return answer


def _linked(links: Links, url: str) -> JsonObject:
    several: list[JsonValue] = [url]
    written: dict[Links, JsonObject] = {
        Links.LIST: {"video_url": several},
        Links.VIDEO_URLS: {"video_urls": several},
        Links.URLS: {"urls": several},
    }
    return written.get(links, {"video_url": url})


def _failed(task: Task, failure: Failure) -> JsonObject:
    error: JsonObject = {"code": failure.code, "message": failure.message}
    return {"success": False, "task_id": task.task_id, "trace_id": task.trace_id, "error": error}


def _item(task: Task, state: str | None) -> JsonObject:
    item: JsonObject = {"id": task.video_id, "created_at": _written(task, task.created_at)}
    return item if state is None else item | {task.shape.state_key: state}


def _written(task: Task, moment: float) -> str:
    if task.shape.iso_times:
        return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
    return datetime.fromtimestamp(moment, _BEIJING).strftime("%Y-%m-%d %H:%M:%S")

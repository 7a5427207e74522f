"""Answers that name a task where none belongs, and errors in a form of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import Enum

from sandbox.veo.contract import ERRORS
from sandbox.veo.faults import TRACE_ID, Answer

TASK_MARK = "{{task_id}}"
"""Stands for the id of the task that was accepted, in the body of an answer with `after`."""


class Naming(Enum):
    """Where an answer names the task that it seems to refuse."""

    BARE = "task_id alone"
    UNSUCCESSFUL = "beside success: false"
    BESIDE_ERROR = "beside an error with a code"
    IN_ERROR = "inside the error"
    IN_DATA = "inside data"
    IN_PAGE = "in a page"
    CUT_AFTER = "in JSON that is cut off after it"
    TEXT = "in JSON written as text"


def naming_answer(status: int, naming: Naming = Naming.BARE, *, code: str = "used_up", location: str = "") -> Answer:
    """Accept the request and answer as if it were refused or sent elsewhere, with the task's id in the body."""
    error = {"code": code, "message": ERRORS[code][1]}
    bodies = {
        Naming.BARE: json.dumps({"task_id": TASK_MARK}),
        Naming.UNSUCCESSFUL: json.dumps({"success": False, "task_id": TASK_MARK}),
        Naming.BESIDE_ERROR: json.dumps({"success": False, "error": error, "task_id": TASK_MARK}),
        Naming.IN_ERROR: json.dumps({"error": {**error, "task_id": TASK_MARK}, "trace_id": TRACE_ID}),
        Naming.IN_DATA: json.dumps({"data": {"task_id": TASK_MARK}}),
        Naming.IN_PAGE: f'<html><body><pre>{{"task_id": "{TASK_MARK}"}}</pre></body></html>',
        Naming.CUT_AFTER: f'{{"success": true, "task_id": "{TASK_MARK}", "trace_',
        Naming.TEXT: json.dumps(json.dumps({"task_id": TASK_MARK})),
    }
    content_type = "text/html" if naming is Naming.IN_PAGE else "application/json"
    headers = {"Location": location} if location else {}
    return Answer(status, bodies[naming], content_type, headers, after=True)


def detail_answer(code: str, *, status: int | None = None, message: str = "") -> Answer:
    """Write an error as `detail` and `code` at the top, as the gateway before the API does."""
    usual_status, usual = ERRORS.get(code, (403, code))
    return Answer(status or usual_status, json.dumps({"detail": message or usual, "code": code}))


def coded_answer(code: str, message: str, *, status: int = 403) -> Answer:
    """Write an error with any code at all, also one that no document names."""
    return Answer(status, json.dumps({"error": {"code": code, "message": message}, "trace_id": TRACE_ID}))


def named(answer: Answer, task_id: str) -> Answer:
    """Put the id of the accepted task where the answer names one."""
    return replace(answer, body=answer.body.replace(TASK_MARK, task_id))

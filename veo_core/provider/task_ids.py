"""What an answer to POST /veo/videos holds, whatever it looks like: a task's id, or a statement of what is wrong; pure.

The other field names of the API are in `bodies`, `answers` and `records` of this package.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from veo_core.provider.loose_json import Json, as_list, as_object, is_empty, parse_object, whole

_DEEPEST = 6
_LONGEST_PAGE = 64_000
_LONGEST_MESSAGE = 16_000
_LONGEST_NAME = 100
_USABLE = re.compile(r"[\w.:-]{1,128}")
_IN_TEXT = re.compile(
    r"""task_?id["']?\s*[:=]\s*(?:"([\w.:-]{4,128})"|'([\w.:-]{4,128})'"""
    r"|([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![\w-]))",
    re.IGNORECASE,
)
# What was posted may be repeated there, and a person wrote it.
_NOT_THE_ANSWERS = frozenset({"request", "prompt"})


@dataclass(frozen=True, slots=True)
class Statement:
    """What an answer says of an error; both are empty where it says nothing."""

    code: str = ""
    message: str = ""
    trace_id: str | None = None

    @property
    def says_something(self) -> bool:
        """Whether the API itself speaks here; a proxy's page and an empty object say nothing."""
        return bool(self.code or self.message)


def parse_body(text: str) -> Json | None:
    """The JSON object in a body, also where the whole object is written as text; None for anything else."""
    body = parse_object(text)
    if body is not None or not text.lstrip().startswith('"'):
        return body
    try:
        inner: object = json.loads(text)
    except ValueError:
        return None
    return parse_object(inner) if isinstance(inner, str) else None


def named_task(text: str, body: Json | None, prompt: str) -> str | None:
    """The task that an answer names, at any level of its JSON, or in a page or a body that was cut off after it."""
    if body is not None:
        return next(_task_ids(body, _DEEPEST), None)
    # A page may repeat a prompt that looks like an answer.
    if "task" in prompt.casefold():
        return None
    found = _IN_TEXT.search(html.unescape(text[:_LONGEST_PAGE]))
    return next((usable for group in found.groups() if (usable := _usable(group))), None) if found else None


def statement_of(body: Json | None) -> Statement:
    """The error in an answer: `error` as object or sentence, or `detail` and `code` at the top."""
    if body is None:
        return Statement()
    trace_id = body.get("trace_id")
    code, message = _error_of(body.get("error"))
    if not (code or message):
        code, message = _code(body.get("code")), _sentence(body.get("detail")) or _sentence(body.get("message"))
    trace_id = whole(trace_id)[:_LONGEST_NAME] if isinstance(trace_id, str) and trace_id else None
    return Statement(code[:_LONGEST_NAME], message[:_LONGEST_MESSAGE], trace_id)


def _task_ids(value: object, depth: int) -> Iterator[str]:
    """Structural places only: no sentence is searched, since it may repeat what a person wrote."""
    if depth == 0:
        return
    fields = as_object(value)
    if fields is None:
        for element in as_list(value)[:4]:
            yield from _task_ids(element, depth - 1)
        return
    own = _usable(fields.get("task_id"))
    if own is not None:
        yield own
    for name, inner in fields.items():
        if name not in _NOT_THE_ANSWERS:
            yield from _task_ids(inner, depth - 1)


def _usable(value: object) -> str | None:
    """An id; 0, "null" and the like name no task."""
    text = str(value) if isinstance(value, str | int) and not is_empty(value) and value is not True else ""
    return text if _USABLE.fullmatch(text) else None


def _error_of(error: object) -> tuple[str, str]:
    fields = as_object(error)
    if fields is None:
        return "", _sentence(error)
    message = next((said for name in ("message", "detail", "msg") if (said := _sentence(fields.get(name)))), "")
    return _code(fields.get("code")) or _code(fields.get("type")), message


def _code(value: object) -> str:
    """A number repeats the status and says nothing of its own."""
    return whole(value.strip()) if isinstance(value, str) and not value.strip().isdigit() else ""


def _sentence(value: object) -> str:
    """What stands where a sentence belongs; lists and objects are written out."""
    if not value or isinstance(value, bool):
        return ""
    return whole(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))

"""Other people's JSON, read without trust in its types; pure."""

from __future__ import annotations

import json
from typing import Any, cast

Json = dict[str, Any]

# JSON may be written as text inside JSON; deeper than this nobody means it.
_TEXT_DEPTH = 3
_EMPTY_DEPTH = 4
_EMPTY_WORDS = frozenset({"", "0", "null", "none", "nil", "undefined", "false"})
_LITERALS = frozenset({"null", "true", "false"})


def parse_object(text: str) -> Json | None:
    """The JSON object in a body; None for HTML, a cut-off body or anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return as_object(unpacked(value))


def unpacked(value: object) -> object:
    """What JSON written as text stands for, through a few layers; any other value stays what it is."""
    for _ in range(_TEXT_DEPTH):
        if not isinstance(value, str) or not _looks_like_json(value):
            return value
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _looks_like_json(text: str) -> bool:
    stripped = text.strip()
    return stripped[:1] in {"{", "[", '"'} or stripped in _LITERALS


def as_object(value: object) -> Json | None:
    """The value as a JSON object; None when it is none."""
    return cast("Json", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object]:
    """The value as a JSON array; empty when it is none."""
    return cast("list[object]", value) if isinstance(value, list) else []


def is_empty(value: object, depth: int = _EMPTY_DEPTH) -> bool:
    """Whether a value says nothing, in any spelling: null, false, 0, blank text, or a container of such values."""
    value = unpacked(value)
    if isinstance(value, str):
        return value.strip().casefold() in _EMPTY_WORDS
    fields = as_object(value)
    inner = as_list(value) if fields is None else list(fields.values())
    if not inner:
        return not value
    return depth > 0 and all(is_empty(element, depth - 1) for element in inner)


def whole(text: str) -> str:
    """Half a character, which JSON can carry and SQLite cannot store, becomes a question mark."""
    return text.encode(errors="replace").decode()


def text_in(value: object) -> str | None:
    """The value as text that can be stored; None when it is no text or empty."""
    return whole(value) if isinstance(value, str) and value else None


def scalar_in(value: object) -> str | None:
    """A text or a number as text; None for anything else and for what says nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or is_empty(value):
        return None
    return whole(str(value))

"""Other people's JSON, read without trust in its types; pure."""

from __future__ import annotations

import json
from typing import Any, cast

Json = dict[str, Any]


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


def as_list(value: object) -> list[object]:
    """The value as a JSON array; empty when it is none."""
    return cast("list[object]", value) if isinstance(value, list) else []


def whole(text: str) -> str:
    """Half a character, which JSON can carry and SQLite cannot store, becomes a question mark."""
    return text.encode(errors="replace").decode()


def text_in(value: object) -> str | None:
    """The value as text that can be stored; None when it is no text or empty."""
    return whole(value) if isinstance(value, str) and value else None

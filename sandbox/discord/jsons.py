"""Looking into JSON of unknown shape."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

Json: TypeAlias = dict[str, Any]


def as_object(value: object) -> Json:
    """Return a JSON object; anything else counts as an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return a JSON array; anything else counts as an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []

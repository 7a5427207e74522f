"""What the tests of the settings share: the shipped example, every key by its dotted name, an operator's line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel, SecretStr

from runtime.config.loader import Settings
from runtime.config.sections import Section
from veo_core.errors import ConfigError

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"
SECRET = "MTk4NjIy.secret.5d1f"
DEFAULTS = Settings.model_construct()

Load = Callable[[str], Settings]


def complaint(act: Callable[[], object]) -> str:
    """The one line that an operator reads."""
    with pytest.raises(ConfigError) as caught:
        act()
    line = str(caught.value)
    assert line
    assert "\n" not in line
    assert caught.value.__cause__ is None
    return line


def keys(section: BaseModel, path: str = "") -> Iterator[tuple[str, object]]:
    """Every key of the settings by its dotted name, with its value."""
    for name, value in section:
        if isinstance(value, Section):
            yield from keys(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value.get_secret_value() if isinstance(value, SecretStr) else value


def flat(table: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(cast("dict[str, Any]", value), f"{path}{name}.")
        else:
            yield f"{path}{name}"

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.config.loader import Settings, load
from tests.core.configuration.reading import Load


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in os.environ:
        if variable.upper().startswith("VEOBOT_") or variable in {"DISCORD_TOKEN", "ACEDATACLOUD_API_TOKEN"}:
            monkeypatch.delenv(variable)


@pytest.fixture
def load_text(tmp_path: Path) -> Load:
    def loaded(text: str) -> Settings:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return loaded

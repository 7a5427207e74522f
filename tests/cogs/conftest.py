"""What the tests of the Discord side share."""

from __future__ import annotations

import pytest
import simcord


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let simcord see within a few milliseconds that the bot came to rest; by itself it looks every fifty."""
    settle = vars(simcord.Env)["_settle_internal"]
    monkeypatch.setitem(settle.__kwdefaults__, "idle", 0.004)

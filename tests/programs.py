"""Programs that a test needs and that a machine may not have."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(program: str) -> NoReturn:
    """Skip the test with a word; in CI, which installs everything, a missing program is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{program} is missing, and CI has to have it")
    pytest.skip(f"no {program} on this machine")

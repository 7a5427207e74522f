"""CI runs what it says, on actions that nobody can change behind our back."""

from __future__ import annotations

import re

import pytest

from tests.packaging.project import ROOT
from tests.programs import missing

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))


def test_every_action_is_pinned_by_hash() -> None:
    used = [line for path in WORKFLOWS for line in re.findall(r"uses: *(\S+.*)", path.read_text(encoding="utf-8"))]

    assert used
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\w.]+", line)] == []


def test_a_missing_program_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="buildah is missing"):
        missing("buildah")


def test_a_missing_program_is_a_skip_with_a_word_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="no buildah on this machine"):
        missing("buildah")

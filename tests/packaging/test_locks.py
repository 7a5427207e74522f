"""The lock files name every package that is declared, with hashes, and nothing else."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.project import ROOT, declared, declared_for_development

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock")
_PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)( ; [a-z_]+ [<>=!]+ '[0-9a-z.]+')? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def _lines(lock: str) -> list[str]:
    return (ROOT / lock).read_text(encoding="utf-8").splitlines()


def _pins(lock: str) -> dict[str, str]:
    return {match["name"]: match["version"] for line in _lines(lock) if (match := _PIN.fullmatch(line))}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_hashes_and_no_index_host_or_path(lock: str) -> None:
    strange = [line for line in _lines(lock) if not _PIN.fullmatch(line) and not _HASH.fullmatch(line)]

    assert strange == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    lines = _lines(lock)

    bare = [line for line, after in zip(lines, [*lines[1:], ""], strict=True) if "==" in line and "--hash" not in after]

    assert lines
    assert bare == []


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        pytest.param("requirements.lock", declared(), id="runtime"),
        pytest.param("requirements-dev.lock", declared() + declared_for_development(), id="development"),
    ],
)
def test_every_declared_package_is_locked_at_a_version_it_admits(lock: str, wanted: list[Requirement]) -> None:
    pins = _pins(lock)

    stale = [str(one) for one in wanted if not one.specifier.contains(pins.get(canonicalize_name(one.name), "0"))]

    assert stale == [], "run `make lock`"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-uv.lock"])
def test_what_a_server_runs_is_what_was_tested(lock: str) -> None:
    assert _pins(lock).items() <= _pins("requirements-dev.lock").items()


def test_the_server_gets_nothing_of_the_demo_or_the_tests() -> None:
    assert not {"simcord", "av", "pytest", "playwright", "uv"} & _pins("requirements.lock").keys()


def test_pyproject_names_no_index() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert "://" not in text
    assert not re.search(r"index|find-links", text.partition("[tool.ruff]")[0])

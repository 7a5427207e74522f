"""What the repository's own files say: the checkout's root, the declared dependencies, what the product imports."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PRODUCT = ("bot.py", "cogs", "runtime", "veo_core")


def declared() -> list[Requirement]:
    """The packages that a server needs."""
    project = cast("dict[str, list[str]]", _pyproject()["project"])
    return [Requirement(words) for words in project["dependencies"]]


def declared_for_development() -> list[Requirement]:
    """The packages that the demo, the tests and the checks need besides."""
    groups = cast("dict[str, list[str]]", _pyproject()["dependency-groups"])
    return [Requirement(words) for group in groups.values() for words in group]


def sources(*names: str) -> Iterator[Path]:
    """The Python files of these top-level files and folders."""
    for name in names:
        place = ROOT / name
        yield from [place] if place.suffix == ".py" else sorted(place.rglob("*.py"))


def imported_packages(nodes: Iterator[ast.AST]) -> set[str]:
    """The top-level names that these nodes import; none of the project's imports are relative."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def _pyproject() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

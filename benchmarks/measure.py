"""What was measured, and the table that shows it."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

_MILLISECONDS = 1000
_HEADER = ("benchmark", "way", "ms", "ms each", "beside it", "note")
_RIGHT = {2, 3, 4}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do it: how long each round took, in seconds."""

    name: str
    seconds: tuple[float, ...]
    note: str = ""

    @property
    def typical(self) -> float:
        """The middle of the rounds, in seconds: one disturbed round moves nothing."""
        return median(self.seconds)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours beside a simpler way to do the same `count` things."""

    name: str
    count: int
    ours: Way
    baseline: Way


def table(comparisons: Iterable[Comparison]) -> str:
    """The figures in columns; "beside it" is the time, with the simpler way's as 1."""
    rows = [_HEADER]
    for one in comparisons:
        rows += [_row(one, one.ours), _row(one, one.baseline)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def surroundings() -> str:
    """What the figures depend on besides the machine."""
    return f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.system()}"


def _row(comparison: Comparison, way: Way) -> tuple[str, ...]:
    milliseconds = way.typical * _MILLISECONDS
    ratio = way.typical / comparison.baseline.typical
    return (
        comparison.name,
        way.name,
        f"{milliseconds:.1f}",
        f"{milliseconds / comparison.count:.3f}",
        f"{ratio:.2f}",
        way.note,
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = (
        cell.rjust(width) if place in _RIGHT else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()

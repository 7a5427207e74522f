"""What SQLite would do for a statement, read from EXPLAIN QUERY PLAN: no scan of what grows, no sort of what grows."""

from __future__ import annotations

import inspect
import re
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import aiosqlite

from benchmarks.past import make_past
from tests.core.fakes import START

Values = Sequence[Any] | Mapping[str, Any]

# Tables that hold one row a fact or a model, whatever happens.
_SMALL = frozenset({"meta", "model_troubles", "json_each", "sqlite_schema"})
# Indexes that hold no more than runs at once (veo.max_running).
_IN_FLIGHT = frozenset({"jobs_in_flight", "jobs_running", "jobs_submitting"})
# A scan or a sort that is allowed: words of the statement, words of the plan, and why it is bounded.
ALLOWED: tuple[tuple[str, str, str], ...] = (
    ("FROM queue_heads AS head", "SCAN head USING COVERING INDEX queue_heads_in_order", "stops at its LIMIT"),
    ("INDEXED BY jobs_queued WHERE state = 'queued' LIMIT ?", "SCAN jobs USING", "stops at its LIMIT"),
    ("INDEXED BY jobs_open SET status_shown = ''", "SCAN jobs", "a pause changes the line of each job that waits"),
    ("INDEXED BY jobs_submitting WHERE state = 'submitting' ORDER BY", "USE TEMP B-TREE", "as many as run at once"),
    ("ORDER BY in_flight, tried_at", "USE TEMP B-TREE FOR ORDER BY", "as many people as jobs run at once"),
    ("FROM budget_warnings WHERE told_at IS NULL", "USING INDEX budget_warnings_due", "stops at its LIMIT"),
    ("INDEXED BY jobs_moderated", "USE TEMP B-TREE", "the refused prompts of one server in one week"),
)
# A search without a condition, for a least value, is a scan by another name.
_READS = re.compile(r"(?:SCAN|SEARCH) (\S+)(?: USING (?:COVERING )?INDEX (\S+))?")
_CONDITION = re.compile(r" \(.*[=<>].*\)$")
_MADE = re.compile(r"(?:CO-ROUTINE|MATERIALIZE) (\S+)")
_CHANGES_OR_READS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|REPLACE)\b", re.IGNORECASE)


class Planner:
    """Two databases with a long past; SQLite knows the figures of one of them and has to guess those of the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def connections(self) -> tuple[sqlite3.Connection, sqlite3.Connection]:
        """Made when they are first needed."""
        known, guessed = self._folder / "known.sqlite3", self._folder / "guessed.sqlite3"
        make_past(known, START, finished=30_000, waiting=2000, ready=20)
        make_past(guessed, START, finished=100, waiting=10, ready=4, analysed=False)
        return sqlite3.connect(known), sqlite3.connect(guessed)

    def faults(self, sql: str, values: Values = ()) -> list[str]:
        """What is wrong with a statement in either of them."""
        return [fault for connection in self.connections for fault in faults(connection, sql, values)]

    def close(self) -> None:
        """Close what was opened."""
        for connection in vars(self).get("connections", ()):
            connection.close()


class Statements:
    """What the store's own code executes, each statement once, with the values it first had."""

    def __init__(self) -> None:
        self.seen: dict[str, Values] = {}
        self._judged = 0

    def note(self, sql: str, values: Values, caller: str) -> None:
        """Keep a statement of the store; what a test itself executes is no business of this."""
        if caller.startswith("veo_core.") and _CHANGES_OR_READS.match(sql):
            self.seen.setdefault(sql, values)

    def new(self) -> list[tuple[str, Values]]:
        """Those that were first seen since the last time."""
        found = list(self.seen.items())[self._judged :]
        self._judged = len(self.seen)
        return found


@contextmanager
def recorded(statements: Statements) -> Generator[None]:
    """Let every connection of aiosqlite note what is executed on it."""
    names = ("execute", "executemany", "execute_fetchall", "execute_insert")
    originals = {name: getattr(aiosqlite.Connection, name) for name in names}
    for name, original in originals.items():
        setattr(aiosqlite.Connection, name, _noting(original, statements, many=name == "executemany"))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(aiosqlite.Connection, name, original)


def _noting(original: Callable[..., Any], statements: Statements, *, many: bool) -> Callable[..., Any]:
    def execute(connection: aiosqlite.Connection, sql: str, values: Any = ()) -> Any:
        values = list(values) if many else values
        frame = inspect.currentframe()
        caller = str(frame.f_back.f_globals.get("__name__", "")) if frame and frame.f_back else ""
        if not many or values:
            statements.note(sql, values[0] if many else values, caller)
        return original(connection, sql, values)

    return execute


def faults(connection: sqlite3.Connection, sql: str, values: Values = ()) -> list[str]:
    """What in the plan of a statement grows with the past or with the line, and is not allowed."""
    steps = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    made = {match[1] for step in steps if (match := _MADE.match(step))}
    words = " ".join(sql.split())
    return [f"{step}: {words}" for step in steps if _grows(step, made) and not _is_allowed(step, words)]


def _grows(step: str, made: set[str]) -> bool:
    if "USE TEMP B-TREE" in step:
        return True
    reads = _READS.match(step)
    if reads is None or _CONDITION.search(step) or step == "SCAN CONSTANT ROW":
        return False
    name, index = reads.groups()
    return not (name.startswith("(") or name in made | _SMALL or index in _IN_FLIGHT)


def _is_allowed(step: str, words: str) -> bool:
    return any(statement in words and plan in step for statement, plan, _ in ALLOWED)

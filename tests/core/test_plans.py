"""The past slows nothing: each statement has its index, and each method of the store takes the same number of steps.

The statements of the whole core suite are judged as well, each after the test that ran it first (see conftest.py).
"""

from __future__ import annotations

import inspect
import re
import sqlite3
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast, get_type_hints

import pytest

from benchmarks.past import make_past
from tests.core.bench import PLENTY, connection_of, new_job
from tests.core.fakes import START
from tests.core.plans import Planner, faults
from veo_core.domain.budgets import Alert, Budget, Scope
from veo_core.domain.jobs import Job, JobKind, NewJob
from veo_core.domain.messages import PostedMessage
from veo_core.domain.polling import Reschedule
from veo_core.domain.quota import Limits
from veo_core.domain.retirement import ModelTrouble
from veo_core.domain.submissions import Video
from veo_core.reasons import Reason
from veo_core.store import Store
from veo_core.store.outbox import Skip

# A value for each parameter of a public method: by its name, else by its type. A new type needs a line here.
BY_NAME: dict[str, Any] = {
    "since": START - timedelta(days=7),
    "max_running": 1000,
    "running_per_user": 1000,
    "limit": 10,
    "offset": 0,
    "only": None,
    "kind": JobKind.CREATE,
    "looks": {1: Reschedule(START, slow=True, seen=True)},
    "task_ids": ("task-1", "task-2"),
    "guild_id": 10,
}
BY_TYPE: dict[Any, Any] = {
    ModelTrouble: ModelTrouble("veo2"),
    int: 1,
    str: "words",
    bool: True,
    Callable[[], datetime]: lambda: START,
    datetime: START,
    NewJob: new_job(1, "something new"),
    Limits: PLENTY,
    Reason: Reason.LOST,
    Alert: Alert(Scope.BOT, 0, Budget.CREDITS_PER_DAY, 1000, "2026-10-20", 80),
    PostedMessage: PostedMessage(20, 30, 10),
    Video: Video("https://v"),
    Skip: Skip(each=2),
    Collection[int]: (),
    Collection[str]: (),
    Mapping[int, Reschedule]: {},
}
# Methods that touch as many rows as there are, on purpose.
GROWING = {"outbox.restate_queued": "a pause that begins or ends changes the line of each job that waits"}


def public_methods(store: Store) -> list[str]:
    """Every coroutine that a part of the store offers, as part.method."""
    parts = [field.name for field in fields(store) if field.name not in {"database", "instance"}]
    return [
        f"{part}.{name}"
        for part in parts
        for name, function in vars(cast("type[object]", type(getattr(store, part)))).items()
        if inspect.iscoroutinefunction(function) and not name.startswith("_")
    ]


def example(name: str, annotation: Any, job: Job) -> Any:
    """A fitting value for a parameter."""
    if name in BY_NAME:
        return BY_NAME[name]
    if annotation is Job:
        return job
    optional = [one for one in getattr(annotation, "__args__", ()) if one is not type(None)]
    plain = optional[0] if type(None) in getattr(annotation, "__args__", ()) else annotation
    assert plain in BY_TYPE, f"a value for the parameter {name}: {annotation} is missing in BY_NAME or BY_TYPE"
    return BY_TYPE[plain]


async def call(store: Store, method: str, job: Job) -> None:
    part, _, name = method.partition(".")
    function = getattr(getattr(store, part), name)
    hints = get_type_hints(function)
    values = {key: example(key, hints[key], job) for key in inspect.signature(function).parameters}
    await function(**values)


async def steps(store: Store, method: str, job: Job) -> int:
    """How many steps SQLite's machine takes for a method, so that nothing depends on the computer."""
    taken = 0

    def another() -> int:
        nonlocal taken
        taken += 1
        return 0

    connection = connection_of(store)
    await connection.set_progress_handler(another, 1)
    try:
        await call(store, method, job)
    finally:
        await connection.set_progress_handler(lambda: 0, 10**9)
    return taken


@asynccontextmanager
async def opened(path: Path, *, finished: int, waiting: int) -> AsyncGenerator[tuple[Store, Job]]:
    """A store with a past, and one of the jobs that wait."""
    make_past(path, START, finished=finished, waiting=waiting, ready=20)
    async with Store.open(path) as store:
        await connection_of(store).execute("PRAGMA synchronous = OFF")
        [row] = await connection_of(store).execute_fetchall("SELECT max(job_id) AS n FROM jobs WHERE state = 'queued'")
        job = await store.requests.get(row["n"])
        assert job is not None
        yield store, job


async def test_no_method_of_the_store_takes_more_steps_with_a_longer_past_or_a_longer_line(tmp_path: Path) -> None:
    async with (
        opened(tmp_path / "short.sqlite3", finished=1500, waiting=1200) as (short, one),
        opened(tmp_path / "long.sqlite3", finished=30_000, waiting=6000) as (long, other),
    ):
        grown: dict[str, tuple[int, int]] = {}
        for method in public_methods(short):
            few, many = await steps(short, method, one), await steps(long, method, other)
            if many > few * 1.2 + 200 and method not in GROWING:
                grown[method] = (few, many)

        assert len(public_methods(short)) > 30
        assert grown == {}


def trigger_statements(connection: sqlite3.Connection) -> list[str]:
    """What the triggers execute, with new.x and old.x as parameters: EXPLAIN of a statement leaves it out."""
    bodies = [
        re.split(r"\bBEGIN\b", sql, maxsplit=1)[1].rsplit("END", 1)[0]
        for (sql,) in connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger'")
    ]
    found = [one.strip() for body in bodies for one in body.split(";") if one.strip()]
    return [re.sub(r"\b(new|old)\.(\w+)", r":\1_\2", one) for one in found]


def test_no_trigger_reads_what_grows(planner: Planner) -> None:
    statements = trigger_statements(planner.connections[0])

    assert len(statements) >= 6
    for sql in statements:
        assert planner.faults(sql, dict.fromkeys(re.findall(r":(\w+)", sql), 1)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM jobs WHERE prompt = 'x'",
        "SELECT count(*) FROM jobs WHERE state = 'queued'",
        "SELECT min(created_at) FROM jobs",
        "SELECT * FROM jobs WHERE user_id = 1 ORDER BY prompt",
        "SELECT * FROM jobs AS other WHERE other.prompt = 'x' LIMIT 1",
        "UPDATE jobs SET tried_at = 1 WHERE due_at > 5",
        "DELETE FROM job_events WHERE at < 5",
    ],
)
def test_a_statement_that_reads_what_grows_is_found(planner: Planner, sql: str) -> None:
    for connection in planner.connections:
        assert faults(connection, sql)


@pytest.mark.parametrize("sql", ["SELECT * FROM jobs WHERE job_id = 1", "SELECT value FROM meta"])
def test_a_statement_that_reads_little_is_good(planner: Planner, sql: str) -> None:
    assert planner.faults(sql) == []

"""A database with a long past and a long line, written at once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from veo_core.store.migrate import migrate

_DAY = 24 * 60 * 60 * 1000

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)"
# The columns that all jobs have here, and those of each kind of job; nine of ten finished ones have a video.
_COMMON = {
    "kind": "'create'",
    "user_id": "1 + i % 100",
    "guild_id": "10 + i % 3",
    "workspace_id": "10 + i % 3",
    "channel_id": "20",
    "interaction_id": ":first + i",
    "prompt": "'a cat'",
    "model": "'veo31'",
    "action": "'text2video'",
    "resolution": "'720p'",
    "fingerprint": ":first + i",
    "created_at": ":since + i * :step",
}
_FINISHED = {
    "state": "iif(i % 10, 'succeeded', 'failed')",
    "ended_at": ":since + i * :step",
    "task_id": ":first + i",
    "video_url": "'https://v'",
    "reason": "iif(i % 10, NULL, 'moderated')",
    "counts": "iif(i % 10, 1, 0)",
    "charged": "iif(i % 10, 720, 0)",
    "status_shown": "iif(i % 10, 'done', 'failed')",
    "status_message_id": ":first + i",
    "delivered_at": ":since + i * :step",
    "message_id": ":first + i",
}
# Twelve of each person, all in one server: a longer line has more people in it.
_WAITING = {
    "user_id": "1 + i % max(1, :count / 12)",
    "guild_id": "11",
    "workspace_id": "11",
    "state": "'queued'",
    "status_shown": "'queued'",
}
_RUNNING = {"state": "'running'", "task_id": ":first + i", "due_at": ":since + i", "status_shown": "'running'"}
_READY = {
    "state": "'succeeded'",
    "ended_at": ":since + i",
    "task_id": ":first + i",
    "video_url": "'https://v'",
    "delivery_due_at": ":since + i",
    "status_shown": "'running'",
}


def make_past(
    path: Path, now: datetime, *, finished: int = 0, waiting: int = 0, ready: int = 0, analysed: bool = True
) -> None:
    """A database in which so many jobs are finished, wait, and are ready to be delivered (a quarter as many run).

    The last week is the same however long the past is.
    """
    path.touch(mode=0o600)
    migrate(path)
    now_ms = int(now.timestamp() * 1000)
    year = {"since": now_ms - 390 * _DAY, "step": 380 * _DAY // max(1, finished)}
    week = {"since": now_ms - 6 * _DAY, "step": 1000}
    minute = {"since": now_ms - 60_000, "step": 1}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        _insert(connection, _FINISHED, count=finished, first=10**12, **year)
        _insert(connection, _FINISHED, count=min(finished, 200), first=2 * 10**12, **week)
        _insert(connection, _WAITING, count=waiting, first=3 * 10**12, **minute)
        _insert(connection, _RUNNING, count=ready // 4, first=4 * 10**12, **minute)
        _insert(connection, _READY, count=ready, first=5 * 10**12, **minute)
        connection.execute("COMMIT")
        if analysed:
            connection.execute("ANALYZE")


def _insert(connection: sqlite3.Connection, columns: dict[str, str], **values: int) -> None:
    """So many rows, each column by its expression."""
    if not values["count"]:
        return
    all_columns = _COMMON | columns
    names, expressions = ", ".join(all_columns), ", ".join(all_columns.values())
    connection.execute(f"{_NUMBERS} INSERT INTO jobs ({names}) SELECT {expressions} FROM n", values)  # noqa: S608 - constants of this file

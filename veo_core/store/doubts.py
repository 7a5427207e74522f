"""What a copy that was put back leaves under way: a later life of the bot may have done it already."""

from __future__ import annotations

import logging
import secrets
import sqlite3

_log = logging.getLogger(__name__)
# Every job of the lost life took at least one change, so its numbers end below this many beyond the copy's.
_SAFE_GAP = 1_000
_GAP_UNKNOWN = 10_000

_NOW = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
_DOUBT_MESSAGES = """
UPDATE jobs SET restored = 1, delivery_attempts = max(delivery_attempts, 1),
    status_attempts = CASE WHEN status_message_id IS NULL THEN max(status_attempts, 1) ELSE status_attempts END
WHERE"""
_UNPOSTED = "ended_at IS NOT NULL AND delivered_at IS NULL AND kept_at IS NULL AND delivery_due_at IS NOT NULL"
_SUBMITTED = "UPDATE jobs SET state = 'submitting', submitting_at = created_at, in_doubt_at = created_at"
_STATEMENTS = (
    f"{_DOUBT_MESSAGES} ended_at IS NULL",
    f"{_DOUBT_MESSAGES} {_UNPOSTED}",
    f"{_DOUBT_MESSAGES} status_shown IS NOT status_wanted",
    f"{_SUBMITTED} WHERE state = 'queued' AND ended_at IS NULL",
    # The lost life may have announced other commands.
    "DELETE FROM meta WHERE key = 'commands_hash'",
)


def put_in_doubt(connection: sqlite3.Connection, *, lost_writes: int | None) -> None:
    """Mark everything that the lost life may have done; belongs into the transaction that begins the new one.

    `lost_writes` is how many changes the copy lacks, None when nobody knows. Queued jobs are looked for at the
    provider instead of being sent, messages are looked for before they are posted, and no number is given twice.
    """
    under_way = connection.execute("SELECT count(*) FROM jobs WHERE ended_at IS NULL").fetchone()[0]
    for statement in _STATEMENTS:
        connection.execute(statement)
    _skip_numbers(connection, _GAP_UNKNOWN if lost_writes is None else _SAFE_GAP + max(0, lost_writes))
    # Nonces of the lost life may still be known to Discord.
    _put(connection, "instance", "?", secrets.token_hex(3))
    _put(connection, "restored_at", _NOW)
    _log.warning(
        "The database is not the one that the last start left: what is under way is looked for before it is sent",
        extra={"under_way": under_way},
    )


def _put(connection: sqlite3.Connection, key: str, value: str, *bound: str) -> None:
    connection.execute(
        f"INSERT INTO meta (key, value) VALUES (?, {value}) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, *bound),
    )


def _skip_numbers(connection: sqlite3.Connection, gap: int) -> None:
    """Let the next job's number lie beyond those that the lost life gave."""
    updated = connection.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'jobs'", (gap,))
    if updated.rowcount == 0:
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('jobs', ?)", (gap,))

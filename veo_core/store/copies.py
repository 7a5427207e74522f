"""One sound copy of a database in one private file, whole or not there at all."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from veo_core.errors import StorageError
from veo_core.store.hold import PRIVATE

# Belongs to no life, so that a bot that starts on the copy knows it for one.
_NO_LIFE = ""


def write_copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy what `source` sees into a file that replaces `target` once it is complete, checked and on the disk.

    Beside a running bot this stops nobody. Raises StorageError when it cannot be made, or is not what was read.
    """
    try:
        _write(source, target, target.with_name(f"{target.name}.part"))
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"the copy {target} cannot be made: {error}") from error


def _write(source: sqlite3.Connection, target: Path, part: Path) -> None:
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            _fill(source, copy)
        os.fsync(descriptor)
        part.replace(target)
    finally:
        # Only here, after SQLite let go of it: closing it earlier would drop SQLite's locks.
        os.close(descriptor)
        part.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _fill(source: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    source.execute("BEGIN")
    try:
        source.backup(copy)
        expected = counts(source)
    finally:
        source.execute("ROLLBACK")
    damage = [str(row[0]) for row in copy.execute("PRAGMA integrity_check(3)") if row[0] != "ok"]
    if damage or counts(copy) != expected:
        raise StorageError(f"the copy is not what was read: {'; '.join(damage) or 'rows are missing'}")
    if "life" in expected:
        leave_life(copy)
    else:
        copy.execute("PRAGMA journal_mode = DELETE")


def leave_life(copy: sqlite3.Connection) -> None:
    """Make one file of a copy, without the others that WAL needs, and let it belong to no life."""
    copy.execute("PRAGMA journal_mode = DELETE")
    copy.execute("UPDATE life SET token = ?", (_NO_LIFE,))


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {
        str(name): int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])
        for (name,) in names.fetchall()
    }


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

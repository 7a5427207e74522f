"""Brings a database to the newest schema: numbered .sql files, each in one transaction, a copy made before."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path

from veo_core.errors import StorageError
from veo_core.store.copies import write_copy

# "VEOB": tells our files from those of other programs.
_APPLICATION_ID = 0x56454F42


def migrations() -> list[tuple[int, str]]:
    """Every migration as (number, SQL), in order."""
    folder = resources.files("veo_core.store") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [(int(f.name.partition("_")[0]), f.read_text(encoding="utf-8")) for f in files]


def migrate(path: Path) -> None:
    """Apply what is missing; a file that is to be changed is read as a whole before, one that is not is only opened.

    Raises StorageError for a file that cannot be read, one that is no database of this bot, or one of a newer version.
    """
    with opened(path) as connection:
        steps = migrations()
        newest = steps[-1][0]
        version = _known_version(connection, path, newest)
        _touch_tables(connection)
        _check_writable(connection, version)
        if 0 < version < newest:
            _check_sound(connection, path)
            write_copy(connection, path.with_name(f"{path.name}.before-{newest}"))
        for number, sql in steps:
            if number > version:
                _apply(connection, number, sql)


def check(path: Path) -> str:
    """One line on the state of a database file, read as a whole, without changing it.

    Raises StorageError when it cannot be used.
    """
    if not path.exists():
        return f"{path} does not exist yet and will be made"
    with opened(path, read_only=True) as connection:
        _check_sound(connection, path)
        newest = migrations()[-1][0]
        version = _known_version(connection, path, newest)
    return f"{path} is sound, schema {version} of {newest}"


def sound_version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's number of an open file, 0 for an empty one.

    Raises StorageError for a file that this bot cannot use.
    """
    _check_sound(connection, path)
    return _known_version(connection, path, migrations()[-1][0])


@contextmanager
def opened(path: Path, *, read_only: bool = False) -> Generator[sqlite3.Connection]:
    """A connection of its own to a database file, for as long as it is needed; raises StorageError."""
    mode = "ro" if read_only else "rwc"
    try:
        uri = f"{path.resolve().as_uri()}?mode={mode}"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5.0)) as connection:
            yield connection
    except (sqlite3.Error, OSError) as error:
        problem = "is damaged" if is_damage(error) else "cannot be used"
        advice = "; put a backup in its place" if is_damage(error) else ""
        raise StorageError(f"the database {path} {problem}: {error}{advice}") from error


def is_damage(error: BaseException) -> bool:
    """Whether SQLite found pages that make no sense."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT


def _check_sound(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        damage = " ".join(str(found).split())
        raise StorageError(f"the database {path} is damaged: {damage}; put a backup in its place")


def _touch_tables(connection: sqlite3.Connection) -> None:
    """Read one row of each table: a file that is damaged from its beginning is told before anything is promised.

    A check of every page takes as long as the past is; `check` and `audit` do that.
    """
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (name,) in tables:
        connection.execute(f'SELECT * FROM "{name}" LIMIT 1').fetchall()


def _known_version(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    """The schema's number, 0 for an empty file; another program's database is never touched."""
    version = _number(connection, "PRAGMA user_version")
    has_tables = _number(connection, "SELECT count(*) FROM sqlite_schema") > 0
    if has_tables and _number(connection, "PRAGMA application_id") != _APPLICATION_ID:
        raise StorageError(f"the file {path} is a database of another program")
    if version > newest:
        raise StorageError(f"the database {path} is of a newer version ({version}); this bot knows up to {newest}")
    return version


def _number(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])


def _check_writable(connection: sqlite3.Connection, version: int) -> None:
    """A file that is read-only, or locked by somebody, would only show itself at the first command."""
    connection.execute("BEGIN IMMEDIATE")
    # On a read-only file BEGIN alone quietly becomes a read.
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("ROLLBACK")


def _apply(connection: sqlite3.Connection, number: int, sql: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(sql):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(sql: str) -> Iterator[str]:
    """Statement by statement: executescript would commit before it begins."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip() and not pending.strip().startswith("--"):
        yield pending

"""A copy of the database beside a running bot, and putting one back while none runs."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from veo_core.errors import StorageError
from veo_core.store.copies import write_copy
from veo_core.store.hold import PRIVATE, Hold, companions
from veo_core.store.life import Beside, SideFile
from veo_core.store.migrate import opened, sound_version


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds; `kept` is where the database that it replaced lies now."""

    jobs: int
    under_way: int
    size: int
    kept: Path | None = None


def back_up(database: Path, target: Path) -> Copied:
    """Copy the database into a new file, which is complete and checked, or empty when this was interrupted.

    Raises StorageError for a file that exists already and for a database that cannot be read.
    """
    if not database.is_file():
        raise StorageError(f"the database {database} does not exist")
    try:
        # Takes the name, so that nobody's file is ever written over.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    except FileExistsError as error:
        raise StorageError(f"{target} exists already; choose a new name") from error
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror}") from error
    try:
        return _copy(database, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def restore(copy: Path, database: Path, now: datetime) -> Copied:
    """Put a copy in the place of the database, which is kept beside it.

    The next start finds that it is a copy and looks for everything under way before it sends or posts anything.
    Killed at any line, one of the two is in place, whole. Raises StorageInUse while a bot runs, StorageError for a
    file that is no sound copy; then nothing is changed.
    """
    database = database.resolve()
    if not copy.is_file():
        raise StorageError(f"{copy} does not exist")
    if copy.resolve() == database:
        raise StorageError(f"{copy} is the database itself")
    hold = Hold.take(database)
    fresh = database.with_name(f"{database.name}.restoring")
    try:
        found = _copy(copy, fresh)
        _give_to_owner(fresh, database)
        kept = _set_aside(database, now)
        _leave_a_sign(database)
        fresh.replace(database)
    except OSError as error:
        raise StorageError(f"the copy could not be put in place: {error}") from error
    finally:
        fresh.unlink(missing_ok=True)
        hold.release()
    return Copied(found.jobs, found.under_way, found.size, kept)


def _copy(source: Path, target: Path) -> Copied:
    with opened(source, read_only=True) as connection:
        if sound_version(connection, source) == 0:
            raise StorageError(f"{source} is no database of this bot")
        write_copy(connection, target)
    with opened(target, read_only=True) as connection:
        jobs, ended = connection.execute("SELECT count(*), count(ended_at) FROM jobs").fetchone()
    return Copied(int(jobs), int(jobs) - int(ended), target.stat().st_size)


def _set_aside(database: Path, now: datetime) -> Path | None:
    """Give the old database a second name, which keeps what it holds; its other files go out of the way."""
    kept = database.with_name(f"{database.name}.replaced-{now:%Y%m%d-%H%M%S}")
    if kept.exists():
        raise StorageError(f"{kept} exists already")
    is_empty = database.stat().st_size == 0
    _move_companions(database, kept, is_empty=is_empty)
    if is_empty:
        return None
    try:
        os.link(database, kept)
    except OSError:
        # Not every file system knows a second name.
        shutil.copy2(database, kept)
    return kept


def _move_companions(database: Path, kept: Path, *, is_empty: bool) -> None:
    """Files that stayed would be read into whatever takes the database's place."""
    beside = {file: aside for file, aside in zip(companions(database), companions(kept), strict=True) if file.exists()}
    for file, aside in beside.items():
        shutil.copy2(file, aside)
    merged = not is_empty
    try:
        merged = not is_empty and _is_merged(database)
    finally:
        if merged:
            for aside in beside.values():
                aside.unlink(missing_ok=True)
    for file in beside:
        file.unlink(missing_ok=True)


def _is_merged(database: Path) -> bool:
    """Whether SQLite could bring everything into the one file; it cannot for a damaged one."""
    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        raise StorageError(f"another program works on the database {database}: {error}") from error
    except sqlite3.DatabaseError:
        return False
    return True


def _leave_a_sign(database: Path) -> None:
    """A copy from before there were lives is known by the file beside it."""
    side = SideFile(database)
    if side.read() is None:
        side.write(Beside((secrets.token_hex(16),), 0))
        side.close()
        _give_to_owner(side.path, database)


def _give_to_owner(fresh: Path, database: Path) -> None:
    """Root restores for the user that the bot runs as."""
    if os.geteuid() == 0:
        owner = database.stat() if database.stat().st_size else database.parent.stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)

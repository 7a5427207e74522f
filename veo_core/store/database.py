"""One SQLite file, one connection, one transaction at a time."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite
from filelock import FileLock, Timeout

from veo_core.errors import StorageError, StorageInUse
from veo_core.store.migrate import is_damage, migrate

_log = logging.getLogger(__name__)
_BUSY_SECONDS = 5.0
# Bytes that the write-ahead log keeps on disk once everything in it is in the file.
_LARGEST_LOG = 64 * 1024 * 1024


class Database:
    """Gives out transactions; cogs and loops share the connection, so a lock spans each from BEGIN to COMMIT.

    Two coroutines inside one aiosqlite transaction would roll back each other's rows.
    """

    def __init__(self, connection: aiosqlite.Connection, lock: FileLock) -> None:
        self._connection = connection
        self._process_lock = lock
        self._turn = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open, lock and migrate the database.

        Raises StorageInUse when another bot has it, StorageError with one line for everything else.
        """
        path = await asyncio.to_thread(path.resolve)
        lock = _lock(path)
        try:
            await asyncio.to_thread(migrate, path)
            connection = await _connect(path)
        except (sqlite3.Error, OSError) as error:
            lock.release()
            raise StorageError(f"the database {path} cannot be used: {error}") from error
        except BaseException:
            lock.release()
            raise
        return cls(connection, lock)

    async def close(self) -> None:
        """Write everything into the one file and let the next process have it."""
        async with self._turn:
            self._closed = True
            await self._connection.close()
        self._process_lock.release()

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[aiosqlite.Connection]:
        """A transaction that may change rows, committed at the end, undone on any exception.

        Raises StorageError when the file is locked by another process, the disk is full or the like.
        """
        async with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[aiosqlite.Connection]:
        """A transaction that sees one moment and refuses to write: a write after a read would not be checked."""
        async with self._transaction("BEGIN") as connection:
            try:
                await connection.execute("PRAGMA query_only = ON")
                yield connection
            finally:
                await asyncio.shield(connection.execute("PRAGMA query_only = OFF"))

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncGenerator[aiosqlite.Connection]:
        async with self._turn:
            if self._closed:
                raise StorageError("the database is closed: the bot is stopping")
            try:
                await self._connection.execute(begin)
                yield self._connection
                await self._connection.execute("COMMIT")
            except BaseException as error:
                await asyncio.shield(self._undo())
                if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
                    raise _refusal(error) from error
                raise

    async def _undo(self) -> None:
        """Roll back; a BEGIN whose caller was cancelled may only now have taken effect, so it is always tried."""
        try:
            await self._connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            _log.debug("There was nothing to undo", extra={"error": str(error)})


def _refusal(error: sqlite3.Error) -> StorageError:
    if is_damage(error):
        return StorageError(f"the database is damaged: {error}; put a backup in its place")
    return StorageError(f"the database did not accept this: {error}")


def _lock(path: Path) -> FileLock:
    """Take the file beside the database that the system frees when the process dies, however it dies."""
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StorageInUse(f"the database {path} is in use by another running bot") from error
    except OSError as error:
        raise StorageError(f"the database {path} cannot be used: {error}") from error
    return lock


async def _connect(path: Path) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None, timeout=_BUSY_SECONDS)
    try:
        await _configure(connection)
    except BaseException:
        # Its thread would keep the process from ending.
        await connection.close()
        raise
    return connection


async def _configure(connection: aiosqlite.Connection) -> None:
    connection.row_factory = sqlite3.Row
    # FULL: what was marked before a POST must survive a power cut, not only a crash.
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"journal_size_limit = {_LARGEST_LOG}",
        f"busy_timeout = {int(_BUSY_SECONDS * 1000)}",
    ):
        await connection.execute(f"PRAGMA {pragma}")

"""One SQLite file, one connection, one transaction at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite

from veo_core.errors import StorageError, StorageGone
from veo_core.outage import Outage
from veo_core.store.hold import Hold, companions, tighten
from veo_core.store.life import Life
from veo_core.store.migrate import is_damage, migrate
from veo_core.store.rescue import rescue

_log = logging.getLogger(__name__)
_BUSY_SECONDS = 5.0
_PRIMARY_CODE = 0xFF
# The WAL's size once a disk was full: 200 kB instead of 4 MB.
_FRUGAL_PAGES = 50


class Database:
    """Gives out transactions; cogs and loops share the connection, so a lock spans each from BEGIN to COMMIT.

    Two coroutines inside one aiosqlite transaction would roll back each other's rows.
    """

    def __init__(self, connection: aiosqlite.Connection, hold: Hold, life: Life) -> None:
        self._connection = connection
        self._hold = hold
        self._life = life
        self._turn = asyncio.Lock()
        self._closed = False
        self._gone: StorageGone | None = None
        self._trouble = Outage(_log, "The database takes nothing; everything waits for it", "The database works again")

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open, lock and migrate the database.

        Raises StorageInUse when another bot has it, StorageError with one line for everything else.
        """
        path = await asyncio.to_thread(path.resolve)
        with contextlib.ExitStack() as undo:
            hold = await asyncio.to_thread(Hold.take, path)
            undo.callback(hold.release)
            try:
                life = await asyncio.to_thread(_prepare, path)
                undo.callback(life.side.close)
                connection = await _connect(path)
            except (sqlite3.Error, OSError) as error:
                raise StorageError(f"the database {path} cannot be used: {error}") from error
            hold.watch_companions()
            undo.pop_all()
        return cls(connection, hold, life)

    async def close(self) -> None:
        """Write everything into the one file and let the next process have it."""
        async with self._turn:
            self._closed = True
            if self._gone is not None and self._hold.has_lost_the_file:
                await rescue(self._connection, self._hold.path)
            await self._connection.close()
        self._life.side.close()
        self._hold.release()

    def check(self) -> None:
        """Whether the files are still the ones that were opened; costs a few looks at the folder.

        Raises StorageGone, from then on every time.
        """
        if self._gone is None:
            try:
                self._hold.check()
            except StorageGone as error:
                self._gone = error
        if self._gone is not None:
            raise self._gone
        self._life.side.mend()

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[aiosqlite.Connection]:
        """A transaction that may change rows, committed at the end, undone on any exception.

        Raises StorageError when the file is locked by another process, the disk is full or the like, StorageGone
        when what would be written could not be found again.
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
                changes = self._connection.total_changes
                yield self._connection
                await self._commit(changed=self._connection.total_changes != changes)
            except BaseException as error:
                await asyncio.shield(self._undo())
                if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
                    self._trouble.begin(error)
                    await self._make_room(error)
                    raise _refusal(error) from error
                raise

    async def _commit(self, *, changed: bool) -> None:
        """A change is counted, and made only while it can be found again; what changed nothing costs nothing."""
        if not changed:
            await self._connection.execute("COMMIT")
            return
        self.check()
        try:
            count = await self._life.count(self._connection)
        except StorageGone as error:
            self._gone = error
            raise
        await self._connection.execute("COMMIT")
        self._life.side.note(count)
        self._trouble.end()

    async def _make_room(self, error: sqlite3.Error) -> None:
        """Bring a WAL that filled the disk back into the file, as far as there is room.

        SQLite does so by itself only at a size that the disk may never allow; then what becomes free would go into
        the WAL too, and nothing would ever work again.
        """
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
            return
        try:
            await self._connection.execute_fetchall(f"PRAGMA wal_autocheckpoint = {_FRUGAL_PAGES}")
            await self._connection.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as failure:
            _log.debug("There is no room to make", extra={"error": str(failure)})

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


def _prepare(path: Path) -> Life:
    """Bring the file to the newest form and begin a life on it."""
    migrate(path)
    life = Life.begin(path)
    for file in (path, *companions(path)):
        _make_private(file)
    return life


def _make_private(file: Path) -> None:
    try:
        if tighten(file):
            _log.warning("A file of the database was open to everybody here; now it is its owner's", extra=_name(file))
    except FileNotFoundError:
        return
    except PermissionError:
        _log.warning("A file of the database is open to everybody here and belongs to another user", extra=_name(file))


def _name(file: Path) -> dict[str, str]:
    return {"file": str(file)}


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
        f"busy_timeout = {int(_BUSY_SECONDS * 1000)}",
    ):
        await connection.execute(f"PRAGMA {pragma}")
    # SQLite makes the files beside the database at the first read.
    await connection.execute_fetchall("SELECT one FROM life WHERE one = 1")

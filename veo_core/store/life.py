"""Tells a database that went on from a copy that was put back, by whatever means.

Each start writes a new token into the database and into a small file beside it, and each change counts up in both.
A copy carries an older token, or a smaller count than the file. Where both were copied, the small file tells by
itself: it says when and under which inode this bot wrote it.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import aiosqlite

from veo_core.errors import StorageGone
from veo_core.store.doubts import put_in_doubt
from veo_core.store.hold import PRIVATE, Identity, identity

_log = logging.getLogger(__name__)
# In a database that no start has given a token yet.
_NEVER = "-"
_HINT = "This file belongs to the database beside it and tells a copy that was put back. Rename both together.\n"
_RECORD = re.compile(rb"(\d{20}) (\d{20}) (\d{20})((?: [0-9a-f-]{1,32}){1,2})\n")
# File systems keep the time that is set to two seconds at the worst (FAT).
_SAME_TIME_NS = 2_000_000_000
# Between the moment that is written down and the system's own note of the change.
_SAME_MOMENT_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Beside:
    """What the file beside the database says: tokens that the database may have, and the least count of changes."""

    tokens: tuple[str, ...]
    writes: int


def goes_on(token: str, writes: int, beside: Beside | None) -> bool:
    """Whether a database with this token and count is the one that the last process left.

    Without the file beside it only a database that never had a token is: for one that was moved alone, looking for
    what is under way is safe, and sending it again is not.
    """
    if beside is None:
        return token == _NEVER
    return token in beside.tokens and writes >= beside.writes


def written_by_us(file: os.stat_result, *, written_ns: int, inode: int) -> bool:
    """Whether a file is still the one that was written at this time under this inode, and not a copy of it.

    A copy has a new time of change, or an old one under a new inode. The inode alone proves nothing: some file
    systems give new ones at each mount, but leave the times of a file alone.
    """
    if abs(file.st_mtime_ns - written_ns) > _SAME_TIME_NS:
        return False
    return file.st_ino == inode or abs(file.st_ctime_ns - written_ns) <= _SAME_MOMENT_NS


class SideFile:
    """`….life` beside the database: one line, written over in place."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(f"{database.name}.life")
        self._descriptor: int | None = None
        self._identity: Identity | None = None
        self._says = Beside((), 0)

    def read(self) -> Beside | None:
        """What it says; None when there is none, none that can be read as one, or one that was copied itself."""
        try:
            found, file = _RECORD.match(self.path.read_bytes()), self.path.stat()
        except FileNotFoundError:
            return None
        if found is None or not written_by_us(file, written_ns=int(found[2]), inode=int(found[3])):
            return None
        return Beside(tuple(found[4].decode().split()), int(found[1]))

    def write(self, says: Beside) -> None:
        """Write all of it, so that it survives a power cut."""
        self._says = says
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        inode, now = os.fstat(self._descriptor).st_ino, time.time_ns()
        content = f"{says.writes:020d} {now:020d} {inode:020d} {' '.join(says.tokens)}\n{_HINT}".encode()
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))
        os.utime(self._descriptor, ns=(now, now))
        os.fsync(self._descriptor)
        self._identity = identity(self.path)

    def note(self, writes: int) -> None:
        """Count up after a change is durable: a few bytes into the system's cache, not worth another thread.

        A count that lags behind can only make a newer copy pass for the original, so trouble here stops nothing.
        """
        if self._descriptor is None:
            return
        self._says, now = replace(self._says, writes=writes), time.time_ns()
        try:
            os.pwrite(self._descriptor, f"{writes:020d} {now:020d}".encode(), 0)
            os.utime(self._descriptor, ns=(now, now))
        except OSError as error:
            _log.debug("The file beside the database could not be written", extra={"error": str(error)})

    def mend(self) -> None:
        """Write it again when somebody deleted or replaced it."""
        try:
            if self._descriptor is not None and identity(self.path) != self._identity:
                self.close()
                self.write(self._says)
        except OSError as error:
            _log.debug("The file beside the database could not be mended", extra={"error": str(error)})

    def close(self) -> None:
        """Close it; a second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Life:
    """This process's life on the database."""

    def __init__(self, token: str, writes: int, side: SideFile) -> None:
        self._token = token
        self._writes = writes
        self.side = side

    @classmethod
    def begin(cls, path: Path) -> Life:
        """Give the database a new token; what a copy left under way is put in doubt in the same transaction.

        The file beside it names the old and the new token before the database changes, and only the new one after,
        so a process that dies in between is not taken for a copy. Raises sqlite3.Error, OSError.
        """
        side = SideFile(path)
        beside = side.read()
        try:
            with closing(sqlite3.connect(path, isolation_level=None, timeout=5.0)) as connection:
                life = cls(secrets.token_hex(16), 0, side)
                life._replace(connection, beside)
        except BaseException:
            side.close()
            raise
        return life

    def _replace(self, connection: sqlite3.Connection, beside: Beside | None) -> None:
        known, writes = connection.execute("SELECT token, writes FROM life").fetchone()
        token = _NEVER if known is None else str(known)
        same = goes_on(token, writes, beside)
        before = 0 if beside is None else beside.writes
        self.side.write(Beside((token, self._token) if same else (self._token,), before))
        self._writes = max(writes, before) + 1
        connection.execute("BEGIN IMMEDIATE")
        if not same:
            put_in_doubt(connection, lost_writes=None if beside is None else before - writes)
        connection.execute("UPDATE life SET token = ?, writes = ?", (self._token, self._writes))
        connection.execute("COMMIT")
        self.side.write(Beside((self._token,), self._writes))

    async def count(self, connection: aiosqlite.Connection) -> int:
        """Count a change up in its own transaction.

        Raises StorageGone when another process began a life on this database: two bots must not both work.
        """
        self._writes += 1
        cursor = await connection.execute(
            "UPDATE life SET writes = ? WHERE one = 1 AND token = ?", (self._writes, self._token)
        )
        if cursor.rowcount != 1:
            raise StorageGone("another bot has begun to work on the database")
        return self._writes

"""Trouble of the database's disk, for a bot that runs."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager

from tests.process.house import House

_ROOM_FOR_THE_LOG = 16_384


@contextmanager
def locked(house: House) -> Generator[None]:
    """Another program holds the write lock."""
    with closing(sqlite3.connect(house.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def full(house: House) -> Generator[None]:
    """Nothing may be written beyond the log: what SQLite meets is an error of the disk, in the WAL and in the file."""
    assert house.process is not None
    resource.prlimit(house.process.pid, resource.RLIMIT_FSIZE, (_ROOM_FOR_THE_LOG, resource.RLIM_INFINITY))
    yield
    resource.prlimit(house.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

"""Saves what only an open connection still holds of a database whose file was deleted or replaced."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

import aiosqlite

from veo_core.store.copies import leave_life
from veo_core.store.hold import PRIVATE

_log = logging.getLogger(__name__)


async def rescue(connection: aiosqlite.Connection, database: Path) -> None:
    """Copy everything into a new file beside the lost one, and tell the log its name, or that it could not be."""
    file = database.with_name(f"{database.name}.rescued-{secrets.token_hex(4)}")
    try:
        with closing(await asyncio.to_thread(_opened, file)) as copy:
            await connection.backup(copy)
            await asyncio.to_thread(leave_life, copy)
    except (sqlite3.Error, OSError) as error:
        _log.warning("What the lost database held could not be saved", extra={"error": str(error)})
    else:
        _log.warning("What the lost database held is saved; `restore` puts it back", extra={"file": str(file)})


def _opened(file: Path) -> sqlite3.Connection:
    """A private file; another thread, that of the connection, fills it."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    return sqlite3.connect(file, isolation_level=None, check_same_thread=False)

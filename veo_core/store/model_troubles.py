"""Models that the provider seems to have retired, remembered across restarts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from veo_core.domain.retirement import ModelTrouble
from veo_core.errors import StorageError
from veo_core.store.database import Database
from veo_core.store.rows import to_moment, to_ms

_ALL = "SELECT * FROM model_troubles ORDER BY model"


class Troubles:
    """What is held against each model; a model in good standing has no row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[ModelTrouble, ...]:
        """Every model with a failure since its last video."""
        async with self._database.read() as connection:
            return tuple(map(_to_trouble, await connection.execute_fetchall(_ALL)))

    async def put(self, trouble: ModelTrouble) -> None:
        """Remember what is known of this model now."""
        moments = (trouble.doubtful_at, trouble.retry_at, trouble.told_at)
        values = (trouble.model, trouble.failures, *(None if at is None else to_ms(at) for at in moments))
        async with self._database.write() as connection:
            await connection.execute(
                "INSERT OR REPLACE INTO model_troubles (model, failures, doubtful_at, retry_at, told_at)"
                " VALUES (?, ?, ?, ?, ?)",
                values,
            )

    async def forget(self, model: str) -> None:
        """It made a video: nothing is held against it."""
        async with self._database.write() as connection:
            await connection.execute("DELETE FROM model_troubles WHERE model = ?", (model,))


def read_troubles(path: Path) -> tuple[ModelTrouble, ...]:
    """The same beside a running bot, without changing anything; empty where no database or table is.

    Raises StorageError when the file cannot be read.
    """
    if not path.exists():
        return ()
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'model_troubles'").fetchone():
                return ()
            return tuple(map(_to_trouble, connection.execute(_ALL)))
    except sqlite3.Error as error:
        raise StorageError(f"the database {path} cannot be read: {error}") from error


def _to_trouble(row: sqlite3.Row) -> ModelTrouble:
    doubtful_at, retry_at, told_at = (
        None if row[name] is None else to_moment(row[name]) for name in ("doubtful_at", "retry_at", "told_at")
    )
    return ModelTrouble(row["model"], row["failures"], doubtful_at, retry_at, told_at)

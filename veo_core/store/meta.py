"""Facts about this database and what it was last used with."""

from __future__ import annotations

import secrets
from datetime import datetime

from veo_core.domain.timing import Now
from veo_core.errors import StorageError
from veo_core.store.database import Database
from veo_core.store.rows import to_moment


class Meta:
    """A few remembered values by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> str | None:
        """A value, or None."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall("SELECT value FROM meta WHERE key = ?", (key,))
            return next((str(row["value"]) for row in rows), None)

    async def put(self, key: str, value: str) -> None:
        """Remember a value."""
        async with self._database.write() as connection:
            await connection.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
            )

    async def check(self, now: Now) -> None:
        """Write a row and read it back: whether the database works, for the health page.

        Raises StorageError.
        """
        written = now().isoformat()
        await self.put("health_check", written)
        if await self.get("health_check") != written:
            raise StorageError("the database forgot what was written")

    async def instance(self) -> str:
        """The random name this database got when it was made: six characters."""
        known = await self.get("instance")
        if known is None:
            known = secrets.token_hex(3)
            await self.put("instance", known)
        return known

    async def restored_at(self) -> datetime | None:
        """When this database last went on from a copy that was put back; None if never."""
        known = await self.get("restored_at")
        return None if known is None else to_moment(int(known))

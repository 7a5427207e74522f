"""What moderators know and decide about people in their server."""

from __future__ import annotations

from datetime import datetime

from veo_core.domain.jobs import JobState
from veo_core.domain.usage import Overview
from veo_core.store.database import Database
from veo_core.store.rows import to_ms

# One pass over an index, without sorting.
_COUNTS = ", ".join(f"count(*) FILTER (WHERE state = '{state}')" for state in JobState)


class People:
    """What `studio` needs for moderators."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def block(self, guild_id: int, user_id: int, by_user_id: int, now: datetime) -> None:
        """From now on this person makes no videos in this server."""
        async with self._database.write() as connection:
            await connection.execute(
                "INSERT INTO blocked (guild_id, user_id, by_user_id, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (guild_id, user_id, by_user_id, to_ms(now)),
            )

    async def unblock(self, guild_id: int, user_id: int) -> bool:
        """Take it back; False when there was nothing to take back."""
        async with self._database.write() as connection:
            cursor = await connection.execute(
                "DELETE FROM blocked WHERE guild_id = ? AND user_id = ?", (guild_id, user_id)
            )
            return cursor.rowcount == 1

    async def is_blocked(self, guild_id: int | None, user_id: int) -> bool:
        """Whether this person is blocked in this server; None asks for any server."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT 1 FROM blocked WHERE guild_id = ? AND user_id = ?"
                if guild_id is not None
                else "SELECT 1 FROM blocked WHERE user_id = ? LIMIT 1",
                (user_id,) if guild_id is None else (guild_id, user_id),
            )
            return bool(list(rows))

    async def overview(self, guild_id: int, since: datetime) -> Overview:
        """What happened in a server since then."""
        values = {"guild": guild_id, "since": to_ms(since)}
        async with self._database.read() as connection:
            counts = await connection.execute_fetchall(
                f"SELECT {_COUNTS} FROM jobs WHERE guild_id = :guild AND created_at >= :since", values
            )
            refused = await connection.execute_fetchall(
                "SELECT user_id, count(*) AS n FROM jobs INDEXED BY jobs_moderated"
                " WHERE guild_id = :guild AND created_at >= :since AND reason = 'moderated'"
                " GROUP BY user_id ORDER BY n DESC, user_id LIMIT 10",
                values,
            )
            blocked = await connection.execute_fetchall(
                "SELECT user_id FROM blocked WHERE guild_id = :guild ORDER BY at DESC LIMIT 20", values
            )
            return Overview(
                states={state: n for state, n in zip(JobState, next(iter(counts)), strict=True) if n},
                refused_prompts={row["user_id"]: row["n"] for row in refused},
                blocked=tuple(row["user_id"] for row in blocked),
            )

"""Requests recorded within the quota, beside plain INSERTs with one commit each."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Comparison, Way
from benchmarks.stock import LIMITS, Clock, wishes
from veo_core.domain.jobs import NewJob
from veo_core.domain.submissions import fingerprint
from veo_core.store import Store
from veo_core.store.migrate import migrate

_INSERT = (
    "INSERT INTO jobs (kind, state, user_id, guild_id, channel_id, interaction_id, prompt, model, action, image_urls,"
    " aspect_ratio, resolution, fingerprint, created_at) VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


async def compare_recording(folder: Path, size: int, rounds: int) -> Comparison:
    """Record `size` requests, ten of each person, `rounds` times in each way; a new database each time."""
    ours: list[float] = []
    plain: list[float] = []
    for number in range(rounds):
        ours.append(await _within_the_quota(folder / f"ours-{number}.sqlite3", size))
        plain.append(_plainly(folder / f"plain-{number}.sqlite3", size))
    return Comparison(
        f"{size} requests recorded",
        size,
        Way("counted, checked, recorded", tuple(ours), "one transaction each, beside the event loop"),
        Way("INSERT and commit", tuple(plain), "one transaction each, blocking"),
    )


async def _within_the_quota(path: Path, size: int) -> float:
    asked = wishes(size)
    now = Clock().now()
    async with Store.open(path) as store:
        began = perf_counter()
        for wish in asked:
            await store.requests.record(wish, LIMITS, now)
        return perf_counter() - began


def _plainly(path: Path, size: int) -> float:
    """The same table with its indexes and triggers, and as safe against a power cut."""
    migrate(path)
    rows = [_values(wish) for wish in wishes(size)]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        began = perf_counter()
        for row in rows:
            connection.execute(_INSERT, row)
            connection.commit()
        return perf_counter() - began


def _values(wish: NewJob) -> tuple[object, ...]:
    place, submission = wish.place, wish.submission
    return (
        wish.kind,
        wish.actor.user_id,
        place.guild_id,
        place.channel_id,
        place.interaction_id,
        wish.prompt,
        submission.model,
        submission.action,
        json.dumps(submission.image_urls),
        submission.aspect_ratio,
        submission.resolution,
        fingerprint(submission),
        int(Clock().now().timestamp() * 1000),
    )

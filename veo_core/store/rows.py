"""Rows ↔ values."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta

from veo_core.domain.jobs import Job, JobKind, JobState
from veo_core.reasons import Reason

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """A moment as it is stored."""
    return (moment - _EPOCH) // _MILLISECOND


def to_moment(stored: int) -> datetime:
    """A stored moment."""
    return _EPOCH + stored * _MILLISECOND


def _maybe(stored: int | None) -> datetime | None:
    return None if stored is None else to_moment(stored)


def to_job(row: sqlite3.Row) -> Job:
    """A row of `jobs`."""
    return Job(
        job_id=row["job_id"],
        kind=JobKind(row["kind"]),
        state=JobState(row["state"]),
        user_id=row["user_id"],
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        private=bool(row["private"]),
        prompt=row["prompt"],
        model=row["model"],
        action=row["action"],
        image_urls=tuple(json.loads(row["image_urls"])),
        aspect_ratio=row["aspect_ratio"],
        resolution=row["resolution"],
        translate=bool(row["translate"]),
        created_at=to_moment(row["created_at"]),
        source_job_id=row["source_job_id"],
        source_video_id=row["source_video_id"],
        submitting_at=_maybe(row["submitting_at"]),
        in_doubt_at=_maybe(row["in_doubt_at"]),
        running_at=_maybe(row["running_at"]),
        seen_at=_maybe(row["seen_at"]),
        due_at=_maybe(row["due_at"]),
        slow=bool(row["slow"]),
        ended_at=_maybe(row["ended_at"]),
        task_id=row["task_id"],
        trace_id=row["trace_id"],
        video_id=row["video_id"],
        video_url=row["video_url"],
        reason=Reason(row["reason"]) if row["reason"] is not None else None,
        status_message_id=row["status_message_id"],
        status_shown=row["status_shown"],
        status_wanted=row["status_wanted"],
        status_attempts=row["status_attempts"],
        delivery_attempts=row["delivery_attempts"],
        delivered_at=_maybe(row["delivered_at"]),
        delivered_guild_id=row["delivered_guild_id"],
        delivered_channel_id=row["delivered_channel_id"],
        message_id=row["message_id"],
        message_deleted_at=_maybe(row["message_deleted_at"]),
        kept_at=_maybe(row["kept_at"]),
        file_tries=row["file_tries"],
        file_failed_at=_maybe(row["file_failed_at"]),
        posts=row["posts"],
        reason_limit=row["reason_limit"],
        restored=bool(row["restored"]),
        unanswered=bool(row["unanswered"]),
    )

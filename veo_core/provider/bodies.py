"""What is sent to the API, field by field, and how it is recognised again; pure."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from veo_core.domain.shapes import Resolution
from veo_core.domain.submissions import Submission
from veo_core.provider.loose_json import Json

BATCH_LIMIT = 50


def submission_body(submission: Submission) -> Json:
    """The body of POST /veo/videos: always asynchronous, always with a model, 720p and no images by omission."""
    body: Json = {"action": submission.action, "model": submission.model, "async": True}
    if submission.video_id is not None:
        return body | {"video_id": submission.video_id}
    body["prompt"] = submission.prompt
    if submission.image_urls:
        body["image_urls"] = list(submission.image_urls)
    if submission.aspect_ratio is not None:
        body["aspect_ratio"] = submission.aspect_ratio
    if submission.resolution != Resolution.P720:
        body["resolution"] = submission.resolution
    if submission.translate:
        body["translation"] = True
    return body


def retrieve_body(task_id: str) -> Json:
    """The body that looks at one task."""
    return {"action": "retrieve", "id": task_id}


def batch_body(task_ids: list[str]) -> Json:
    """The body that looks at up to 50 tasks; without `limit` the API would answer with 12."""
    return {"action": "retrieve_batch", "ids": task_ids, "limit": len(task_ids)}


def listing_body(created_at_min: float, offset: int, limit: int = BATCH_LIMIT) -> Json:
    """The body that lists the account's tasks made since a moment (Unix seconds)."""
    return {"action": "retrieve_batch", "created_at_min": int(created_at_min), "offset": offset, "limit": limit}


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """How long a Retry-After header asks to wait, at most an hour; None when absent or unreadable.

    RFC 9110 allows seconds and a date.
    """
    wait = _seconds(header or "")
    if wait is None:
        try:
            wait = (parsedate_to_datetime(header or "") - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return timedelta(seconds=min(max(wait, 0.0), 3600.0))


def _seconds(header: str) -> float | None:
    try:
        seconds = float(header)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None

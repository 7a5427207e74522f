"""Values → what is shown: the status line, the result, lists and tables; pure."""

from __future__ import annotations

from collections.abc import Iterable

from cogs.kit.escape import ordinal, shorten
from cogs.kit.reasons import UserMessage, relative, words_of_end
from veo_core.domain.catalog import Model
from veo_core.domain.expectation import COUNTED_BEFORE, QueuePlace
from veo_core.domain.jobs import Job, JobState
from veo_core.domain.links import shown_link
from veo_core.reasons import Reason
from veo_core.services.studio import Accepted

CONTENT_LIMIT = 2000
BESIDE_LINK = 250
IN_LIST = 80
_REFERENCE = 64


def in_line(place: QueuePlace, then: str) -> str:
    """The place of a job in the queue, followed by `then`; empty for a job that does not wait."""
    if place.is_far:
        return f"more than {COUNTED_BEFORE} are before it{then}"
    return f"{ordinal(place.position)} in line{then}" if place.position is not None else ""


def ready_words(place: QueuePlace) -> str:
    """Far back in the line only a range is honest."""
    earliest = f"ready {relative(place.ready_at)}{' at the earliest' if place.is_far else ''}"
    return earliest if place.ready_by is None else f"{earliest}, {relative(place.ready_by)} at the latest"


def failure_words(job: Job, models: Iterable[Model]) -> UserMessage:
    """Why a job ended without a video, and what to do next; `models` are those that work."""
    details = {
        "model": f"`{job.model}`",
        "models": ", ".join(f"`{model.name}`" for model in models) or "none at the moment",
        "length": str(len(job.prompt)),
        "reference": shorten((job.trace_id or "").replace("`", ""), _REFERENCE) or f"#{job.job_id}",
    }
    if job.reason_limit is not None:
        details["limit"] = str(job.reason_limit)
    return words_of_end(job.reason or Reason.PROVIDER_FAILED, details)


def accepted_text(accepted_job: Accepted, *, paused: bool) -> str:
    """The private answer to an accepted request."""
    job, place = accepted_job.job, accepted_job.place
    if not accepted_job.is_new:
        return already_text(job)
    where = "I'll send it to you directly." if job.private else "It will appear in this channel."
    if paused:
        return f"Your video is **#{job.job_id}**. Submissions are paused by the operator; it goes on by itself. {where}"
    return f"Your video is **#{job.job_id}**, {in_line(place, ', ')}{ready_words(place)}. {where}"


def already_text(job: Job) -> str:
    """The answer to a second wish for the same thing."""
    link = jump_link(job)
    if link is not None:
        return f"It's already there: {link}"
    if job.state is JobState.SUCCEEDED:
        return f"It's made already: {video_link(job) or f'`/veo show video:{job.job_id}` has it.'}"
    return f"It's already on its way as **#{job.job_id}**."


def cancelled_text(job: Job) -> str:
    """The answer to a cancellation."""
    return f"**#{job.job_id}** is cancelled. Its place is free again."


def jump_link(job: Job) -> str | None:
    """The address of the message with the result; None while there is none."""
    if job.message_id is None or job.message_deleted_at is not None:
        return None
    return f"https://discord.com/channels/{job.delivered_guild_id or '@me'}/{job.delivered_channel_id}/{job.message_id}"


def video_link(job: Job) -> str | None:
    """The provider's link to the file, where it is fit to be shown and not known to be dead for now."""
    is_unread = job.file_tries > 0 and job.delivered_at is None and job.kept_at is None
    return None if is_unread else shown_link(job.video_url or "")


def fitting(lines: list[str]) -> str:
    """As many lines as a message holds."""
    room = CONTENT_LIMIT - 200
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return "\n".join([*kept, f"… and {len(lines) - len(kept)} more"])
        kept.append(line)
    return "\n".join(kept)

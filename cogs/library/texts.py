"""What a person's lists say; pure."""

from __future__ import annotations

from collections.abc import Iterable

from cogs.kit.escape import quoted
from cogs.kit.texts import BESIDE_LINK, IN_LIST, failure_words, fitting, in_line, jump_link, ready_words, video_link
from veo_core.domain.catalog import Model
from veo_core.domain.jobs import Job, JobState
from veo_core.services.studio import Accepted


def active_text(tickets: Iterable[Accepted], *, paused: bool) -> str:
    """A person's jobs under way."""
    lines = [_active_line(accepted_job) for accepted_job in tickets]
    if not lines:
        return "Nothing is under way. `/veo create` begins a video."
    notice = "\nSubmissions are paused by the operator; queued videos wait." if paused else ""
    return fitting(lines) + notice


def _active_line(accepted_job: Accepted) -> str:
    job, place = accepted_job.job, accepted_job.place
    waiting = job.state in {JobState.QUEUED, JobState.AWAITING_REVIEW}
    state = "queued" if waiting else "running"
    return f"**#{job.job_id}** {quoted(job.prompt, IN_LIST)} · {state} · {in_line(place, ', ')}{ready_words(place)}"


def history_text(jobs: Iterable[Job]) -> str:
    """A person's jobs, newest first."""
    lines = [f"**#{job.job_id}** {quoted(job.prompt, IN_LIST)} · {_where(job)}" for job in jobs]
    return fitting(lines) if lines else "There is nothing yet. `/veo create` begins a video."


def _where(job: Job) -> str:
    if job.state is JobState.SUCCEEDED and (job.kept_at is not None or job.message_deleted_at is not None):
        return f"`/veo show video:{job.job_id}` has it"
    link = jump_link(job)
    return f"{job.state.replace('_', ' ')}{f' · {link}' if link else ''}"


def show_text(job: Job, models: Iterable[Model]) -> str:
    """One job in full."""
    lines = [
        f"**#{job.job_id}** **{quoted(job.prompt, BESIDE_LINK)}**",
        f"{job.model} · {job.resolution} · {_where(job)}",
    ]
    if job.reason is not None:
        words = failure_words(job, models)
        lines.append(f"{words.title}. {words.text}")
    link = video_link(job)
    if job.state is JobState.SUCCEEDED and jump_link(job) is None and link is not None:
        lines.append(f"Here is the video: {link}")
    return "\n".join(lines)

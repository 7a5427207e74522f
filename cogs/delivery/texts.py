"""What a status line, a result and a failure say; pure."""

from __future__ import annotations

from cogs.kit.escape import quoted, shorten
from cogs.kit.reasons import WORDS, UserMessage
from cogs.kit.texts import BESIDE_LINK, IN_LIST, in_line, ready_words
from veo_core.domain.expectation import QueuePlace
from veo_core.domain.jobs import Job, JobKind
from veo_core.domain.links import shown_link
from veo_core.reasons import Reason

ALT_TEXT_LIMIT = 1024
_IN_STATUS = 250
_IN_RESULT = 500


def is_status_line(text: str, job: Job) -> bool:
    """Whether this text is the status line of this job."""
    return text.startswith("**") and f" - <@{job.user_id}> (" in text and number_mark(job) in text


def number_mark(job: Job) -> str:
    """The job's number as the status line shows it."""
    return f"· #{job.job_id} ·"


def status_line(job: Job, words: str, *, with_prompt: bool = True) -> str:
    """The one public line about a job; no invented percentages, Discord counts the time down."""
    larger = " · 1080p" if job.kind is JobKind.UPSCALE else ""
    prompt = quoted(job.prompt, _IN_STATUS) if with_prompt else "…"
    return f"**{prompt}**{larger} - <@{job.user_id}> ({words})"


def state_words(job: Job, place: QueuePlace, *, paused: bool, link: str | None) -> str:
    """What the status line says of the job's state."""
    ready = ready_words(place)
    waiting = "paused by the operator, it goes on by itself" if paused else in_line(place, " · ") + ready
    state, words = {
        "awaiting_review": ("waiting for a moderator", "nothing is counted if it's declined"),
        "queued": ("queued", waiting),
        "slow": ("running", "slower than usual, I keep looking"),
        "done": ("done", link or "`/veo show` has it"),
        "failed": ("failed", f"{WORDS[job.reason or Reason.PROVIDER_FAILED].title.lower()}, not counted"),
        "cancelled": ("cancelled", "not counted"),
        "rejected": ("declined", "not counted"),
    }.get(job.status_wanted, ("running", ready))
    return f"{state} {number_mark(job)} {words}"


def result_text(job: Job, *, with_prompt: bool = True, beside_link: bool = False) -> str:
    """The message that carries a video: it mentions the requester once."""
    larger = " in 1080p" if job.kind is JobKind.UPSCALE else ""
    return f"{_addressed(job, BESIDE_LINK if beside_link else _IN_RESULT, with_prompt=with_prompt)}{larger}"


def link_text(job: Job) -> str:
    """What stands in for a file that cannot be attached."""
    link = shown_link(job.video_url or "")
    return f"The video can't be attached; it is here: {link}" if link else "The video can't be attached, sorry."


def failure_text(job: Job, words: UserMessage | None, *, with_prompt: bool = True) -> str:
    """The message about a job that ended without a video; `words` where no embed may say why."""
    line = _addressed(job, IN_LIST, with_prompt=with_prompt)
    return line if words is None else f"{line}\n**{words.title}** {words.text}"


def _addressed(job: Job, room: int, *, with_prompt: bool) -> str:
    prompt = (
        f"**{quoted(job.prompt, room)}**" if with_prompt else "(this server's AutoMod doesn't allow the prompt's words)"
    )
    return f"<@{job.user_id}> {prompt} · #{job.job_id}"


def alt_text(job: Job) -> str:
    """What a screen reader says of the video."""
    return shorten(f"AI video: {' '.join(job.prompt.split())}", ALT_TEXT_LIMIT)

"""Values → what is shown: the status line, the result, lists and tables; pure."""

from __future__ import annotations

from collections.abc import Iterable

from cogs.kit.escape import ordinal, quoted, shorten
from cogs.kit.reasons import WORDS, UserMessage, relative, words_of_end
from veo_core.domain.catalog import Model
from veo_core.domain.expectation import COUNTED_BEFORE, QueuePlace
from veo_core.domain.jobs import Job, JobKind, JobState
from veo_core.domain.links import shown_link
from veo_core.domain.money import shown
from veo_core.domain.quota import QuotaStatus
from veo_core.domain.usage import Overview
from veo_core.reasons import Reason
from veo_core.services.studio import Accepted, Allowance

CONTENT_LIMIT = 2000
ALT_TEXT_LIMIT = 1024
_IN_STATUS = 250
_IN_RESULT = 500
_BESIDE_LINK = 250
_IN_LIST = 80
_REFERENCE = 64


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
    ready = _ready(place)
    waiting = "paused by the operator, it goes on by itself" if paused else _in_line(place, " · ") + ready
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


def _in_line(place: QueuePlace, then: str) -> str:
    if place.is_far:
        return f"more than {COUNTED_BEFORE} are before it{then}"
    return f"{ordinal(place.position)} in line{then}" if place.position is not None else ""


def _ready(place: QueuePlace) -> str:
    """Far back in the line only a range is honest."""
    earliest = f"ready {relative(place.ready_at)}{' at the earliest' if place.is_far else ''}"
    return earliest if place.ready_by is None else f"{earliest}, {relative(place.ready_by)} at the latest"


def result_text(job: Job, *, with_prompt: bool = True, beside_link: bool = False) -> str:
    """The message that carries a video: it mentions the requester once."""
    larger = " in 1080p" if job.kind is JobKind.UPSCALE else ""
    return f"{_addressed(job, _BESIDE_LINK if beside_link else _IN_RESULT, with_prompt=with_prompt)}{larger}"


def link_text(job: Job) -> str:
    """What stands in for a file that cannot be attached."""
    link = shown_link(job.video_url or "")
    return f"The video can't be attached; it is here: {link}" if link else "The video can't be attached, sorry."


def failure_text(job: Job, words: UserMessage | None, *, with_prompt: bool = True) -> str:
    """The message about a job that ended without a video; `words` where no embed may say why."""
    line = _addressed(job, _IN_LIST, with_prompt=with_prompt)
    return line if words is None else f"{line}\n**{words.title}** {words.text}"


def _addressed(job: Job, room: int, *, with_prompt: bool) -> str:
    prompt = (
        f"**{quoted(job.prompt, room)}**" if with_prompt else "(this server's AutoMod doesn't allow the prompt's words)"
    )
    return f"<@{job.user_id}> {prompt} · #{job.job_id}"


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


def alt_text(job: Job) -> str:
    """What a screen reader says of the video."""
    return shorten(f"AI video: {' '.join(job.prompt.split())}", ALT_TEXT_LIMIT)


def accepted_text(accepted_job: Accepted, *, paused: bool) -> str:
    """The private answer to an accepted request."""
    job, place = accepted_job.job, accepted_job.place
    if not accepted_job.is_new:
        return already_text(job)
    where = "I'll send it to you directly." if job.private else "It will appear in this channel."
    if paused:
        return f"Your video is **#{job.job_id}**. Submissions are paused by the operator; it goes on by itself. {where}"
    return f"Your video is **#{job.job_id}**, {_in_line(place, ', ')}{_ready(place)}. {where}"


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


def active_text(tickets: Iterable[Accepted], *, paused: bool) -> str:
    """A person's jobs under way."""
    lines = [_active_line(accepted_job) for accepted_job in tickets]
    if not lines:
        return "Nothing is under way. `/veo create` begins a video."
    notice = "\nSubmissions are paused by the operator; queued videos wait." if paused else ""
    return _fitting(lines) + notice


def _active_line(accepted_job: Accepted) -> str:
    job, place = accepted_job.job, accepted_job.place
    waiting = job.state in {JobState.QUEUED, JobState.AWAITING_REVIEW}
    state = "queued" if waiting else "running"
    return f"**#{job.job_id}** {quoted(job.prompt, _IN_LIST)} · {state} · {_in_line(place, ', ')}{_ready(place)}"


def history_text(jobs: Iterable[Job]) -> str:
    """A person's jobs, newest first."""
    lines = [f"**#{job.job_id}** {quoted(job.prompt, _IN_LIST)} · {_where(job)}" for job in jobs]
    return _fitting(lines) if lines else "There is nothing yet. `/veo create` begins a video."


def _where(job: Job) -> str:
    if job.state is JobState.SUCCEEDED and (job.kept_at is not None or job.message_deleted_at is not None):
        return f"`/veo show video:{job.job_id}` has it"
    link = jump_link(job)
    return f"{job.state.replace('_', ' ')}{f' · {link}' if link else ''}"


def show_text(job: Job, models: Iterable[Model]) -> str:
    """One job in full."""
    lines = [
        f"**#{job.job_id}** **{quoted(job.prompt, _BESIDE_LINK)}**",
        f"{job.model} · {job.resolution} · {_where(job)}",
    ]
    if job.reason is not None:
        words = failure_words(job, models)
        lines.append(f"{words.title}. {words.text}")
    link = video_link(job)
    if job.state is JobState.SUCCEEDED and jump_link(job) is None and link is not None:
        lines.append(f"Here is the video: {link}")
    return "\n".join(lines)


def video_link(job: Job) -> str | None:
    """The provider's link to the file, where it is fit to be shown and not known to be dead for now."""
    is_unread = job.file_tries > 0 and job.delivered_at is None and job.kept_at is None
    return None if is_unread else shown_link(job.video_url or "")


def allowance_text(allowance: Allowance, running_per_user: int) -> str:
    """Used, left, and when the next place frees."""
    lines = [
        _quota_line("Videos", allowance.videos),
        _quota_line("1080p versions", allowance.upscales),
        f"At most {running_per_user} of yours run at once; more wait in line.",
    ]
    if allowance.server_percent is not None:
        lines.append(f"This server has used {allowance.server_percent} % of its budget.")
    return "\n".join(lines)


def _quota_line(name: str, answer: QuotaStatus) -> str:
    frees = f" · the next place frees {relative(answer.frees_at)}" if answer.frees_at is not None else ""
    return f"**{name}**: {answer.used} of {answer.limit} used in 24 hours, {answer.remaining} left{frees}"


def models_text(models: Iterable[Model], default: str, unavailable: frozenset[str]) -> str:
    """The capability table, readable on a phone."""
    return _fitting([_model_line(model, default, unavailable) for model in models])


def _model_line(model: Model, default: str, unavailable: frozenset[str]) -> str:
    marks = " · default" if model.name == default else ""
    marks += " · **not available right now**" if model.name in unavailable else ""
    return (
        f"**{model.name}** · {model.speed}{marks}\n"
        f"{_image_words(model)} · {_resolution_words(model)} · about {shown(model.cost)} credits"
    )


def _resolution_words(model: Model) -> str:
    makes = model.makes(model.max_images)
    return ", ".join(one if one in makes else f"{one} without images" for one in model.resolutions)


_PAIR = 2


def _image_words(model: Model) -> str:
    if model.max_images == 0:
        return "text only"
    if model.fusion:
        return f"needs {model.min_images}–{model.max_images} images, which it fuses"
    counts = "2" if model.max_images == _PAIR else f"{_PAIR}–{model.max_images}"
    several = f", {counts} as {model.image_use(model.max_images)}" if model.max_images > 1 else ""
    return f"text, 1 image as {model.image_use(1)}{several}"


def overview_text(overview: Overview, *, paused: bool) -> str:
    """What moderators see of their server."""
    states = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(overview.states.items()))
    refused = [f"<@{user_id}>: {count}" for user_id, count in overview.refused_prompts.items()]
    blocked = " ".join(f"<@{user_id}>" for user_id in overview.blocked)
    lines = [
        f"**Videos**: {states or 'none'}",
        f"**Prompts refused by the provider's content rules**: {', '.join(refused) or 'none'}",
        f"**Blocked**: {blocked or 'nobody'}",
    ]
    return "\n".join([*lines, *(["**Submissions are paused by the operator.**"] if paused else [])])


HELP_TEXT = (
    "I make videos from your words with Veo.\n"
    "**/veo create** – a prompt, and images if you like: one is the first frame, two are the first and the last.\n"
    "**/veo status** – what is under way, and its place in line\n"
    "**/veo cancel** – take back a video that hasn't begun\n"
    "**/veo history**, **/veo show** – your videos, also those that couldn't be posted\n"
    "**/veo quota** – what you have left today\n"
    "**/veo models** – what each model can do\n"
    "The **1080p** button under a video makes it larger. A video that fails is never counted."
)


def _fitting(lines: list[str]) -> str:
    """As many lines as a message holds."""
    room = CONTENT_LIMIT - 200
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return "\n".join([*kept, f"… and {len(lines) - len(kept)} more"])
        kept.append(line)
    return "\n".join(kept)

"""What happens next to a job, given what the provider says; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from veo_core.domain.failures import failure_reason
from veo_core.domain.jobs import Job, JobKind
from veo_core.domain.oddities import Oddity
from veo_core.domain.phrases import length_limit, spoken
from veo_core.domain.submissions import TaskReport, TaskState, Video, fingerprint
from veo_core.domain.timing import Timing
from veo_core.errors import Rejected
from veo_core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Still running: look at it again then; `slow` once the normal window is over."""

    due_at: datetime
    slow: bool
    seen: bool


@dataclass(frozen=True, slots=True)
class Succeed:
    """The video is there."""

    video: Video


@dataclass(frozen=True, slots=True)
class Fail:
    """It ended without a video; the place in the quota is given back.

    `limit` is the number of characters that the provider allows, where the prompt was too long for it.
    """

    reason: Reason
    expired: bool = False
    limit: int | None = None


Decision = Reschedule | Succeed | Fail


# An end that the next look may correct is believed once it was seen so often.
LOOKS_AT_AN_END = 3


def after_poll(
    job: Job, report: TaskReport | None, *, now: datetime, pace: Timing, watched: timedelta, ends_seen: int = 1
) -> Decision:
    """What one look at a running job leads to.

    `report` is None when the API does not know the task (yet). `watched` is how long this process has been able
    to look at it: a job is given up only after it was really watched for a while, so neither a long downtime nor a
    clock that jumped ends many jobs at once. `ends_seen` counts the looks in a row, this one included, that found an
    end which is not settled.
    """
    match report:
        case TaskReport(state=TaskState.SUCCEEDED, video=Video() as video):
            return Succeed(video)
        case TaskReport(state=TaskState.FAILED, settled=False) if ends_seen < LOOKS_AT_AN_END:
            return Reschedule(now + pace.poll_interval, slow=job.slow, seen=True)
        case TaskReport(state=TaskState.FAILED):
            return _failed(job, report)
        case TaskReport(oddities=oddities) if Oddity.RECORD_TOO_LARGE in oddities:
            # Nobody can read how it stands: no reason to ask often.
            return _still_running(replace(job, slow=True), seen=True, now=now, pace=pace, watched=watched)
        case _:
            decision = _still_running(job, seen=report is not None, now=now, pace=pace, watched=watched)
    # Rather a link that nobody called finished than a paid video that is given up.
    candidate = report.candidate if report is not None else None
    return Succeed(candidate) if candidate is not None and isinstance(decision, Fail) else decision


def _still_running(job: Job, *, seen: bool, now: datetime, pace: Timing, watched: timedelta) -> Decision:
    age = now - (job.running_at or job.created_at)
    never_seen = not seen and job.seen_at is None
    if never_seen and min(age, watched) >= pace.unknown_grace:
        return Fail(Reason.LOST)
    if age >= pace.give_up_after and watched >= pace.slow_after:
        return Fail(Reason.EXPIRED, expired=True)
    slow = job.slow or age >= pace.slow_after
    return Reschedule(now + (pace.slow_interval if slow else pace.poll_interval), slow=slow, seen=seen)


# A 1080p version has no prompt, image or choice of model of its own.
_OF_ANY_KIND = frozenset({Reason.MODERATED, Reason.PROVIDER_FAILED, Reason.PROVIDER_REFUSED, Reason.NO_OUTPUT})


def _failed(job: Job, report: TaskReport) -> Fail:
    reason = failure_reason(report, job.prompt, has_images=bool(job.image_urls))
    if job.kind is JobKind.UPSCALE and reason not in _OF_ANY_KIND:
        return Fail(Reason.UPSCALE_REFUSED)
    limit = length_limit(report.error_message, job.prompt) if reason is Reason.PROMPT_TOO_LONG else None
    return Fail(reason, limit=limit)


def find_task(
    job: Job, listed: Iterable[TaskReport], claimed: Collection[str], not_before: datetime | None = None
) -> TaskReport | None:
    """The task that a submission with a lost answer created, if the listing has it: the newest that matches.

    Tasks that other jobs own are left out, and those made before `not_before`: nobody's task of an earlier, identical
    request. Identical requests never are in doubt at the same time, but for those of a copy that was put back: of
    these each takes the oldest that is left, since later ones may be of requests that the copy does not have.
    """
    wanted = fingerprint(job.submission)
    found = [
        report
        for report in listed
        if report.task_id is not None
        and report.task_id not in claimed
        and report.submission is not None
        and fingerprint(report.submission) == wanted
        and not (not_before is not None and report.created_at is not None and report.created_at < not_before)
    ]
    pick = min if job.restored else max
    return pick(found, key=lambda report: report.created_at or _LONG_AGO, default=None)


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_BAD_REQUEST = 400
_REFUSED_FIELD = re.compile(r"\b(?:invalid|not|unsupported|unknown|must|unexpected)\b")


def next_action(actions: tuple[str, ...], tried: str, refusal: Rejected, prompt: str) -> str | None:
    """The action to try after the API refused `tried` itself; a 400 with its own words created nothing.

    Words that only repeat the prompt refuse no action.
    """
    if refusal.status != _BAD_REQUEST:
        return None
    words = spoken(refusal.message, prompt)
    about_action = re.search(rf"\b(?:action|{re.escape(tried.lower())})\b", words)
    if about_action is None or _REFUSED_FIELD.search(words) is None:
        return None
    later = actions[actions.index(tried) + 1 :] if tried in actions else ()
    return later[0] if later else None

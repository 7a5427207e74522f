"""How the provider stands right now: reachable, paused by an account problem, busy; what the operator has to hear."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta

from veo_core.domain.retirement import ModelTrouble
from veo_core.domain.suspicion import Step, Suspicion
from veo_core.domain.timing import Now, Timing, backoff
from veo_core.errors import AccountProblem, ProviderError, RateLimited, Unreachable

_log = logging.getLogger(__name__)
_LONGEST_BACKOFF = timedelta(minutes=5)
_MOST_CODES = 50


class Provider:
    """Shared by all loops, so that an outage costs one attempt an interval for the whole process.

    Nothing here is stored but `troubles`, which `model_doubts` keeps: a restart simply tries again.
    """

    def __init__(self, pace: Timing, now: Now, rng: random.Random | None = None) -> None:
        self._pace = pace
        self._now = now
        self._rng = rng or random.Random()
        self._down_since: datetime | None = None
        self._next_try_at: datetime | None = None
        self._paused: AccountProblem | None = None
        # The pause came from a task: submissions are taken all the same, so only a video proves the account.
        self._needs_video = False
        self._next_probe_at: datetime | None = None
        self._busy_until: datetime | None = None
        self._lost_until: datetime | None = None
        self._lost_count = 0
        # When the provider last refused to take submissions.
        self._refused_at: datetime | None = None
        self._busy_count = 0
        self._look_count = 0
        self._suspicion = Suspicion()
        self._told_alone: set[str] = set()
        self._notices: list[str] = []
        self.troubles: dict[str, ModelTrouble] = {}
        # The job that tries a doubted model again, by model.
        self.probes: dict[str, int] = {}

    @property
    def is_down(self) -> bool:
        """Whether the last attempt did not reach it."""
        return self._down_since is not None

    @property
    def is_paused(self) -> bool:
        """Whether submissions wait for the operator."""
        return self._paused is not None

    @property
    def unavailable(self) -> frozenset[str]:
        """Models that people cannot choose now, since the provider seems to have retired them."""
        now = self._now()
        return frozenset(name for name, trouble in self.troubles.items() if trouble.is_hidden(now))

    def look_at(self) -> datetime | None:
        """When /veo/tasks may be asked: None is now."""
        return _later(self._now(), self._next_try_at)

    def submit_at(self) -> datetime | None:
        """When a job may be submitted: None is now. While it is unreachable only looks are made."""
        now = self._now()
        waits = [_later(now, moment) for moment in (self._busy_until, self._lost_until, self._next_probe_at)]
        if self.is_down:
            waits.append(now + self._pace.poll_interval)
        return max((moment for moment in waits if moment is not None), default=None)

    def begin_look(self) -> None:
        """Note a look before it is made: while the provider is down, the next one is an interval away."""
        if self.is_down:
            self._next_try_at = self._now() + self._pace.poll_interval

    def begin_submission(self) -> None:
        """Note a submission before it is made: while they are paused it is a probe, and the next is far away."""
        if self.is_paused:
            self._next_probe_at = self._now() + self._pace.probe_interval

    def looked(self) -> None:
        """A look was answered."""
        self._be_reached()
        self._next_try_at = None
        self._look_count = 0

    def accepted(self, job_id: int, sent_at: datetime) -> None:
        """A submission was taken: the account works.

        One that was sent before the last refusal says nothing of what came after it.
        """
        if self._needs_video:
            self._be_reached()
            self.lost_was_found()
            return
        self.answered(sent_at)
        if self._is_older(sent_at):
            return
        self._suspicion = self._suspicion.after_acceptance(job_id)
        if self._paused is not None:
            _log.warning("The Veo API accepts submissions again")
            self.tell("Submissions are running again.")
        self._paused = self._next_probe_at = None

    def made_video(self, job_id: int, sent_at: datetime) -> None:
        """A task ended with a video: the account works, also where an acceptance proved nothing."""
        if self._needs_video and not self._is_older(sent_at):
            self._needs_video = False
            self.accepted(job_id, sent_at)

    def answered(self, sent_at: datetime) -> None:
        """A submission was weighed, and taken or refused for its own sake; a refusal does not prove the account."""
        self._be_reached()
        self.lost_was_found()
        if self._is_older(sent_at):
            return
        self._busy_until = None
        self._busy_count = 0
        if self.is_paused:
            # That probe told nothing: the next one need not wait.
            self._next_probe_at = None

    def submit_failed(self, error: Unreachable) -> None:
        """A submission was not taken; the next one waits as long as the kind of failure asks for."""
        now = self._refused_at = self._now()
        match error:
            case RateLimited():
                self._busy_count += 1
                self._busy_until = now + self._politely(error, self._busy_count)
            case _:
                self._be_down(error, now)

    def account_refused(self, job_id: int, error: AccountProblem) -> Step:
        """An answer to this job looks like a refusal of the account: pause, ask again, or let the job fail alone."""
        now = self._now()
        self._suspicion, step = self._suspicion.after_refusal(job_id, error.proof, is_paused=self.is_paused)
        match step:
            case Step.PAUSE:
                self._pause(error, now)
            case Step.AGAIN:
                self._refused_at = now
                self._busy_until = max(now + self._pace.poll_interval, self._busy_until or now)
            case Step.FAIL:
                self._tell_of_one(job_id, error)
        return step

    def task_refused(self, job_id: int, error: AccountProblem) -> None:
        """A task that was taken failed for the account's sake: the job is over, the others wait for the operator."""
        if self.account_refused(job_id, error) is Step.PAUSE:
            self._needs_video = True

    def tell(self, notice: str) -> None:
        """The operator has to hear this."""
        self._notices.append(notice)

    def submission_lost(self) -> None:
        """An answer was lost: the next submission waits, so that a failing API does not burn through the queue."""
        self._lost_count += 1
        wait = backoff(self._lost_count, self._pace.poll_interval, _LONGEST_BACKOFF, self._rng)
        self._lost_until = self._now() + wait

    def lost_was_found(self) -> None:
        """A lost answer's task exists: submissions do arrive, only their answers get lost."""
        self._lost_count = 0
        self._lost_until = None

    def look_failed(self, error: ProviderError) -> bool:
        """A look failed; submissions go on unless the provider is down or refuses the account.

        True when a pause begins with it: the operator is to be told.
        """
        now, was_paused = self._now(), self.is_paused
        match error:
            case RateLimited():
                self._look_count += 1
                self._next_try_at = now + self._politely(error, self._look_count)
            case AccountProblem():
                self._pause(error, now)
                self._next_try_at = now + self._pace.slow_interval
            case _:
                self._be_down(error, now)
        return self.is_paused and not was_paused

    def take_notices(self) -> list[str]:
        """What the operator has to be told and was not told yet."""
        notices, self._notices = self._notices, []
        return notices

    def _politely(self, error: RateLimited, count: int) -> timedelta:
        """What the API asked for, or our own back-off; never the same moment for every bot in the world."""
        own = backoff(count, self._pace.poll_interval, _LONGEST_BACKOFF, self._rng)
        return own if error.retry_after is None else error.retry_after + own / 10

    def _be_reached(self) -> None:
        if self._down_since is not None:
            _log.warning("The Veo API answers again", extra={"down_since": self._down_since.isoformat()})
            self._down_since = self._next_try_at = None

    def _be_down(self, error: ProviderError, now: datetime) -> None:
        if self._down_since is None:
            self._down_since = now
            _log.warning("The Veo API cannot be reached", extra={"error": error.message})
        self._next_try_at = now + self._pace.poll_interval

    def _pause(self, error: AccountProblem, now: datetime) -> None:
        if self._paused is None:
            _log.error(
                "Submissions are paused: the Veo API refuses the account",
                extra={"code": error.code, "trace_id": error.trace_id},
            )
            self.tell(
                f"Submissions are paused: the Veo API answered `{error.code}`{_trace(error)}. Queued videos wait;"
                " I keep trying."
            )
        self._paused = error
        self._refused_at = now
        if self._next_probe_at is None or self._next_probe_at <= now:
            self._next_probe_at = now + self._pace.probe_interval

    def _tell_of_one(self, job_id: int, error: AccountProblem) -> None:
        """Once for each code, since every job of that kind would say the same."""
        if error.code not in self._told_alone and len(self._told_alone) < _MOST_CODES:
            self._told_alone.add(error.code)
            self.tell(
                f"The Veo API refused only #{job_id} with `{error.code}`{_trace(error)}; it was not counted."
                " Other videos are not held up."
            )

    def _is_older(self, sent_at: datetime) -> bool:
        return self._refused_at is not None and sent_at < self._refused_at


def _trace(error: ProviderError) -> str:
    return f" (trace `{error.trace_id}`)" if error.trace_id else ""


def _later(now: datetime, moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment > now else None

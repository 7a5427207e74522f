"""Stand-ins with behaviour for what the core talks to: the time, the provider's API, the files and Discord."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

from veo_core.domain.images import MediaFile
from veo_core.domain.jobs import Job, JobState
from veo_core.domain.messages import PostedMessage
from veo_core.domain.oddities import Oddity
from veo_core.domain.submissions import Submission, TaskReport, TaskState, Video
from veo_core.errors import AccountProblem, MediaError, MediaUnusable, ProviderError, Rejected
from veo_core.media.download import MediaReader
from veo_core.reasons import Reason

START = datetime(2026, 10, 20, 12, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(100)


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self, start: datetime = START) -> None:
        self._moment = start

    def now(self) -> datetime:
        return self._moment

    def move_to(self, moment: datetime) -> None:
        self._moment = moment

    def advance(self, seconds: float) -> datetime:
        self._moment += timedelta(seconds=seconds)
        return self._moment


class Gate:
    """A place to wait at, open by default; `arrived` tells when somebody stands before it."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self.arrived = asyncio.Event()

    def shut(self) -> None:
        self._open.clear()
        self.arrived.clear()

    def open(self) -> None:
        self._open.set()

    async def pass_through(self) -> None:
        self.arrived.set()
        await self._open.wait()


@dataclass(slots=True)
class FakeTask:
    """A task as the provider holds it; the API does not know its id before `known_from`."""

    task_id: str
    submission: Submission
    created_at: datetime
    known_from: datetime
    state: TaskState = TaskState.PENDING
    video: Video | None = None
    error_code: str = ""
    error_message: str = ""
    settled: bool = True
    too_large: bool = False
    cost: int | None = None

    @property
    def report(self) -> TaskReport:
        oddities = frozenset({Oddity.RECORD_TOO_LARGE} if self.too_large else ())
        return TaskReport(
            self.task_id,
            self.state,
            self.video,
            self.error_code,
            self.error_message,
            submission=self.submission,
            settled=self.settled,
            oddities=oddities,
            created_at=self.created_at,
            cost=self.cost,
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next submission is answered with; `accepts`: the task is made all the same."""

    error: ProviderError
    accepts: bool = False


class FakeVeoApi:
    """The provider with its tasks as state, and levers for everything that goes wrong there."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.tasks: dict[str, FakeTask] = {}
        self.submissions: list[Submission] = []
        self.attempts: list[tuple[datetime, str]] = []
        self.batches: list[tuple[str, ...]] = []
        self.faults: deque[Fault] = deque()
        self.gate = Gate()
        self._accepted = asyncio.Event()
        self.outage: ProviderError | None = None
        self.account_code: str | None = None
        self.refused_actions: set[str] = set()
        self.refused_models: set[str] = set()
        self.refuse_prompts: dict[str, ProviderError] = {}
        self.named_instead: str | None = None
        self.refuses_and_names = ""
        self.holds_until_done = False
        self.cost: int | None = None
        self.most_submissions = 10_000
        self.busy_with_looks: ProviderError | None = None
        self.left_out_of_batches: set[str] = set()
        self.refuses_single_looks = False
        self.refuses_listings = False
        self.hidden_for = timedelta(0)

    async def submit(self, submission: Submission) -> TaskReport:
        self._attempt("submit")
        self.submissions.append(submission)
        assert len(self.submissions) <= self.most_submissions, "a storm of submissions"
        self._refuse(submission)
        fault = self.faults.popleft() if self.faults else None
        if fault is not None and not fault.accepts:
            raise fault.error
        task = self.plant(submission)
        await self.gate.pass_through()
        if fault is not None:
            raise fault.error
        if self.holds_until_done:
            self.finish(task.task_id)
        named = self.named_instead or task.task_id
        said = self.refuses_and_names
        return replace(task.report, task_id=named, trace_id=f"trace-{task.task_id}", error_code=said)

    async def fetch(self, task_ids: Sequence[str]) -> dict[str, TaskReport]:
        self._look("fetch")
        self.batches.append(tuple(task_ids))
        known = [task_id for task_id in task_ids if self._knows(task_id) and task_id not in self.left_out_of_batches]
        return {task_id: self.tasks[task_id].report for task_id in known}

    async def fetch_one(self, task_id: str) -> TaskReport | None:
        self._look("fetch_one")
        if self.refuses_single_looks:
            raise Rejected("no such task", reason=Reason.PROVIDER_REFUSED, status=404, code="not_found")
        return self.tasks[task_id].report if self._knows(task_id) else None

    async def find(self, since: datetime) -> tuple[TaskReport, ...]:
        self._look("find")
        if self.refuses_listings:
            raise Rejected("ids is required", reason=Reason.PROVIDER_REFUSED, status=400, code="bad_request")
        newest_first = sorted(self.tasks.values(), key=lambda task: task.created_at, reverse=True)
        return tuple(t.report for t in newest_first if t.created_at >= since and self._knows(t.task_id))

    async def ping(self) -> None:
        self._look("ping")

    async def has_got(self, count: int) -> None:
        """Wait until so many submissions arrived; real time, so at most some seconds."""
        async with asyncio.timeout(5):
            while len(self.tasks) < count:
                self._accepted.clear()
                await self._accepted.wait()

    def plant(self, submission: Submission) -> FakeTask:
        """Accept a task, also one that nobody in the test submitted."""
        now = self._now()
        known_from = now + self.hidden_for if self.hidden_for else LONG_AGO
        task = FakeTask(f"task-{len(self.tasks) + 1}", submission, now, known_from, cost=self.cost)
        self.tasks[task.task_id] = task
        self._accepted.set()
        return task

    def finish(self, *task_ids: str) -> None:
        """Let these tasks succeed, or all that are pending."""
        for task_id in task_ids or [t.task_id for t in self.tasks.values() if t.state is TaskState.PENDING]:
            task = self.tasks[task_id]
            task.state, task.settled = TaskState.SUCCEEDED, True
            task.video = Video(f"https://cdn.acedata.cloud/{task_id}.mp4", f"video-{task_id}")

    def fail(self, task_id: str, code: str, message: str = "") -> None:
        task = self.tasks[task_id]
        task.state, task.error_code, task.error_message = TaskState.FAILED, code, message

    def end_with_nothing(self, task_id: str) -> None:
        """Let a task end with neither a video nor an error, which the next look may correct."""
        self.fail(task_id, "")
        self.tasks[task_id].settled = False

    def times_of(self, *names: str) -> list[datetime]:
        """When these calls, or any, were attempted."""
        return [at for at, name in self.attempts if not names or name in names]

    def _knows(self, task_id: str) -> bool:
        return task_id in self.tasks and self.tasks[task_id].known_from <= self._now()

    def _attempt(self, name: str) -> None:
        self.attempts.append((self._now(), name))
        if self.outage is not None:
            raise self.outage

    def _look(self, name: str) -> None:
        self._attempt(name)
        if self.busy_with_looks is not None:
            raise self.busy_with_looks

    def _refuse(self, submission: Submission) -> None:
        if submission.prompt in self.refuse_prompts:
            raise self.refuse_prompts[submission.prompt]
        if self.account_code is not None:
            raise AccountProblem("the account is refused", code=self.account_code)
        if submission.action in self.refused_actions:
            raise Rejected("action is invalid.", reason=Reason.PROVIDER_REFUSED, status=400, code="bad_request")
        if submission.model in self.refused_models:
            raise Rejected("model is not supported", reason=Reason.MODEL_RETIRED, status=400, code="bad_request")


class FakeMedia(MediaReader):
    """Files by address; `broken` ones raise, and nobody may be given the `private` ones."""

    def __init__(self) -> None:
        self.private: set[str] = set()
        self.broken: dict[str, MediaError] = {}
        self.reads: list[str] = []

    def may_link(self, url: str) -> bool:
        return url not in self.private

    @asynccontextmanager
    async def video(self, url: str, max_bytes: int) -> AsyncGenerator[MediaFile]:
        self.reads.append(url)
        if url in self.broken:
            raise self.broken[url]
        if len(MP4) > max_bytes:
            raise MediaUnusable("too large")
        yield MediaFile(BytesIO(MP4), len(MP4), "mp4")


@dataclass(frozen=True, slots=True)
class Message:
    """A result or a failure as it stands in Discord."""

    job_id: int
    state: JobState
    has_file: bool
    in_doubt: bool


@dataclass(slots=True)
class FakePublisher:
    """Discord with its messages as state; `trouble` and `line_trouble` are raised, by job."""

    messages: list[Message] = field(default_factory=list[Message])
    lines: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    operator: list[str] = field(default_factory=list[str])
    marks: set[str] = field(default_factory=set[str])
    trouble: dict[int, Exception] = field(default_factory=dict[int, Exception])
    line_trouble: dict[int, Exception] = field(default_factory=dict[int, Exception])
    operator_trouble: Exception | None = None
    slow: dict[int, Gate] = field(default_factory=dict[int, Gate])
    slow_lines: Gate = field(default_factory=Gate)
    turn_gate: Gate = field(default_factory=Gate)
    turns: Counter[tuple[int, bool]] = field(default_factory=Counter[tuple[int, bool]])
    resting: datetime | None = None
    full: dict[int, datetime] = field(default_factory=dict[int, datetime])
    limits: dict[int, int] = field(default_factory=dict[int, int])
    attempts: Counter[int] = field(default_factory=Counter[int])
    gate: Gate = field(default_factory=Gate)
    lines_in_doubt: int = 0
    most_at_once: int = 0
    most_for_one_job: int = 0
    _open: Counter[int] = field(default_factory=Counter[int])

    def rests_until(self) -> datetime | None:
        return self.resting

    def full_until(self, job: Job, planned: int) -> datetime | None:
        del planned
        return self.full.get(job.lane)

    async def turn(self, job: Job, *, is_line: bool) -> None:
        self.turns[job.lane, is_line] += 1
        await self.turn_gate.pass_through()

    async def upload_limit(self, job: Job) -> int:
        return self.limits.get(job.channel_id, 10_000_000)

    async def deliver(self, job: Job, media: MediaFile | None, *, in_doubt: bool) -> PostedMessage:
        with self._at_work(job.job_id):
            self.attempts[job.job_id] += 1
            await self.gate.pass_through()
            if job.lane in self.slow:
                await self.slow[job.lane].pass_through()
            if job.job_id in self.trouble:
                raise self.trouble[job.job_id]
            self.messages.append(Message(job.job_id, job.state, media is not None, in_doubt))
            return PostedMessage(job.channel_id, 1000 + len(self.messages))

    async def show_status(self, job: Job, *, in_doubt: bool) -> int:
        with self._at_work(job.job_id):
            await self.slow_lines.pass_through()
            if job.job_id in self.line_trouble:
                raise self.line_trouble[job.job_id]
            self.lines.append((job.job_id, job.status_wanted))
            self.lines_in_doubt += in_doubt
            return job.status_message_id or 5000 + job.job_id

    async def tell_operator(self, text: str, *, mark: str | None = None) -> None:
        if self.operator_trouble is not None:
            raise self.operator_trouble
        if mark is None or mark not in self.marks:
            self.operator.append(text)
            self.marks |= {mark} if mark is not None else set()

    def lines_of(self, job_id: int) -> list[str]:
        """What the status line of a job said, one after the other."""
        return [text for number, text in self.lines if number == job_id]

    @property
    def delivered(self) -> list[int]:
        """The jobs whose message exists, in order."""
        return [message.job_id for message in self.messages]

    @contextmanager
    def _at_work(self, job_id: int) -> Generator[None]:
        self._open[job_id] += 1
        self.most_for_one_job = max(self.most_for_one_job, self._open[job_id])
        self.most_at_once = max(self.most_at_once, self._open.total())
        try:
            yield
        finally:
            self._open[job_id] -= 1

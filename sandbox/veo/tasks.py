"""The provider's side of a video: tasks, when they end, and which of them a look shows."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

from sandbox.veo.contract import ERRORS, JsonObject, Payload, doomed, model_of
from sandbox.veo.shapes import Shape


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task fails when it ends."""

    code: str
    message: str

    @classmethod
    def of(cls, code: str, message: str | None = None) -> Failure:
        """Build a failure; a code of the provider's brings its usual message, any other code its own name."""
        return cls(code, message or ERRORS.get(code, (0, code))[1])


@dataclass(frozen=True, slots=True)
class Plan:
    """What will become of a request that is about to be accepted; `delay` and `invisible` in seconds of the clock."""

    delay: float
    shape: Shape
    invisible: float = 0.0
    failure: Failure | None = None


@dataclass(slots=True)
class Task:
    """One accepted request; times are Unix seconds of the stand-in's clock, an endless `ends_at` waits for a hand."""

    task_id: str
    trace_id: str
    video_id: str
    payload: JsonObject
    created_at: float
    ends_at: float
    visible_at: float
    shape: Shape
    failure: Failure | None = None
    source: Task | None = None
    images: tuple[bytes, ...] = ()
    """Bytes of the request's images, as far as they could be fetched."""
    size: int | None = None
    """Bytes that the file is padded to; None serves it as it was made."""
    record_id: str = field(default_factory=lambda: uuid.uuid4().hex[:24])

    @property
    def model(self) -> str:
        """The model that really ran."""
        return model_of(self.payload)

    @property
    def resolution(self) -> str:
        """The resolution made: 720p unless another was asked for."""
        return "1080p" if self.payload["action"] == "get1080p" else str(self.payload.get("resolution", "720p"))

    @property
    def kind(self) -> str:
        """The file's extension: mp4 or gif."""
        return "gif" if self.resolution == "gif" else "mp4"

    @property
    def original(self) -> Task:
        """The task that made the video first: this one, unless it is an upscale."""
        return self if self.source is None else self.source.original

    def ended(self, now: float) -> bool:
        """Tell whether the task is over, one way or the other."""
        return now >= self.ends_at

    def succeeded(self, now: float) -> bool:
        """Tell whether there is a video to look at."""
        return self.ended(now) and self.failure is None and self.shape.with_url


class UnknownTaskError(KeyError):
    """A test asked for a task that was never accepted."""


class TaskEndedError(RuntimeError):
    """A test tried to end a task that is over already."""


class TaskBook:
    """Every task accepted so far; whatever depends on time is worked out from the clock when somebody looks."""

    def __init__(self, clock: Callable[[], float], seed: int) -> None:
        """Take the clock (Unix seconds) and what decides the order in which batches come back."""
        self._clock = clock
        self._random = Random(seed)
        self.by_id: dict[str, Task] = {}

    def create(self, payload: Payload, plan: Plan) -> Task:
        """Accept a request: from now on the task exists, whether or not anybody hears of it."""
        now = self._clock()
        source = self.source_of(payload)
        made = uuid.uuid4()
        new_id = str(made) if plan.shape.uuid_video_id else made.hex
        task = Task(
            task_id=str(uuid.uuid4()),
            trace_id=str(uuid.uuid4()),
            video_id=source.video_id if source else new_id,
            payload=copy.deepcopy(dict(payload)),
            created_at=now,
            ends_at=now + plan.delay,
            visible_at=now + plan.invisible,
            shape=plan.shape,
            failure=plan.failure or _failure_ahead(payload),
            source=source,
        )
        self.by_id[task.task_id] = task
        return task

    def source_of(self, payload: Payload) -> Task | None:
        """Find the video that a get1080p request means; None for other actions, unknown ids, another model's video."""
        if payload["action"] != "get1080p":
            return None
        now, wanted = self._clock(), payload["video_id"]
        made = (task for task in self.by_id.values() if task.video_id == wanted and task.succeeded(now))
        source = next(made, None)
        return source if source and payload.get("model", source.original.model) == source.original.model else None

    def get(self, task_id: str) -> Task:
        """Return a task for a test's own use; raises UnknownTaskError."""
        if task_id not in self.by_id:
            raise UnknownTaskError(task_id)
        return self.by_id[task_id]

    def end(self, task_id: str, failure: Failure | None) -> Task:
        """End a task now, by hand; raises UnknownTaskError and TaskEndedError."""
        task, now = self.get(task_id), self._clock()
        if task.ended(now):
            raise TaskEndedError(task_id)
        task.ends_at, task.failure = now, failure
        return task

    def running(self) -> int:
        """Count the tasks that have not ended."""
        now = self._clock()
        return sum(not task.ended(now) for task in self.by_id.values())

    def find(self, *, task_id: object = None, trace_id: object = None) -> Task | None:
        """Look one task up by either id, as a client may; None while it is unknown or invisible."""
        if task_id is not None:
            return next((task for task in self._visible() if task.task_id == task_id), None)
        return next((task for task in self._visible() if task.trace_id == trace_id), None)

    def pick(self, ids: Iterable[str], trace_ids: Iterable[str], limit: int) -> list[Task]:
        """Return those of the tasks that can be seen, each once, at most `limit`, in no promised order."""
        wanted, traced = set(ids), set(trace_ids)
        found = [task for task in self._visible() if task.task_id in wanted or task.trace_id in traced]
        return self._shuffled(found, limit)

    def between(self, earliest: float, latest: float, offset: int, limit: int) -> list[Task]:
        """Return one page of the tasks created in a span of Unix seconds: newest page first, in no order within it."""
        found = [task for task in self._visible() if earliest <= task.created_at <= latest]
        found.sort(key=lambda task: task.created_at, reverse=True)
        return self._shuffled(found[offset : offset + limit], limit)

    def _visible(self) -> list[Task]:
        now = self._clock()
        return [task for task in self.by_id.values() if now >= task.visible_at]

    def _shuffled(self, tasks: list[Task], limit: int) -> list[Task]:
        self._random.shuffle(tasks)
        return tasks[:limit]


def _failure_ahead(payload: Payload) -> Failure | None:
    return Failure.of("api_error", "resolution is not supported by the model") if doomed(payload) else None

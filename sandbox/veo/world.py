"""The state that the routes share: settings that stay, switches that a test turns, and the books."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

import aiohttp

from sandbox.veo.contract import Terms
from sandbox.veo.faults import FaultBook
from sandbox.veo.journal import Journal
from sandbox.veo.shapes import Shape
from sandbox.veo.tasks import TaskBook


class ImageMode(Enum):
    """What the stand-in does with the addresses of a request's images; only loopback addresses are ever fetched."""

    OFF = "off"
    LENIENT = "lenient"
    """Fetch them for the clip; what cannot be fetched is left out."""
    STRICT = "strict"
    """A task whose images cannot all be fetched fails with `bad_request`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is fixed while the stand-in runs; `delay` in seconds of its clock."""

    port: int = 0
    """0 takes a free port."""
    token: str | None = None
    """The only token that is right; None accepts any, but not the lack of one."""
    delay: float = 0.0
    """From acceptance to the end of a task; `math.inf` waits for `finish()` or `fail()`."""
    images: ImageMode = ImageMode.OFF
    callback_times: int = 1
    """How often each result is posted to a `callback_url`: 0 loses it, 2 repeats it."""
    media_size: int | None = None
    """Bytes that every file is padded to; None serves files as they are made."""
    max_body: int = 1024 * 1024
    """A larger request body is answered with 413."""
    seed: int = 0
    """Decides the order of batches and the chance of faults."""


@dataclass(slots=True)
class Switches:
    """What a test or an operator's bad day changes while the stand-in runs."""

    delay: float
    """As in Settings, for tasks accepted from now on."""
    shape: Shape = field(default_factory=Shape)
    """The shape of answers for tasks accepted from now on."""
    terms: Terms = field(default_factory=Terms)
    down: bool = False
    """The API closes every connection without an answer."""
    media_down: bool = False
    """The file host does the same."""
    ignore_async: bool = False
    """Every submission holds its connection until the video is done."""
    refuse_submissions: str | None = None
    """An error code (used_up, disabled, invalid_token, ...) that answers every submission until it is None again."""
    refuse_lookups: str | None = None
    """The same for `/veo/tasks`."""
    unknown_as_empty_object: bool = False
    """An unknown id is answered with {} instead of null."""


class Runners:
    """Background work of the stand-in: kept alive, stopped with it, its errors not lost."""

    def __init__(self) -> None:
        """Start with nothing to do."""
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run work in the background until it is done or the stand-in stops."""
        runner = asyncio.create_task(work)
        self._running.add(runner)
        return runner

    async def close(self) -> None:
        """Stop everything; raises what a piece of work raised."""
        for runner in self._running:
            runner.cancel()
        results = await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()
        for result in results:
            if isinstance(result, Exception):
                raise result


class World:
    """One stand-in's shared state; lives as long as its server."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        """Open empty books on the given clock (Unix seconds)."""
        self.settings = settings
        self.clock = clock
        self.switches = Switches(delay=settings.delay)
        self.tasks = TaskBook(clock, settings.seed)
        self.faults = FaultBook(settings.seed)
        self.journal = Journal()
        self.runners = Runners()
        self.closing = asyncio.Event()
        self.image_runners: dict[str, asyncio.Task[None]] = {}
        self.base_url = ""
        self.session: aiohttp.ClientSession | None = None

    async def pause(self, seconds: float) -> None:
        """Wait for real time to pass, or for the stand-in to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), seconds)

    @property
    def media_base(self) -> str:
        """Where files are served."""
        return f"{self.base_url}/media"

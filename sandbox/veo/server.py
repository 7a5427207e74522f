"""The stand-in Veo API as one object: an HTTP server on 127.0.0.1, its levers, and what it saw."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Self

import aiohttp
from aiohttp import web

from sandbox.veo import images
from sandbox.veo.connection import closed, refusal_response
from sandbox.veo.contract import Payload, Refusal
from sandbox.veo.faults import FaultBook
from sandbox.veo.files import Renderer
from sandbox.veo.journal import Journal, MediaHit, SeenRequest, SentCallback, Submission
from sandbox.veo.lookups import TasksRoute
from sandbox.veo.media import MediaRoute
from sandbox.veo.shapes import Shape
from sandbox.veo.tasks import Failure, Plan, Task
from sandbox.veo.videos import VideosRoute
from sandbox.veo.world import Settings, Switches, World

HOST = "127.0.0.1"


class NotListeningError(RuntimeError):
    """The stand-in was asked for its address before it was started."""


class StandInVeo:
    """The provider's API over real HTTP, without the provider: `async with StandInVeo() as veo: veo.base_url`."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Callable[[], float] = time.time,
        renderer: Renderer | None = None,
    ) -> None:
        """Prepare a server; `clock` (Unix seconds) decides when tasks end, `renderer` makes files (None: tiny ones)."""
        self._world = World(settings or Settings(), clock)
        self._media = MediaRoute(self._world, renderer)
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._port = self._world.settings.port

    async def __aenter__(self) -> Self:
        """Start serving; raises OSError when the port is taken."""
        self._world.session = aiohttp.ClientSession()
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop serving; whoever still waits for an answer gets none."""
        self._world.closing.set()
        try:
            await self._world.runners.close()
        finally:
            await self._media.close()
            if self._runner is not None:
                await self._runner.cleanup()
            if self._world.session is not None:
                await self._world.session.close()

    async def listen(self) -> None:
        """Accept connections (again), on the same port as before."""
        if self._runner is None:
            raise NotListeningError
        self._site = web.TCPSite(self._runner, HOST, self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]
        self._world.base_url = f"http://{HOST}:{self._port}"

    async def unlisten(self) -> None:
        """Refuse new connections, as a host does whose server is gone; those already open get no answers either."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                connection.force_close()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=self._world.settings.max_body)
        app.router.add_post("/veo/videos", VideosRoute(self._world).handle)
        app.router.add_post("/veo/tasks", TasksRoute(self._world).handle)
        app.router.add_get(r"/media/{task_id}.{kind:mp4|gif}", self._media.handle, allow_head=False)
        app.router.add_route("*", "/{path:.*}", self._no_api)
        return app

    async def _no_api(self, request: web.Request) -> web.StreamResponse:
        return closed(request) if self._world.switches.down else refusal_response(Refusal.of("no_api"))

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:<port>`: what `[veo] api_base` should be; raises NotListeningError before the start."""
        if not self._world.base_url:
            raise NotListeningError
        return self._world.base_url

    @property
    def media_host(self) -> str:
        """The host of the files: what `[veo] media_hosts` should name."""
        return HOST

    @property
    def switches(self) -> Switches:
        """What can be changed at any time: delay, shape, terms, outages, refusals."""
        return self._world.switches

    @property
    def faults(self) -> FaultBook:
        """The faults to come: `veo.faults.add(Route.VIDEOS, Reset(after=True), times=2)`."""
        return self._world.faults

    @property
    def down(self) -> bool:
        """Whether the API closes every connection without an answer; short for `switches.down`."""
        return self._world.switches.down

    @down.setter
    def down(self, value: bool) -> None:
        self._world.switches.down = value

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Every task ever accepted, by its id, in the order of acceptance."""
        return MappingProxyType(self._world.tasks.by_id)

    @property
    def journal(self) -> Journal:
        """Everything seen so far, with the high-water marks."""
        return self._world.journal

    @property
    def submissions(self) -> Sequence[Submission]:
        """Every `POST /veo/videos` whose fate is decided, in that order."""
        return self._world.journal.submissions

    @property
    def requests(self) -> Sequence[SeenRequest]:
        """Every request to the API that was read, in order."""
        return self._world.journal.requests

    @property
    def media_hits(self) -> Sequence[MediaHit]:
        """Every download begun."""
        return self._world.journal.media_hits

    @property
    def callbacks(self) -> Sequence[SentCallback]:
        """Every callback tried."""
        return self._world.journal.callbacks

    @property
    def max_in_flight(self) -> int:
        """Most submissions that waited for their answers at one time."""
        return self._world.journal.max_in_flight

    @property
    def max_running(self) -> int:
        """Most tasks that were unfinished at one time."""
        return self._world.journal.max_running

    def finish(self, task_id: str) -> None:
        """Let a task succeed now; raises UnknownTaskError, TaskEndedError."""
        self._world.tasks.end(task_id, None)

    def fail(self, task_id: str, code: str = "api_error", message: str | None = None) -> None:
        """Let a task fail now, with any code; raises UnknownTaskError, TaskEndedError."""
        self._world.tasks.end(task_id, Failure.of(code, message))

    def reshape(self, task_id: str, shape: Shape) -> None:
        """Write a task's answers in another shape from now on; raises UnknownTaskError."""
        self._world.tasks.get(task_id).shape = shape

    def hide(self, task_id: str, seconds: float) -> None:
        """Keep a task out of every look for seconds of the clock from now; raises UnknownTaskError."""
        self._world.tasks.get(task_id).visible_at = self._world.clock() + seconds

    def resize(self, task_id: str, size: int) -> None:
        """Pad a task's file to exactly `size` bytes; raises UnknownTaskError."""
        self._world.tasks.get(task_id).size = size

    def plant(self, payload: Mapping[str, object]) -> Task:
        """Accept a task that no client of the test submitted, as another user of the same account might."""
        parsed: Payload = json.loads(json.dumps(dict(payload)))
        task = self._world.tasks.create(parsed, Plan(self.switches.delay, self.switches.shape))
        images.start(self._world, task)
        return task

    def video_url(self, task_id: str) -> str:
        """Return the address of a task's file; raises UnknownTaskError."""
        task = self._world.tasks.get(task_id)
        return task.shape.video_url or f"{self._world.media_base}/{task_id}.{task.kind}"

    async def media_bytes(self, task_id: str) -> bytes:
        """Return the whole file a download should get; raises UnknownTaskError."""
        file = await self._media.file(self._world.tasks.get(task_id))
        return file.head + bytes(file.padding)

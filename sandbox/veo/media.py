"""GET /media/<task id>.<kind>: the finished files, and everything that can go wrong with a download."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

from aiohttp import web

from sandbox.veo import images
from sandbox.veo.connection import closed, hang_up, interrupted, interruption_of, slowed, wait
from sandbox.veo.faults import Answer, CutShort, Endless, MediaFault, Partial, Redirect, Route, Trickle, WrongBytes
from sandbox.veo.files import File, Renderer, order_of, sized, tiny
from sandbox.veo.journal import MediaHit
from sandbox.veo.tasks import Task
from sandbox.veo.world import World

_NOT_FOUND = "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"
_CONTENT_TYPES = {"mp4": "video/mp4", "gif": "image/gif"}


class MediaRoute:
    """The handler of the file host; every file is made once, off the event loop."""

    def __init__(self, world: World, renderer: Renderer | None) -> None:
        """Work on the given state; without a renderer all files are tiny ones."""
        self._world = world
        self._renderer = renderer
        self._made: dict[str, asyncio.Future[bytes]] = {}

    async def file(self, task: Task) -> File:
        """Make the file of a task, or return the one made before."""
        if self._renderer is None:
            return sized(tiny(task), task.kind, task.size)
        if task.task_id not in self._made:
            self._made[task.task_id] = asyncio.ensure_future(self._render(task, self._renderer))
        return sized(await asyncio.shield(self._made[task.task_id]), task.kind, task.size)

    async def _render(self, task: Task, renderer: Renderer) -> bytes:
        await images.ready(self._world, task)
        return await asyncio.to_thread(renderer, order_of(task))

    async def close(self) -> None:
        """Wait for the files that are being made: a thread cannot be stopped."""
        if self._made:
            await asyncio.wait(self._made.values())

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one download."""
        task_id, kind = request.match_info["task_id"], request.match_info["kind"]
        if self._world.switches.media_down:
            self._note(task_id, kind, None)
            return closed(request)
        faults = self._world.faults.take(Route.MEDIA, {"task_id": task_id, "kind": kind})
        interruption = interruption_of(faults)
        if interruption is not None:
            self._note(task_id, kind, interruption.status if isinstance(interruption, Answer) else None)
            return await interrupted(request, self._world, interruption)
        await slowed(request, self._world, faults)
        task = self._world.tasks.by_id.get(task_id)
        if task is None or task.kind != kind or not task.succeeded(self._world.clock()):
            self._note(task_id, kind, 404)
            return web.Response(status=404, text=_NOT_FOUND, content_type="text/html")
        fault = next((fault for fault in faults if isinstance(fault, MediaFault)), None)
        self._note(task_id, kind, 302 if isinstance(fault, Redirect) else 200)
        return await self._sent(request, await self.file(task), _CONTENT_TYPES[kind], fault)

    async def _sent(
        self, request: web.Request, file: File, content_type: str, fault: MediaFault | None
    ) -> web.StreamResponse:
        whole = _Sending(file, content_type, file.size)
        match fault:
            case Redirect(url):
                return web.Response(status=302, headers={"Location": url})
            case WrongBytes(body):
                return web.Response(body=body, content_type=content_type)
            case Endless(size):
                endless = File(file.head, max(0, size - len(file.head)))
                return await self._stream(request, replace(whole, file=endless, announced=None))
            case CutShort():
                half = File(file.head[: len(file.head) // 2], file.padding // 2)
                response = await self._stream(request, replace(whole, file=half))
                hang_up(request)
                return response
            case Partial() | Trickle() | None:
                return await self._stream(request, _spoilt(whole, fault))

    async def _stream(self, request: web.Request, sending: _Sending) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": sending.content_type})
        if sending.announced is None:
            response.enable_chunked_encoding()
        else:
            response.content_length = sending.announced
        await response.prepare(request)
        for piece in _pieces(sending.file, sending.chunk):
            await response.write(piece)
            await wait(request, self._world, lambda: False, sending.pause)
            if request.transport is None:
                break
        return response

    def _note(self, task_id: str, kind: str, status: int | None) -> None:
        self._world.journal.media_hits.append(MediaHit(self._world.clock(), task_id, kind, status))


@dataclass(frozen=True, slots=True)
class _Sending:
    file: File
    content_type: str
    announced: int | None
    chunk: int = 64 * 1024
    pause: float = 0.0


def _spoilt(whole: _Sending, fault: Partial | Trickle | None) -> _Sending:
    size = whole.file.size
    match fault:
        case Partial(kept):
            part = whole.file.first(size // 2 if kept is None else kept)
            return replace(whole, file=part, announced=part.size)
        case Trickle(seconds):
            return replace(whole, chunk=size // 10 + 1, pause=seconds / 10)
        case None:
            return whole


def _pieces(file: File, chunk: int) -> Iterator[bytes]:
    for start in range(0, len(file.head), chunk):
        yield file.head[start : start + chunk]
    for start in range(0, file.padding, chunk):
        yield bytes(min(chunk, file.padding - start))

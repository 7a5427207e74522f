"""POST /veo/videos: checks a request, accepts it as a task, and answers at once or when the video is done."""

from __future__ import annotations

import copy
import math
from types import MappingProxyType

from aiohttp import web

from sandbox.veo import callbacks, images, records
from sandbox.veo.connection import (
    closed,
    credentials_refusal,
    interrupted,
    interruption_of,
    json_response,
    read_object,
    refusal_response,
    slowed,
    wait,
)
from sandbox.veo.contract import ERRORS, JsonObject, Payload, Refusal, refusal_for
from sandbox.veo.faults import Answer, FailTask, Fault, IgnoreAsync, Interruption, Invisible, Route, Shaped
from sandbox.veo.journal import Outcome, SeenRequest, Submission
from sandbox.veo.odd_answers import named
from sandbox.veo.tasks import Failure, Plan, Task
from sandbox.veo.world import World

_TOO_LARGE = "<html><head><title>413 Request Entity Too Large</title></head><body><hr>nginx</body></html>"


class VideosRoute:
    """The handler of the one endpoint that costs money."""

    def __init__(self, world: World) -> None:
        """Work on the given state."""
        self._world = world

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one submission and keep the marks of how many ran at once."""
        self._world.journal.enter()
        try:
            return await self._submit(request)
        finally:
            self._world.journal.leave()

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        if self._world.switches.down:
            return closed(request)
        try:
            payload = await read_object(request)
        except web.HTTPRequestEntityTooLarge:
            self._note(request, {}, Outcome.REFUSED, 413)
            return web.Response(status=413, text=_TOO_LARGE, content_type="text/html")
        self._world.journal.requests.append(SeenRequest(self._world.clock(), Route.VIDEOS, _frozen(payload or {})))
        faults = self._world.faults.take(Route.VIDEOS, payload or {})
        interruption = interruption_of(faults)
        if interruption is not None and not interruption.after:
            self._note_interruption(request, payload or {}, interruption)
            return await interrupted(request, self._world, interruption)
        return await self._judged(request, payload, faults)

    async def _judged(
        self, request: web.Request, payload: JsonObject | None, faults: tuple[Fault, ...]
    ) -> web.StreamResponse:
        refusal = self._refusal(request, payload)
        if payload is None or refusal is not None:
            refusal = refusal or Refusal.of("bad_request", "request body is invalid.")
            self._note(request, payload or {}, Outcome.REFUSED, refusal.status)
            await slowed(request, self._world, faults)
            return refusal_response(refusal)
        task = self._accept(payload, faults)
        interruption = interruption_of(faults)
        if interruption is not None:
            if isinstance(interruption, Answer):
                interruption = named(interruption, task.task_id)
            self._note_interruption(request, payload, interruption, task)
            return await interrupted(request, self._world, interruption)
        hold = self._holds(payload, faults)
        self._note(request, payload, Outcome.ACCEPTED, None if hold else 200, task)
        await slowed(request, self._world, faults)
        return await self._finished(request, task) if hold else json_response(records.accepted(task))

    def _refusal(self, request: web.Request, payload: JsonObject | None) -> Refusal | None:
        switches = self._world.switches
        if switches.refuse_submissions is not None:
            return Refusal.of(switches.refuse_submissions)
        refusal = credentials_refusal(request, self._world)
        if refusal is not None or payload is None:
            return refusal
        refusal = refusal_for(payload, switches.terms)
        if refusal is None and payload["action"] == "get1080p" and self._world.tasks.source_of(payload) is None:
            return Refusal.of("bad_request", "video_id is invalid.")
        return refusal

    def _accept(self, payload: JsonObject, faults: tuple[Fault, ...]) -> Task:
        world = self._world
        task = world.tasks.create(payload, self._plan(faults))
        task.size = world.settings.media_size
        world.journal.max_running = max(world.journal.max_running, world.tasks.running())
        images.start(world, task)
        callbacks.start(world, task)
        return task

    def _plan(self, faults: tuple[Fault, ...]) -> Plan:
        switches = self._world.switches
        failures = [Failure.of(fault.code, fault.message) for fault in faults if isinstance(fault, FailTask)]
        return Plan(
            delay=switches.delay,
            shape=next((fault.shape for fault in faults if isinstance(fault, Shaped)), switches.shape),
            invisible=sum(fault.seconds for fault in faults if isinstance(fault, Invisible)),
            failure=failures[0] if failures else None,
        )

    def _holds(self, payload: Payload, faults: tuple[Fault, ...]) -> bool:
        if self._world.switches.ignore_async or any(isinstance(fault, IgnoreAsync) for fault in faults):
            return True
        return payload.get("async") is not True and "callback_url" not in payload

    async def _finished(self, request: web.Request, task: Task) -> web.StreamResponse:
        await wait(request, self._world, lambda: task.ended(self._world.clock()), math.inf)
        if not task.ended(self._world.clock()):
            return closed(request)
        status = 200
        if task.failure is not None:
            status = task.shape.failed_status or ERRORS.get(task.failure.code, (500, ""))[0]
        return json_response(records.finished(task, self._world.media_base), status)

    def _note_interruption(
        self, request: web.Request, payload: Payload, interruption: Interruption, task: Task | None = None
    ) -> None:
        status = interruption.status if isinstance(interruption, Answer) else None
        untold = Outcome.DROPPED if status is None else Outcome.FAULTED
        self._note(request, payload, Outcome.LOST if task else untold, status, task)

    def _note(
        self, request: web.Request, payload: Payload, outcome: Outcome, status: int | None, task: Task | None = None
    ) -> None:
        headers = {name.lower(): value for name, value in request.headers.items() if name.lower() != "authorization"}
        self._world.journal.submissions.append(
            Submission(
                at=self._world.clock(),
                payload=_frozen(payload),
                headers=MappingProxyType(headers),
                outcome=outcome,
                status=status,
                task_id=task.task_id if task else None,
            )
        )


def _frozen(payload: Payload) -> Payload:
    return MappingProxyType(copy.deepcopy(dict(payload)))

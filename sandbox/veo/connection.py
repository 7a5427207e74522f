"""What happens to a connection when things go wrong: resets, silence, scripted answers; and waiting on an open one."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable

from aiohttp import web

from sandbox.veo.contract import JsonValue, Refusal
from sandbox.veo.faults import TRACE_ID, Answer, Fault, Hang, Interruption, Reset, Slow
from sandbox.veo.world import World

_LOOK_EVERY = 0.01


def json_response(value: JsonValue, status: int = 200) -> web.Response:
    """Answer JSON; `null` is an answer too."""
    return web.Response(status=status, text=json.dumps(value), content_type="application/json")


def refusal_response(refusal: Refusal) -> web.Response:
    """Answer an error as the provider's front does: without a `success` field."""
    body: JsonValue = {"error": {"code": refusal.code, "message": refusal.message}, "trace_id": TRACE_ID}
    return json_response(body, refusal.status)


def closed(request: web.Request, *, reset: bool = False) -> web.Response:
    """Close the connection without an answer (with a TCP reset on demand); the response returned reaches nobody."""
    transport = request.transport
    if transport is not None:
        if reset:
            _linger_zero(transport.get_extra_info("socket"))
        transport.abort()
    return web.Response()


def hang_up(request: web.Request) -> None:
    """Close the connection after what has been written so far."""
    if request.transport is not None:
        request.transport.close()


def _linger_zero(sock: socket.socket | None) -> None:
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def wait(request: web.Request, world: World, until: Callable[[], bool], seconds: float) -> None:
    """Wait up to `seconds` of real time, or until the condition holds, the client is gone or the stand-in stops."""
    ends = asyncio.get_running_loop().time() + seconds
    while not (until() or request.transport is None or world.closing.is_set()):
        left = ends - asyncio.get_running_loop().time()
        if left <= 0:
            return
        await world.pause(min(left, _LOOK_EVERY))


async def interrupted(request: web.Request, world: World, interruption: Interruption) -> web.Response:
    """Carry out a fault that takes the answer's place."""
    match interruption:
        case Answer(status, body, content_type, headers):
            return web.Response(status=status, text=body, content_type=content_type, headers=headers)
        case Reset():
            return closed(request, reset=True)
        case Hang(seconds):
            await wait(request, world, lambda: False, seconds)
            return closed(request)


def interruption_of(faults: tuple[Fault, ...]) -> Interruption | None:
    """Pick the fault that takes the answer's place, if one of them does."""
    return next((fault for fault in faults if isinstance(fault, Answer | Reset | Hang)), None)


async def slowed(request: web.Request, world: World, faults: tuple[Fault, ...]) -> None:
    """Wait as long as the request's `Slow` faults say."""
    await wait(request, world, lambda: False, sum(fault.seconds for fault in faults if isinstance(fault, Slow)))


def credentials_refusal(request: web.Request, world: World) -> Refusal | None:
    """Check the bearer token: absent, wrong, or right."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return Refusal.of("no_token")
    return Refusal.of("invalid_token") if world.settings.token not in {None, token.strip()} else None


async def read_object(request: web.Request) -> dict[str, JsonValue] | None:
    """Read the body as a JSON object; None for anything else."""
    try:
        value: JsonValue = json.loads(await request.read())
    except ValueError:
        return None
    return value if isinstance(value, dict) else None

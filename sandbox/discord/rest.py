"""The front door of the stand-in's REST API: records, faults, tokens and errors around every route."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import ClientPayloadError, web

from .body import Body, read_body
from .errors import ApiError, ErrorCode
from .faults import Drop, Effect, Faults, Garbage, Hang, RateLimit, Refuse, Slow
from .jsons import Json
from .openapi import schema_errors
from .traffic import RequestRecord, Traffic

if TYPE_CHECKING:
    from .clock import Clock
    from .limits import Limits

API = "/api/v10"
CDN = "/cdn"
GATEWAY = "/gateway"
OPEN_ROUTES = ("/interactions/", "/webhooks/", CDN)
HIDDEN_HEADERS = ("Authorization", "Cookie")
TOO_MANY = 429
CLOSED = 499
CALLER_GONE = (ConnectionError, ClientPayloadError, web.RequestPayloadError)
RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Answer: TypeAlias = Json | list[Json] | None
Handler: TypeAlias = Callable[[web.Request], Awaitable[Answer]]
AnyHandler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
BODY: ContextVar[Body] = ContextVar("body")
"""The body of the request that this task answers."""


class Front:
    """Middleware that every request passes."""

    def __init__(self, clock: Clock, traffic: Traffic, faults: Faults, limits: Limits) -> None:
        """Stamp requests by `clock`, note them in `traffic`, spoil them with `faults`, refuse those over `limits`."""
        self._limits = limits
        self._clock = clock
        self._traffic = traffic
        self._faults = faults
        self.token: str | None = None
        self.down = False
        self.closing = asyncio.Event()
        self.crashes: list[Exception] = []

    @web.middleware
    async def middleware(self, request: web.Request, handler: AnyHandler) -> web.StreamResponse:
        """Let one request be answered; what the stand-in itself fails of is kept for the end of the test."""
        try:
            return await (handler(request) if request.path == GATEWAY else self._serve(request, handler))
        except web.HTTPException:
            raise
        except Exception as crash:
            self.crashes.append(crash)
            raise

    async def _serve(self, request: web.Request, handler: AnyHandler) -> web.StreamResponse:
        record = self._record(request)
        if self.down and not record.path.startswith(CDN):
            record.injected = True
            return drop(request, hard=True)
        try:
            answer = await self._answer(request, record, handler)
        except CALLER_GONE:
            record.injected = True
            answer = web.Response(status=CLOSED)
        record.status = answer.status
        self._traffic.changes.notify()
        answer.headers["Via"] = answer.headers.get("Via", "1.1 google")
        if answer.headers["Via"] == "-":
            del answer.headers["Via"]
        return answer

    async def _answer(self, request: web.Request, record: RequestRecord, handler: AnyHandler) -> web.StreamResponse:
        try:
            body = await read_body(request)
            BODY.set(body)
            record.body = body.json
            record.files = {one.filename: len(one.data) for one in body.files.values()}
            record.schema_errors = schema_errors(record.method, record.route, body.json)
            spoilt = await self._spoil(request, record, after=False)
            if spoilt is None:
                self._check_token(request, record)
                spoilt = await self._limited(request, record, handler)
        except ApiError as refusal:
            record.code, record.errors = refusal.code.code, refusal.errors
            return json_answer(refusal.body(), refusal.code.status)
        except web.HTTPException:
            record.code = ErrorCode.NOT_FOUND.code
            return json_answer(ApiError(ErrorCode.NOT_FOUND).body(), ErrorCode.NOT_FOUND.status)
        return spoilt

    async def _limited(self, request: web.Request, record: RequestRecord, handler: AnyHandler) -> web.StreamResponse:
        headers, refused = self._limits.take(record)
        if refused is not None:
            answer: web.StreamResponse = json_answer(refused, TOO_MANY)
        else:
            answer = await handler(request)
        answer.headers.update(headers)
        return await self._spoil(request, record, after=True) or answer

    def _record(self, request: web.Request) -> RequestRecord:
        resource = request.match_info.route.resource
        path = request.path.removeprefix(API)
        route = path if resource is None else resource.canonical.removeprefix(API)
        headers = {name: value for name, value in request.headers.items() if name not in HIDDEN_HEADERS}
        record = RequestRecord(request.method, path, route, self._clock.now(), headers, dict(request.query))
        self._traffic.requests.append(record)
        self._traffic.changes.notify()
        return record

    def _check_token(self, request: web.Request, record: RequestRecord) -> None:
        if record.path.startswith(OPEN_ROUTES):
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bot" or not self.accepts(token):
            raise ApiError(ErrorCode.UNAUTHORIZED)

    def accepts(self, token: str) -> bool:
        """Tell whether this is the bot's token; without a demanded one any is."""
        return bool(token) if self.token is None else token == self.token

    async def _spoil(self, request: web.Request, record: RequestRecord, *, after: bool) -> web.StreamResponse | None:
        effect = self._faults.strike(record, after=after)
        if effect is None:
            return None
        if isinstance(effect, Slow):
            await asyncio.sleep(effect.seconds)
            return None
        record.injected = True
        if isinstance(effect, Hang):
            await self._hang(effect)
            return drop(request, hard=True)
        return drop(request, hard=effect.hard) if isinstance(effect, Drop) else _spoilt_answer(record, effect)

    async def _hang(self, effect: Hang) -> None:
        try:
            async with asyncio.timeout(effect.seconds):
                await self.closing.wait()
        except TimeoutError:
            return


def _spoilt_answer(record: RequestRecord, effect: Effect) -> web.StreamResponse:
    match effect:
        case RateLimit():
            return _rate_limited(effect)
        case Garbage():
            return web.Response(status=effect.status, text=effect.text, content_type="text/html")
        case Refuse():
            record.code = effect.code.code
            status = effect.status or effect.code.status
            body = ApiError(effect.code).body()
            return json_answer(body | {"retry_after": effect.retry_after} if status == TOO_MANY else body, status)
        case _:
            raise AssertionError(effect)


def _rate_limited(effect: RateLimit) -> web.Response:
    if not effect.via_discord:
        page = "<html>error code: 1015</html>"
        headers = {"Via": "-", "Retry-After": str(effect.retry_after)}
        return web.Response(status=TOO_MANY, text=page, content_type="text/html", headers=headers)
    body: Json = {
        "message": "You are being rate limited.",
        "retry_after": effect.retry_after,
        "global": effect.is_global,
    }
    answer = json_answer(body, TOO_MANY)
    answer.headers["Retry-After"] = str(int(effect.retry_after) + 1)
    answer.headers["X-RateLimit-Scope"] = "global" if effect.is_global else effect.scope
    if effect.is_global:
        answer.headers["X-RateLimit-Global"] = "true"
        return answer
    limits = {"Limit": "5", "Remaining": "0", "Reset-After": str(effect.retry_after), "Bucket": effect.bucket}
    for name, value in limits.items():
        answer.headers[f"X-RateLimit-{name}"] = value
    return answer


def json_answer(body: Answer, status: int = 200) -> web.Response:
    """Answer with JSON; Discord's content type carries no charset, and discord.py insists on that."""
    if body is None:
        return web.Response(status=204)
    return web.Response(status=status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})


def drop(request: web.Request, *, hard: bool) -> web.Response:
    """End the connection without an answer."""
    transport = request.transport
    if transport is not None:
        if hard:
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        transport.abort()
    return web.Response(status=CLOSED)


def route(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Turn a handler of JSON into one of aiohttp's."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return json_answer(await handler(request))

    return handle


def body_of() -> Body:
    """Return the body of the request being answered."""
    return BODY.get()


def number(request: web.Request, name: str) -> int:
    """Return an id from the path.

    Raises:
        ApiError: 50035 when it is no snowflake.
    """
    text = request.match_info[name]
    if not text.isdigit():
        raise ApiError(ErrorCode.INVALID_FORM, {name: {"_errors": [{"code": "NUMBER_TYPE_COERCE"}]}})
    return int(text)

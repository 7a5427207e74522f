"""Two small pages for whoever watches the process: is it alive, and does it serve people."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web

from runtime.vitals import Sign, Vitals
from veo_core.errors import ConfigError

# Seconds. The image's health check waits four, so it still gets the answer that names the part.
_LOOP_PATIENCE = 3.5
_KEPT = 1.0

Look = Callable[[], Awaitable[tuple[Sign, ...]]]


@asynccontextmanager
async def health_server(host: str, port: int, vitals: Vitals) -> AsyncGenerator[None]:
    """Answers `GET /healthz` and `GET /readyz` while the process runs; port 0 switches them off.

    The pages are served from a thread with an event loop of its own: they answer also while the bot's stands still.
    Raises ConfigError with one line when the port cannot be had.
    """
    if port == 0:
        yield
        return
    watched = asyncio.get_running_loop()
    app = web.Application()
    app.router.add_get("/healthz", _Page(vitals.alive, watched).answer)
    app.router.add_get("/readyz", _Page(vitals.ready, watched).answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    async with _thread() as pages:
        try:
            await _in(pages, _listen(runner, host, port))
            yield
        finally:
            await _in(pages, runner.cleanup())


class _Page:
    """Looks at the bot at most once a second, however many ask."""

    def __init__(self, look: Look, watched: asyncio.AbstractEventLoop) -> None:
        self._look = look
        self._watched = watched
        self._turn = asyncio.Lock()
        self._signs: tuple[Sign, ...] = ()
        self._looked_at = -_KEPT

    async def answer(self, _: web.Request) -> web.Response:
        """200 when every part is well, else 503; each part is named."""
        async with self._turn:
            if time.monotonic() - self._looked_at >= _KEPT:
                self._signs = await self._ask()
                self._looked_at = time.monotonic()
        return _response(self._signs)

    async def _ask(self) -> tuple[Sign, ...]:
        """Let the bot's event loop look; that it answers at all is the first sign."""
        asked = asyncio.run_coroutine_threadsafe(_awaited(self._look), self._watched)
        try:
            async with asyncio.timeout(_LOOP_PATIENCE):
                return (Sign("event_loop"), *await asyncio.wrap_future(asked))
        except TimeoutError:
            return (Sign("event_loop", "it stands still", ok=False),)


async def _awaited(look: Look) -> tuple[Sign, ...]:
    return await look()


def _response(signs: tuple[Sign, ...]) -> web.Response:
    failing = [sign.part for sign in signs if not sign.ok]
    body = {
        "status": "failing" if failing else "ok",
        "failing": failing,
        "parts": {sign.part: sign.text for sign in signs},
    }
    status = HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise ConfigError(f"server.port: cannot listen on {host}:{port}: {error.strerror}") from error


@asynccontextmanager
async def _thread() -> AsyncGenerator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="health", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(thread.join)
        loop.close()


async def _in(loop: asyncio.AbstractEventLoop, work: Awaitable[None]) -> None:
    """Await something in the other thread's loop."""

    async def waited() -> None:
        await work

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(waited(), loop))

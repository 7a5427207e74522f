"""A small page for whoever watches the process: is it alive."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web

from veo_core.errors import ConfigError


@asynccontextmanager
async def health_server(host: str, port: int) -> AsyncGenerator[None]:
    """Answers `GET /healthz` while the process runs; port 0 switches it off.

    Raises ConfigError with one line when the port cannot be had.
    """
    if port == 0:
        yield
        return
    app = web.Application()
    app.router.add_get("/healthz", _alive)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise ConfigError(f"server.port: cannot listen on {host}:{port}: {error.strerror}") from error


async def _alive(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})

"""The demo: the real bot on a simulated Discord server with a stand-in Veo API, shown on a page in the browser."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from simcord.backend import Backend
from simcord.backend.errors import SetupError

from sandbox.clips import render
from sandbox.demo.page import LivePage
from sandbox.demo.pump import Pump
from sandbox.demo.script import ScriptFailedError, play
from sandbox.demo.settings import demo_settings
from sandbox.demo.transcript import Transcript
from sandbox.demo.world import MakeBot, Surroundings, World, begin_at, open_world
from sandbox.veo import ImageMode, Settings, StandInVeo

__all__ = ["LivePage", "MakeBot", "Pump", "Surroundings", "World", "demo_settings", "demo_world", "run_demo"]

_ACCOUNT = "sandbox"
_VIDEO_TAKES = 15.0
"""Seconds; long enough to see the status line change, short enough to wait for."""


async def run_demo(*, once: bool, port: int | None, make_bot: MakeBot, out: TextIO) -> int:
    """Play the script, then (unless once) keep the page up until SIGINT or SIGTERM; the process's exit code.

    `port` is the page's; None takes a free one.
    """
    show = asyncio.create_task(_show(once=once, port=port, make_bot=make_bot, out=out))
    try:
        await _until_over_or_stopped(show)
    finally:
        await _ended(show)
    if show.cancelled():
        return 1 if once else 0
    return show.result()


@asynccontextmanager
async def demo_world(make_bot: MakeBot, directory: Path, video_takes: float = _VIDEO_TAKES) -> AsyncGenerator[World]:
    """Open a world whose clock begins now, with its own stand-in Veo API (`video_takes` seconds a video)."""
    backend = Backend()
    begin_at(backend, datetime.now(UTC))
    clock = backend.clock
    settings = Settings(token=_ACCOUNT, delay=video_takes, images=ImageMode.STRICT)
    veo = StandInVeo(settings, clock=lambda: clock.now().timestamp(), renderer=render)
    async with (
        veo,
        open_world(
            make_bot,
            directory=directory,
            veo_api_base=veo.base_url,
            veo_api_token=_ACCOUNT,
            backend=backend,
        ) as world,
    ):
        yield world


async def _show(*, once: bool, port: int | None, make_bot: MakeBot, out: TextIO) -> int:
    with tempfile.TemporaryDirectory(prefix="veo-demo-") as directory:
        async with demo_world(make_bot, Path(directory)) as world:
            transcript = Transcript(world, out)
            code = await _played(world, transcript)
            if once:
                return code
            return await _kept_up(world, port, transcript)


async def _played(world: World, transcript: Transcript) -> int:
    try:
        await play(world, transcript)
    except ScriptFailedError as error:
        transcript.note(f"✗ {error}")
        return 1
    raised = world.errors()
    for error in raised:
        transcript.note(f"✗ the bot raised {error!r}")
    return 1 if raised else 0


async def _kept_up(world: World, port: int | None, transcript: Transcript) -> int:
    """Serve the page until it is ended there, or until cancelled."""
    async with AsyncExitStack() as stack:
        try:
            page = await stack.enter_async_context(LivePage(world.env, world.films, world.people.all, port=port))
        except SetupError as error:
            transcript.note(f"✗ {error}")
            return 1
        transcript.invite(page.url)
        await _pumped(world, page)
    return 0


async def _pumped(world: World, page: LivePage) -> None:
    pump = asyncio.create_task(Pump(world, page).run())
    closed = asyncio.create_task(page.wait_closed())
    try:
        done, _ = await asyncio.wait({pump, closed}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _ended(pump)
        await _ended(closed)
    for runner in done:
        runner.result()


async def _until_over_or_stopped(show: asyncio.Task[int]) -> None:
    with _signals() as stop:
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({show, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended(stopped)


async def _ended(runner: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it is over; what it raised stays in it."""
    runner.cancel()
    await asyncio.wait({runner})


@contextlib.contextmanager
def _signals() -> Generator[asyncio.Event]:
    """Set an event on SIGINT and SIGTERM instead of ending the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

"""Runs the bot until it is asked to stop; starts it anew when Discord breaks it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import signal
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import discord
from discord.ext import commands

from cogs.rest.gate import Held
from runtime.discord_log import OUTAGE, cannot_reach
from veo_core.domain.timing import backoff
from veo_core.errors import ConfigError, VeoBotError

_log = logging.getLogger(__name__)
_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=2)
_LONG_ENOUGH = 300.0

Assemble = Callable[[], AbstractAsyncContextManager[commands.AutoShardedBot]]


async def serve(assemble: Assemble, token: str) -> None:
    """Run until SIGINT or SIGTERM.

    A payload that discord.py cannot read closes the whole bot, and so does an unreachable Discord at the start; both
    cost a few seconds, since everything is taken up again from the store. Raises VeoBotError for what no new start
    would mend.
    """
    stop = _stop_signal()
    attempt = 0
    while not stop.is_set():
        started = time.monotonic()
        asked: discord.RateLimited | None = None
        try:
            await _run_once(assemble, token, stop)
        except VeoBotError:
            raise
        except (discord.LoginFailure, discord.PrivilegedIntentsRequired) as error:
            raise ConfigError(f"discord.token: Discord refuses it; {_WAY_OUT}") from error
        except discord.RateLimited as error:
            # An attempt before that would only be refused again, and many refusals ban the address.
            asked = error
        except Exception as error:  # noqa: BLE001 - a malformed payload may raise anything; it is logged
            _refuse_dead_token(error)
            _tell(error)
        attempt = 1 if time.monotonic() - started > _LONG_ENOUGH else attempt + 1
        await _pause(stop, attempt, asked)


def _tell(error: Exception) -> None:
    """An unreachable Discord is told once, until a connection stands again."""
    if cannot_reach(error):
        OUTAGE.begin(error)
    else:
        _log.error("The connection to Discord broke", exc_info=error)


async def _pause(stop: asyncio.Event, attempt: int, asked: discord.RateLimited | None) -> None:
    """Wait before the next start, at least as long as Discord asked."""
    if stop.is_set():
        return
    wait = backoff(attempt, _FIRST_WAIT, _LONGEST_WAIT, random.Random())
    if asked is not None:
        wait = max(wait, timedelta(seconds=asked.retry_after))
        if not (isinstance(asked, Held) and asked.everything):
            _log.warning("Discord asks to wait before the start", extra={"seconds": wait.total_seconds()})
    elif not OUTAGE.lasts:
        _log.warning("The connection to Discord ended; starting anew", extra={"seconds": wait.total_seconds()})
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait.total_seconds()):
            await stop.wait()


async def _run_once(assemble: Assemble, token: str, stop: asyncio.Event) -> None:
    async with assemble() as bot:
        running = asyncio.create_task(bot.start(token), name="discord")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                _log.info("Stopping: what is in hand is finished first")
        finally:
            stopping.cancel()
            await bot.close()
            if stop.is_set():
                running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def _refuse_dead_token(error: Exception) -> None:
    """Close code 4004 and the like: another try would only be refused again."""
    if isinstance(error, discord.ConnectionClosed) and error.code in _FATAL_CLOSES:
        raise ConfigError(
            f"discord.token: Discord closed the connection for good (code {error.code}); {_WAY_OUT}"
        ) from error


_WAY_OUT = "make a new one in the developer portal (page Bot, Reset Token)"
_FATAL_CLOSES = frozenset({4004, 4010, 4011, 4012, 4013, 4014})


def _stop_signal() -> asyncio.Event:
    """SIGTERM would end the process without any clean-up, so it is caught like SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop

"""A simulated Discord server around the real bot: its time, its file host, its channels and its people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import discord
import simcord
from discord.ext import commands
from simcord.actors import MemberActor
from simcord.backend import Backend
from simcord.builders import ChannelHandle, GuildHandle

from sandbox.demo.files import FileHost
from veo_core.domain.timing import Now
from veo_core.wake import Idle, rest


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a bot must take from the simulated world instead of from the real one."""

    now: Now
    idle: Idle
    """How background loops, which `setup_hook` starts, wait."""
    veo_api_base: str
    veo_api_token: str
    hosts: tuple[str, ...]
    """The names under which Discord's files and finished videos are served, by plain HTTP."""
    directory: Path
    """Where the bot may keep its files."""


MakeBot = Callable[[Surroundings], AbstractAsyncContextManager[commands.AutoShardedBot]]
"""Entering opens what the bot needs and gives the bot, not yet started; leaving closes everything."""


class SimulatedEnv(simcord.Env):
    """A simcord environment whose time passes only when it is told to."""

    def __init__(self, bot: commands.AutoShardedBot, backend: Backend, *, settle_timeout: float) -> None:
        super().__init__(bot, shard_count=1, settle_timeout=settle_timeout)
        self.backend = backend

    def _schedule_timer(self, record: object, callback: object, args: object, schedule_context: object) -> None:
        """Leave out the fall-back to real time that simcord gives every timer.

        aiohttp keeps such a timer while a connection is idle; every action near its end would wait for it.
        """

    async def detach_bot(self) -> None:
        """Cancel all that the bot runs, as the end of its process would."""
        await self._detach_bot()


class _Idling:
    """Waits of background loops, declared to simcord so that it does not take them for work in progress."""

    env: simcord.Env

    async def __call__(self, event: asyncio.Event, delay: float | None) -> None:
        await self.env.external_wait(rest(event, delay), reason="a background loop has nothing to do")


@dataclass(frozen=True, slots=True)
class People:
    """Who is on the server, one of each rank."""

    ann: MemberActor
    """A member like any other."""
    mo: MemberActor
    """A moderator."""
    olga: MemberActor
    """The owner, who may do everything."""

    @property
    def all(self) -> tuple[MemberActor, ...]:
        """Everybody, the lowest rank first."""
        return self.ann, self.mo, self.olga


class World:
    """The server with the bot on it, ready to be used; made by `open_world`."""

    def __init__(self, env: SimulatedEnv, surroundings: Surroundings, make_bot: MakeBot, bot: AsyncExitStack) -> None:
        self.env = env
        self.surroundings = surroundings
        self._make_bot = make_bot
        self._bot = bot
        self.guild, self.people = _populated(env)
        self.general: ChannelHandle = self.guild.create_text_channel("general")
        self.films: ChannelHandle = self.guild.create_text_channel("films", topic="/veo create makes a video")

    @property
    def bot(self) -> discord.Client:
        """The bot that runs now; another one after `restart`."""
        return self.env.bot

    async def restart(self, *, crash: bool = False) -> None:
        """Start the bot anew on the same files: after a clean stop, or after all it ran was cut off."""
        if not crash:
            await self.bot.close()
        await self.env.detach_bot()
        await self._bot.aclose()
        bot = await self._bot.enter_async_context(self._make_bot(self.surroundings))
        await self.env.restart_bot(bot)

    def errors(self, expected: tuple[type[BaseException], ...] = ()) -> list[BaseException]:
        """Everything that the bot raised into discord.py and that neither is nor comes from an expected type."""
        return [error for error in self.env.errors if not any(isinstance(link, expected) for link in _chain(error))]


@asynccontextmanager
async def open_world(
    make_bot: MakeBot,
    *,
    directory: Path,
    veo_api_base: str,
    veo_api_token: str,
    backend: Backend | None = None,
    settle_timeout: float = 10.0,
) -> AsyncGenerator[World]:
    """Run the bot on a simulated server; `settle_timeout` is the most real seconds one action may take.

    A backend given from outside lets others (the stand-in Veo API) read its clock before the bot exists.
    """
    backend = backend or Backend()
    idling = _Idling()
    async with FileHost() as files, AsyncExitStack() as resources:
        backend.cdn = files.store
        surroundings = Surroundings(
            now=backend.clock.now,
            idle=idling,
            veo_api_base=veo_api_base,
            veo_api_token=veo_api_token,
            hosts=(files.host,),
            directory=directory,
        )
        bot = await resources.enter_async_context(make_bot(surroundings))
        env = idling.env = SimulatedEnv(bot, backend, settle_timeout=settle_timeout)
        await env.start()
        try:
            yield World(env, surroundings, make_bot, resources)
        finally:
            await env.bot.close()
            await env.shutdown()


def begin_at(backend: Backend, moment: datetime) -> None:
    """Move a new backend's clock forward to a moment; an earlier one than simcord's first day changes nothing."""
    backend.clock.advance(max(0.0, (moment - backend.clock.now()).total_seconds()))


def _populated(env: SimulatedEnv) -> tuple[GuildHandle, People]:
    env.backend.edit_bot_profile("Veo")
    owner = env.create_user("olga", global_name="Olga")
    guild = env.create_guild("Film Club", owner=owner)
    admins = guild.create_role("Admins", permissions=discord.Permissions(administrator=True), color=0xE67E22)
    rights = discord.Permissions(manage_messages=True, manage_guild=True, moderate_members=True)
    moderators = guild.create_role("Moderators", permissions=rights, color=0x3498DB)
    # simcord makes the owner a member by itself; joining again with the role changes only how the name looks.
    olga = guild.add_member(owner, roles=[admins])
    mo = guild.add_member(env.create_user("mo", global_name="Mo"), roles=[moderators])
    ann = guild.add_member(env.create_user("ann", global_name="Ann"))
    return guild, People(ann=ann, mo=mo, olga=olga)


def _chain(error: BaseException | None) -> Generator[BaseException]:
    while error is not None:
        yield error
        error = getattr(error, "original", None) or error.__cause__

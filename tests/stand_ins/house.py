"""What the tests of the Discord stand-in share: a furnished world, the small bot running, a plain HTTP caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
import discord

from sandbox.discord import DiscordStandIn
from tests.stand_ins.small_bot import SmallBot

TOKEN = "right-token"


class Place:
    """A guild with a channel and a member."""

    def __init__(self, world: DiscordStandIn) -> None:
        self.guild = world.add_guild("Films")
        self.channel = world.add_channel(self.guild, "general")
        self.anna = world.add_user("anna")

    @property
    def messages(self) -> str:
        return f"/channels/{self.channel}/messages"


@asynccontextmanager
async def running_bot() -> AsyncGenerator[SmallBot]:
    async with SmallBot() as bot:
        runner = asyncio.create_task(bot.start(TOKEN))
        waiter = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait({runner, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if runner.done():
            waiter.cancel()
            runner.result()
        yield bot
    await runner


async def live(act: Callable[[SmallBot], Awaitable[None]]) -> None:
    """Run the bot while `act` runs; what ends the bot is raised."""
    async with running_bot() as bot:
        await act(bot)


def text_channel(bot: SmallBot, place: Place) -> discord.TextChannel:
    channel = bot.get_channel(place.channel)
    assert isinstance(channel, discord.TextChannel)
    return channel


class Caller:
    """Plain HTTP with the bot's token: (status, body)."""

    def __init__(self, world: DiscordStandIn) -> None:
        self._world = world
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bot {TOKEN}"})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._session.close()

    async def __call__(
        self, method: str, path: str, body: object = None, *, form: aiohttp.FormData | None = None
    ) -> tuple[int, Any]:
        url = path if path.startswith("http") else self._world.api_base + path
        async with self._session.request(method, url, json=body, data=form) as answer:
            if answer.headers.get("Content-Type") == "application/json":
                return answer.status, await answer.json()
            return answer.status, await answer.read()

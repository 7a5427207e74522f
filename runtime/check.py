"""`python bot.py check`: says in plain lines what is right and what is missing, and changes nothing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

import aiohttp
import discord

from cogs.permissions import invite_link, missing_lines
from runtime.doubted_models import doubted_models
from veo_core.client import VeoClient
from veo_core.clock import SteadyClock
from veo_core.errors import AccountProblem, ProviderError, StorageError
from veo_core.sessions import api_session
from veo_core.settings import Settings
from veo_core.store.migrate import check as check_database


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer."""

    text: str
    ok: bool = True


async def check(settings: Settings) -> int:
    """Print the findings; 0 when everything is right, 1 otherwise."""
    findings: list[Finding] = []
    for part in (_database(settings), _veo_api(settings), _discord(settings)):
        async for finding in part:
            findings.append(finding)
            sys.stdout.write(f"{'ok     ' if finding.ok else 'PROBLEM'} {finding.text}\n")
    return 0 if all(finding.ok for finding in findings) else 1


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        yield Finding(f"database: {await asyncio.to_thread(check_database, settings.storage.path)}")
        for line in await asyncio.to_thread(doubted_models, settings.storage.path):
            yield Finding(line)
    except StorageError as error:
        yield Finding(str(error), ok=False)


async def _veo_api(settings: Settings) -> AsyncIterator[Finding]:
    token = settings.veo.api_token.get_secret_value()
    if not token:
        yield Finding("veo.api_token is missing: set it in the configuration or as ACEDATACLOUD_API_TOKEN", ok=False)
        return
    base = settings.veo.api_base
    async with api_session() as session:
        client = VeoClient(
            session, api_base=base, api_token=token, timeout=settings.pace.submit_timeout, now=SteadyClock().now
        )
        try:
            await client.ping()
        except AccountProblem as error:
            yield Finding(f"Veo API: it answers, but refuses the account: {error.code}", ok=False)
        except ProviderError as error:
            yield Finding(f"Veo API: {base} cannot be used: {error.message}", ok=False)
        else:
            yield Finding(f"Veo API: {base} answers and knows the token")


async def _discord(settings: Settings) -> AsyncIterator[Finding]:
    token = settings.discord.token.get_secret_value()
    if not token:
        yield Finding("discord.token is missing: set it in the configuration or as DISCORD_TOKEN", ok=False)
        return
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        try:
            await client.login(token)
        except discord.LoginFailure:
            yield Finding("Discord refuses discord.token", ok=False)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            yield Finding(f"Discord: {settings.discord.api_base} cannot be reached: {type(error).__name__}", ok=False)
        else:
            async for finding in _discord_account(client):
                yield finding


async def _discord_account(client: discord.Client) -> AsyncGenerator[Finding]:
    yield Finding(f"Discord: logged in as {client.user}")
    if client.application_id is not None:
        yield Finding(f"invite link: {invite_link(client.application_id)}")
    try:
        guilds = [guild async for guild in client.fetch_guilds(limit=200)]
        yield Finding(f"servers: {len(guilds)}")
        for guild in guilds:
            for line in await _missing_in(client, guild.id):
                yield Finding(f"missing in {line}", ok=False)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        yield Finding(f"Discord: the permissions could not be read: {type(error).__name__}")


async def _missing_in(client: discord.Client, guild_id: int) -> list[str]:
    guild = await client.fetch_guild(guild_id)
    me = await guild.fetch_member(client.user.id if client.user else 0)
    return missing_lines(guild, me, await guild.fetch_channels())

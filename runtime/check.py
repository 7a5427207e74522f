"""`python bot.py check`: says in plain lines what is right and what is missing, and changes nothing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

import discord

from cogs.kit.permissions import invite_link, missing_lines
from cogs.rest.gate import Gate
from runtime.clock import SteadyClock
from runtime.config.loader import Settings, discord_token_problem, veo_token_problem
from runtime.config.tokens import without_secrets
from runtime.doubted_models import doubted_models
from veo_core.errors import AccountProblem, ProviderError, StorageError
from veo_core.network import NETWORK_FAILURES, discord_connector, failure_words
from veo_core.provider.client import VeoClient
from veo_core.provider.session import api_session
from veo_core.store.migrate import check as check_database


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer."""

    text: str
    ok: bool = True
    # Worth a thought, and no reason for an exit code.
    doubtful: bool = False

    @property
    def mark(self) -> str:
        """How the line begins."""
        if not self.ok:
            return "PROBLEM"
        return "WARNING" if self.doubtful else "ok     "


async def check(settings: Settings) -> int:
    """Print the findings; 0 when everything is right, 1 otherwise."""
    findings: list[Finding] = []
    for part in (_spenders(settings), _database(settings), _veo_api(settings), _discord(settings)):
        async for finding in part:
            findings.append(finding)
            line = " ".join(without_secrets(finding.text, settings.secrets).split())
            sys.stdout.write(f"{finding.mark} {line}\n")
    return 0 if all(finding.ok for finding in findings) else 1


async def _spenders(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.discord.servers:
        words = "discord.servers is empty: every server that invites the bot spends from your balance"
        yield Finding(words, doubtful=True)
    elif settings.discord.direct_messages:
        words = "discord.direct_messages is true: people of other servers than discord.servers can write to the bot too"
        yield Finding(words, doubtful=True)


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        yield Finding(f"database: {await asyncio.to_thread(check_database, settings.storage.path)}")
        for line in await asyncio.to_thread(doubted_models, settings.storage.path):
            yield Finding(line)
    except StorageError as error:
        yield Finding(str(error), ok=False)


async def _veo_api(settings: Settings) -> AsyncIterator[Finding]:
    if (problem := veo_token_problem(settings)) is not None:
        yield Finding(problem, ok=False)
        return
    async with api_session(settings.proxies) as session:
        client = VeoClient(
            session,
            api_base=settings.veo.api_base,
            api_token=settings.veo.api_token.get_secret_value(),
            timeout=settings.pace.submit_timeout,
            now=SteadyClock().now,
        )
        try:
            await client.ping()
        except ProviderError as error:
            yield Finding(f"Veo API: {_api_words(error)}", ok=False)
        else:
            yield Finding(
                "Veo API: it answers; whether veo.api_token is good shows with the first video, "
                "since /veo/tasks asks nobody for a token"
            )


def _api_words(error: ProviderError) -> str:
    if isinstance(error, AccountProblem):
        return f"it answers, but refuses the account ({error.code}): look at balance and key on the service's page"
    cause = failure_words(error.__cause__) if error.__cause__ is not None else error.message[:200]
    return f"veo.api_base cannot be used: {cause}; check the address and the network"


async def _discord(settings: Settings) -> AsyncIterator[Finding]:
    if (problem := discord_token_problem(settings)) is not None:
        yield Finding(problem, ok=False)
        return
    connector = discord_connector(settings.proxies)
    async with discord.Client(intents=discord.Intents(guilds=True), connector=connector) as client:
        # What Discord asks to wait for is a finding; discord.py would wait, perhaps for an hour.
        Gate().attach(client.http)
        try:
            await client.login(settings.discord.token.get_secret_value())
        except discord.LoginFailure:
            yield Finding("Discord refuses discord.token: make a new one in the developer portal (page Bot)", ok=False)
        except _FAILURES as error:
            yield Finding(f"Discord: discord.api_base cannot be used: {_words(error)}; try again later", ok=False)
        else:
            async for finding in _discord_account(client):
                yield finding


_FAILURES = (discord.DiscordException, *NETWORK_FAILURES)


def _words(error: BaseException) -> str:
    if isinstance(error, discord.RateLimited):
        return f"it asks to wait for {error.retry_after:.0f} seconds"
    return f"it answers {error.status}" if isinstance(error, discord.HTTPException) else failure_words(error)


async def _discord_account(client: discord.Client) -> AsyncGenerator[Finding]:
    yield Finding(f"Discord: logged in as {client.user}")
    if client.application_id is not None:
        yield Finding(f"invite link: {invite_link(client.application_id)}")
    try:
        guilds = [guild async for guild in client.fetch_guilds(limit=200)]
    except _FAILURES as error:
        yield Finding(f"Discord: the servers could not be read: {_words(error)}; run check again", ok=False)
        return
    yield Finding(f"servers: {len(guilds)}")
    for guild in guilds:
        try:
            missing = await _missing_in(client, guild.id)
        except _FAILURES as error:
            yield Finding(
                f"the permissions in {guild.name} could not be read: {_words(error)}; run check again", ok=False
            )
        else:
            for line in missing:
                yield Finding(f"missing in {line}: give it to the bot's role or in the channel", ok=False)


async def _missing_in(client: discord.Client, guild_id: int) -> list[str]:
    guild = await client.fetch_guild(guild_id)
    me = await guild.fetch_member(client.user.id if client.user else 0)
    return missing_lines(guild, me, await guild.fetch_channels())

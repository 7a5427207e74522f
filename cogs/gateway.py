"""The bot as discord.py sees it: what it listens to, its commands, and how it starts and stops."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

import discord
from discord import app_commands
from discord.ext import commands
from discord.http import Route

from cogs.account.commands import account_commands
from cogs.background import Runs, Worker
from cogs.create.commands import create_command
from cogs.heartbeat import GatewayLine
from cogs.kit.components import press
from cogs.kit.desk import Desk
from cogs.kit.errors import answer_error
from cogs.kit.interaction import admitted, host_of, say_goodbye
from cogs.kit.permissions import missing_lines
from cogs.library.commands import library_commands
from cogs.moderation.commands import admin_group
from veo_core.errors import Refusal, StorageError
from veo_core.network import NETWORK_FAILURES, Connector
from veo_core.services.studio import Studio

_log = logging.getLogger(__name__)
_COMMANDS_KEY = "commands_hash"
_IDENTIFY_SPACING = 5.0


class Remembers(Protocol):
    """A few values that outlive the process."""

    async def get(self, key: str) -> str | None:
        """A value, or None."""
        ...

    async def put(self, key: str, value: str) -> None:
        """Remember a value."""
        ...


class VeoTree(app_commands.CommandTree[discord.Client]):
    """The commands; whatever goes wrong in one is answered in one place."""

    async def interaction_check(self, interaction: discord.Interaction[discord.Client], /) -> bool:
        """Before any command: whether the bot still takes it, and whether the operator allows this server.

        discord.py hands what is raised here to nobody, so it is answered here.
        """
        if not await admitted(interaction):
            return False
        try:
            host_of(interaction).studio.check_server(interaction.guild_id)
        except Refusal as refusal:
            await answer_error(interaction, refusal)
            return False
        return True

    async def on_error(
        self, interaction: discord.Interaction[discord.Client], error: app_commands.AppCommandError
    ) -> None:
        """Answer the person."""
        await answer_error(interaction, error)


class VeoBot(commands.AutoShardedBot):
    """Guild events only: no message content, no member lists, nothing cached that grows with the servers.

    Without a shard count discord.py asks the API for the gateway's address, so a stand-in or proxy can name its own.
    """

    def __init__(
        self, studio: Studio, *, direct_messages: bool, remembers: Remembers, connector: Connector | None = None
    ) -> None:
        super().__init__(
            command_prefix=_no_prefix,
            help_command=None,
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            tree_cls=VeoTree,
            connector=connector,
        )
        self.studio = studio
        self.direct_messages = direct_messages
        self.desk = Desk()
        self._refuses: Callable[[int], bool] = _unknown
        self._remembers = remembers
        self._announcer: asyncio.Task[None] | None = None
        self._worker = Worker()
        self._line = GatewayLine(self)
        self._is_stopping = False
        self._closing: asyncio.Task[None] | None = None

    def worker_trouble(self) -> str | None:
        """Which background loop ended or stands still, in a few words."""
        return None if self._is_stopping else self._worker.trouble()

    def gateway_trouble(self) -> str | None:
        """Why Discord's events do not arrive, in a few words."""
        return "stopping" if self._is_stopping else self._line.gateway_trouble()

    def heartbeat_trouble(self) -> str | None:
        """Whether the gateway stopped to acknowledge, in a few words."""
        return self._line.heartbeat_trouble()

    async def on_shard_connect(self, shard_id: int) -> None:
        """A shard is identified."""
        self._line.came(shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        """A shard goes on where it was."""
        self._line.came(shard_id)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """A shard lost its connection."""
        self._line.went(shard_id)

    def run_beside(self, loops: tuple[Runs, ...]) -> None:
        """The loops that begin with the login and end before the connection does."""
        self._worker = Worker(loops, on_failure=self._break_off)

    def ask_of_places(self, refuses: Callable[[int], bool]) -> None:
        """Who remembers the channels that refused messages lately."""
        self._refuses = refuses

    def refuses(self, channel_id: int) -> bool:
        """Whether Discord refused our messages in this channel lately."""
        return self._refuses(channel_id)

    async def setup_hook(self) -> None:
        """After the login: commands, buttons, and the loops, which take up what the last run left."""
        self.tree.add_command(veo_group(self.studio))
        self.tree.add_command(admin_group())
        await self._sync_commands()
        self._worker.begin()

    async def start(self, token: str, *, reconnect: bool = True) -> None:
        """Until it is closed; raises what a loop could not go on after."""
        await super().start(token, reconnect=reconnect)
        if (failure := self._worker.failure) is not None:
            raise failure

    def _break_off(self) -> None:
        """Nothing more can be written down, so nothing more may be taken."""
        if self._closing is None:
            self._closing = asyncio.create_task(self.close(), name="close")

    async def on_ready(self) -> None:
        """Tell the log where a permission is missing; people there would be refused."""
        for guild in self.guilds:
            for line in missing_lines(guild, guild.me):
                _log.warning("A permission is missing", extra={"where": line})

    async def on_interaction(self, interaction: discord.Interaction[discord.Client]) -> None:
        """Every press of a button of ours."""
        await press(interaction)

    async def answer_error(self, interaction: discord.Interaction[discord.Client], error: BaseException) -> None:
        """Answer a press that failed."""
        await answer_error(interaction, error)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """One shard every five seconds, as Discord asks for; the first one at once, since the login proved the token.

        Raises discord.LoginFailure for a token that was revoked: the code of the close that says so may get lost.
        """
        del shard_id
        if not initial:
            await asyncio.sleep(_IDENTIFY_SPACING)
            await self._prove_token()

    async def _prove_token(self) -> None:
        try:
            await self.http.request(Route("GET", "/users/@me"))
        except discord.HTTPException as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise discord.LoginFailure("Discord refuses the token") from error
            _log.debug("The token could not be proved", extra={"error": str(error)})
        except (discord.RateLimited, *NETWORK_FAILURES) as error:
            _log.debug("The token could not be proved", extra={"error": str(error)})

    async def close(self) -> None:
        """Stop the loops and the desk first, so that what is in hand can still be posted and answered."""
        self._is_stopping = True
        if self._announcer is not None:
            self._announcer.cancel()
        await asyncio.gather(self._worker.stop(), self.desk.close(say_goodbye))
        await super().close()

    async def _announce_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        try:
            await self._sync_commands()
        except StorageError as error:
            _log.warning("The commands may be announced again at the next start", extra={"error": str(error)})

    async def _sync_commands(self) -> None:
        """Tell Discord about the commands only when they changed: syncing is slow and limited."""
        announced = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        text = json.dumps([self.application_id, announced], sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if await self._remembers.get(_COMMANDS_KEY) == digest:
            return
        try:
            await self.tree.sync()
        except discord.RateLimited as error:
            _log.warning("The commands are announced later: Discord asks to wait", extra={"seconds": error.retry_after})
            self._announcer = asyncio.create_task(self._announce_after(error.retry_after))
            return
        except (discord.DiscordException, *NETWORK_FAILURES) as error:
            # The commands of the last run still work, and videos wait for their delivery.
            _log.warning("The commands could not be announced; the next start tries again", extra={"error": str(error)})
            return
        await self._remembers.put(_COMMANDS_KEY, digest)
        _log.info("The commands were announced to Discord")


def veo_group(studio: Studio) -> app_commands.Group:
    """/veo with everything under it."""
    group = app_commands.Group(
        name="veo",
        description="Make videos with Veo",
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )
    for command in (create_command(studio.models), *library_commands(), *account_commands()):
        group.add_command(command)
    return group


def _unknown(_: int) -> bool:
    """Nothing is known of any channel."""
    return False


def _no_prefix(_: commands.AutoShardedBot, __: discord.Message) -> list[str]:
    """There are no text commands."""
    return []

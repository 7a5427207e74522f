"""What every command, button and modal stands on: acknowledge first, and a failure always gets an answer."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol, cast

import discord

from cogs.kit.desk import Desk
from cogs.kit.reasons import UserMessage, refusal_words
from veo_core.domain.actors import Actor, Place
from veo_core.errors import Refusal
from veo_core.network import NETWORK_FAILURES
from veo_core.services.studio import Studio

_log = logging.getLogger(__name__)
_DISCORD_WAITS = 3.0
BLUE, AMBER = discord.Color(0x4F7CFF), discord.Color(0xE0A030)


# aiohttp says RuntimeError when the bot is closing and its session is gone.
_UNANSWERABLE = (discord.DiscordException, *NETWORK_FAILURES, RuntimeError)


class HasStudio(Protocol):
    """The bot, as the buttons see it: they are made from a message, with nothing but their id."""

    studio: Studio
    direct_messages: bool
    desk: Desk

    def refuses(self, channel_id: int) -> bool:
        """Whether Discord refused our messages in this channel lately."""
        ...

    async def answer_error(self, interaction: discord.Interaction[discord.Client], error: BaseException) -> None:
        """Tell the person in words, and the operator's log what happened."""
        ...


def host_of(interaction: discord.Interaction[discord.Client]) -> HasStudio:
    """The bot behind an interaction."""
    return cast("HasStudio", interaction.client)


def actor_of(interaction: discord.Interaction[discord.Client]) -> Actor:
    """Who asks, with the rights that Discord computed for this channel at this press."""
    in_guild, given = interaction.guild_id is not None, interaction.permissions
    is_admin = in_guild and (given.administrator or given.manage_guild)
    return Actor(interaction.user.id, is_moderator=is_admin or (in_guild and given.manage_messages), is_admin=is_admin)


def place_of(interaction: discord.Interaction[discord.Client], *, private: bool = False) -> Place:
    """Where it was asked."""
    return Place(
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        interaction_id=interaction.id,
        private=private,
    )


async def acknowledge(interaction: discord.Interaction[discord.Client]) -> bool:
    """Answer "thinking", seen by the asker alone, before anything else; Discord waits three seconds.

    When it did not arrive in time the work goes on all the same: the video comes through the channel. False then.
    """
    host_of(interaction).desk.take(interaction)
    try:
        # discord.py would repeat it for half a minute while Discord has trouble.
        async with asyncio.timeout(_DISCORD_WAITS):
            await interaction.response.defer(ephemeral=True, thinking=True)
    except _UNANSWERABLE as error:
        _log.warning("An interaction could not be acknowledged", extra={"error": str(error) or type(error).__name__})
        return False
    return True


async def answer(
    interaction: discord.Interaction[discord.Client], text: str | None, embed: discord.Embed | None = None
) -> bool:
    """Answer the asker alone, whatever state the interaction is in; False when it did not arrive, which is logged."""
    shown: dict[str, Any] = {"content": text, "embed": embed, "allowed_mentions": NO_MENTIONS}
    options = {name: value for name, value in shown.items() if value is not None}
    try:
        if interaction.response.is_done():
            await interaction.edit_original_response(**options)
        else:
            await _respond(interaction, options)
    except _UNANSWERABLE as error:
        _log.warning("An answer did not arrive", extra={"error": str(error)})
        return False
    finally:
        host_of(interaction).desk.let_go(interaction)
    return True


async def admitted(interaction: discord.Interaction[discord.Client]) -> bool:
    """Whether the bot still takes this; while it stops, people get words at once."""
    desk = host_of(interaction).desk
    if desk.is_closed:
        desk.take(interaction)
        await answer(interaction, None, problem_embed(_RESTARTING))
    return not desk.is_closed


async def say_goodbye(interaction: discord.Interaction[discord.Client]) -> None:
    """The answer to what a stop cut off: it may have been written down already."""
    await answer(interaction, None, problem_embed(_CUT_OFF))


_RESTARTING = UserMessage("I am restarting", "Nothing was started. Please try again in a minute.")
_CUT_OFF = UserMessage(
    "I am restarting", "Please look at `/veo status` in a minute. If your video is not there, ask for it again."
)


async def _respond(interaction: discord.Interaction[discord.Client], options: dict[str, Any]) -> None:
    """The first answer; when Discord already has one whose confirmation was lost, that one is edited."""
    try:
        await interaction.response.send_message(ephemeral=True, **options)
    except discord.HTTPException as error:
        if error.code != _ALREADY_ANSWERED:
            raise
        await interaction.edit_original_response(**options)


_ALREADY_ANSWERED = 40060
NO_MENTIONS = discord.AllowedMentions.none()


def problem_embed(words: UserMessage) -> discord.Embed:
    """A short stable title and one next step."""
    return discord.Embed(title=words.title, description=words.text, color=AMBER)


def info_embed(title: str, text: str) -> discord.Embed:
    """A list or a table."""
    return discord.Embed(title=title, description=text, color=BLUE)


def refusal_embed(refusal: Refusal) -> discord.Embed:
    """The embed of a refusal."""
    return problem_embed(refusal_words(refusal.reason, refusal.details))

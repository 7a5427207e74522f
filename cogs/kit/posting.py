"""Whether the bot may post where somebody asks, before anything is recorded."""

from __future__ import annotations

import discord

from cogs.kit.interaction import host_of
from veo_core.errors import Refusal
from veo_core.reasons import Reason

_LINK_INSTEAD = "I may not attach files here: the video will come as a link."


def check_place(interaction: discord.Interaction[discord.Client], *, private: bool) -> None:
    """Refuse where a new video could not be posted; a private one goes to the person.

    Raises Refusal.
    """
    if interaction.guild_id is None and not host_of(interaction).direct_messages:
        raise Refusal(Reason.SERVER_ONLY)
    if not private:
        check_channel(interaction)


def check_channel(interaction: discord.Interaction[discord.Client]) -> None:
    """Refuse in a channel where the bot may not post, or whose messages Discord refused lately.

    Raises Refusal.
    """
    if interaction.guild_id is None:
        return
    missing = missing_to_post(interaction.app_permissions, in_thread=isinstance(interaction.channel, discord.Thread))
    if missing:
        raise Refusal(Reason.CANNOT_POST_HERE, missing=" and ".join(missing))
    if host_of(interaction).refuses(interaction.channel_id or 0):
        raise Refusal(Reason.CANNOT_POST_HERE, missing="Send Messages")


def missing_to_post(given: discord.Permissions, *, in_thread: bool) -> tuple[str, ...]:
    """What the bot lacks to post, as Discord's settings name it; nothing where Discord did not say what it has."""
    if given.value == 0 or given.administrator:
        return ()
    sending = (
        (given.send_messages_in_threads, "Send Messages in Threads")
        if in_thread
        else (given.send_messages, "Send Messages")
    )
    needed = ((given.view_channel, "View Channel"), sending)
    return tuple(name for is_given, name in needed if not is_given)


def with_warning(text: str, interaction: discord.Interaction[discord.Client], *, private: bool) -> str:
    """The answer, with a word about files that cannot be attached in this channel."""
    given = interaction.app_permissions
    told = interaction.guild_id is not None and not private and given.value != 0 and not given.administrator
    return f"{text}\n{_LINK_INSTEAD}" if told and not given.attach_files else text

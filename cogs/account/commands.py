"""/veo quota, models, help."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from cogs.account.texts import HELP_TEXT, allowance_text, models_text
from cogs.kit.interaction import acknowledge, actor_of, answer, host_of, info_embed, place_of

Client = discord.Client
Command = app_commands.Command[Any, ..., None]


def account_commands() -> list[Command]:
    """The commands about a person's quota and about the bot itself."""
    return [
        Command(
            name="quota", description="What you have used, what is left, and when the next place frees", callback=quota
        ),
        Command(name="models", description="What each model can do", callback=models),
        Command(name="help", description="How this works", callback=show_help),
    ]


async def quota(interaction: discord.Interaction[Client]) -> None:
    """What you have used, what is left, and when the next place frees."""
    await acknowledge(interaction)
    studio = host_of(interaction).studio
    allowance = await studio.allowance(actor_of(interaction), place_of(interaction))
    text = allowance_text(allowance, studio.limits.running_per_user)
    await answer(interaction, None, info_embed("Your quota", text))


async def models(interaction: discord.Interaction[Client]) -> None:
    """What each model can do."""
    await acknowledge(interaction)
    studio = host_of(interaction).studio
    text = models_text(studio.models, studio.default_model, studio.unavailable)
    await answer(interaction, None, info_embed("Models", text))


async def show_help(interaction: discord.Interaction[Client]) -> None:
    """How this works."""
    await acknowledge(interaction)
    await answer(interaction, None, info_embed("Videos with Veo", HELP_TEXT))

"""/veo-admin: what moderators see and decide."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from cogs.kit.interaction import acknowledge, actor_of, answer, host_of, info_embed, place_of
from cogs.moderation.texts import overview_text

Client = discord.Client
Command = app_commands.Command[Any, ..., None]


def admin_group() -> app_commands.Group:
    """/veo-admin; Discord shows it to those who may manage the server, and studio checks it again."""
    group = app_commands.Group(
        name="veo-admin",
        description="Veo for moderators",
        default_permissions=discord.Permissions(manage_guild=True),
        guild_only=True,
    )
    group.add_command(Command(name="overview", description="The last seven days in this server", callback=overview))
    group.add_command(Command(name="block", description="Let somebody make no more videos here", callback=block))
    group.add_command(Command(name="unblock", description="Let somebody make videos here again", callback=unblock))
    return group


async def overview(interaction: discord.Interaction[Client]) -> None:
    """The last seven days in this server."""
    await acknowledge(interaction)
    studio = host_of(interaction).studio
    found = await studio.overview(actor_of(interaction), place_of(interaction))
    await answer(interaction, None, info_embed("The last seven days", overview_text(found, paused=studio.is_paused)))


@app_commands.describe(user="Who makes no more videos here")
async def block(interaction: discord.Interaction[Client], user: discord.User) -> None:
    """Block a person in this server."""
    await acknowledge(interaction)
    await host_of(interaction).studio.block(actor_of(interaction), user.id, place_of(interaction))
    await answer(interaction, f"<@{user.id}> makes no more videos here; what is under way still arrives.")


@app_commands.describe(user="Who may make videos again")
async def unblock(interaction: discord.Interaction[Client], user: discord.User) -> None:
    """Take a block back."""
    await acknowledge(interaction)
    await host_of(interaction).studio.unblock(actor_of(interaction), user.id, place_of(interaction))
    await answer(interaction, f"<@{user.id}> may make videos here again.")

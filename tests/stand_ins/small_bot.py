"""A small bot of the kind the stand-in is for: every way of answering once."""

from __future__ import annotations

import asyncio
import io
import re
import sys
from typing import Self

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(64)


class AgainButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"again:(?P<number>\d+)"):
    def __init__(self, number: int) -> None:
        super().__init__(discord.ui.Button(label="Again", custom_id=f"again:{number}"))
        self.number = number

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        return cls(int(match["number"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send(f"again {self.number}", ephemeral=True)


class EditModal(discord.ui.Modal, title="Edit prompt"):
    def __init__(self) -> None:
        super().__init__()
        self.prompt: discord.ui.TextInput[Self] = discord.ui.TextInput(max_length=20, default="a cat")
        self.add_item(discord.ui.Label(text="Prompt", component=self.prompt))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"edited: {self.prompt.value}")


class Menu(discord.ui.Select[discord.ui.View]):
    def __init__(self) -> None:
        options = [discord.SelectOption(label=name) for name in ("veo2", "veo3")]
        super().__init__(custom_id="menu", options=options)

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content=f"chosen {self.values[0]}", view=None)


class SmallBot(commands.AutoShardedBot):
    def __init__(self) -> None:
        super().__init__(
            "!",
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            guild_ready_timeout=0.05,
        )
        self.resumed = 0
        self.guilds_left: list[int] = []
        veo = app_commands.Group(name="veo", description="Videos")
        veo.command(name="create", description="Make a video")(_create)
        veo.command(name="edit", description="Edit the prompt")(_edit)
        self.tree.add_command(veo)
        self.tree.add_command(app_commands.ContextMenu(name="Ask", callback=_ask))
        self.tree.add_command(app_commands.ContextMenu(name="Animate", callback=_animate))

    async def setup_hook(self) -> None:
        self.add_dynamic_items(AgainButton)
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once: the stand-in sets no limit on it."""

    async def on_resumed(self) -> None:
        self.resumed += 1

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.guilds_left.append(guild.id)


async def _complete(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=name) for name in ("veo2", "veo3") if name.startswith(current)]


@app_commands.autocomplete(model=_complete)
@app_commands.describe(prompt="What to show", image1="First image", model="Model", private="Only for you")
async def _create(
    interaction: discord.Interaction,
    prompt: str,
    model: str | None = None,
    image1: discord.Attachment | None = None,
    private: bool = False,
) -> None:
    await interaction.response.defer(ephemeral=True)
    size = 0 if image1 is None else len(await image1.read())
    await interaction.edit_original_response(
        content=f"{prompt} ({size} bytes, rights {interaction.permissions.manage_guild})",
        embed=discord.Embed(title="Queued", description=model),
    )


async def _ask(interaction: discord.Interaction, user: discord.User) -> None:
    view = discord.ui.View(timeout=None)
    view.add_item(Menu())
    await interaction.response.send_message(f"for {user.name}", view=view)


async def _edit(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(EditModal())


async def _animate(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"animating {message.content} {len(message.attachments)}")


def again_view(number: int) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(AgainButton(number))
    return view


def video() -> discord.File:
    return discord.File(io.BytesIO(VIDEO), "cat.mp4", description="a cat")


def point_at(api_base: str, gateway_url: str) -> None:
    """Let discord.py talk to the stand-in.

    The default gateway counts too: discord.py goes there, not where `/gateway/bot` says, after an invalid session.
    """
    Route.BASE = api_base
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


async def main(api_base: str, gateway_url: str) -> None:
    point_at(api_base, gateway_url)
    async with SmallBot() as bot:
        await bot.start("right-token")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

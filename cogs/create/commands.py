"""/veo create: options in, one service call, one answer."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import discord
from discord import app_commands

from cogs.kit.interaction import acknowledge, actor_of, answer, host_of, place_of
from cogs.kit.posting import check_place, with_warning
from cogs.kit.texts import accepted_text
from veo_core.domain.catalog import Model
from veo_core.domain.images import Image, VideoRequest
from veo_core.failpoints import Failpoint, reached
from veo_core.services.studio import Accepted

# discord.py repeats an answer for half a minute while Discord has trouble; people lose patience before.
_SLOW_ANSWER = 2.0


def model_choices(models: tuple[Model, ...]) -> list[app_commands.Choice[str]]:
    """The choices Discord shows for `model`."""
    return [app_commands.Choice(name=f"{row.name} ({row.speed})", value=row.name) for row in models]


def images_of(*options: discord.Attachment | None) -> tuple[Image | None, ...]:
    """The images by option: the core tells an option that was left out before another one."""
    return tuple(
        None if option is None else Image(url=option.url, filename=option.filename, size=option.size)
        for option in options
    )


async def _answer_about(interaction: discord.Interaction[discord.Client], accepted_job: Accepted) -> None:
    """Answer, and note whether it arrived; as long as it is in the air, who asks again is taken to have none."""
    studio = host_of(interaction).studio
    text = with_warning(
        accepted_text(accepted_job, paused=studio.is_paused), interaction, private=accepted_job.job.private
    )
    answering = asyncio.create_task(answer(interaction, text))
    try:
        done, _ = await asyncio.wait({answering}, timeout=_SLOW_ANSWER)
        if not done:
            accepted_job = await studio.answered(accepted_job, arrived=False)
        await studio.answered(accepted_job, arrived=await answering)
    finally:
        answering.cancel()


def create_command(models: tuple[Model, ...]) -> app_commands.Command[Any, ..., None]:
    """The command; its choices of models come from the table."""

    @app_commands.choices(model=model_choices(models))
    @app_commands.describe(
        prompt="What the video shows",
        model="Which Veo model makes it",
        image1="First frame, or the first image to fuse",
        image2="Last frame, or the second image to fuse",
        image3="Third image",
        aspect_ratio="Wide (16:9) or tall (9:16); without it, as your image is",
        resolution="720p unless you choose another",
        translate="Translate the prompt to English first",
        private="Send the video to you alone",
    )
    async def create(
        interaction: discord.Interaction[discord.Client],
        prompt: str,
        model: str | None = None,
        image1: discord.Attachment | None = None,
        image2: discord.Attachment | None = None,
        image3: discord.Attachment | None = None,
        aspect_ratio: Literal["16:9", "9:16"] | None = None,
        resolution: Literal["720p", "1080p", "4k", "gif"] = "720p",
        translate: bool = False,
        private: bool = False,
    ) -> None:
        """Make a video from a prompt, and from images if you like."""
        acknowledged = await acknowledge(interaction)
        check_place(interaction, private=private)
        studio = host_of(interaction).studio
        request = VideoRequest(
            prompt=prompt,
            model=model or studio.default_model,
            images=images_of(image1, image2, image3),
            aspect_ratio=aspect_ratio,
            resolution=resolution,
            translate=translate,
        )
        place = place_of(interaction, private=private)
        accepted_job = await studio.request(actor_of(interaction), request, place, acknowledged=acknowledged)
        await _answer_about(interaction, accepted_job)
        reached(Failpoint.AFTER_ANSWER)

    return app_commands.Command(
        name="create", description="Make a video from a prompt, and from images if you like", callback=create
    )

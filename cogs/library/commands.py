"""/veo status, history, show, cancel."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from cogs.kit.interaction import acknowledge, actor_of, answer, host_of, info_embed, place_of
from cogs.kit.texts import cancelled_text
from cogs.library.texts import active_text, history_text, show_text
from veo_core.domain.jobs import Job
from veo_core.errors import Refusal
from veo_core.reasons import Reason

Client = discord.Client
Command = app_commands.Command[Any, ..., None]
_SHOWN = 15


def library_commands() -> list[Command]:
    """The commands about a person's own videos."""
    return [
        Command(
            name="status",
            description="What of yours is under way, its place in line and when it is expected",
            callback=status,
        ),
        Command(name="history", description="Your videos, newest first", callback=history),
        Command(name="show", description="One of your videos, also when it couldn't be posted", callback=show),
        Command(
            name="cancel",
            description="Take back a video that hasn't begun; its place in your quota is free again",
            callback=cancel,
        ),
    ]


async def status(interaction: discord.Interaction[Client]) -> None:
    """What of yours is under way, its place in line and when it is expected."""
    await acknowledge(interaction)
    studio = host_of(interaction).studio
    tickets = await studio.active(actor_of(interaction))
    await answer(interaction, None, info_embed("Under way", active_text(tickets, paused=studio.is_paused)))


async def history(interaction: discord.Interaction[Client]) -> None:
    """Your videos, newest first."""
    await acknowledge(interaction)
    jobs = await host_of(interaction).studio.history(actor_of(interaction), limit=_SHOWN)
    await answer(interaction, None, info_embed("Your videos", history_text(jobs)))


@app_commands.describe(video="Its number, as in #12")
async def show(interaction: discord.Interaction[Client], video: app_commands.Range[int, 1]) -> None:
    """One of your videos, also when it couldn't be posted."""
    await acknowledge(interaction)
    studio = host_of(interaction).studio
    job = await studio.show(actor_of(interaction), video, place_of(interaction))
    await answer(interaction, show_text(job, studio.available))


@app_commands.describe(video="Its number, as in #12; without it your newest one that hasn't begun")
async def cancel(interaction: discord.Interaction[Client], video: app_commands.Range[int, 1] | None = None) -> None:
    """Take back a video that hasn't begun; its place in your quota is free again."""
    await acknowledge(interaction)
    studio = host_of(interaction).studio
    actor = actor_of(interaction)
    job_id = video if video is not None else _newest(await studio.waiting(actor))
    job = await studio.cancel(actor, job_id, place_of(interaction))
    await answer(interaction, cancelled_text(job))


def _newest(jobs: tuple[Job, ...]) -> int:
    if not jobs:
        raise Refusal(Reason.NOTHING_TO_CANCEL)
    return jobs[-1].job_id

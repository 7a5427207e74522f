"""All custom ids, and the buttons behind them; they survive restarts, as an id carries the job's number alone."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Self

import discord

from cogs.kit.interaction import acknowledge, actor_of, admitted, answer, host_of, place_of
from cogs.kit.posting import check_channel, with_warning
from cogs.kit.texts import accepted_text, cancelled_text
from veo_core.domain.jobs import Job, JobKind, JobState
from veo_core.domain.messages import PostedMessage
from veo_core.domain.shapes import Resolution
from veo_core.errors import Refusal
from veo_core.reasons import Reason

_OURS = re.compile(r"veo:1:(?P<verb>[a-z0-9]{1,12}):(?P<job_id>[1-9][0-9]{0,15})")

Pressed = Callable[["discord.Interaction[discord.Client]", int], Awaitable[None]]


def custom_id(verb: str, job_id: int) -> str:
    """The id of a button; the 1 is the version of this scheme."""
    return f"veo:1:{verb}:{job_id}"


class PersistentButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"veo:[\s\S]*"):
    """The outside of our buttons. What a press does is decided in `press`, which discord.py calls for every one.

    As a dynamic item a button leaves nothing in discord.py's memory. Its callback stays empty: discord.py drops a
    press silently when it does not find the button in the message, and only logs what a callback raises.
    """

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Made anew from a message at each press."""
        del interaction, match
        if not isinstance(item, discord.ui.Button):
            raise TypeError("only buttons carry our ids")
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Left to `press`."""


async def press(interaction: discord.Interaction[discord.Client]) -> None:
    """Do what a pressed button stands for; a forged or forgotten one at least gets an answer."""
    data: Mapping[str, object] = {**(interaction.data or {})}
    found = str(data.get("custom_id", ""))
    if interaction.type is not discord.InteractionType.component or not found.startswith("veo:"):
        return
    try:
        if await admitted(interaction):
            await _handle(interaction, found)
    except Exception as error:  # noqa: BLE001 - whatever happened, the person gets an answer; answer_error logs it
        await host_of(interaction).answer_error(interaction, error)


async def _handle(interaction: discord.Interaction[discord.Client], found: str) -> None:
    parts = _OURS.fullmatch(found)
    handler = HANDLERS.get(parts["verb"]) if parts else None
    if parts is None or handler is None:
        raise Refusal(Reason.NOT_FOUND)
    await handler(interaction, int(parts["job_id"]))


async def _upscale(interaction: discord.Interaction[discord.Client], job_id: int) -> None:
    await acknowledge(interaction)
    check_channel(interaction)
    studio = host_of(interaction).studio
    accepted_job = await studio.upscale(actor_of(interaction), job_id, place_of(interaction))
    text = accepted_text(accepted_job, paused=studio.is_paused)
    await answer(interaction, with_warning(text, interaction, private=accepted_job.job.private))


async def _cancel(interaction: discord.Interaction[discord.Client], job_id: int) -> None:
    await acknowledge(interaction)
    job = await host_of(interaction).studio.cancel(actor_of(interaction), job_id, place_of(interaction))
    await answer(interaction, cancelled_text(job))


async def _delete(interaction: discord.Interaction[discord.Client], job_id: int) -> None:
    await acknowledge(interaction)
    studio = host_of(interaction).studio
    job = await studio.may_delete(actor_of(interaction), job_id, place_of(interaction))
    posted = _receipt(interaction, job)
    if posted is None:
        raise Refusal(Reason.NOT_FOUND, job_id=job_id)
    await studio.message_seen(job, posted)
    with contextlib.suppress(discord.NotFound):
        # Somebody may have deleted it by hand.
        channel = interaction.client.get_partial_messageable(posted.channel_id)
        await channel.get_partial_message(posted.message_id).delete()
    await studio.message_deleted(job)
    await answer(interaction, f"The message of **#{job_id}** is gone.")


def _receipt(interaction: discord.Interaction[discord.Client], job: Job) -> PostedMessage | None:
    """The message with the result: the one on the books, else the pressed one if it really carries this job."""
    if job.message_id is not None and job.delivered_channel_id is not None:
        return PostedMessage(job.delivered_channel_id, job.message_id, job.delivered_guild_id)
    message = interaction.message
    if message is None or not has_result_button(custom_ids(message), job.job_id):
        return None
    return PostedMessage(message.channel.id, message.id, interaction.guild_id)


def custom_ids(message: discord.Message) -> list[str]:
    """The ids of a message's buttons."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return [child.custom_id for row in rows for child in row.children if child.custom_id is not None]


HANDLERS: Mapping[str, Pressed] = {"up": _upscale, "cancel": _cancel, "delete": _delete}
RESULT_VERBS = ("up", "delete")


def has_result_button(custom_ids: Iterable[str], job_id: int) -> bool:
    """Whether these buttons belong to the message that carries this job's result."""
    wanted = {custom_id(verb, job_id) for verb in RESULT_VERBS}
    return any(found in wanted for found in custom_ids)


def result_view(job: Job) -> discord.ui.View:
    """The buttons under a result; a fresh view for each post, as discord.py forgets shared ones."""
    buttons = [_button("Delete", "delete", job, discord.ButtonStyle.secondary)]
    larger = job.kind is JobKind.CREATE and job.resolution == Resolution.P720 and job.video_id is not None
    if job.state is JobState.SUCCEEDED and larger:
        buttons.insert(0, _button("1080p", "up", job, discord.ButtonStyle.primary))
    return _view(*buttons)


def status_view(job: Job) -> discord.ui.View | None:
    """The Cancel button, while it is possible to cancel."""
    if job.status_wanted not in {"queued", "awaiting_review"}:
        return None
    return _view(_button("Cancel", "cancel", job, discord.ButtonStyle.secondary))


def _button(label: str, verb: str, job: Job, style: discord.ButtonStyle) -> PersistentButton:
    return PersistentButton(discord.ui.Button(label=label, style=style, custom_id=custom_id(verb, job.job_id)))


def _view(*buttons: PersistentButton) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view

"""The public status line: one message a job, changed only when the state changes."""

from __future__ import annotations

import discord

from cogs.delivery.destinations import (
    FAILURES,
    Destinations,
    Target,
    destinations_of,
    error_line,
    given,
    postponed,
    reference,
)
from cogs.delivery.fallbacks import blocks_words, closes_place, is_passing
from cogs.delivery.texts import is_status_line, state_words, status_line
from cogs.kit.components import status_view
from cogs.kit.interaction import NO_MENTIONS
from cogs.kit.texts import jump_link
from cogs.rest.foreign_answers import OLD_EDITS
from veo_core.domain.jobs import Job
from veo_core.domain.messages import FINAL_LINES
from veo_core.errors import DestinationRefused
from veo_core.services.studio import Studio

_GONE = 10008


class StatusLines:
    """Posts and edits the lines."""

    def __init__(self, places: Destinations, studio: Studio, instance: str) -> None:
        self._places = places
        self._studio = studio
        self._instance = instance

    async def show(self, job: Job, *, in_doubt: bool) -> int | None:
        """Post the status line, or change the one there is; for its last words no new one is posted.

        Raises DeliveryPostponed, DestinationRefused.
        """
        destination = next(iter(destinations_of(job)))
        if job.status_message_id is None and not in_doubt and self._places.refuses(destination):
            raise DestinationRefused("this place refused lately")
        try:
            return await self._put(await self._places.open(destination), job, in_doubt=in_doubt)
        except FAILURES as error:
            if is_passing(error):
                raise postponed(error) from error
            if closes_place(error):
                self._places.remember(destination)
            raise DestinationRefused(error_line(error)) from error

    async def _put(self, target: Target, job: Job, *, in_doubt: bool) -> int | None:
        known = job.status_message_id
        if known is None and in_doubt:
            known = await self._places.find(target, job, _is_status, job.created_at)
        if known is None and (job.ended_at is not None or job.status_wanted in FINAL_LINES):
            return None
        place = await self._studio.place_in_queue(job)
        words = state_words(job, place, paused=self._studio.is_paused, link=jump_link(job))
        try:
            return await self._write(target, job, known, status_line(job, words))
        except discord.HTTPException as error:
            if not blocks_words(error):
                raise
            # AutoMod refuses the prompt's words.
            return await self._write(target, job, known, status_line(job, words, with_prompt=False))

    async def _write(self, target: Target, job: Job, known: int | None, line: str) -> int:
        return await (self._post(target, job, line) if known is None else self._edit(target, job, known, line))

    async def _post(self, target: Target, job: Job, line: str) -> int:
        source = await self._studio.source_of(job)
        answered = reference(target, job, source) if source is not None else None
        message = await target.send(
            line,
            nonce=f"{self._instance}{job.job_id}s",
            allowed_mentions=NO_MENTIONS,
            **given(view=status_view(job), reference=answered),
        )
        return message.id

    async def _edit(self, target: Target, job: Job, message_id: int, line: str) -> int:
        try:
            await target.get_partial_message(message_id).edit(
                content=line, view=status_view(job), allowed_mentions=NO_MENTIONS
            )
        except discord.HTTPException as error:
            # Somebody deleted it: the result speaks for itself.
            if error.code not in {_GONE, OLD_EDITS}:
                raise
            if error.code == OLD_EDITS:
                await _take_away(target, message_id)
        return message_id


async def _take_away(target: Target, message_id: int) -> None:
    """Better no line than one that says something old and cannot be changed."""
    try:
        await target.get_partial_message(message_id).delete()
    except discord.NotFound:
        return


def _is_status(message: discord.Message, job: Job) -> bool:
    return is_status_line(message.content, job)

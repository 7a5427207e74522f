"""Discord's side of delivery: a job becomes a message, its id comes back; the ladder of fall-backs."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from io import BufferedIOBase
from typing import cast

import discord

from cogs.delivery.destinations import (
    FAILURES,
    Destination,
    Destinations,
    Target,
    destinations_of,
    error_line,
    given,
    postponed,
    reference,
)
from cogs.delivery.fallbacks import Draft, NextPlace, Parent, after_refusal, closes_place, is_given_up, is_passing
from cogs.delivery.operator import Operator
from cogs.delivery.status_lines import StatusLines
from cogs.delivery.texts import alt_text, failure_text, link_text, result_text
from cogs.kit.components import custom_ids, has_result_button, result_view
from cogs.kit.interaction import problem_embed
from cogs.kit.reasons import UserMessage
from cogs.kit.texts import failure_words
from cogs.rest.gate import Gate
from veo_core.domain.images import MediaFile
from veo_core.domain.jobs import Job, JobState
from veo_core.domain.messages import PostedMessage
from veo_core.domain.timing import Now
from veo_core.errors import DestinationRefused
from veo_core.services.studio import Studio

_log = logging.getLogger(__name__)
_FIRST_LARGER_TIER = 2


class DiscordPublisher:
    """Posts what the deliverer brings."""

    def __init__(
        self,
        bot: discord.Client,
        studio: Studio,
        instance: str,
        upload_limit: int,
        operator_channel_id: int,
        now: Now,
        gate: Gate,
    ) -> None:
        self._bot = bot
        self._studio = studio
        self._instance = instance
        self._upload_limit = upload_limit
        self._now = now
        self._gate = gate
        self._places = Destinations(bot, now)
        self._lines = StatusLines(self._places, studio, instance)
        self._operator = Operator(bot, operator_channel_id)

    def rests_until(self) -> datetime | None:
        """When the bot may post again, while Discord asks the whole bot to wait; else None."""
        return self._after(self._gate.rests_for())

    def full_until(self, job: Job, planned: int) -> datetime | None:
        """When the job's channel takes one more message than the planned ones; None now, or where it is not known."""
        return None if job.private else self._after(self._gate.channel_rests_for(job.channel_id, planned))

    async def turn(self, job: Job, *, is_line: bool) -> None:
        """Wait for the turn of one more message, fairly by lane, results before status lines."""
        await self._gate.turn(job.lane, later=is_line)

    def _after(self, seconds: float) -> datetime | None:
        return self._now() + timedelta(seconds=seconds) if seconds > 0 else None

    def refuses(self, channel_id: int) -> bool:
        """Whether this channel refused messages lately."""
        return self._places.refuses(Destination(channel_id, is_person=False))

    async def show_status(self, job: Job, *, in_doubt: bool) -> int | None:
        """Post or change the status line; raises like `deliver`."""
        return await self._lines.show(job, in_doubt=in_doubt)

    async def tell_operator(self, text: str, *, mark: str | None = None) -> None:
        """Tell whoever runs the bot, the same mark once within minutes; raises DeliveryPostponed."""
        await self._operator.tell(text, nonce=f"{self._instance}{mark}n" if mark is not None else None)

    async def upload_limit(self, job: Job) -> int:
        """The operator's limit, or the server's own where that is larger; bytes."""
        if job.guild_id is None or job.private:
            return self._upload_limit
        guild = self._bot.get_guild(job.guild_id)
        if guild is None:
            # Right after a start the servers are not known yet.
            try:
                guild = await self._bot.fetch_guild(job.guild_id, with_counts=False)
            except FAILURES:
                return self._upload_limit
        boosted = guild.premium_tier >= _FIRST_LARGER_TIER or _has_larger_files(guild)
        return max(self._upload_limit, guild.filesize_limit) if boosted else self._upload_limit

    async def deliver(self, job: Job, media: MediaFile | None, *, in_doubt: bool) -> PostedMessage:
        """Post the result, or the reason there is none; exactly once as far as Discord lets us know.

        Raises DeliveryPostponed, or DestinationRefused when no place takes it.
        """
        if in_doubt and (known := await self._posted(job)) is not None:
            return known
        for destination in destinations_of(job):
            if self._places.refuses(destination):
                continue
            try:
                return await self._deliver_to(destination, job, media)
            except DestinationRefused as error:
                if error.__cause__ is not None and closes_place(error.__cause__, without_parent=True):
                    self._places.remember(destination)
                _log.warning("A place refuses a message", extra={"job_id": job.job_id, "error": str(error)})
        raise DestinationRefused("no place takes the message")

    async def _posted(self, job: Job) -> PostedMessage | None:
        """The message of an attempt whose end is unknown, wherever that attempt may have come to.

        All places are searched first: one that refused then may take messages again by now.
        """
        for destination in destinations_of(job):
            try:
                async for target in self._places.around(destination):
                    known = await self._places.find(target, job, _is_result, first_posted(job))
                    if known is not None:
                        return PostedMessage(target.id, known, _guild_of(destination, job))
            except FAILURES as error:
                if is_passing(error) and not self._gives_up(destination, job, error):
                    raise postponed(error) from error
                _log.warning("A place cannot be searched", extra={"job_id": job.job_id, "error": error_line(error)})
        return None

    async def _deliver_to(self, destination: Destination, job: Job, media: MediaFile | None) -> PostedMessage:
        try:
            return await self._post_result(await self._places.open(destination), destination, job, media)
        except FAILURES as error:
            if is_passing(error) and not self._gives_up(destination, job, error):
                raise postponed(error) from error
            raise DestinationRefused(error_line(error)) from error

    def _gives_up(self, destination: Destination, job: Job, error: BaseException) -> bool:
        """Whether this channel has had its time; after the person there is no other place."""
        waited = self._now() - (job.ended_at or self._now())
        return not destination.is_person and is_given_up(error, waited, job.delivery_attempts)

    async def _post_result(
        self, target: Target, destination: Destination, job: Job, media: MediaFile | None
    ) -> PostedMessage:
        """Post; each refusal of Discord takes something away until it fits or the place is given up."""
        draft = Draft(with_file=media is not None)
        while True:
            try:
                message = await self._send(target, job, media, draft)
                return PostedMessage(message.channel.id, message.id, _guild_of(destination, job))
            except discord.HTTPException as error:
                match after_refusal(draft, error):
                    case Draft() as lighter:
                        draft = lighter
                    case Parent():
                        parent = await self._places.parent(destination)
                        if parent is None:
                            raise
                        target, draft = parent, replace(draft, at_parent=True, with_reference=False)
                    case NextPlace():
                        raise

    async def _send(self, target: Target, job: Job, media: MediaFile | None, draft: Draft) -> discord.Message:
        source = await self._studio.source_of(job) if draft.with_reference else None
        answered = reference(target, job, source) if draft.with_reference else None
        words = None if job.state is JobState.SUCCEEDED else failure_words(job, self._studio.available)
        file = _file(job, media, with_prompt=draft.with_prompt) if media is not None and draft.with_file else None
        return await target.send(
            _content(job, draft, with_file=file is not None, words=None if draft.with_embed else words),
            view=result_view(job),
            nonce=f"{self._instance}{job.job_id}r",
            allowed_mentions=discord.AllowedMentions(
                everyone=False, roles=False, users=[discord.Object(job.user_id)], replied_user=False
            ),
            **given(
                file=file,
                reference=answered,
                embed=problem_embed(words) if words is not None and draft.with_embed else None,
            ),
        )


def _has_larger_files(guild: discord.Guild) -> bool:
    return any(feature.startswith("MAX_FILE_SIZE_") for feature in guild.features)


def first_posted(job: Job) -> datetime:
    """When the message may have come at the earliest; a life that a copy replaced may have ended the job long ago."""
    return job.created_at if job.restored or job.ended_at is None else job.ended_at


def _guild_of(destination: Destination, job: Job) -> int | None:
    return None if destination.is_person else job.guild_id


def _file(job: Job, media: MediaFile, *, with_prompt: bool) -> discord.File:
    """A new one for each attempt: discord.py uses them up."""
    media.content.seek(0)
    description = alt_text(job) if with_prompt else "AI video"
    return discord.File(
        cast("BufferedIOBase", media.content), filename=f"veo-{job.job_id}.{media.extension}", description=description
    )


def _content(job: Job, draft: Draft, *, with_file: bool, words: UserMessage | None) -> str:
    if job.state is not JobState.SUCCEEDED:
        return failure_text(job, words, with_prompt=draft.with_prompt)
    if with_file:
        return result_text(job, with_prompt=draft.with_prompt)
    return f"{result_text(job, with_prompt=draft.with_prompt, beside_link=True)}\n{link_text(job)}"


def _is_result(message: discord.Message, job: Job) -> bool:
    return has_result_button(custom_ids(message), job.job_id)

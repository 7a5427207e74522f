"""Discord's side of delivery: a job becomes a message, its id comes back; the ladder of fall-backs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BufferedIOBase
from typing import Any, cast

import discord
from discord.abc import Messageable

from cogs.refusals import Draft, NextPlace, Parent, after_refusal, blocks_words, closes_place, is_passing
from cogs.ui.base import NO_MENTIONS, problem_embed
from cogs.ui.buttons import custom_ids, has_result_button, result_view, status_view
from cogs.ui.messages import (
    alt_text,
    failure_text,
    failure_words,
    is_status_line,
    jump_link,
    link_text,
    result_text,
    state_words,
    status_line,
)
from cogs.ui.words import Words
from veo_core.clock import Now
from veo_core.courier import FINAL_LINES
from veo_core.errors import DeliveryPostponed, DestinationRefused
from veo_core.models import Job, JobState, MediaFile, Receipt
from veo_core.sessions import NETWORK_FAILURES
from veo_core.studio import Studio

_log = logging.getLogger(__name__)
_HISTORY = 200
_CLOCK_SKEW = timedelta(minutes=2)
_REMEMBERED = timedelta(minutes=10)
_GONE, _TOO_OLD = 10008, 30046

Failures = (discord.DiscordException, *NETWORK_FAILURES)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place a message may go: a channel, or a person's direct messages."""

    key: int
    is_person: bool


class Postman:
    """Posts what the courier brings; remembers for a while which places refuse, so that nothing storms."""

    def __init__(
        self,
        bot: discord.Client,
        studio: Studio,
        instance: str,
        upload_limit: int,
        operator_channel_id: int,
        now: Now,
    ) -> None:
        self._bot = bot
        self._studio = studio
        self._instance = instance
        self._upload_limit = upload_limit
        self._operator_channel_id = operator_channel_id
        self._now = now
        self._refused_until: dict[int, datetime] = {}

    async def upload_limit(self, job: Job) -> int:
        """The operator's limit, or the server's own where that is larger; bytes."""
        if job.guild_id is None or job.private:
            return self._upload_limit
        guild = self._bot.get_guild(job.guild_id)
        if guild is None:
            # Right after a start the servers are not known yet.
            try:
                guild = await self._bot.fetch_guild(job.guild_id, with_counts=False)
            except Failures:
                return self._upload_limit
        boosted = guild.premium_tier >= _FIRST_LARGER_TIER or _has_larger_files(guild)
        return max(self._upload_limit, guild.filesize_limit) if boosted else self._upload_limit

    async def deliver(self, job: Job, media: MediaFile | None, *, in_doubt: bool) -> Receipt:
        """Post the result, or the reason there is none; exactly once as far as Discord lets us know.

        Raises DeliveryPostponed, or DestinationRefused when no place takes it.
        """
        for spot in _spots(job):
            if self._refuses(spot):
                continue
            try:
                return await self._deliver_to(spot, job, media, in_doubt=in_doubt)
            except DestinationRefused as error:
                if error.__cause__ is not None and closes_place(error.__cause__):
                    self._remember(spot)
                _log.warning("A place refuses a message", extra={"job_id": job.job_id, "error": str(error)})
        raise DestinationRefused("no place takes the message")

    async def show_status(self, job: Job, *, in_doubt: bool) -> int | None:
        """Post the status line, or change the one there is; for its last words no new one is posted.

        Raises DeliveryPostponed, DestinationRefused.
        """
        spot = next(iter(_spots(job)))
        if job.status_message_id is None and self._refuses(spot):
            raise DestinationRefused("this place refused lately")
        place = await self._studio.place_in_queue(job)
        words = state_words(job, place, paused=self._studio.is_paused, link=jump_link(job))
        try:
            target = await self._open(spot)
            known = job.status_message_id or (await self._find(target, job, status=True) if in_doubt else None)
            if known is None and job.status_wanted in FINAL_LINES:
                return None
            return await self._put_status(target, job, words, known)
        except Failures as error:
            if is_passing(error):
                raise DeliveryPostponed(_brief(error)) from error
            if closes_place(error):
                self._remember(spot)
            raise DestinationRefused(_brief(error)) from error

    async def _put_status(self, target: Target, job: Job, words: str, known: int | None) -> int:
        """Post or edit the line; where AutoMod refuses the prompt's words, without them."""
        for with_prompt in (True, False):
            line = status_line(job, words, with_prompt=with_prompt)
            try:
                if known is not None:
                    return await self._edit_status(target, job, known, line)
                return await self._post_status(target, job, line)
            except discord.HTTPException as error:
                if not (with_prompt and blocks_words(error)):
                    raise
        raise AssertionError("the second round returns or raises")

    async def tell_operator(self, text: str) -> None:
        """Tell the configured channel, else the owner of the application; the log has it anyway.

        Raises DeliveryPostponed.
        """
        _log.warning("For the operator", extra={"notice": text})
        try:
            await (await self._operator()).send(text, allowed_mentions=NO_MENTIONS)
        except Failures as error:
            _log.warning("The operator could not be told", extra={"error": _brief(error)})
            if is_passing(error):
                raise DeliveryPostponed(_brief(error)) from error

    async def _operator(self) -> Messageable:
        if self._operator_channel_id:
            return self._bot.get_partial_messageable(self._operator_channel_id)
        application = self._bot.application or await self._bot.application_info()
        owner = application.team.owner if application.team else application.owner
        if owner is None:
            raise discord.ClientException("the application has no owner")
        return await self._bot.create_dm(discord.Object(owner.id))

    async def _deliver_to(self, spot: Spot, job: Job, media: MediaFile | None, *, in_doubt: bool) -> Receipt:
        try:
            target = await self._open(spot)
            if in_doubt and (known := await self._find(target, job, status=False)):
                return Receipt(target.id, known, _guild_of(spot, job))
            return await self._post_result(target, spot, job, media, in_doubt=in_doubt)
        except Failures as error:
            if is_passing(error):
                raise DeliveryPostponed(_brief(error)) from error
            raise DestinationRefused(_brief(error)) from error

    async def _post_result(
        self, target: Target, spot: Spot, job: Job, media: MediaFile | None, *, in_doubt: bool
    ) -> Receipt:
        """Post; each refusal of Discord takes something away until it fits or the place is given up."""
        draft = Draft(with_file=media is not None)
        while True:
            try:
                message = await self._send(target, job, media, draft)
                return Receipt(message.channel.id, message.id, _guild_of(spot, job))
            except discord.HTTPException as error:
                match after_refusal(draft, error):
                    case Draft() as lighter:
                        draft = lighter
                    case Parent():
                        target, draft = await self._parent(spot), replace(draft, at_parent=True, with_reference=False)
                        if in_doubt and (known := await self._find(target, job, status=False)):
                            return Receipt(target.id, known, job.guild_id)
                    case NextPlace():
                        raise

    async def _send(self, target: Target, job: Job, media: MediaFile | None, draft: Draft) -> discord.Message:
        source = await self._studio.source_of(job) if draft.with_reference else None
        reference = _reference(target, job, source) if draft.with_reference else None
        words = None if job.state is JobState.SUCCEEDED else failure_words(job, self._studio.available)
        file = _file(job, media, with_prompt=draft.with_prompt) if media is not None and draft.with_file else None
        return await target.send(
            _content(job, draft, with_file=file is not None, words=None if draft.with_embed else words),
            view=result_view(job),
            nonce=f"{self._instance}{job.job_id}r",
            allowed_mentions=discord.AllowedMentions(
                everyone=False, roles=False, users=[discord.Object(job.user_id)], replied_user=False
            ),
            **_given(
                file=file,
                reference=reference,
                embed=problem_embed(words) if words is not None and draft.with_embed else None,
            ),
        )

    async def _post_status(self, target: Target, job: Job, line: str) -> int:
        source = await self._studio.source_of(job)
        reference = _reference(target, job, source) if source is not None else None
        message = await target.send(
            line,
            nonce=f"{self._instance}{job.job_id}s",
            allowed_mentions=NO_MENTIONS,
            **_given(view=status_view(job), reference=reference),
        )
        return message.id

    async def _edit_status(self, target: Target, job: Job, message_id: int, line: str) -> int:
        try:
            await target.get_partial_message(message_id).edit(
                content=line, view=status_view(job), allowed_mentions=NO_MENTIONS
            )
        except discord.HTTPException as error:
            # Somebody deleted it, or it is too old to be edited often: the result speaks for itself.
            if error.code not in {_GONE, _TOO_OLD}:
                raise
        return message_id

    async def _find(self, target: Target, job: Job, *, status: bool) -> int | None:
        """Our message about this job: right after it was due, or in the newest part of the channel.

        None when it is not there or the history is not readable.
        """
        due_at = job.created_at if status else job.ended_at or job.created_at
        try:
            ours = _is_status if status else _is_result
            found = await self._search(target, job, ours, due_at - _CLOCK_SKEW)
            return found or await self._search(target, job, ours, None)
        except (discord.Forbidden, discord.NotFound) as error:
            _log.warning("A channel's history cannot be searched", extra={"error": _brief(error)})
            return None

    async def _search(
        self, target: Target, job: Job, ours: Callable[[discord.Message, Job], bool], after: datetime | None
    ) -> int | None:
        me = self._bot.user.id if self._bot.user is not None else 0
        async for message in target.history(limit=_HISTORY, after=after, oldest_first=after is not None):
            if message.author.id == me and ours(message, job):
                return message.id
        return None

    async def _open(self, spot: Spot) -> Target:
        if not spot.is_person:
            return self._bot.get_partial_messageable(spot.key)
        channel = await self._bot.create_dm(discord.Object(spot.key))
        return self._bot.get_partial_messageable(channel.id)

    async def _parent(self, spot: Spot) -> Target:
        channel = await self._bot.fetch_channel(spot.key)
        parent = channel.parent_id if isinstance(channel, discord.Thread) else spot.key
        return self._bot.get_partial_messageable(parent)

    def _refuses(self, spot: Spot) -> bool:
        until = self._refused_until.get(spot.key)
        return until is not None and self._now() < until

    def _remember(self, spot: Spot) -> None:
        now = self._now()
        self._refused_until = {key: until for key, until in self._refused_until.items() if until > now}
        self._refused_until[spot.key] = now + _REMEMBERED


def _given(**options: object) -> dict[str, Any]:
    """Only what there is: discord.py tells a missing option from one that is None by its absence."""
    return {name: value for name, value in options.items() if value is not None}


Target = discord.PartialMessageable
_FIRST_LARGER_TIER = 2


def _has_larger_files(guild: discord.Guild) -> bool:
    return any(feature.startswith("MAX_FILE_SIZE_") for feature in guild.features)


def _spots(job: Job) -> Iterator[Spot]:
    """Where a job's message may go, the best place first."""
    if not job.private:
        yield Spot(job.channel_id, is_person=False)
    yield Spot(job.user_id, is_person=True)


def _guild_of(spot: Spot, job: Job) -> int | None:
    return None if spot.is_person else job.guild_id


def _reference(target: Target, job: Job, source: Job | None) -> discord.MessageReference | None:
    """What the message answers: the original of a 1080p version, else the status line; only in its own channel."""
    if source is not None and source.delivered_channel_id == target.id and source.message_id is not None:
        answered: int | None = source.message_id
    else:
        answered = job.status_message_id if job.private or target.id == job.channel_id else None
    if answered is None:
        return None
    return discord.MessageReference(message_id=answered, channel_id=target.id, fail_if_not_exists=False)


def _file(job: Job, media: MediaFile, *, with_prompt: bool) -> discord.File:
    """A new one for each attempt: discord.py uses them up."""
    media.content.seek(0)
    description = alt_text(job) if with_prompt else "AI video"
    return discord.File(
        cast("BufferedIOBase", media.content), filename=f"veo-{job.job_id}.{media.extension}", description=description
    )


def _content(job: Job, draft: Draft, *, with_file: bool, words: Words | None) -> str:
    if job.state is not JobState.SUCCEEDED:
        return failure_text(job, words, with_prompt=draft.with_prompt)
    if with_file:
        return result_text(job, with_prompt=draft.with_prompt)
    return f"{result_text(job, with_prompt=draft.with_prompt, beside_link=True)}\n{link_text(job)}"


def _is_status(message: discord.Message, job: Job) -> bool:
    return is_status_line(message.content, job)


def _is_result(message: discord.Message, job: Job) -> bool:
    return has_result_button(custom_ids(message), job.job_id)


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]

"""Where messages go: channels and people, what they refuse, and what of ours is there already."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import discord

from cogs.rest.gate import Held
from veo_core.domain.jobs import Job
from veo_core.domain.timing import Now
from veo_core.errors import DeliveryPostponed
from veo_core.network import NETWORK_FAILURES

_log = logging.getLogger(__name__)
_HISTORY = 200
# Between the request and a message of a life that a copy replaced there may be a lot of talk.
_LONG_HISTORY = 1_000
_CLOCK_SKEW = timedelta(minutes=2)
_REMEMBERED = timedelta(minutes=10)

FAILURES = (discord.DiscordException, *NETWORK_FAILURES)
Target = discord.PartialMessageable
Ours = Callable[[discord.Message, Job], bool]


@dataclass(frozen=True, slots=True)
class Destination:
    """A place a message may go: a channel, or a person's direct messages."""

    key: int
    is_person: bool


class Destinations:
    """Opens places, searches them, and remembers for a while which ones refuse, so that nothing storms."""

    def __init__(self, bot: discord.Client, now: Now) -> None:
        self._bot = bot
        self._now = now
        self._refused_until: dict[int, datetime] = {}

    async def open(self, destination: Destination) -> Target:
        """The place to send to; a person's direct messages are asked for."""
        if not destination.is_person:
            return self._bot.get_partial_messageable(destination.key)
        channel = await self._bot.create_dm(discord.Object(destination.key))
        return self._bot.get_partial_messageable(channel.id)

    async def around(self, destination: Destination) -> AsyncGenerator[Target]:
        """The place itself, and for a thread its channel, where a message goes when the thread is locked."""
        yield await self.open(destination)
        known = self._bot.get_channel(destination.key)
        if destination.is_person or (known is not None and not isinstance(known, discord.Thread)):
            return
        parent = await self.parent(destination)
        if parent is not None:
            yield parent

    async def parent(self, destination: Destination) -> Target | None:
        """The channel that a thread belongs to; None for what is no thread or stands in a forum."""
        channel = await self._bot.fetch_channel(destination.key)
        if not isinstance(channel, discord.Thread):
            return None
        parent = self._bot.get_channel(channel.parent_id) or await self._bot.fetch_channel(channel.parent_id)
        if isinstance(parent, (discord.ForumChannel, discord.CategoryChannel)):
            return None
        return self._bot.get_partial_messageable(parent.id)

    def refuses(self, destination: Destination) -> bool:
        """Whether this place refused lately."""
        until = self._refused_until.get(destination.key)
        return until is not None and self._now() < until

    def remember(self, destination: Destination) -> None:
        """This place refuses whatever is sent."""
        now = self._now()
        self._refused_until = {key: until for key, until in self._refused_until.items() if until > now}
        self._refused_until[destination.key] = now + _REMEMBERED

    async def find(self, target: Target, job: Job, ours: Ours, due_at: datetime) -> int | None:
        """Our message about this job: right after it was due, or in the newest part of the channel.

        None when it is not there or the history is not readable.
        """
        try:
            limit = _LONG_HISTORY if job.restored else _HISTORY
            found = await self._search(target, job, ours, due_at - _CLOCK_SKEW, limit)
            return found or await self._search(target, job, ours, None, limit)
        except (discord.Forbidden, discord.NotFound) as error:
            _log.warning("A channel's history cannot be searched", extra={"error": error_line(error)})
            return None

    async def _search(self, target: Target, job: Job, ours: Ours, after: datetime | None, limit: int) -> int | None:
        me = self._bot.user.id if self._bot.user is not None else 0
        async for message in target.history(limit=limit, after=after, oldest_first=after is not None):
            if message.author.id == me and ours(message, job):
                return message.id
        return None


def destinations_of(job: Job) -> Iterator[Destination]:
    """Where a job's message may go, the best place first."""
    if not job.private:
        yield Destination(job.channel_id, is_person=False)
    yield Destination(job.user_id, is_person=True)


def reference(target: Target, job: Job, source: Job | None) -> discord.MessageReference | None:
    """What the message answers: the original of a 1080p version, else the status line; only in its own channel."""
    if source is not None and source.delivered_channel_id == target.id and source.message_id is not None:
        answered: int | None = source.message_id
    else:
        answered = job.status_message_id if job.private or target.id == job.channel_id else None
    if answered is None:
        return None
    return discord.MessageReference(message_id=answered, channel_id=target.id, fail_if_not_exists=False)


def given(**options: object) -> dict[str, Any]:
    """Only what there is: discord.py tells a missing option from one that is None by its absence."""
    return {name: value for name, value in options.items() if value is not None}


def postponed(error: BaseException) -> DeliveryPostponed:
    """What the deliverer is told of a passing failure."""
    asked = timedelta(seconds=error.retry_after) if isinstance(error, discord.RateLimited) else None
    return DeliveryPostponed(error_line(error), retry_after=asked, was_sent=not isinstance(error, Held))


def error_line(error: BaseException) -> str:
    """One line for the log."""
    return f"{type(error).__name__}: {error}"[:300]

"""The use cases, in the order a person meets them: request, upscale, cancel, look up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from veo_core.domain import quota
from veo_core.domain.actors import Actor, Place
from veo_core.domain.catalog import Model
from veo_core.domain.expectation import QueuePlace, Rounds, place_of
from veo_core.domain.images import Image, PictureSize, VideoRequest
from veo_core.domain.jobs import CANCELLABLE, Job, JobKind, JobState, NewJob
from veo_core.domain.messages import PostedMessage
from veo_core.domain.requests import check_request, check_upscale, own_shape, request_key
from veo_core.domain.usage import Overview
from veo_core.errors import Refusal
from veo_core.reasons import Reason
from veo_core.services.admission import Admission
from veo_core.workshop import Workshop

_OVERVIEW = timedelta(days=7)
# Discord waits three seconds for an acknowledgement.
_ACKNOWLEDGED_WITHIN = timedelta(seconds=5)


class Inspects(Protocol):
    """Tells whether attachments are pictures that can be used."""

    max_bytes: int

    async def inspect(
        self, user_id: int, images: Sequence[Image], may_ask: Callable[[], Awaitable[None]]
    ) -> tuple[PictureSize, ...]:
        """Their sizes; `may_ask` comes before any byte is fetched. Raises Refusal when one is none."""
        ...


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a person gets for a request: the job, where it stands, and whether it is a new one to them.

    `is_repeated`: they asked before, and Discord took no answer.
    """

    job: Job
    place: QueuePlace
    is_new: bool = True
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class Allowance:
    """A person's quota, and how much of its budgets their server has used, where it has any."""

    videos: quota.QuotaStatus
    upscales: quota.QuotaStatus
    server_percent: int | None = None


class Studio:
    """Takes what people ask for; everything it promises is on disk before it answers."""

    def __init__(
        self,
        workshop: Workshop,
        inspector: Inspects,
        default_model: str,
        *,
        anyone_may_upscale: bool = False,
        servers: Collection[int] = (),
    ) -> None:
        self._requests = workshop.store.requests
        self._queue = workshop.store.queue
        self._people = workshop.store.people
        self._outbox = workshop.store.outbox
        self._ledger = workshop.store.ledger
        self._admission = Admission(workshop, servers)
        self._catalog = workshop.catalog
        self._provider = workshop.provider
        self._limits = workshop.limits
        self._max_running = workshop.max_running
        self._now = workshop.now
        self._changed = workshop.changed
        self._inspector = inspector
        self._anyone_may_upscale = anyone_may_upscale
        self.default_model = default_model

    @property
    def models(self) -> tuple[Model, ...]:
        """The models people may choose from, in the order of the table."""
        return self._catalog.offered

    @property
    def available(self) -> tuple[Model, ...]:
        """The models that work, as far as is known."""
        return tuple(row for row in self.models if row.name not in self.unavailable)

    @property
    def unavailable(self) -> frozenset[str]:
        """Models that the provider refused lately."""
        return self._provider.unavailable

    @property
    def is_paused(self) -> bool:
        """Whether submissions wait for the operator."""
        return self._provider.is_paused

    @property
    def limits(self) -> quota.Limits:
        """What one person may use."""
        return self._limits

    def check_server(self, guild_id: int | None) -> None:
        """Raises Refusal where the operator does not allow this server."""
        self._admission.check_server(guild_id)

    async def request(
        self, actor: Actor, request: VideoRequest, place: Place, *, acknowledged: bool = True
    ) -> Accepted:
        """Take a request for a new video.

        `acknowledged` False: Discord refused the acknowledgement, so that the same request soon after is this one.
        Raises Refusal before anything is counted, StorageError when it could not be recorded.
        """
        unheard_since = None if acknowledged else self._now() - _ACKNOWLEDGED_WITHIN
        self.check_server(place.guild_id)
        submission = check_request(
            request,
            self._catalog,
            unavailable=self._provider.unavailable,
            max_image_bytes=self._inspector.max_bytes,
        )
        await self._check_blocked(actor, place.guild_id)
        key = request_key(submission, request)
        new = NewJob(JobKind.CREATE, actor, place, submission.prompt, submission, request_key=key)
        return await self._record(await self._with_images_seen(replace(new, unheard_since=unheard_since), request))

    async def answered(self, accepted_job: Accepted, *, arrived: bool) -> Accepted:
        """Note whether the person got the answer; without one the same request soon after gets it again.

        Raises StorageError.
        """
        job = accepted_job.job
        if job.unanswered is not arrived or (accepted_job.is_repeated and not arrived):
            return accepted_job
        return replace(accepted_job, job=await self._admission.answered(job, arrived=arrived))

    async def upscale(self, actor: Actor, job_id: int, place: Place) -> Accepted:
        """Take a request for the 1080p version of a video; the second one for the same video gets the first one's job.

        Raises Refusal.
        """
        self.check_server(place.guild_id)
        source = await self._of_this_place(job_id, actor, place)
        self.check_server(source.guild_id)
        # A video that came by direct message still belongs to the server it was asked for in.
        await self._check_blocked(actor, source.guild_id)
        if not (self._anyone_may_upscale or actor.user_id == source.user_id or _moderates(actor, source, place)):
            raise Refusal(Reason.NOT_YOURS, job_id=job_id)
        place = replace(place, private=source.private)
        new = NewJob(JobKind.UPSCALE, actor, place, source.prompt, check_upscale(source), source_job_id=job_id)
        new = replace(new, source_guild_id=source.guild_id)
        return await self._record(new)

    async def cancel(self, actor: Actor, job_id: int, place: Place) -> Job:
        """Take back a job that was not submitted yet; its place in the quota is free again.

        Raises Refusal.
        """
        job = await self.show(actor, job_id, place)
        if job.state not in CANCELLABLE or not await self._requests.cancel(job_id, self._now()):
            raise Refusal(Reason.TOO_LATE_TO_CANCEL, job_id=job_id)
        self._changed()
        return job

    async def may_delete(self, actor: Actor, job_id: int, place: Place) -> Job:
        """The job whose message this person may take away: who may see it, unless blocked.

        Raises Refusal.
        """
        job = await self.show(actor, job_id, place)
        await self._check_blocked(actor, job.guild_id)
        return job

    async def message_seen(self, job: Job, posted: PostedMessage) -> None:
        """Somebody pressed a button of this job's result: it is there, whatever the deliverer knows of it."""
        if job.message_id is None and job.ended_at is not None:
            await self._outbox.delivered(job.job_id, posted, self._now())

    async def message_deleted(self, job: Job) -> None:
        """Note that the message of a job is gone, so that nothing points to it any more."""
        await self._requests.message_deleted(job.job_id, self._now())

    async def active(self, actor: Actor) -> tuple[Accepted, ...]:
        """A person's jobs that have not ended, with their places."""
        jobs = await self._requests.active(actor.user_id)
        any_waits = any(job.state is JobState.QUEUED for job in jobs)
        positions = await self._queue.positions(actor.user_id) if any_waits else {}
        waiting = await self._queue.waiting() if any_waits else 0
        return tuple(Accepted(job, self._place(job, positions.get(job.job_id), waiting)) for job in jobs)

    async def waiting(self, actor: Actor) -> tuple[Job, ...]:
        """A person's jobs that may still be cancelled, oldest first."""
        return tuple(job for job in await self._requests.active(actor.user_id) if job.state in CANCELLABLE)

    async def history(self, actor: Actor, limit: int = 10, offset: int = 0) -> tuple[Job, ...]:
        """A person's jobs, newest first."""
        return await self._requests.history(actor.user_id, limit, offset)

    async def show(self, actor: Actor, job_id: int, place: Place) -> Job:
        """One job, for its requester and the moderators of its server.

        Raises Refusal.
        """
        job = await self._of_this_place(job_id, actor, place)
        if not (actor.user_id == job.user_id or _moderates(actor, job, place)):
            raise Refusal(Reason.NOT_YOURS, job_id=job_id)
        return job

    async def overview(self, actor: Actor, place: Place) -> Overview:
        """The last seven days of a server, for those who manage it.

        Raises Refusal.
        """
        return await self._people.overview(_managed(actor, place), self._now() - _OVERVIEW)

    async def block(self, actor: Actor, user_id: int, place: Place) -> None:
        """Let a person make no more videos in this server; their buttons there refuse as well.

        Raises Refusal.
        """
        await self._people.block(_managed(actor, place), user_id, actor.user_id, self._now())

    async def unblock(self, actor: Actor, user_id: int, place: Place) -> None:
        """Take a block back.

        Raises Refusal.
        """
        if not await self._people.unblock(_managed(actor, place), user_id):
            raise Refusal(Reason.NOT_BLOCKED)

    async def allowance(self, actor: Actor, place: Place) -> Allowance:
        """What a person has used, what is left and when the next place frees; and what their server has used."""
        now = self._now()
        videos = await self._requests.usage(actor.user_id, JobKind.CREATE, now)
        upscales = await self._requests.usage(actor.user_id, JobKind.UPSCALE, now)
        server = await self._ledger.server(place.guild_id, now)
        return Allowance(
            quota.answer(videos, self._limits.videos_per_day),
            quota.answer(upscales, self._limits.upscales_per_day),
            server.percent if server is not None else None,
        )

    async def source_of(self, job: Job) -> Job | None:
        """The job whose video this one makes larger."""
        return None if job.source_job_id is None else await self._requests.get(job.source_job_id)

    async def place_in_queue(self, job: Job) -> QueuePlace:
        """Where a job stands and when it is expected to be ready."""
        waits = job.state is JobState.QUEUED
        position = await self._queue.position(job) if waits else None
        waiting = await self._queue.waiting() if waits and position is None else 0
        return self._place(job, position, waiting)

    async def _check_blocked(self, actor: Actor, guild_id: int | None) -> None:
        """A block is a server's; direct messages belong to none, so there a block of any server holds."""
        if await self._people.is_blocked(guild_id, actor.user_id):
            raise Refusal(Reason.BLOCKED, where="a server" if guild_id is None else "this server")

    async def _with_images_seen(self, new: NewJob, request: VideoRequest) -> NewJob:
        """Look at the images, unless a limit refuses the job anyway; without a chosen ratio the first one's decides."""
        if not request.attached:
            return new
        sizes = await self._inspector.inspect(
            new.actor.user_id,
            request.attached,
            lambda: self._admission.check_ahead(new),
        )
        if request.aspect_ratio is not None:
            return new
        return replace(new, submission=replace(new.submission, aspect_ratio=own_shape(sizes[0])))

    async def _record(self, new: NewJob) -> Accepted:
        recorded = await self._admission.record(new)
        is_new = recorded.is_new or (recorded.is_repeated and recorded.job.ended_at is None)
        place = await self.place_in_queue(recorded.job)
        return Accepted(recorded.job, place, is_new, recorded.is_repeated)

    async def _of_this_place(self, job_id: int, actor: Actor, place: Place) -> Job:
        """A job that this place knows of: its own server's, or the asker's own. Numbers can be forged."""
        job = await self._requests.get(job_id) if 0 < job_id < _LARGEST_ID else None
        if job is None or (job.user_id != actor.user_id and (job.private or not _same_server(job, place))):
            raise Refusal(Reason.NOT_FOUND, job_id=job_id)
        return job

    def _place(self, job: Job, position: int | None, waiting: int) -> QueuePlace:
        rounds = Rounds(self._now(), self._max_running, self._catalog.known(job.model))
        return place_of(job, position, waiting, rounds)


def _managed(actor: Actor, place: Place) -> int:
    """The server that the asker manages; Discord's own settings are only a default."""
    if place.guild_id is None or not actor.is_admin:
        raise Refusal(Reason.NOT_ADMIN)
    return place.guild_id


def _same_server(job: Job, place: Place) -> bool:
    """Direct messages are nobody else's place."""
    return job.guild_id is not None and job.guild_id == place.guild_id


def _moderates(actor: Actor, job: Job, place: Place) -> bool:
    """Discord tells a moderator's rights for the channel of the press only; elsewhere it takes the server's."""
    return actor.is_admin or (actor.is_moderator and job.channel_id == place.channel_id)


_LARGEST_ID = 2**53

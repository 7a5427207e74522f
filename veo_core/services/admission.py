"""Takes a request in: from an allowed server, within every limit, and on disk before anybody is told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from veo_core.domain.budgets import Demand, fits_ever
from veo_core.domain.jobs import Job, JobKind, NewJob
from veo_core.errors import Refusal
from veo_core.failpoints import Failpoint, reached
from veo_core.reasons import Reason
from veo_core.store import Recorded
from veo_core.workshop import Workshop


class Admission:
    """One for the process; `servers` are those that the operator allows, none of them means every one."""

    def __init__(self, workshop: Workshop, servers: Collection[int] = ()) -> None:
        self._requests = workshop.store.requests
        self._ledger = workshop.store.ledger
        self._catalog = workshop.catalog
        self._provider = workshop.provider
        self._limits = workshop.limits
        self._now = workshop.now
        self._changed = workshop.changed
        self._servers = frozenset(servers)

    def check_server(self, guild_id: int | None) -> None:
        """Whether the operator allows this server; a direct message is no server.

        Raises Refusal.
        """
        if self._servers and guild_id is not None and guild_id not in self._servers:
            raise Refusal(Reason.SERVER_NOT_ALLOWED)

    async def check_ahead(self, new: NewJob) -> None:
        """Refuse what `record` would refuse now, before work is done for it.

        Raises Refusal, StorageError.
        """
        new = self._priced(new)
        try:
            await self._requests.check_ahead(new, self._limits, self._now())
        except Refusal as refusal:
            raise self._with_way_out(refusal, new) from refusal

    async def record(self, new: NewJob) -> Recorded:
        """Record a job with its estimate and wake the loops.

        Raises Refusal, StorageError.
        """
        new = self._priced(new)
        reached(Failpoint.BEFORE_RECORD)
        try:
            recorded = await self._requests.record(new, self._limits, self._now())
        except Refusal as refusal:
            raise self._with_way_out(refusal, new) from refusal
        reached(Failpoint.AFTER_RECORD)
        self._changed()
        return recorded

    async def answered(self, job: Job, *, arrived: bool) -> Job:
        """Note whether the person got the answer about a job.

        Raises StorageError.
        """
        await self._requests.answer_arrived(job.job_id, arrived=arrived)
        return replace(job, unanswered=not arrived)

    def _priced(self, new: NewJob) -> NewJob:
        return replace(new, cost=self._catalog.cost(new.submission))

    def _with_way_out(self, refusal: Refusal, new: NewJob) -> Refusal:
        """Where a model costs more than a whole budget, those that do not are named."""
        is_off = refusal.reason is Reason.VIDEOS_OFF and self._limits.per_day(new.kind) > 0
        if not is_off or new.kind is not JobKind.CREATE:
            return refusal
        accounts = self._ledger.budgets.of(new.workspace_id)
        working = (row for row in self._catalog.offered if row.name not in self._provider.unavailable)
        fitting = [row.name for row in working if fits_ever(accounts, Demand(row.cost, 1))]
        return Refusal(Reason.MODEL_NOT_OFFERED, models=", ".join(fitting)) if fitting else refusal

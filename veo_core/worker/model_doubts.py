"""Keeps what is known of retired models: on disk first, then for everybody who asks the provider's standing."""

from __future__ import annotations

import logging

from veo_core.domain.jobs import Job
from veo_core.domain.retirement import ModelTrouble, after_failure, as_told, as_tried, as_untried
from veo_core.domain.shapes import GET1080P
from veo_core.reasons import Reason
from veo_core.workshop import Workshop

_log = logging.getLogger(__name__)


class ModelDoubts:
    """What the loops tell of models; holds no state of its own."""

    def __init__(self, workshop: Workshop) -> None:
        self._troubles = workshop.store.troubles
        self._provider = workshop.provider
        self._now = workshop.now

    async def load(self) -> None:
        """Take up what earlier processes learned."""
        self._provider.troubles = {trouble.model: trouble for trouble in await self._troubles.all()}

    async def may_send(self, job: Job) -> bool:
        """Whether this job may be sent: not while its model is doubted, but for the one that tries it again."""
        trouble = self._provider.troubles.get(job.model)
        if trouble is None or trouble.doubtful_at is None or job.action == GET1080P:
            return True
        if self._provider.probes.get(job.model) == job.job_id:
            return True
        if trouble.is_hidden(self._now()):
            return False
        await self._remember(as_tried(trouble, self._now()))
        self._provider.probes[job.model] = job.job_id
        return True

    async def failed(self, job: Job, reason: Reason, *, certain: bool = False) -> None:
        """A job ended without a video; to be told before the end is written down."""
        trouble = self._provider.troubles.get(job.model)
        if reason is Reason.MODEL_RETIRED and job.action != GET1080P:
            self._provider.probes.pop(job.model, None)
            await self._doubt(after_failure(trouble, job.model, self._now(), certain=certain), job)
        elif trouble is not None and self._provider.probes.get(job.model) == job.job_id:
            del self._provider.probes[job.model]
            await self._remember(as_untried(trouble, self._now()))

    async def succeeded(self, job: Job) -> None:
        """The model made a video; to be told before the end is written down."""
        trouble = self._provider.troubles.get(job.model)
        if trouble is None or job.action == GET1080P:
            return
        await self._troubles.forget(job.model)
        del self._provider.troubles[job.model]
        self._provider.probes.pop(job.model, None)
        if trouble.doubtful_at is not None:
            _log.warning("A model works again", extra={"model": job.model})
            self._provider.tell(f"The model `{job.model}` makes videos again; people can choose it.")

    async def _doubt(self, trouble: ModelTrouble, job: Job) -> None:
        if trouble.doubtful_at is None or trouble.told_at is not None:
            await self._remember(trouble)
            return
        await self._remember(as_told(trouble, self._now()))
        _log.warning("The Veo API no longer offers a model", extra={"model": job.model, "job_id": job.job_id})
        self._provider.tell(
            f"The provider says that it no longer offers the model `{job.model}`. People cannot choose it for now;"
            " once a day one video tries it again."
        )

    async def _remember(self, trouble: ModelTrouble) -> None:
        await self._troubles.put(trouble)
        self._provider.troubles[trouble.model] = trouble

"""The status line of a job, brought up to date."""

from __future__ import annotations

import logging

from veo_core.domain.jobs import Job
from veo_core.domain.messages import FINAL_LINES
from veo_core.errors import DeliveryPostponed, DestinationRefused
from veo_core.failpoints import Failpoint, reached
from veo_core.worker.lanes import Lanes
from veo_core.worker.publisher import Publisher
from veo_core.workshop import Workshop

_log = logging.getLogger(__name__)


class Lines:
    """Posts and changes the lines, and marks what they say."""

    def __init__(self, workshop: Workshop, posts: Publisher, lanes: Lanes) -> None:
        self._outbox = workshop.store.outbox
        self._provider = workshop.provider
        self._posts = posts
        self._lanes = lanes

    async def show(self, job: Job) -> None:
        """Let the line say what the job does now."""
        await self._posts.turn(job, is_line=True)
        if (rest_ends_at := self._posts.rests_until()) is not None:
            self._lanes.rest(job.lane, rest_ends_at)
            return
        if _needs_no_line(job):
            await self._outbox.status_shown(job.job_id, job.status_wanted, job.status_message_id)
            return
        await self._outbox.begin_status(job.job_id)
        reached(Failpoint.BEFORE_STATUS)
        was_paused = self._provider.is_paused
        try:
            message_id = await self._posts.show_status(job, in_doubt=job.status_attempts > 0)
        except DeliveryPostponed as error:
            await self._postpone(job, error)
            return
        except DestinationRefused as error:
            _log.warning("A status line cannot be shown", extra={"job_id": job.job_id, "error": str(error)})
            message_id = job.status_message_id
        reached(Failpoint.AFTER_STATUS)
        # A pause that began or ended meanwhile makes the line old at once.
        shown = job.status_wanted if self._provider.is_paused is was_paused else ""
        await self._outbox.status_shown(job.job_id, shown, message_id)
        reached(Failpoint.STATUS_MARKED)

    async def _postpone(self, job: Job, error: DeliveryPostponed) -> None:
        due_at = self._lanes.next_try(job.status_attempts + 1, job, error)
        if error.was_sent:
            await self._outbox.postpone_status(job.job_id, due_at)
        else:
            await self._outbox.take_back_status(job.job_id)


def _needs_no_line(job: Job) -> bool:
    """Whether the line may stay as it is: nothing new to say, or a job that ended before it had one."""
    if job.status_attempts > 0 or job.ended_at is None:
        return False
    return job.status_wanted not in FINAL_LINES or job.status_message_id is None

"""From ended to delivered, and the status line on the way: whatever the store says is due appears in Discord."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta

from veo_core.domain.jobs import Job
from veo_core.errors import DeliveryPostponed
from veo_core.media.download import MediaReader
from veo_core.store.outbox import Skip
from veo_core.worker.lanes import Lanes, Work
from veo_core.worker.loop import Loop
from veo_core.worker.publisher import Publisher
from veo_core.worker.results import Results
from veo_core.worker.runners import Runners
from veo_core.worker.status_lines import Lines
from veo_core.workshop import Workshop

_NOTICE_WAIT = timedelta(seconds=10)
_RESULTS_A_LANE, _LINES_A_LANE = 2, 1
_NO_JOB = 0


class Deliverer(Loop):
    """An outbox: ended and not delivered is due, and so is a status line that says something old."""

    def __init__(
        self, workshop: Workshop, media: MediaReader, posts: Publisher, *, rng: random.Random | None = None
    ) -> None:
        super().__init__(now=workshop.now, idle=workshop.idle)
        self._outbox = workshop.store.outbox
        self._provider = workshop.provider
        self._pace = workshop.pace
        self._posts = posts
        rng = rng or random.Random()
        # Apart, so that slow files hold up no status line.
        self._lines = Lanes(_LINES_A_LANE, self.wake, self._now, rng)
        self._results = Lanes(_RESULTS_A_LANE, self.wake, self._now, rng)
        self._news = Runners(1, self.wake)
        self._line = Lines(workshop, posts, self._lines)
        self._result = Results(workshop, media, posts, self._results)
        self._pause_shown: bool | None = None
        self._notices: list[str] = []
        self._notices_due_at = self._now()

    async def turn(self) -> datetime | None:
        """Begin what is due, results before status lines; the end of each begins the next in its lane."""
        await self._speak_of_pauses()
        now = self._now()
        moments = [self._notices_due_at] if self._notices and self._notices_due_at > now else []
        if (rest_ends_at := self._posts.rests_until()) is not None:
            return min([*moments, rest_ends_at])
        for job in await self._outbox.deliveries_due(now, self._results.free, self._skip(self._results)):
            self._begin(self._results, job, self._result.deliver)
        for job in await self._outbox.statuses_due(now, self._lines.free, self._skip(self._lines)):
            self._begin(self._lines, job, self._line.show)
        coming = (await self._outbox.next_due_at(now), self._results.next_end(), self._lines.next_end())
        return min((*moments, *(moment for moment in coming if moment is not None)), default=None)

    def _skip(self, lanes: Lanes) -> Skip:
        # A line has nothing to say while its result is on the way; a result waits for no line.
        return Skip(lanes.each, lanes.busy | self._results.busy, lanes.held())

    def _begin(self, lanes: Lanes, job: Job, work: Work) -> None:
        """Begin work on a job unless its place is full for now; then its lane waits for that."""
        is_edit = lanes is self._lines and job.status_message_id is not None
        planned = self._results.lanes[job.lane] + self._lines.lanes[job.lane]
        full_until = None if is_edit else self._posts.full_until(job, planned)
        if full_until is None:
            lanes.begin(job, work)
        elif planned == 0:
            lanes.rest(job.lane, full_until)

    async def _speak_of_pauses(self) -> None:
        """The operator is told, and whoever waits reads it in the status line."""
        self._notices += self._provider.take_notices()
        if self._notices and self._now() >= self._notices_due_at and self._news.free > 0:
            self._news.start(_NO_JOB, self._tell_operator(self._notices[0]))
        paused = self._provider.is_paused
        if self._pause_shown is None:
            self._pause_shown = await self._outbox.pause_shown()
        if self._pause_shown is not paused:
            await self._outbox.restate_queued(paused=paused)
            self._pause_shown = paused

    async def _tell_operator(self, text: str) -> None:
        try:
            await self._posts.tell_operator(text)
        except DeliveryPostponed as error:
            self._notices_due_at = self._now() + max(_NOTICE_WAIT, error.retry_after or _NOTICE_WAIT)
        else:
            self._notices.remove(text)

    async def finish(self) -> None:
        """Let posts that are on their way arrive."""
        groups = (self._lines, self._results, self._news)
        await asyncio.gather(*(runners.finish(self._pace.stop_grace) for runners in groups))

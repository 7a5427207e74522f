"""How tasks are asked for where the answer to one question would be too large: in halves, down to one."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from veo_core.domain.oddities import Oddity
from veo_core.domain.submissions import TaskReport, TaskState
from veo_core.errors import AnswerTooLarge, Unreachable
from veo_core.provider import bodies as wire
from veo_core.provider import records
from veo_core.provider.loose_json import Json

MAX_LISTING_PAGES = 20
# Enough to find two records in fifty that are too large; the rest of such a batch waits for its next look.
MAX_BATCH_REQUESTS = 26
_REMEMBERED = 200
_log = logging.getLogger(__name__)

Ask = Callable[[Json], Awaitable[Json | None]]


class Lookups:
    """Batches and listings over `ask`, which posts one body to /veo/tasks and raises AnswerTooLarge.

    It remembers which records are too large, so that they do not spoil a batch again, and which oddities it told.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        # In the order in which they were found; at most _REMEMBERED.
        self._too_large: dict[str, None] = {}
        self._told: set[Oddity] = set()

    async def batch(self, task_ids: Sequence[str]) -> dict[str, TaskReport]:
        """Look at up to 50 tasks; a task that the API does not know is absent, one that cannot be read is pending.

        Raises Unreachable, RateLimited, AccountProblem.
        """
        single = [task_id for task_id in task_ids if task_id in self._too_large]
        many = [task_id for task_id in task_ids if task_id not in self._too_large]
        waiting = [part for part in (many, *([task_id] for task_id in single)) if part]
        found: list[TaskReport] = []
        for _ in range(MAX_BATCH_REQUESTS):
            if not waiting:
                break
            part = waiting.pop(0)
            try:
                found += await self._batch(part)
            except AnswerTooLarge:
                if len(part) == 1:
                    found.append(self._unreadable(part[0]))
                else:
                    half = len(part) // 2
                    waiting[:0] = [part[:half], part[half:]]
        found += [_unread(task_id) for part in waiting for task_id in part]
        return self._noted(records.by_task(found))

    async def one(self, task_id: str) -> TaskReport | None:
        """Look at one task; None when the API does not know it.

        Raises Unreachable, RateLimited, AccountProblem, Rejected.
        """
        try:
            report = records.parse_record(await self._ask(wire.retrieve_body(task_id)), asked=task_id)
        except AnswerTooLarge:
            report = self._unreadable(task_id)
        return None if report is None else self._noted({task_id: report})[task_id]

    async def since(self, moment: datetime) -> tuple[TaskReport, ...]:
        """The account's tasks made since then.

        Raises Unreachable, RateLimited, AccountProblem, Rejected where the API lists none.
        """
        found: dict[str, TaskReport] = {}
        offset, limit = 0, wire.BATCH_LIMIT
        # Twice as many requests as pages: some may have to be asked again for less.
        for _ in range(2 * MAX_LISTING_PAGES):
            if offset >= MAX_LISTING_PAGES * wire.BATCH_LIMIT:
                break
            try:
                body = await self._ask(wire.listing_body(moment.timestamp(), offset=offset, limit=limit)) or {}
            except AnswerTooLarge:
                # One record that is too large is passed over.
                offset, limit = (offset, limit // 2) if limit > 1 else (offset + 1, 1)
                continue
            reports = records.parse_items(body)
            if reports is None:
                raise Unreachable("the listing has no items")
            offset, limit = offset + records.count_items(body), min(limit * 2, wire.BATCH_LIMIT)
            page = records.by_task(reports)
            # A page may be shorter than what was asked for; the last one is empty, or repeats what is known.
            if records.count_items(body) == 0 or (page and page.keys() <= found.keys()):
                break
            found = records.by_task((*found.values(), *page.values()))
        return tuple(self._noted(found).values())

    async def _batch(self, task_ids: list[str]) -> tuple[TaskReport, ...]:
        reports = records.parse_items(await self._ask(wire.batch_body(task_ids)) or {})
        if reports is None:
            raise Unreachable("the batch answer has no items")
        return reports

    def _unreadable(self, task_id: str) -> TaskReport:
        self._too_large[task_id] = None
        while len(self._too_large) > _REMEMBERED:
            del self._too_large[next(iter(self._too_large))]
        return _unread(task_id)

    def _noted(self, reports: dict[str, TaskReport]) -> dict[str, TaskReport]:
        """Log each kind of oddity once, however many tasks and looks show it."""
        for report in reports.values():
            for oddity in sorted(report.oddities - self._told):
                self._told.add(oddity)
                about = {"oddity": str(oddity), "task_id": report.task_id, "trace_id": report.trace_id}
                _log.warning("The Veo API answers in an odd way; said once", extra=about)
        return reports


def _unread(task_id: str) -> TaskReport:
    return TaskReport(task_id, TaskState.PENDING, oddities=frozenset({Oddity.RECORD_TOO_LARGE}))

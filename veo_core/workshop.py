"""What the use cases and the loops share: the adapters, the rules and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from veo_core.domain.catalog import Catalog
from veo_core.domain.quota import Limits
from veo_core.domain.submissions import Submission, TaskReport
from veo_core.domain.timing import Now, Timing
from veo_core.provider.status import Provider
from veo_core.store import Store
from veo_core.wake import Idle, Signal, rest


class VeoApi(Protocol):
    """What is needed of the provider's API; veo_core.provider.client speaks it over HTTP."""

    async def submit(self, submission: Submission) -> TaskReport:
        """Ask for a video."""
        ...

    async def fetch(self, task_ids: Sequence[str]) -> dict[str, TaskReport]:
        """Look at up to 50 tasks."""
        ...

    async def fetch_one(self, task_id: str) -> TaskReport | None:
        """Look at one task."""
        ...

    async def find(self, since: datetime) -> tuple[TaskReport, ...]:
        """The account's tasks made since then."""
        ...

    async def ping(self) -> None:
        """Ask whether the API answers at all."""
        ...


@dataclass(frozen=True, slots=True)
class Workshop:
    """One for the whole process; `changed` wakes every loop."""

    client: VeoApi
    store: Store
    provider: Provider
    catalog: Catalog
    pace: Timing
    limits: Limits
    max_running: int
    now: Now
    idle: Idle = rest
    changed: Signal = field(default_factory=Signal)

"""What the use cases and the loops share: the adapters, the rules and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from veo_core.catalog import Catalog
from veo_core.clock import Now
from veo_core.loop import Idle, Signal, rest
from veo_core.models import Submission, TaskReport
from veo_core.pace import Pace
from veo_core.provider import Provider
from veo_core.quota import Limits
from veo_core.store import Store


class VeoApi(Protocol):
    """What is needed of the provider's API; veo_core.client speaks it over HTTP."""

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
    pace: Pace
    limits: Limits
    max_running: int
    now: Now
    idle: Idle = rest
    changed: Signal = field(default_factory=Signal)

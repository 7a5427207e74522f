"""What a person used, and what moderators see of their server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Usage:
    """Jobs of one person that count in the rolling window: the moments they were asked for, oldest first."""

    counted_at: tuple[datetime, ...] = ()

    @property
    def used(self) -> int:
        """How many places are taken."""
        return len(self.counted_at)


@dataclass(frozen=True, slots=True)
class Overview:
    """What moderators see of their server: jobs by state, prompts the provider refused by person, who is blocked."""

    states: Mapping[str, int]
    refused_prompts: Mapping[int, int]
    blocked: tuple[int, ...]

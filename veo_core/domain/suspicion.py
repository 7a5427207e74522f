"""Does an answer that looks like a refusal of the account concern everybody, or one job alone; pure.

A known code pauses at once. Anything else is asked again first: another job that gets it too confirms it, and a job
that alone gets it while others are taken fails by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

from veo_core.errors import Proof

_MOST_REMEMBERED = 200
# A balance can run dry again between two videos, so a known code has to single a job out oftener.
_ALONE_WITH_KNOWN_CODE = 3


class Step(Enum):
    """What such an answer leads to."""

    PAUSE = "everybody waits for the operator"
    AGAIN = "it is asked again, others first"
    FAIL = "this job fails by itself"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Which jobs got such an answer since a submission was last taken; `alone`: how often others were taken after."""

    refused: frozenset[int] = frozenset()
    alone: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))

    def after_refusal(self, job_id: int, proof: Proof, *, is_paused: bool = False) -> tuple[Suspicion, Step]:
        """What follows from one more such answer to this job."""
        noted = replace(self, refused=frozenset(sorted(self.refused | {job_id})[-_MOST_REMEMBERED:]))
        if is_paused or self.refused - {job_id}:
            return noted, Step.PAUSE
        if self.alone.get(job_id, 0) >= (_ALONE_WITH_KNOWN_CODE if proof is Proof.KNOWN else 1):
            return replace(self, alone=_without(self.alone, job_id)), Step.FAIL
        if proof is Proof.KNOWN:
            return noted, Step.PAUSE
        if job_id not in self.refused:
            return noted, Step.AGAIN
        return noted, Step.PAUSE if proof is Proof.LIKELY else Step.FAIL

    def after_acceptance(self, job_id: int) -> Suspicion:
        """A submission was taken: whoever was refused before was refused alone."""
        counts = dict(_without(self.alone, job_id))
        for other in self.refused - {job_id}:
            counts[other] = counts.pop(other, 0) + 1
        return Suspicion(alone=MappingProxyType(dict(list(counts.items())[-_MOST_REMEMBERED:])))


def _without(counts: Mapping[int, int], job_id: int) -> Mapping[int, int]:
    return MappingProxyType({other: count for other, count in counts.items() if other != job_id})

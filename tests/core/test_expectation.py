"""When a video is expected: exact near the head of the line, a range far back, never in the past."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.values import NOW, job
from veo_core.domain.catalog import Catalog
from veo_core.domain.expectation import COUNTED_BEFORE, MOST_COUNTED, QueuePlace, Rounds, place_of
from veo_core.domain.jobs import JobKind, JobState

ROW = Catalog.of().models["veo31-fast"]
ROUNDS = Rounds(NOW, max_running=5, row=ROW)
WAITING = job(state=JobState.QUEUED, running_at=None, task_id=None)


@pytest.mark.parametrize(("position", "rounds"), [(1, 1), (5, 1), (6, 2), (21, 5)])
def test_each_full_set_of_places_before_it_is_one_more_round(position: int, rounds: int) -> None:
    assert place_of(WAITING, position, 0, ROUNDS) == QueuePlace(position, NOW + ROW.usual * rounds)


def test_far_back_the_number_waiting_gives_a_range() -> None:
    place = place_of(WAITING, None, 100, ROUNDS)

    assert place == QueuePlace(None, NOW + ROW.usual * 5, is_far=True, ready_by=NOW + ROW.usual * 20)


def test_with_more_waiting_than_are_counted_only_the_earliest_time_is_said() -> None:
    assert place_of(WAITING, None, MOST_COUNTED - 1, ROUNDS).ready_by is not None
    assert place_of(WAITING, None, MOST_COUNTED, ROUNDS).ready_by is None


def test_a_job_that_left_the_line_meanwhile_is_not_called_far() -> None:
    assert not place_of(WAITING, None, COUNTED_BEFORE, ROUNDS).is_far
    assert not place_of(job(state=JobState.RUNNING), None, 100, ROUNDS).is_far


def test_an_estimate_is_never_in_the_past() -> None:
    began = NOW - timedelta(hours=1)

    assert place_of(job(submitting_at=began), None, 0, ROUNDS).ready_at == NOW + timedelta(seconds=5)
    upscale = job(kind=JobKind.UPSCALE, submitting_at=NOW)
    assert place_of(upscale, None, 0, ROUNDS).ready_at == NOW + timedelta(seconds=40)

"""The quota holds over any sequence of wishes, and the moment it names is the true one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.values import NOW
from veo_core.domain.jobs import JobKind
from veo_core.domain.quota import WINDOW, Limits, QuotaStatus, answer
from veo_core.domain.usage import Usage

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)


def usage_at(now: datetime, accepted: list[datetime]) -> Usage:
    """What the store counts at a moment: the accepted jobs of the window, oldest first."""
    return Usage(tuple(sorted(at for at in accepted if at > now - WINDOW)))


def used(count: int) -> Usage:
    return Usage(tuple(NOW - (count - number) * HOUR for number in range(count)))


@pytest.mark.parametrize(
    ("count", "limit", "remaining", "allowed"),
    [
        (0, 3, 3, True),
        (2, 3, 1, True),
        (3, 3, 0, False),
        (5, 3, 0, False),
        (0, 0, 0, False),
        (2, 0, 0, False),
        (0, 1, 1, True),
    ],
)
def test_what_is_left_is_the_limit_less_what_was_used(count: int, limit: int, remaining: int, allowed: bool) -> None:
    found = answer(used(count), limit)

    assert (found.used, found.limit, found.remaining, found.allowed) == (count, limit, remaining, allowed)


def test_nothing_used_means_nothing_to_wait_for() -> None:
    assert answer(Usage(), 5) == QuotaStatus(5, 0, None)


def test_a_limit_of_nothing_never_frees() -> None:
    assert answer(used(3), 0).frees_at is None


def test_a_full_quota_frees_when_its_oldest_leaves_the_window() -> None:
    assert answer(used(3), 3).frees_at == NOW - 3 * HOUR + WINDOW


def test_with_a_lowered_limit_the_moment_is_when_usage_falls_under_it() -> None:
    assert answer(used(5), 3).frees_at == NOW - 3 * HOUR + WINDOW


def test_each_kind_of_job_has_its_own_daily_limit() -> None:
    limits = Limits(videos_per_day=7, upscales_per_day=3, running_per_user=2)

    assert (limits.per_day(JobKind.CREATE), limits.per_day(JobKind.UPSCALE)) == (7, 3)


wishes = st.lists(st.timedeltas(timedelta(0), timedelta(hours=30)), max_size=60)


@given(wishes, st.integers(0, 6))
def test_no_window_ever_holds_more_than_the_limit(waits: list[timedelta], limit: int) -> None:
    now, accepted = NOW, list[datetime]()

    for wait in waits:
        now += wait
        if answer(usage_at(now, accepted), limit).allowed:
            accepted.append(now)

    assert all(usage_at(at, [other for other in accepted if other <= at]).used <= limit for at in accepted)


@given(wishes, st.integers(1, 6), st.integers(1, 6))
def test_a_refused_person_may_ask_exactly_from_the_named_moment(
    waits: list[timedelta], limit: int, lowered: int
) -> None:
    now, accepted = NOW, list[datetime]()
    for wait in waits:
        now += wait
        if answer(usage_at(now, accepted), limit).allowed:
            accepted.append(now)

    found = answer(usage_at(now, accepted), lowered)

    if not found.allowed:
        assert found.frees_at is not None
        assert found.frees_at > now
        assert not answer(usage_at(found.frees_at - MOMENT, accepted), lowered).allowed
        assert answer(usage_at(found.frees_at, accepted), lowered).allowed

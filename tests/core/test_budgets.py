"""Budgets of the whole bot and of a server: what fits, what is named when it does not, and when it would fit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_core.domain.budgets import (
    Account,
    Barrier,
    Budget,
    Budgets,
    Ceilings,
    Demand,
    Scope,
    Spending,
    alerts,
    barriers,
    fits_ever,
    notice,
    strongest,
)
from veo_core.reasons import Reason

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FAST, QUALITY, LARGER = Demand(720, 1), Demand(7640, 1), Demand(160, 0)
DAY, MONTH, VIDEOS = Budget.CREDITS_PER_DAY, Budget.CREDITS_PER_MONTH, Budget.VIDEOS_PER_DAY
TOMORROW = datetime(2026, 11, 26, tzinfo=UTC)
NEXT_MONTH = datetime(2026, 12, 1, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


def spending(ceilings: Ceilings, used: Mapping[Budget, int], scope: Scope = Scope.SERVER) -> Spending:
    return Spending(Account(scope, 7, ceilings), {budget: used.get(budget, 0) for budget in ceilings})


@pytest.mark.parametrize(
    ("ceilings", "used", "demand", "expected"),
    [
        ({}, {}, QUALITY, []),
        ({DAY: 20_000}, {DAY: 19_280}, FAST, []),
        ({DAY: 20_000}, {DAY: 19_281}, FAST, [(Reason.BUDGET_REACHED, TOMORROW)]),
        ({DAY: 20_000}, {DAY: 14_000}, QUALITY, [(Reason.BUDGET_REACHED, TOMORROW)]),
        ({MONTH: 20_000}, {MONTH: 19_500}, FAST, [(Reason.BUDGET_REACHED, NEXT_MONTH)]),
        ({DAY: 1_000, MONTH: 1_000}, {DAY: 500, MONTH: 500}, FAST, [TOMORROW, NEXT_MONTH]),
        ({VIDEOS: 50}, {VIDEOS: 49}, FAST, []),
        ({VIDEOS: 50}, {VIDEOS: 50}, FAST, [(Reason.BUDGET_REACHED, TOMORROW)]),
        ({VIDEOS: 50}, {VIDEOS: 60}, LARGER, []),
        ({VIDEOS: 0}, {}, FAST, [(Reason.VIDEOS_OFF, None)]),
        ({VIDEOS: 0}, {}, LARGER, []),
        ({DAY: 0}, {}, Demand(0, 1), [(Reason.VIDEOS_OFF, None)]),
        ({DAY: 5_000}, {}, QUALITY, [(Reason.VIDEOS_OFF, None)]),
        ({DAY: 5_000}, {DAY: 9_000}, Demand(0, 1), []),
        ({DAY: 5_000}, {DAY: 9_000}, LARGER, [(Reason.BUDGET_REACHED, TOMORROW)]),
    ],
)
def test_what_does_not_fit_is_named_with_the_time_when_it_would(
    ceilings: Ceilings, used: Mapping[Budget, int], demand: Demand, expected: list[object]
) -> None:
    found = barriers(spending(ceilings, used), demand, NOW)

    shown = [(one.reason, one.until) for one in found]
    assert shown == [one if isinstance(one, tuple) else (Reason.BUDGET_REACHED, one) for one in expected]


def test_the_bots_own_budget_has_a_reason_of_its_own() -> None:
    (found,) = barriers(spending({DAY: 1_000}, {DAY: 900}, Scope.BOT), FAST, NOW)

    assert (found.reason, found.until) == (Reason.BOT_BUDGET_REACHED, TOMORROW)


@pytest.mark.parametrize(
    ("now", "next_day", "next_month"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, 999_000, UTC), (2027, 1, 1), (2027, 1, 1)),
        (datetime(2028, 2, 28, 0, 0, tzinfo=UTC), (2028, 2, 29), (2028, 3, 1)),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), (2026, 2, 1), (2026, 2, 1)),
    ],
)
def test_days_and_months_are_those_of_the_calendar(
    now: datetime, next_day: tuple[int, int, int], next_month: tuple[int, int, int]
) -> None:
    full = spending({DAY: 1_000, MONTH: 1_000}, {DAY: 1_000, MONTH: 1_000})

    assert [one.until for one in barriers(full, FAST, now)] == [
        datetime(*next_day, tzinfo=UTC),
        datetime(*next_month, tzinfo=UTC),
    ]


def test_never_is_named_before_any_time_and_the_latest_time_before_others() -> None:
    person = Barrier(Reason.DAILY_LIMIT, NOW + timedelta(hours=1), 5)
    server, bot = Barrier(Reason.BUDGET_REACHED, TOMORROW), Barrier(Reason.BOT_BUDGET_REACHED, TOMORROW)
    never = Barrier(Reason.VIDEOS_OFF, None)
    limit = Barrier(Reason.DAILY_LIMIT, TOMORROW, 5)

    assert strongest([]) is None
    assert strongest([person, server, bot]) is server
    assert strongest([server, bot]) is server
    assert strongest([limit, server]) is limit
    assert strongest([person, server, never, bot]) is never


def test_a_request_weighs_on_its_server_first_and_on_the_bot_where_budgets_are_set() -> None:
    both = Budgets({DAY: 1}, {7: {DAY: 2}, 8: {}})

    assert [(one.scope, one.scope_id) for one in both.of(7)] == [(Scope.SERVER, 7), (Scope.BOT, 0)]
    assert [one.scope for one in both.of(8)] == [Scope.BOT]
    assert [one.scope for one in both.of(None)] == [Scope.BOT]
    assert Budgets().of(7) == ()
    assert [one.scope_id for one in both.accounts] == [7, 0]


def test_what_costs_more_than_a_whole_budget_never_fits() -> None:
    accounts = Budgets({DAY: 5_000}).of(None)

    assert fits_ever(accounts, FAST)
    assert not fits_ever(accounts, QUALITY)


@pytest.mark.parametrize(
    ("used", "thresholds"), [(15_999, []), (16_000, [80]), (19_999, [80]), (20_000, [80, 100]), (25_000, [80, 100])]
)
def test_thresholds_are_reached_at_80_and_at_100_per_cent(used: int, thresholds: list[int]) -> None:
    assert [one.threshold for one in alerts(spending({DAY: 20_000}, {DAY: used}), NOW)] == thresholds


def test_a_limit_of_nothing_warns_of_nothing() -> None:
    assert alerts(spending({DAY: 0, VIDEOS: 0}, {DAY: 700, VIDEOS: 1}), NOW) == ()


def test_a_notice_names_budget_owner_period_and_limit() -> None:
    server = alerts(spending({MONTH: 20_000}, {MONTH: 16_400}), NOW)
    bot = alerts(spending({VIDEOS: 10}, {VIDEOS: 10}, Scope.BOT), NOW)

    assert [notice(one) for one in (*server, bot[-1])] == [
        "The budget `credits_per_month` of server 7 is at least 80 % used for 2026-11 (UTC). The limit is 20 credits.",
        "The budget `videos_per_day_total` of this bot is used up for 2026-11-25 (UTC). The limit is 10 videos.",
    ]


def test_each_alert_has_a_mark_of_its_own_that_fits_into_a_nonce() -> None:
    found = [
        alert
        for ceilings in ({DAY: 1_000, MONTH: 1_000}, {DAY: 1_001, VIDEOS: 1_000})
        for scope in Scope
        for now in (NOW, TOMORROW)
        for alert in alerts(spending(ceilings, dict.fromkeys(Budget, 2_000), scope), now)
    ]

    marks = {alert.mark for alert in found}
    assert len(marks) == len(set(found))
    assert {len(mark) for mark in marks} == {16}


def test_the_budget_that_is_nearest_to_its_end_gives_the_percentage() -> None:
    assert spending({DAY: 3_000, MONTH: 9_000}, {DAY: 1_000, MONTH: 8_999}).percent == 99
    assert spending({DAY: 3_000, VIDEOS: 0}, {}).percent == 100


amounts = st.integers(0, 30_000)
ceilings_drawn = st.dictionaries(st.sampled_from(list(Budget)), amounts, max_size=3)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(ceilings_drawn, st.dictionaries(st.sampled_from(list(Budget)), amounts), amounts, st.integers(0, 1), moments)
def test_admitted_means_that_no_budget_is_passed(
    ceilings: Ceilings, used: Mapping[Budget, int], cost: int, videos: int, now: datetime
) -> None:
    before, demand = spending(ceilings, used), Demand(cost, videos)

    if not barriers(before, demand, now):
        after = before.plus(demand).spent
        grown = [budget for budget in ceilings if after[budget] > before.spent[budget]]
        assert all(after[budget] <= ceilings[budget] for budget in grown)


@given(ceilings_drawn, st.dictionaries(st.sampled_from(list(Budget)), amounts), amounts, st.integers(0, 1), moments)
def test_the_named_time_is_true(
    ceilings: Ceilings, used: Mapping[Budget, int], cost: int, videos: int, now: datetime
) -> None:
    """At that time, with nothing new, the request fits; one moment earlier it does not."""
    demand = Demand(cost, videos)

    found = strongest(barriers(spending(ceilings, used), demand, now))

    if found is not None and found.until is not None:
        assert found.until > now
        over = {budget: 0 for budget in Budget if budget is not MONTH or found.until.day == 1}
        assert strongest(barriers(spending(ceilings, {**used, **over}), demand, found.until)) is None
        assert barriers(spending(ceilings, used), demand, found.until - MOMENT)


@given(ceilings_drawn, st.dictionaries(st.sampled_from(list(Budget)), amounts), amounts, amounts, moments)
def test_a_lower_cost_is_never_refused_where_a_higher_one_is_not(
    ceilings: Ceilings, used: Mapping[Budget, int], one: int, other: int, now: datetime
) -> None:
    low, high = sorted((one, other))

    if not barriers(spending(ceilings, used), Demand(high, 1), now):
        assert not barriers(spending(ceilings, used), Demand(low, 1), now)

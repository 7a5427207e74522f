"""Waits are bounded, spread, and follow from the poll interval."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.values import Dice
from veo_core.domain.catalog import BUILT_IN, Catalog, Model
from veo_core.domain.timing import Timing, backoff

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@given(
    st.integers(-3, 10_000),
    st.timedeltas(timedelta(milliseconds=50), timedelta(hours=1)),
    st.timedeltas(SECOND, timedelta(hours=6)),
    st.floats(0, 1, exclude_max=True),
)
def test_a_backoff_is_never_over_the_longest_nor_under_two_thirds_of_the_first(
    attempt: int, first: timedelta, longest: timedelta, thrown: float
) -> None:
    wait = backoff(attempt, first, longest, Dice(thrown))

    rounding = timedelta(microseconds=1)
    assert min(first, longest) * 2 / 3 - rounding <= wait <= longest


@pytest.mark.parametrize(("attempt", "seconds"), [(0, 5), (1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (99, 60)])
def test_a_backoff_doubles_until_the_longest(attempt: int, seconds: int) -> None:
    assert backoff(attempt, 5 * SECOND, MINUTE, Dice()) == seconds * SECOND


def test_two_bots_do_not_come_back_at_the_same_moment() -> None:
    waits = {backoff(3, 5 * SECOND, MINUTE, Dice(thrown / 10)) for thrown in range(10)}

    assert len(waits) == 10


@pytest.mark.parametrize("model", BUILT_IN, ids=[row.name for row in BUILT_IN])
def test_a_video_is_first_looked_at_when_it_may_be_ready(model: Model) -> None:
    assert Timing().first_look(model, upscale=False) == model.usual_shortest


def test_an_operator_who_looks_often_is_not_kept_waiting_by_the_first_look() -> None:
    pace = Timing(poll_interval=timedelta(seconds=0.5))

    assert pace.first_look(Catalog.of().models["veo31"], upscale=False) == 6 * SECOND


def test_an_upscale_and_an_unknown_model_are_looked_at_soon() -> None:
    assert Timing().first_look(BUILT_IN[0], upscale=True) == 10 * SECOND
    assert Timing().first_look(None, upscale=False) == 10 * SECOND
    assert Timing(poll_interval=SECOND).first_look(None, upscale=False) == 2 * SECOND

"""Credits are counted in whole thousandths, exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_core.domain.money import milli, shown


@pytest.mark.parametrize(
    ("credits_", "thousandths"), [("0", 0), ("0.72", 720), ("7.64", 7640), ("0.0005", 1), ("0.0004", 0)]
)
def test_credits_become_thousandths(credits_: str, thousandths: int) -> None:
    assert milli(Decimal(credits_)) == thousandths


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0"), (720, "0.72"), (7640, "7.64"), (1000, "1"), (10_000, "10"), (1, "0.001")]
)
def test_thousandths_are_shown_as_credits(amount: int, text: str) -> None:
    assert shown(amount) == text


@given(st.integers(0, 10**12))
def test_what_is_shown_is_exact(amount: int) -> None:
    assert milli(Decimal(shown(amount))) == amount

"""What a task cost is read as thousandths of a credit, and nothing that is no price is read as one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_core.provider.answers import parse_answer, parse_cost
from veo_core.provider.records import parse_record, task_report


@pytest.mark.parametrize(
    ("amount", "thousandths"),
    [
        (0.72, 720),
        ("0.72", 720),
        ("7.64", 7640),
        (12, 12_000),
        (0, 0),
        ("0", 0),
        (0.0005, 1),
        (0.0004, 0),
        (1000, 10**6),
    ],
)
def test_an_amount_is_read_from_a_number_and_from_decimal_text(amount: object, thousandths: int) -> None:
    assert parse_cost({"amount": amount, "currency": "credit", "list_amount": 9}) == thousandths


@pytest.mark.parametrize(
    "amount",
    [
        None,
        True,
        -1,
        "-0.1",
        "NaN",
        "sNaN",
        float("nan"),
        float("inf"),
        "Infinity",
        1001,
        "1e999999",
        10**400,
        "",
        "x",
        {},
    ],
)
def test_what_is_no_amount_of_credits_is_no_cost(amount: object) -> None:
    assert parse_cost({"amount": amount, "currency": "credit"}) is None


@pytest.mark.parametrize("cost", [None, 5, "5", [], {}, {"currency": "credit"}, {"amount": 1, "currency": "USD"}])
def test_what_is_no_cost_in_credits_is_none(cost: object) -> None:
    assert parse_cost(cost) is None


def test_the_cost_of_a_record_stands_beside_its_response_or_in_it() -> None:
    cost: dict[str, Any] = {"amount": "0.72", "currency": "credit", "list_amount": "0.9"}
    beside = parse_record({"id": "task-1", "cost": cost, "response": {"success": True}})
    inside = parse_record({"id": "task-1", "response": {"success": True, "cost": cost}})

    assert beside is not None
    assert inside is not None
    assert (beside.cost, inside.cost) == (720, 720)


def test_the_cost_of_an_answer_is_in_its_report() -> None:
    answer = parse_answer({"task_id": "task-1", "cost": {"amount": 7.64, "currency": "credit"}})

    assert task_report(answer).cost == 7640


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_whatever_the_amount_is_reading_it_never_raises(amount: object) -> None:
    cost = parse_cost({"amount": amount, "currency": "credit"})

    assert cost is None or 0 <= cost <= 1_000_000

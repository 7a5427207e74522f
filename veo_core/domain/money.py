"""Credits as whole thousandths: sums of them are exact, whatever is written in a configuration or an answer."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_IN_A_CREDIT = 1000


def milli(amount: Decimal) -> int:
    """Credits → milli-credits; what is finer is rounded half up."""
    return int((amount * _IN_A_CREDIT).to_integral_value(ROUND_HALF_UP))


def shown(amount: int) -> str:
    """Milli-credits as people read them, in credits: `0.72`."""
    whole, rest = divmod(amount, _IN_A_CREDIT)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")

"""Named places between one durable step and the next, where a test can pull the plug; nothing happens by default."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Failpoint(StrEnum):
    """Each boundary of a job's life, in the order a job meets them."""

    BEFORE_RECORD = "before_record"
    AFTER_RECORD = "after_record"
    AFTER_ANSWER = "after_answer"
    BEFORE_STATUS = "before_status"
    AFTER_STATUS = "after_status"
    STATUS_MARKED = "status_marked"
    BEFORE_CLAIM = "before_claim"
    AFTER_CLAIM = "after_claim"
    AFTER_SUBMIT = "after_submit"
    RUNNING_MARKED = "running_marked"
    BEFORE_LOOK = "before_look"
    AFTER_LOOK = "after_poll"
    END_MARKED = "end_marked"
    BEFORE_DOWNLOAD = "before_download"
    AFTER_DOWNLOAD = "after_download"
    DELIVERY_MARKED = "delivery_marked"
    AFTER_DELIVERY = "after_delivery"
    DELIVERED_MARKED = "delivered_marked"


def _nothing(_: Failpoint) -> None:
    """Go on."""


class Failpoints:
    """Holds what is done at each place; the composition root may replace it."""

    on_reach: Callable[[Failpoint], None] = staticmethod(_nothing)


def reached(failpoint: Failpoint) -> None:
    """Tell that this place in a job's life was reached."""
    Failpoints.on_reach(failpoint)

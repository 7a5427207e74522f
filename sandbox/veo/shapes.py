"""The shapes in which the provider was seen to write one and the same fact."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Pending(Enum):
    """How the record of an unfinished task looks."""

    ABSENT = "no response, no finished_at"
    NULL = "response null, finished_at null"
    EMPTY = "response {}"
    RUNNING = "response.data[0].state is running"
    FALSE_START = "response.success false with an error, finished_at null: it still runs"


class Accepted(Enum):
    """How the answer to an accepted asynchronous request looks."""

    BARE = "task_id only"
    SUCCESS = "task_id and success"
    TRACED = "task_id and trace_id"
    FULL = "task_id, success and trace_id"


@dataclass(frozen=True, slots=True)
class Shape:
    """The choices for one task; the defaults are those of the recorded run."""

    accepted: Accepted = Accepted.FULL
    pending: Pending = Pending.ABSENT
    data_as_object: bool = False
    """`data` is an object, as the published schema says, not an array, as every example shows."""
    state: str | None = "succeeded"
    """The word for success, or for a failure without `success: false`; None leaves the key out."""
    with_url: bool = True
    """False: ended without output."""
    video_url: str | None = None
    """Another address than the stand-in's own, for example on a host that is not allowed."""
    uuid_video_id: bool = False
    """`data[].id` is a UUID, not 32 hex digits; fixed when the task is made."""
    iso_times: bool = False
    """`created_at` and `complete_at` as ISO with Z, not as Beijing time without a zone."""
    failed_without_finished_at: bool = False
    """A failed record that leaves `finished_at` out."""
    failed_status: int | None = None
    """HTTP status of a held connection whose task fails; None: the error code's own."""

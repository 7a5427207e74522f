"""The shapes in which the provider was seen to write one and the same fact."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sandbox.veo.contract import JsonObject, JsonValue


class Pending(Enum):
    """How the record of an unfinished task looks."""

    ABSENT = "no response, no finished_at"
    NULL = "response null, finished_at null"
    EMPTY = "response {}"
    RUNNING = "response.data[0].state is running"
    PREVIEW = "response.data[0].state is running, beside the link of a preview"
    PREVIEW_OF_RESPONSE = "response.status is processing, its element has the link of a preview and no state"
    FALSE_START = "response.success false with an error, finished_at null: it still runs"
    SOFT_ERROR = "response.success false with a bare error, no finished_at: it still runs"
    SOFT_FAILURE = "response.success false and nothing else, no finished_at: it still runs"


class Accepted(Enum):
    """How the answer to an accepted asynchronous request looks."""

    BARE = "task_id only"
    SUCCESS = "task_id and success"
    TRACED = "task_id and trace_id"
    FULL = "task_id, success and trace_id"


class Form(Enum):
    """How a record stands around its response."""

    CLASSIC = "id, request, response, times and the account's secrets"
    UNIFIED = "task_id, trace_id and response with status and data"
    FLAT = "task_id and trace_id with status and data beside them"


class Links(Enum):
    """Where the address of a finished video stands."""

    ONE = "data[0].video_url"
    LIST = "data[0].video_url as a list"
    VIDEO_URLS = "data[0].video_urls"
    URLS = "data[0].urls"
    ADDRESSES = "data is a list of addresses"
    BESIDE = "video_url beside data, which is left out"


@dataclass(frozen=True, slots=True)
class Absent:
    """Stands for a field that is left out, where null is a value."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The choices for one task; the defaults are those of the recorded run."""

    accepted: Accepted = Accepted.FULL
    pending: Pending = Pending.ABSENT
    form: Form = Form.CLASSIC
    data_as_object: bool = False
    """`data` is an object, as the published schema says, not an array, as every example shows."""
    state: str | None = "succeeded"
    """The word for success, or for a failure without `success: false`; None leaves the key out."""
    state_key: str = "state"
    """The name of the field with that word: `state` or `status`."""
    response_state: str | None = None
    """A word of state beside `data`, under the same name."""
    with_url: bool = True
    """False: ended without output."""
    url_after: float = 0.0
    """Seconds of the clock from the end until the record shows its link: the end comes first."""
    video_url: str | None = None
    """Another address than the stand-in's own, for example on a host that is not allowed."""
    links: Links = Links.ONE
    error_beside: JsonValue | Absent = Absent()
    """An `error` beside a finished video, in any spelling."""
    items_before: tuple[JsonObject, ...] = ()
    """Other elements of `data` before the video."""
    items_after: tuple[JsonObject, ...] = ()
    """Other elements of `data` behind the video."""
    as_text: frozenset[str] = frozenset()
    """The fields (response, data, error, cost, request) that are written as JSON inside text."""
    failed_twin: bool = False
    """A batch and a listing have a second record of the task, which failed."""
    padding: int = 0
    """Bytes that the record is longer by."""
    cost: JsonValue | Absent = None
    """What the ended task cost; None is the list price, Absent leaves it out."""
    uuid_video_id: bool = False
    """`data[].id` is a UUID, not 32 hex digits; fixed when the task is made."""
    iso_times: bool = False
    """`created_at` and `complete_at` as ISO with Z, not as Beijing time without a zone."""
    failed_without_finished_at: bool = False
    """A failed record that leaves `finished_at` out."""
    failed_status: int | None = None
    """HTTP status of a held connection whose task fails; None: the error code's own."""

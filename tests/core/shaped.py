"""Records of one task in the shapes that the tests of shapes share."""

from __future__ import annotations

from typing import Any

from veo_core.domain.submissions import TaskReport, TaskState, Video
from veo_core.provider.records import parse_record

URL = "https://platform.cdn.acedata.cloud/veo/dd01.mp4"
VIDEO_ID = "253eedc47f1c4eb2a370ed2312168f4b"
VIDEO = Video(URL, VIDEO_ID)
ITEM: dict[str, Any] = {"id": VIDEO_ID, "video_url": URL, "state": "succeeded"}
BARE: dict[str, Any] = {"id": VIDEO_ID, "video_url": URL}
CODED: dict[str, Any] = {"code": "api_error", "message": "Internal server error."}
EMPTY_ERRORS: tuple[Any, ...] = (
    *("", " ", False, 0, [], {}, None, [None], [{}], [""], {"code": None, "message": None}),
    *({"code": "", "message": ""}, {"code": 0, "message": None}, {"error": {}}, "null", "[]", "{}", '""', "false"),
    '{"code": null, "message": ""}',
)
UNIFIED: dict[str, Any] = {"task_id": "task-1", "trace_id": "trace-1"}
ENDED = {"finished_at": 1_790_000_090.5}
OPEN: dict[str, Any] = {"finished_at": None}
UNTOLD: dict[str, Any] = {}


def read(record: dict[str, Any]) -> TaskReport:
    report = parse_record({"id": "task-1"} | record)
    assert report is not None
    return report


def state_of(record: dict[str, Any]) -> TaskState:
    return read(record).state

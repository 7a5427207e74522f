"""Batch answers of 50 records read by records.parse_items, beside json.loads alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import perf_counter

from benchmarks.measure import Comparison, Way
from veo_core.provider.bodies import BATCH_LIMIT
from veo_core.provider.loose_json import parse_object
from veo_core.provider.records import parse_items


def compare_reading(size: int, rounds: int) -> Comparison:
    """Read `size` answers `rounds` times in each way."""
    answer = json.dumps({"items": [_record(number) for number in range(BATCH_LIMIT)], "count": BATCH_LIMIT})
    ours: list[float] = []
    alone: list[float] = []
    for _ in range(rounds):
        ours.append(_timed(_reports, answer, size))
        alone.append(_timed(json.loads, answer, size))
    return Comparison(
        f"{size} batch answers of {BATCH_LIMIT}",
        size,
        Way("parse_items", tuple(ours), "every shape of the API understood"),
        Way("json.loads alone", tuple(alone), f"{len(answer) / 1000:.0f} kB each"),
    )


def _timed(read: Callable[[str], object], answer: str, size: int) -> float:
    began = perf_counter()
    for _ in range(size):
        read(answer)
    return perf_counter() - began


def _reports(answer: str) -> object:
    return parse_items(parse_object(answer) or {})


def _record(number: int) -> dict[str, object]:
    """A record as the API lists them: every other one has its video."""
    task_id = f"00000000-0000-4000-8000-{number:012d}"
    record: dict[str, object] = {
        "id": task_id,
        "trace_id": f"trace-{number}",
        "created_at": 1767225600.0 + number,
        "finished_at": None,
        "request": {
            "action": "text2video",
            "model": "veo31-fast",
            "prompt": f"A lighthouse in storm number {number}, seen from the sea",
            "aspect_ratio": "16:9",
            "async": True,
        },
    }
    if number % 2:
        return record
    video = {"id": f"video-{number}", "video_url": f"https://cdn.acedata.cloud/{task_id}.mp4", "state": "succeeded"}
    response = {"success": True, "task_id": task_id, "trace_id": f"trace-{number}", "data": [video]}
    return record | {"finished_at": 1767225700.0 + number, "response": response}

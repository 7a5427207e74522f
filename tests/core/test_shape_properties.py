"""Whatever JSON comes, it is read, and a finished video in it is never taken for a failure."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.core.shaped import (
    ENDED,
    ITEM,
    OPEN,
    UNTOLD,
    URL,
    VIDEO,
    read,
)
from veo_core.domain.submissions import TaskState
from veo_core.provider.records import count_items, parse_items, parse_record

keys = st.sampled_from(
    [
        *("id", "task_id", "trace_id", "response", "data", "error", "status", "state", "success", "video_url", "urls"),
        *("video_urls", "video_id", "finished_at", "cost", "amount", "currency", "request", "items", "code", "message"),
    ]
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-2, 600)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([URL, "running", "failed", "succeeded", "{}", "[]", "null", '"{}"', '{"data": ["https://a"]}'])
)
junk = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=6)
        | st.dictionaries(keys, inner, max_size=4).map(json.dumps)
        | st.lists(inner, max_size=3).map(json.dumps)
    ),
    max_leaves=20,
)


@given(st.dictionaries(keys, junk, max_size=10))
def test_any_nesting_is_read_without_an_error(record: dict[str, Any]) -> None:
    report = parse_record(record)
    parse_items(record)
    count_items(record)

    assert report is None or (report.state is TaskState.SUCCEEDED) is (report.video is not None)


@given(junk, st.sampled_from([UNTOLD, OPEN, ENDED]), st.none() | st.booleans(), st.booleans())
def test_a_finished_video_beside_any_error_is_a_video(
    error: object, end: dict[str, Any], success: bool | None, flat: bool
) -> None:
    answer = {"success": success, "data": [ITEM], "error": error}

    report = read((answer if flat else {"response": answer}) | end)

    assert (report.state, report.video) == (TaskState.SUCCEEDED, VIDEO)


@given(st.lists(junk, max_size=3), st.lists(junk, max_size=3), junk)
def test_a_finished_video_among_any_other_results_is_never_a_failure(
    before: list[Any], after: list[Any], error: object
) -> None:
    report = read({"response": {"data": [*before, ITEM, *after], "error": error}} | ENDED)

    assert report.state is TaskState.SUCCEEDED


def test_what_is_nested_too_deep_to_follow_is_read_without_an_error() -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]

    report = read({"response": {"data": deep, "error": deep, "video_url": deep, "cost": deep}})

    assert report.state is TaskState.PENDING

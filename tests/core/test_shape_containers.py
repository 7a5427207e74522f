"""Results come in lists, as addresses, as text and twice; the finished one is found in all of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.shaped import (
    CODED,
    ENDED,
    ITEM,
    UNTOLD,
    URL,
    VIDEO,
    VIDEO_ID,
    read,
    state_of,
)
from veo_core.domain.oddities import Oddity
from veo_core.domain.submissions import TaskState, Video
from veo_core.provider.records import by_task, count_items, parse_items, parse_record


@pytest.mark.parametrize(
    "data",
    [
        [ITEM, {"id": "x", "state": "failed"}],
        [{"id": "x", "state": "failed"}, ITEM],
        [{"id": "x", "state": "failed", "video_url": "https://cdn.acedata.cloud/broken.mp4"}, ITEM],
        [{"id": "x", "error": "no"}, ITEM],
        [ITEM, {"id": "x", "state": "running"}],
    ],
)
@pytest.mark.parametrize("end", [UNTOLD, ENDED])
def test_of_several_results_the_finished_one_wins(data: list[Any], end: dict[str, Any]) -> None:
    report = read({"response": {"success": True, "data": data}} | end)

    assert (report.state, report.video) == (TaskState.SUCCEEDED, VIDEO)
    assert Oddity.PARTIAL_RESULT in report.oddities


def test_a_failed_result_beside_one_that_runs_is_not_the_end() -> None:
    assert state_of({"response": {"data": [{"state": "failed"}, {"state": "running"}]}}) is TaskState.PENDING


@pytest.mark.parametrize(
    "response",
    [
        {"data": [{"id": VIDEO_ID, "video_url": [URL, "https://cdn.acedata.cloud/b.mp4"], "state": "succeeded"}]},
        {"data": [{"id": VIDEO_ID, "video_urls": [URL], "state": "succeeded"}]},
        {"data": {"id": VIDEO_ID, "urls": [URL]}},
        {"data": [{"id": VIDEO_ID, "video_url": json.dumps([URL])}]},
        {"data": [[{"id": VIDEO_ID, "video_url": f" {URL} "}]]},
        {"status": "succeeded", "video_url": URL, "video_id": VIDEO_ID},
        {"video_urls": [URL], "video_id": VIDEO_ID, "success": True},
        {"urls": [URL], "video_id": VIDEO_ID, "data": [{"state": "succeeded"}]},
    ],
)
def test_addresses_come_alone_and_in_lists(response: dict[str, Any]) -> None:
    assert read({"response": response} | ENDED).video == VIDEO


@pytest.mark.parametrize("data", [[URL], URL, [[URL]], json.dumps([URL]), ["x", URL]])
def test_data_may_be_addresses_and_nothing_else(data: object) -> None:
    assert read({"response": {"success": True, "data": data}} | ENDED).video == Video(URL, None)
    assert read({"response": {"status": "running", "data": data}}).state is TaskState.PENDING


def test_an_address_beside_data_is_in_the_state_of_data() -> None:
    assert state_of({"response": {"success": True, "video_url": URL, "data": [{"state": "running"}]}}) is (
        TaskState.PENDING
    )


@pytest.mark.parametrize("link", ["pending", "null", "N/A", "ftp://cdn.acedata.cloud/a.mp4", 5, True, {}, [[[[URL]]]]])
def test_what_is_no_web_address_is_no_link(link: object) -> None:
    report = read({"response": {"data": [{"id": VIDEO_ID, "video_url": link, "state": "succeeded"}]}} | ENDED)

    assert (report.state, report.settled) == (TaskState.FAILED, False)


def as_text(value: object, times: int) -> object:
    for _ in range(times):
        value = json.dumps(value)
    return value


@pytest.mark.parametrize("times", [1, 2, 3])
def test_json_may_be_text_at_every_level(times: int) -> None:
    cost = {"amount": "0.72", "currency": "credit"}
    request = {"action": "text2video", "model": "veo31", "prompt": '{"a": 1}'}
    response = {"success": True, "data": as_text([as_text(ITEM, times)], times), "error": as_text(None, times)}
    record = ENDED | {"cost": as_text(cost, times), "request": as_text(request, times)}

    report = parse_record(as_text(record | {"id": "task-1", "response": as_text(response, times)}, times))

    assert report is not None
    assert (report.state, report.video, report.cost) == (TaskState.SUCCEEDED, VIDEO, 720)
    assert report.submission is not None
    assert report.submission.prompt == '{"a": 1}'
    assert Oddity.JSON_AS_TEXT in report.oddities


def test_an_error_as_text_is_read_as_the_object_it_is() -> None:
    report = read({"response": {"success": False, "error": json.dumps(CODED)}})

    assert (report.state, report.error_code) == (TaskState.FAILED, "api_error")


def test_json_as_text_is_followed_only_so_deep() -> None:
    assert state_of({"response": as_text({"data": [ITEM]}, 6)} | ENDED) is TaskState.FAILED


def test_items_as_text_are_a_batch() -> None:
    body = {"items": json.dumps([{"id": "task-1", "response": {"data": [ITEM]}}])}

    reports = parse_items(body)

    assert reports is not None
    assert ([report.video for report in reports], count_items(body)) == ([VIDEO], 1)


SUCCESS = {"id": "task-1", "response": {"data": [ITEM]}} | ENDED
FAILURE = {"id": "task-1", "response": {"success": False, "error": CODED}} | ENDED
RUNNING = {"id": "task-1"}


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ((SUCCESS, FAILURE), TaskState.SUCCEEDED),
        ((FAILURE, SUCCESS), TaskState.SUCCEEDED),
        ((RUNNING, SUCCESS, RUNNING), TaskState.SUCCEEDED),
        ((FAILURE, RUNNING), TaskState.PENDING),
        ((RUNNING, FAILURE), TaskState.PENDING),
    ],
)
def test_of_two_records_of_one_task_the_better_one_counts(
    records: tuple[dict[str, Any], ...], state: TaskState
) -> None:
    reports = parse_items({"items": list(records)})

    assert reports is not None
    best = by_task(reports)
    assert list(best) == ["task-1"]
    assert best["task-1"].state is state
    assert Oddity.DUPLICATE_RECORD in best["task-1"].oddities


def test_what_one_of_two_records_lacks_comes_from_the_other() -> None:
    cost = {"amount": 0.72, "currency": "credit"}
    told = FAILURE | {"request": {"prompt": "a cat"}, "created_at": 1_790_000_000, "cost": cost}

    report = by_task(parse_items({"items": [SUCCESS, told]}) or ())["task-1"]

    assert (report.state, report.cost) == (TaskState.SUCCEEDED, 720)
    assert report.submission is not None
    assert (report.submission.prompt, report.created_at) == ("a cat", read({"created_at": 1_790_000_000}).created_at)


def test_a_record_without_an_id_is_the_one_that_was_asked_for() -> None:
    report = parse_record({"status": "succeeded", "data": [ITEM]}, asked="task-7")

    assert report is not None
    assert (report.task_id, report.video) == ("task-7", VIDEO)
    assert parse_record({"count": 0}, asked="task-7") is None


def test_a_time_without_a_zone_is_never_computed_with() -> None:
    assert read({"created_at": "2026-10-20 20:00:00"}).created_at is None
    assert read({"created_at": "2026-10-20T20:00:00"}).created_at is None
    assert (
        read({"created_at": "2026-10-20T20:00:00+08:00"}).created_at == read({"created_at": 1_792_497_600}).created_at
    )

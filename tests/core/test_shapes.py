"""One fact in every shape that the provider's clients and documents know; a finished, paid video always wins."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.shaped import (
    BARE,
    CODED,
    EMPTY_ERRORS,
    ENDED,
    ITEM,
    OPEN,
    UNIFIED,
    UNTOLD,
    URL,
    VIDEO,
    read,
    state_of,
)
from veo_core.domain.oddities import Oddity
from veo_core.domain.submissions import TaskState, Video
from veo_core.provider.answers import FAILURE_WORDS, RUNNING_WORDS, SUCCESS_WORDS
from veo_core.provider.records import parse_record


@pytest.mark.parametrize(
    "record",
    [
        UNIFIED | {"response": {"status": "succeeded", "data": [BARE]}},
        UNIFIED | {"status": "succeeded", "data": [BARE]},
        UNIFIED | {"state": "completed", "data": BARE},
        {"id": "task-1", "trace_id": "trace-1", "status": "finished", "data": [BARE]},
    ],
)
def test_unified_and_flat_records_are_read_like_all_others(record: dict[str, Any]) -> None:
    report = parse_record(record)

    assert report is not None
    assert (report.task_id, report.state, report.video, report.trace_id) == (
        "task-1",
        TaskState.SUCCEEDED,
        VIDEO,
        "trace-1",
    )


@pytest.mark.parametrize("word", ["pending", "running"])
@pytest.mark.parametrize("end", [UNTOLD, OPEN, ENDED])
def test_a_unified_record_that_runs_is_pending(word: str, end: dict[str, Any]) -> None:
    no_results: list[Any] = []
    assert state_of(UNIFIED | {"response": {"status": word, "data": no_results}} | end) is TaskState.PENDING
    assert state_of(UNIFIED | {"status": word} | end) is TaskState.PENDING


def test_a_unified_record_that_failed_is_a_failure_with_its_error() -> None:
    report = read(UNIFIED | {"response": {"status": "failed", "error": CODED}})

    assert (report.state, report.error_code, report.settled) == (TaskState.FAILED, "api_error", True)


@pytest.mark.parametrize("key", ["state", "status"])
@pytest.mark.parametrize("word", [*sorted(RUNNING_WORDS), "In-Progress", "MEDIA_GENERATION_STATUS_ACTIVE", "dreaming"])
def test_a_word_that_is_not_an_end_beats_a_link_wherever_it_stands(word: str, key: str) -> None:
    of_the_item = {"response": {"success": True, "data": [BARE | {key: word}]}}
    of_the_response = {"response": {"success": True, key: word, "data": [BARE]}}
    of_the_record = {key: word, "data": [BARE]}

    for record in (of_the_item, of_the_response, of_the_record):
        report = read(record)
        assert (report.state, report.video) == (TaskState.PENDING, None)
        assert Oddity.LINK_BEFORE_END in report.oddities


@pytest.mark.parametrize("key", ["state", "status"])
@pytest.mark.parametrize("word", [*sorted(FAILURE_WORDS), "FAILED", "MEDIA_GENERATION_STATUS_FAILED"])
@pytest.mark.parametrize("end", [UNTOLD, ENDED])
def test_a_word_of_failure_is_a_failure_also_beside_a_link(word: str, key: str, end: dict[str, Any]) -> None:
    for response in ({"data": [BARE | {key: word}]}, {key: word, "data": [BARE]}):
        report = read({"response": response} | end)
        assert (report.state, report.video, report.settled) == (TaskState.FAILED, None, True)
        assert Oddity.LINK_OF_FAILURE in report.oddities


@pytest.mark.parametrize("key", ["state", "status"])
@pytest.mark.parametrize("word", [*sorted(SUCCESS_WORDS), "Succeeded", "MEDIA_GENERATION_STATUS_SUCCESSFUL"])
def test_every_word_for_success_is_one_wherever_it_stands(word: str, key: str) -> None:
    assert read({"response": {"data": [BARE | {key: word}]}}).video == VIDEO
    assert read({"response": {key: word, "data": [BARE]}}).video == VIDEO
    assert read({key: word, "data": [BARE]}).video == VIDEO


def test_a_word_that_nobody_knows_holds_a_video_until_its_record_ends() -> None:
    record = {"response": {"data": [BARE | {"state": "dreaming"}]}}

    assert state_of(record) is TaskState.PENDING
    assert read(record | ENDED).video == VIDEO


def test_a_number_of_http_in_status_is_no_word() -> None:
    assert read({"response": {"status": 200, "data": [ITEM]}}).video == VIDEO
    assert read({"response": {"status": "200", "data": [ITEM]}}).video == VIDEO


@pytest.mark.parametrize("error", EMPTY_ERRORS, ids=repr)
@pytest.mark.parametrize("item", [ITEM, BARE], ids=["succeeded", "no word"])
@pytest.mark.parametrize("end", [UNTOLD, ENDED])
def test_an_empty_error_beside_a_video_is_none_in_every_spelling(
    error: object, item: dict[str, Any], end: dict[str, Any]
) -> None:
    report = read({"response": {"data": [item], "error": error}} | end)

    assert (report.state, report.video) == (TaskState.SUCCEEDED, VIDEO)
    assert (Oddity.ERROR_BESIDE_VIDEO in report.oddities) is (error is not None)


@pytest.mark.parametrize("error", [CODED, "upstream busy", [CODED], True, 5, {"detail": "x"}])
@pytest.mark.parametrize("success", [None, True, False])
@pytest.mark.parametrize("end", [UNTOLD, OPEN, ENDED])
def test_a_video_that_its_own_word_calls_finished_wins_over_any_error(
    error: object, success: bool | None, end: dict[str, Any]
) -> None:
    report = read({"response": {"success": success, "data": [ITEM], "error": error}} | end)

    assert (report.state, report.video) == (TaskState.SUCCEEDED, VIDEO)
    assert Oddity.ERROR_BESIDE_VIDEO in report.oddities


def test_a_link_without_a_word_is_no_video_where_the_answer_says_failed() -> None:
    assert state_of({"response": {"success": False, "data": [BARE], "error": CODED}}) is TaskState.FAILED
    assert state_of({"response": {"data": [BARE], "error": CODED}} | ENDED) is TaskState.FAILED
    assert state_of({"response": {"data": [BARE]}} | OPEN) is TaskState.PENDING


@pytest.mark.parametrize("error", ["upstream busy", {"message": "busy"}, {"code": None, "message": "busy"}, ["busy"]])
def test_an_error_without_a_code_and_without_an_end_is_no_end(error: object) -> None:
    report = read({"response": {"success": False, "error": error}})

    assert (report.state, report.oddities) == (TaskState.PENDING, {Oddity.SOFT_ERROR})
    assert state_of({"response": {"success": False}}) is TaskState.PENDING
    assert state_of({"response": {"success": False, "error": error}} | ENDED) is TaskState.FAILED


def test_an_error_with_a_code_is_an_end_unless_the_record_says_that_it_runs() -> None:
    response = {"success": False, "error": CODED}

    assert state_of({"response": response}) is TaskState.FAILED
    assert state_of({"response": response} | ENDED) is TaskState.FAILED
    assert state_of({"response": response} | OPEN) is TaskState.PENDING
    assert state_of({"response": response, "status": "running"}) is TaskState.PENDING


@pytest.mark.parametrize(
    "response", [None, {}, {"success": True, "data": []}, {"data": [{"state": "succeeded"}]}, "{}"]
)
def test_an_end_without_a_result_is_not_settled(response: object) -> None:
    report = read({"response": response} | ENDED)

    assert (report.state, report.settled, report.error_code) == (TaskState.FAILED, False, "")
    assert Oddity.END_WITHOUT_RESULT in report.oddities


def test_an_end_without_a_result_that_says_that_it_failed_is_settled() -> None:
    report = read({"response": {"success": False}} | ENDED)

    assert (report.state, report.settled) == (TaskState.FAILED, True)


def test_a_finished_element_of_a_task_that_runs_waits_for_the_end() -> None:
    record = {"response": {"status": "running", "data": [ITEM]}}

    assert state_of(record) is TaskState.PENDING
    assert read(record | ENDED).video == VIDEO


def test_a_word_of_failure_in_a_record_that_still_runs_is_not_settled() -> None:
    report = read({"response": {"status": "failed", "error": CODED}} | OPEN)

    assert (report.state, report.settled) == (TaskState.FAILED, False)


@pytest.mark.parametrize(
    ("record", "candidate"),
    [
        ({"response": {"data": [BARE | {"state": "dreaming"}]}}, VIDEO),
        ({"status": "dreaming", "data": [BARE]}, VIDEO),
        ({"response": {"data": [BARE]}} | OPEN, VIDEO),
        ({"response": {"data": [BARE | {"state": "running"}]}}, None),
        ({"response": {"status": "running", "data": [ITEM]}}, VIDEO),
        ({"response": {"status": "running", "data": [BARE]}}, None),
        ({"response": {"data": [BARE], "success": False}}, None),
        ({"response": {"data": [ITEM]}}, None),
    ],
)
def test_a_link_that_nobody_calls_finished_or_unfinished_is_kept_for_the_last_look(
    record: dict[str, Any], candidate: Video | None
) -> None:
    assert read(record).candidate == candidate


def test_what_is_longer_than_a_log_or_a_request_can_carry_is_cut_or_no_link() -> None:
    error = {"code": "c" * 5000, "message": "m" * 5000}
    report = read({"response": {"success": False, "error": error}} | ENDED)

    assert (len(report.error_code), len(report.error_message)) == (100, 2000)
    assert read({"response": {"data": [ITEM | {"video_url": URL + "x" * 8000}]}} | ENDED).video is None

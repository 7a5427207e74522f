"""Every shape of answer that the contract knows is understood, and every body that is sent is the contract's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.veo.contract import ERRORS
from sandbox.veo.records import SECRETS
from veo_core.domain.submissions import TaskReport, TaskState, Video
from veo_core.provider.answers import Answer, parse_answer
from veo_core.provider.loose_json import parse_object
from veo_core.provider.records import parse_items, parse_record, task_report

URL = "https://platform.cdn.acedata.cloud/veo/dd01.mp4"
VIDEO_ID = "253eedc47f1c4eb2a370ed2312168f4b"
VIDEO = Video(URL, VIDEO_ID)
ITEM: dict[str, Any] = {
    "id": VIDEO_ID,
    "video_url": URL,
    "created_at": "2025-07-25 16:07:43",
    "complete_at": "2025-07-25 16:10:28",
    "state": "succeeded",
}
DONE: dict[str, Any] = {"success": True, "task_id": "task-1", "trace_id": "trace-1", "data": [ITEM]}
ERROR: dict[str, Any] = {"code": "api_error", "message": "Internal server error."}
FAILED: dict[str, Any] = {"success": False, "task_id": "task-1", "trace_id": "trace-1", "error": ERROR}
ENDED = 1_790_000_090.5
ABSENT: Any = object()
SUCCESS_WORDS = ("succeeded", "succeed", "success", "completed", "complete", "finished")


def record(response: Any = ABSENT, finished_at: Any = ABSENT, **more: Any) -> dict[str, Any]:
    """A record of /veo/tasks as the provider sends it; what is ABSENT is left out."""
    fields = {"response": response, "finished_at": finished_at}
    given_fields = {name: value for name, value in fields.items() if value is not ABSENT}
    return {"_id": "6512", "id": "task-1", "type": "videos", "created_at": 1_790_000_000.0, **SECRETS} | (
        given_fields | more
    )


def read(response: Any = ABSENT, finished_at: Any = ABSENT, **more: Any) -> TaskReport:
    report = parse_record(record(response, finished_at, **more))
    assert report is not None
    return report


def with_item(**changes: Any) -> dict[str, Any]:
    item = {name: value for name, value in (ITEM | changes).items() if value is not ABSENT}
    return DONE | {"data": [item]}


@pytest.mark.parametrize("word", [*SUCCESS_WORDS, "SUCCEEDED", "Completed"])
def test_every_word_for_success_is_one(word: str) -> None:
    report = read(with_item(state=word), ENDED)

    assert (report.state, report.video) == (TaskState.SUCCEEDED, VIDEO)


@pytest.mark.parametrize("word", ["failed", "error", "cancelled", "rejected", "FAILED"])
@pytest.mark.parametrize("finished_at", [ABSENT, ENDED])
def test_every_word_for_failure_is_one_even_beside_a_link(word: str, finished_at: object) -> None:
    assert read(with_item(state=word), finished_at).state is TaskState.FAILED


@pytest.mark.parametrize("word", ["running", "pending", "queued", "processing", "submitted"])
@pytest.mark.parametrize("link", [URL, None, ABSENT])
def test_any_other_state_still_runs(word: str, link: object) -> None:
    report = read(with_item(state=word, video_url=link))

    assert (report.state, report.video) == (TaskState.PENDING, None)


@pytest.mark.parametrize("state", [ABSENT, None, ""])
def test_a_link_without_a_state_is_a_video(state: object) -> None:
    assert read(with_item(state=state), ENDED).video == VIDEO


def test_data_may_be_an_object_instead_of_an_array() -> None:
    report = read(DONE | {"data": ITEM}, ENDED)

    assert (report.state, report.video) == (TaskState.SUCCEEDED, VIDEO)


def test_the_first_element_with_a_link_is_the_video() -> None:
    report = read(DONE | {"data": [{"id": "x", "state": "succeeded"}, ITEM]}, ENDED)

    assert report.video == VIDEO


def test_a_video_may_come_without_an_id_of_its_own() -> None:
    assert read(with_item(id=ABSENT), ENDED).video == Video(URL, None)


@pytest.mark.parametrize("success", [ABSENT, None, True])
def test_success_need_not_be_said(success: object) -> None:
    response = {name: value for name, value in (DONE | {"success": success}).items() if value is not ABSENT}

    assert read(response, ENDED).video == VIDEO


@pytest.mark.parametrize("error", [None, {}])
def test_an_empty_error_beside_a_video_is_none(error: object) -> None:
    assert read(DONE | {"error": error}, ENDED).state is TaskState.SUCCEEDED


@pytest.mark.parametrize("response", [ABSENT, None, {}])
@pytest.mark.parametrize("finished_at", [ABSENT, None])
def test_without_a_response_it_still_runs(response: object, finished_at: object) -> None:
    assert read(response, finished_at).state is TaskState.PENDING


@pytest.mark.parametrize("data", [[], {}, None, "", [None], ["x"], 5])
def test_a_response_with_empty_data_still_runs(data: object) -> None:
    assert read(DONE | {"data": data}).state is TaskState.PENDING


@pytest.mark.parametrize("finished_at", [ABSENT, ENDED, "2026-10-05T12:00:00Z"])
def test_a_failure_with_an_error_is_one_unless_it_says_that_it_goes_on(finished_at: object) -> None:
    report = read(FAILED, finished_at)

    assert (report.state, report.error_code, report.error_message) == (
        TaskState.FAILED,
        "api_error",
        "Internal server error.",
    )


@pytest.mark.parametrize("error", [ERROR, "upstream busy", None, ABSENT])
def test_while_finished_at_is_there_and_null_a_failure_still_runs(error: object) -> None:
    response = {name: value for name, value in (FAILED | {"error": error}).items() if value is not ABSENT}

    assert read(response, None).state is TaskState.PENDING


def test_an_error_as_a_bare_string_is_its_message() -> None:
    report = read(FAILED | {"error": "upstream said no"}, ENDED)

    assert (report.state, report.error_code, report.error_message) == (TaskState.FAILED, "", "upstream said no")


@pytest.mark.parametrize("error", [None, ABSENT])
def test_a_failure_that_gives_no_error_is_one_once_it_has_ended(error: object) -> None:
    response = {name: value for name, value in (FAILED | {"error": error}).items() if value is not ABSENT}

    assert read(response, ENDED).state is TaskState.FAILED


@pytest.mark.parametrize("link", [ABSENT, None, ""])
def test_ended_without_a_link_is_a_failure(link: object) -> None:
    assert read(with_item(video_url=link), ENDED).state is TaskState.FAILED


@pytest.mark.parametrize("response", [ABSENT, None, {}, {"success": True, "data": []}])
def test_ended_without_a_response_is_a_failure(response: object) -> None:
    assert read(response, ENDED).state is TaskState.FAILED


@pytest.mark.parametrize("unknown", [None, {}, [], "", "task-1", 0, {"count": 0}, {"_id": "6512"}])
def test_what_has_no_id_is_a_task_that_the_api_does_not_know(unknown: object) -> None:
    assert parse_record(unknown) is None


def test_a_record_without_an_id_is_known_by_its_response() -> None:
    fields = record(DONE, ENDED)
    del fields["id"]

    report = parse_record(fields)

    assert report is not None
    assert report.task_id == "task-1"


def test_the_trace_id_comes_from_the_response_or_else_from_the_record() -> None:
    assert read(DONE, ENDED, trace_id="outer").trace_id == "trace-1"
    assert read(ABSENT, ABSENT, trace_id="outer").trace_id == "outer"


def test_the_operators_account_fields_never_leave_the_wire() -> None:
    report = read(DONE, ENDED, request={"action": "text2video", **SECRETS})

    assert "SECRET" not in repr(report)


def test_a_batch_is_read_whatever_stands_between_its_records() -> None:
    items = [record(DONE, ENDED), None, {}, "x", record(id="task-2")]

    reports = parse_items({"items": items, "count": 5})

    assert reports is not None
    assert [report.task_id for report in reports] == ["task-1", "task-2"]


def test_half_a_character_in_an_answer_does_not_keep_its_job_from_being_stored() -> None:
    half = "\\ud83d"
    text = f'{{"id": "task-1", "trace_id": "a{half}", "response": {{"success": false, "error": "no{half}"}}}}'

    report = parse_record(parse_object(text))

    assert report is not None
    assert f"{report.trace_id}{report.error_message}".encode()


def test_an_empty_batch_is_an_answer() -> None:
    assert parse_items({"items": [], "count": 0}) == ()


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": {}}, {"count": 0}, ERROR])
def test_a_body_without_items_is_no_batch_answer(body: dict[str, Any]) -> None:
    assert parse_items(body) is None


@pytest.mark.parametrize(
    "text",
    ["", "<html>", '{"success": true, "task_id": "dd01', "null", "[]", '"x"', "5", "\x00", "[" * 100_000, "1" * 5000],
    ids=["empty", "html", "cut", "null", "array", "string", "number", "nul", "nested", "digits"],
)
def test_a_body_that_is_no_object_is_nothing(text: str) -> None:
    assert parse_object(text) is None


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_before_the_worker_is_read_without_a_success_field(code: str) -> None:
    answer = parse_answer({"error": {"code": code, "message": ERRORS[code][1]}, "trace_id": "trace-1"})

    assert answer.failed
    assert answer.error is not None
    assert (answer.error.code, answer.error.message, answer.trace_id) == (code, ERRORS[code][1], "trace-1")


@pytest.mark.parametrize(
    ("body", "failed"),
    [
        ({"task_id": "task-1"}, False),
        ({"task_id": "task-1", "success": True}, False),
        ({"task_id": "task-1", "trace_id": "trace-1"}, False),
        ({"task_id": "task-1", "error": None}, False),
        ({"success": False}, True),
        ({"error": "no"}, True),
        ({"error": {"code": None, "message": None}}, False),
        ({"error": {"code": 500}}, True),
        ({"success": False, "error": None}, True),
        ({"success": "false", "task_id": "task-1"}, False),
    ],
)
def test_an_answer_says_by_itself_whether_it_failed(body: dict[str, Any], failed: bool) -> None:
    assert parse_answer(body).failed is failed


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
names = st.sampled_from(["id", "task_id", "data", "error", "success", "state", "video_url", "code", "response"])
values = st.recursive(
    scalars | st.just(URL) | st.sampled_from(SUCCESS_WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=3), inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(names | st.sampled_from(["finished_at", "request", "trace_id"]), values, max_size=8))
def test_whatever_json_comes_reading_it_never_raises(body: dict[str, Any]) -> None:
    answer = parse_answer(body)
    report = parse_record(body)

    assert isinstance(answer, Answer)
    assert report is None or report.task_id
    assert report is None or (report.state is TaskState.SUCCEEDED) is (report.video is not None)


@given(values)
def test_a_video_is_never_seen_without_a_link(data: object) -> None:
    report = task_report(parse_answer({"data": data}))

    assert (report.state is TaskState.SUCCEEDED) is (report.video is not None and report.video.video_url != "")

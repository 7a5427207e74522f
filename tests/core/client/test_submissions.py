"""The real client against the stand-in over real HTTP: each answer to a submission has its own outcome."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest

from sandbox.veo import (
    Accepted,
    Answer,
    ErrorForm,
    FailTask,
    IgnoreAsync,
    Route,
    Shape,
    Slow,
    StandInVeo,
    error_answer,
    html_answer,
    json_answer,
    rate_limited,
)
from sandbox.veo.faults import TRACE_ID
from tests.core.client.calls import (
    POSTED,
    WANTED,
    client_for,
    failure_of,
)
from veo_core.domain.submissions import TaskState, Video
from veo_core.errors import AccountProblem, AnswerLost, Proof, RateLimited, Rejected
from veo_core.provider.client import VeoClient
from veo_core.reasons import Reason


@pytest.mark.parametrize("form", Accepted)
async def test_an_accepted_submission_is_a_pending_task_whatever_else_the_answer_says(
    client: VeoClient, veo: StandInVeo, form: Accepted
) -> None:
    veo.switches.shape = Shape(accepted=form)

    report = await client.submit(WANTED)

    assert (report.state, report.task_id) == (TaskState.PENDING, next(iter(veo.tasks)))


async def test_what_arrives_is_the_contracts_body_and_headers(client: VeoClient, veo: StandInVeo) -> None:
    await client.submit(WANTED)

    sent = veo.submissions[0]
    assert dict(sent.payload) == POSTED | {"aspect_ratio": "16:9"}
    assert sent.headers["accept"] == "application/json"
    assert sent.headers["content-type"] == "application/json"


async def test_a_slash_at_the_end_of_the_address_does_no_harm(session: aiohttp.ClientSession, veo: StandInVeo) -> None:
    report = await client_for(session, veo.base_url + "/").submit(WANTED)

    assert report.task_id in veo.tasks


async def test_a_finished_result_is_taken_where_the_api_ignores_async(client: VeoClient, veo: StandInVeo) -> None:
    veo.switches.delay = 0
    veo.faults.add(Route.VIDEOS, IgnoreAsync())

    report = await client.submit(WANTED)

    task = next(iter(veo.tasks.values()))
    assert report.state is TaskState.SUCCEEDED
    assert report.task_id == task.task_id
    assert report.video == Video(veo.video_url(task.task_id), task.video_id)


@pytest.mark.parametrize(("code", "failed_status"), [("forbidden", None), ("forbidden", 200), ("bad_request", None)])
async def test_a_refusal_that_names_its_task_is_left_to_the_records(
    client: VeoClient, veo: StandInVeo, code: str, failed_status: int | None
) -> None:
    veo.switches.delay = 0
    veo.switches.shape = Shape(failed_status=failed_status)
    veo.faults.add(Route.VIDEOS, IgnoreAsync(), FailTask(code))

    report = await client.submit(WANTED)

    assert (report.state, report.task_id) == (TaskState.PENDING, next(iter(veo.tasks)))


async def test_a_server_error_that_names_its_task_is_left_to_the_records(client: VeoClient, veo: StandInVeo) -> None:
    veo.switches.delay = 0
    veo.faults.add(Route.VIDEOS, IgnoreAsync(), FailTask("api_error"))

    report = await client.submit(WANTED)

    assert (report.state, report.task_id) == (TaskState.PENDING, next(iter(veo.tasks)))


async def test_a_held_connection_longer_than_our_patience_is_a_lost_answer(
    session: aiohttp.ClientSession, veo: StandInVeo
) -> None:
    veo.switches.ignore_async = True

    error = await failure_of(client_for(session, veo.base_url, seconds=0.2).submit(WANTED))

    assert isinstance(error, AnswerLost)
    assert len(veo.tasks) == 1


async def test_a_late_answer_within_the_time_is_taken(client: VeoClient, veo: StandInVeo) -> None:
    veo.faults.add(Route.VIDEOS, Slow(0.2))

    report = await client.submit(WANTED)

    assert report.task_id in veo.tasks


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (error_answer("bad_request", message="image_urls is invalid when generate videos"), Reason.PROVIDER_REFUSED),
        (error_answer("bad_request", message="action is invalid."), Reason.PROVIDER_REFUSED),
        (error_answer("bad_request", message="model is invalid."), Reason.MODEL_RETIRED),
        (error_answer("bad_request", message="model is not supported"), Reason.MODEL_RETIRED),
        (error_answer("bad_request", message="model is not supported", form=ErrorForm.STRING), Reason.MODEL_RETIRED),
        (error_answer("bad_request").with_status(200), Reason.MODEL_RETIRED),
        (error_answer("forbidden"), Reason.MODERATED),
        (error_answer("forbidden", success=False), Reason.MODERATED),
        (error_answer("forbidden").with_status(200), Reason.MODERATED),
        (error_answer("forbidden", form=ErrorForm.STRING), Reason.MODERATED),
        (html_answer(413), Reason.PROMPT_TOO_LONG),
        (json_answer({"success": True, "error": {"code": "odd", "message": "?"}}), Reason.PROVIDER_FAILED),
    ],
)
async def test_a_refused_request_is_rejected_with_its_reason(
    client: VeoClient, veo: StandInVeo, answer: Answer, reason: Reason
) -> None:
    veo.faults.add(Route.VIDEOS, answer)

    error = await failure_of(client.submit(WANTED))

    assert isinstance(error, Rejected)
    assert error.reason is reason


@pytest.mark.parametrize(
    "answer",
    [
        error_answer("no_token"),
        error_answer("token_mismatched"),
        error_answer("token_mismatched").with_status(401),
        error_answer("invalid_token"),
        error_answer("token_expired"),
        error_answer("disabled"),
        error_answer("disabled").with_status(400),
        error_answer("used_up"),
        error_answer("used_up").with_status(200),
        error_answer("used_up", form=ErrorForm.STRING),
        error_answer("not_applied"),
        error_answer("permission_denied"),
        error_answer("api_not_implemented"),
        error_answer("no_api"),
    ],
)
async def test_an_account_problem_is_the_operators(client: VeoClient, veo: StandInVeo, answer: Answer) -> None:
    veo.faults.add(Route.VIDEOS, answer)

    error = await failure_of(client.submit(WANTED))

    assert isinstance(error, AccountProblem)
    assert error.code


@pytest.mark.parametrize("code", ["disabled", "no_token", "token_mismatched", "used_up"])
async def test_an_account_problem_in_a_bare_string_is_still_one(client: VeoClient, veo: StandInVeo, code: str) -> None:
    veo.faults.add(Route.VIDEOS, error_answer(code, form=ErrorForm.STRING))

    assert isinstance(await failure_of(client.submit(WANTED)), AccountProblem)


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (400, "Prompt exceeds the token limit", Reason.PROMPT_TOO_LONG),
        (400, "image_urls is invalid for a disabled feature", Reason.PROVIDER_REFUSED),
        (403, "This feature is disabled for prompts with public figures", Reason.MODERATED),
    ],
)
@pytest.mark.parametrize("bare", [False, True])
async def test_words_about_one_request_do_not_pause_everybodys(
    client: VeoClient, veo: StandInVeo, status: int, message: str, reason: Reason, bare: bool
) -> None:
    code = "bad_request" if status == 400 else "forbidden"
    form = ErrorForm.STRING if bare else ErrorForm.OBJECT
    veo.faults.add(Route.VIDEOS, error_answer(code, message=message, form=form))

    error = await failure_of(client.submit(WANTED))

    assert isinstance(error, Rejected)
    assert error.reason is reason


@pytest.mark.parametrize(
    "message",
    [
        "For model veo3 the resolution 4k is not supported",
        "model veo31: image_urls is invalid when generate videos",
        "aspect_ratio is invalid for this model",
        "action is not supported by the model",
    ],
)
async def test_a_refused_field_does_not_take_the_model_away_from_everybody(
    client: VeoClient, veo: StandInVeo, message: str
) -> None:
    veo.faults.add(Route.VIDEOS, error_answer("bad_request", message=message))

    error = await failure_of(client.submit(WANTED))

    assert isinstance(error, Rejected)
    assert error.reason is Reason.PROVIDER_REFUSED


@pytest.mark.parametrize(
    "answer",
    [
        error_answer("invalid_token", form=ErrorForm.MISSING),
        error_answer("token_expired", form=ErrorForm.NULL),
        html_answer(401),
        html_answer(402),
        html_answer(403),
    ],
    ids=str,
)
async def test_a_refusal_without_a_word_is_a_lost_answer_that_raises_suspicion_of_the_account(
    client: VeoClient, veo: StandInVeo, answer: Answer
) -> None:
    veo.faults.add(Route.VIDEOS, answer)

    error = await failure_of(client.submit(WANTED))

    assert isinstance(error, AnswerLost)
    assert error.account is not None
    assert error.account.proof is Proof.LIKELY


async def test_a_wrong_token_is_an_account_problem_and_creates_nothing(
    session: aiohttp.ClientSession, veo: StandInVeo
) -> None:
    error = await failure_of(client_for(session, veo.base_url, token="wrong").submit(WANTED))

    assert isinstance(error, AccountProblem)
    assert error.code == "invalid_token"
    assert not veo.tasks


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None),
        ("7", timedelta(seconds=7)),
        ("0.5", timedelta(seconds=0.5)),
        ("Mon, 05 Oct 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Mon, 05 Oct 2026 11:00:00 GMT", timedelta(0)),
        ("86400", timedelta(hours=1)),
        ("soon", None),
    ],
)
@pytest.mark.parametrize("look", [False, True])
async def test_429_says_when_to_come_back_where_it_knows(
    client: VeoClient, veo: StandInVeo, header: str | None, wait: timedelta | None, look: bool
) -> None:
    veo.faults.add(Route.TASKS if look else Route.VIDEOS, rate_limited(header))

    error = await failure_of(client.fetch(["task-1"]) if look else client.submit(WANTED))

    assert isinstance(error, RateLimited)
    assert error.retry_after == wait


@pytest.mark.parametrize("form", ErrorForm)
async def test_429_is_one_however_its_error_is_written(client: VeoClient, veo: StandInVeo, form: ErrorForm) -> None:
    veo.faults.add(Route.VIDEOS, error_answer("too_many_requests", form=form))

    assert isinstance(await failure_of(client.submit(WANTED)), RateLimited)


async def test_the_trace_id_and_the_code_reach_the_operator(client: VeoClient, veo: StandInVeo) -> None:
    veo.faults.add(Route.VIDEOS, error_answer("forbidden", message="no cats"))

    error = await failure_of(client.submit(WANTED))

    assert (error.code, error.message, error.trace_id) == ("forbidden", "no cats", TRACE_ID)

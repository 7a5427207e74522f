"""The contract's table, row by row: what each answer to a submission means, and what it allows."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.core.values import NOW
from veo_core.domain.failures import failure_reason
from veo_core.domain.submissions import Submission, TaskReport, TaskState, Video
from veo_core.errors import AccountProblem, AnswerLost, Proof, ProviderError, RateLimited, Rejected
from veo_core.provider.refusals import Reply, of_submission
from veo_core.reasons import Reason

TASK = "dd01fc69-e1f7-4b3a-9c55-1d2f3e4a5b6c"
ASKED = Submission("text2video", "veo31-fast", "A lighthouse in a storm")
WITH_IMAGE = Submission("image2video", "veo31-fast", "A lighthouse in a storm", ("https://cdn.discordapp.com/1.png",))
PAGE = "<html><head><title>404</title></head><body><center>nginx</center></body></html>"


def verdict(
    status: int, body: object, asked: Submission = ASKED, *, retry_after: str | None = None
) -> TaskReport | ProviderError:
    text = body if isinstance(body, str) else json.dumps(body)
    return of_submission(Reply(status, text, retry_after), asked, NOW)


def coded(code: str, message: str = "no") -> object:
    return {"error": {"code": code, "message": message}, "trace_id": "trace-1"}


@pytest.mark.parametrize("status", [200, 201, 302, 303, 307, 400, 401, 403, 404, 418, 429, 500, 502, 503])
@pytest.mark.parametrize(
    "body",
    [
        {"task_id": TASK},
        {"task_id": TASK, "success": False},
        {"task_id": TASK, "error": {"code": "used_up", "message": "no"}},
        {"task_id": TASK, "success": False, "error": {"code": "forbidden", "message": "no"}},
        {"error": {"code": "api_error", "message": "no", "task_id": TASK}},
        {"data": {"task_id": TASK}},
        {"success": True, "response": [{"task_id": TASK}]},
        {"detail": "busy", "code": "busy", "task_id": TASK},
        json.dumps(json.dumps({"task_id": TASK})),
        f'<html><pre>{{"task_id": "{TASK}"}}</pre></html>',
        f"<html>task_id={TASK}</html>",
        f"<html>{{&quot;task_id&quot;: &quot;{TASK}&quot;}}</html>",
        f'{{"success": true, "task_id": "{TASK}", "trace',
    ],
    ids=str,
)
def test_an_answer_that_names_a_task_is_an_acceptance_whatever_its_status_says(status: int, body: object) -> None:
    report = verdict(status, body)

    assert isinstance(report, TaskReport)
    assert (report.state, report.task_id) == (TaskState.PENDING, TASK)


def test_a_number_is_a_tasks_name_too() -> None:
    report = verdict(404, {"task_id": 4711})

    assert isinstance(report, TaskReport)
    assert report.task_id == "4711"


@pytest.mark.parametrize(
    "body",
    [
        '{"success": true, "task_id": "dd01fc69-e1f7-4b',
        {"task_id": ""},
        {"task_id": None},
        {"task_id": True},
        {"task_id": 0},
        {"task_id": "0"},
        {"task_id": "null"},
        {"task_id": "None"},
        '<html>{"task_id": "null"}</html>',
        {"task_id": "two words"},
        {"task_id": "x" * 500},
        {"request": {"task_id": TASK}},
        {"message": f'{{"task_id": "{TASK}"}}'},
    ],
    ids=str,
)
def test_half_a_name_and_a_name_in_a_sentence_are_none(body: object) -> None:
    assert isinstance(verdict(200, body), AnswerLost)


def test_a_page_that_repeats_a_prompt_names_no_task() -> None:
    prompt = f'"task_id": "{TASK}"'

    assert isinstance(verdict(502, f"<html>{prompt}</html>", Submission("text2video", "veo3", prompt)), AnswerLost)


def test_a_finished_video_is_taken_from_the_answer_itself() -> None:
    body = {
        "success": True,
        "task_id": TASK,
        "data": [{"id": "v", "video_url": "https://x/v.mp4", "state": "succeeded"}],
    }

    report = verdict(200, body)

    assert isinstance(report, TaskReport)
    assert (report.state, report.video) == (TaskState.SUCCEEDED, Video("https://x/v.mp4", "v"))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {}),
        (200, "null"),
        (200, PAGE),
        (200, {"success": False}),
        (200, {"error": "something is wrong"}),
        (200, {"error": "Your balance is used up"}),
        (200, coded("api_error")),
        (202, {"success": True}),
        (204, ""),
        (301, ""),
        (302, coded("used_up")),
        (307, {"error": {"code": "bad_request", "message": "model is not supported"}}),
        (400, PAGE),
        (400, {}),
        (400, {"error": None}),
        (404, PAGE),
        (404, {"success": False}),
        (408, coded("timeout")),
        (408, coded("used_up")),
        (451, PAGE),
        (500, coded("api_error")),
        (500, coded("used_up")),
        (503, coded("busy")),
        (504, coded("timeout")),
        (600, coded("bad_request")),
    ],
    ids=str,
)
def test_what_proves_nothing_is_a_lost_answer(status: int, body: object) -> None:
    assert isinstance(verdict(status, body), AnswerLost)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (429, PAGE, ""),
        (429, "", ""),
        (429, {}, ""),
        (429, coded("too_many_requests"), "too_many_requests"),
        (200, coded("too_many_requests"), "too_many_requests"),
        (400, coded("busy"), "busy"),
        (400, {"detail": "later", "code": "BUSY"}, "BUSY"),
    ],
    ids=str,
)
def test_429_in_any_form_and_busy_are_asked_again_later(status: int, body: object, code: str) -> None:
    error = verdict(status, body, retry_after="7")

    assert isinstance(error, RateLimited)
    assert (error.code, error.retry_after) == (code, timedelta(seconds=7))


KNOWN, LIKELY, WORDS = Proof.KNOWN, Proof.LIKELY, Proof.WORDS


@pytest.mark.parametrize(
    ("status", "body", "proof"),
    [
        (400, coded("no_token"), KNOWN),
        (400, coded("token_mismatched"), KNOWN),
        (401, coded("token_mismatched"), KNOWN),
        (401, coded("invalid_token"), KNOWN),
        (401, coded("token_expired"), KNOWN),
        (401, coded("something_new"), KNOWN),
        (401, {"detail": "Unauthorized"}, LIKELY),
        (402, coded("payment"), KNOWN),
        (400, coded("disabled"), KNOWN),
        (403, coded("disabled"), KNOWN),
        (403, coded("used_up"), KNOWN),
        (403, coded("USED_UP"), KNOWN),
        (200, coded("used_up"), KNOWN),
        (400, coded("api_not_implemented"), KNOWN),
        (404, coded("no_api"), KNOWN),
        (403, coded("not_applied"), KNOWN),
        (403, coded("PermissionDenied"), KNOWN),
        (403, {"detail": "You did not apply", "code": "not_applied"}, KNOWN),
        (403, coded("key_limit_reached"), LIKELY),
        (403, coded("key_expired", "This key expired"), LIKELY),
        (403, coded("ip_not_bound", "This address is not bound"), LIKELY),
        (403, {"detail": "This key may not use the API", "code": "api_not_allowed"}, LIKELY),
        (403, {"error": "Your balance is not sufficient"}, LIKELY),
        (403, {"error": {"message": "Access denied by the policy of your organization"}}, LIKELY),
        (400, coded("insufficient_quota"), LIKELY),
        (400, {"error": "No token specified for the request."}, WORDS),
        (400, {"error": {"message": "Your application has been disabled"}}, WORDS),
    ],
    ids=str,
)
def test_the_operators_trouble_is_the_operators(status: int, body: object, proof: Proof) -> None:
    error = verdict(status, body)

    assert isinstance(error, AccountProblem)
    assert error.proof is proof
    assert error.code


@pytest.mark.parametrize("status", [401, 402, 403])
@pytest.mark.parametrize("body", [PAGE, "", {}, {"error": None, "trace_id": "t"}], ids=str)
def test_a_bare_refusal_of_the_account_is_a_lost_answer_with_a_suspicion(status: int, body: object) -> None:
    error = verdict(status, body)

    assert isinstance(error, AnswerLost)
    assert error.account is not None
    assert error.account.proof is LIKELY


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (403, coded("forbidden"), Reason.MODERATED),
        (200, coded("forbidden"), Reason.MODERATED),
        (403, coded("CONTENT_REJECTED"), Reason.MODERATED),
        (400, coded("content_policy_violation"), Reason.MODERATED),
        (400, coded("ContentPolicyViolation"), Reason.MODERATED),
        (400, coded("bad_request", "Your prompt violates our usage policies."), Reason.MODERATED),
        (400, coded("api_error", "The content policy does not allow this."), Reason.MODERATED),
        (403, {"error": "The prompt was refused by content moderation."}, Reason.MODERATED),
        (403, {"error": {"message": "This violates the content policy"}}, Reason.MODERATED),
        (400, {"error": "The content filter refused the request"}, Reason.MODERATED),
        (400, coded("bad_request", "The audio was blocked by a filter"), Reason.SOUND_REFUSED),
        (403, coded("forbidden", "The speech in this video is not allowed"), Reason.SOUND_REFUSED),
        (400, coded("bad_request", "prompt is too long, at most 1000 characters"), Reason.PROMPT_TOO_LONG),
        (400, {"error": "The prompt exceeds the limit"}, Reason.PROMPT_TOO_LONG),
        (400, coded("prompt_too_long", "sorry"), Reason.PROMPT_TOO_LONG),
        (413, PAGE, Reason.PROMPT_TOO_LONG),
        (413, coded("payload_too_large"), Reason.PROMPT_TOO_LONG),
        (400, coded("bad_request", "model is not supported"), Reason.MODEL_RETIRED),
        (400, coded("bad_request", "model is invalid."), Reason.MODEL_RETIRED),
        (404, coded("not_found", "models/veo-3.0 is not found for API version v1beta"), Reason.MODEL_RETIRED),
        (400, {"error": "This model models/veo-3.0-generate-001 is no longer available"}, Reason.MODEL_RETIRED),
        (400, coded("bad_request", "No available channel for model veo31"), Reason.MODEL_RETIRED),
        (400, coded("bad_request", "action is invalid."), Reason.PROVIDER_REFUSED),
        (422, coded("odd"), Reason.PROVIDER_REFUSED),
        (409, {"detail": "a conflict"}, Reason.PROVIDER_REFUSED),
        (200, coded("odd"), Reason.PROVIDER_FAILED),
    ],
    ids=str,
)
def test_a_request_that_will_never_work_says_why(status: int, body: object, reason: Reason) -> None:
    error = verdict(status, body)

    assert isinstance(error, Rejected)
    assert error.reason is reason


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Unable to download image_urls[0]", Reason.IMAGE_UNREADABLE),
        ("image_urls[1] could not be fetched", Reason.IMAGE_UNREADABLE),
        ("The image violates our content policy", Reason.IMAGE_REFUSED),
        ("image_urls is invalid when generate videos", Reason.PROVIDER_REFUSED),
    ],
)
def test_a_pictures_fault_says_picture(message: str, reason: Reason) -> None:
    error = verdict(400, coded("bad_request", message), WITH_IMAGE)

    assert isinstance(error, Rejected)
    assert error.reason is reason


def test_without_images_no_picture_is_at_fault() -> None:
    error = verdict(403, coded("forbidden", "No image of a public figure may be made"))

    assert isinstance(error, Rejected)
    assert error.reason is Reason.MODERATED


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("prompt is too long, at most 1000 characters", 1000),
        ("prompt is too long (1500 characters), maximum length is 1,200 characters", 1200),
        ("prompt exceeds the limit of 900 chars", 900),
        ("prompt is too long, at most 200 tokens", None),
        ("prompt is too long, at most 4000 characters", None),
        ("prompt is too long", None),
    ],
)
def test_the_limit_is_the_messages_own_and_never_an_invented_one(message: str, limit: int | None) -> None:
    asked = Submission("text2video", "veo31-fast", "a cat, " * 200)

    error = verdict(400, coded("bad_request", message), asked)

    assert isinstance(error, Rejected)
    assert (error.reason, error.limit) == (Reason.PROMPT_TOO_LONG, limit)


@pytest.mark.parametrize(
    "prompt",
    [
        "the account balance of the old bank is used up",
        "my api key is invalid and the token is expired",
        "a robot whose model is no longer available",
        "no token specified",
    ],
)
@pytest.mark.parametrize("form", ["prompt '{}' cannot be used", "cannot use: {}", '"{}" is bad'])
@pytest.mark.parametrize("spelled", ["whole", "cut", "upper", "escaped"])
def test_words_that_only_repeat_the_prompt_prove_nothing(prompt: str, form: str, spelled: str) -> None:
    said = {
        "whole": prompt,
        "cut": prompt[:-3] + "...",
        "upper": prompt.upper(),
        "escaped": json.dumps(json.dumps("«é»\n" + prompt))[1:-1],
    }[spelled]

    error = verdict(400, {"error": form.format(said)}, Submission("text2video", "veo31-fast", "«é»\n" + prompt))

    assert isinstance(error, Rejected)
    assert error.reason is Reason.PROVIDER_REFUSED


@pytest.mark.parametrize("words", ["model veo31-fast is available", "Your balance is sufficient", "the token is fine"])
def test_without_the_negation_nothing_is_gone_or_used_up(words: str) -> None:
    error = verdict(400, {"error": words})

    assert isinstance(error, Rejected)
    assert error.reason is Reason.PROVIDER_REFUSED


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("forbidden", "", Reason.MODERATED),
        ("FORBIDDEN", "", Reason.MODERATED),
        ("CONTENT_REJECTED", "", Reason.MODERATED),
        ("content-policy-violation", "no", Reason.MODERATED),
        ("moderation_blocked", "", Reason.MODERATED),
        ("api_error", "This content violates our usage policies", Reason.MODERATED),
        ("api_error", "We had an issue with the audio for your prompt", Reason.SOUND_REFUSED),
        ("api_error", "audio encoding failed", Reason.PROVIDER_FAILED),
        ("api_error", "Failed to download image", Reason.IMAGE_UNREADABLE),
        ("forbidden", "the input image shows a minor", Reason.IMAGE_REFUSED),
        ("bad_request", "prompt is too long", Reason.PROMPT_TOO_LONG),
        ("api_error", "This model models/veo-3.0-generate-001 is no longer available.", Reason.MODEL_RETIRED),
        ("api_error", "models/veo-2.0 is not found for API version v1beta", Reason.MODEL_RETIRED),
        ("api_error", "no channel for this model veo31", Reason.MODEL_RETIRED),
        ("api_error", "unsupported model", Reason.MODEL_RETIRED),
        ("used_up", "the upstream balance is empty", Reason.PROVIDER_REFUSED),
        ("api_error", "GPU 17 melted", Reason.PROVIDER_FAILED),
        ("", "", Reason.NO_OUTPUT),
        ("", "it broke", Reason.PROVIDER_FAILED),
    ],
)
def test_a_failed_task_says_why_in_any_spelling(code: str, message: str, reason: Reason) -> None:
    report = TaskReport("task-1", TaskState.FAILED, error_code=code, error_message=message)

    assert failure_reason(report, "A lighthouse in a storm", has_images=True) is reason


def test_a_failed_task_that_repeats_a_prompt_about_models_retires_none() -> None:
    prompt = "a fashion model is no longer available"
    report = TaskReport("task-1", TaskState.FAILED, error_code="api_error", error_message=f"could not make: {prompt}")

    assert failure_reason(report, prompt) is Reason.PROVIDER_FAILED

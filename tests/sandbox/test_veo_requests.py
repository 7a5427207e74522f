"""The stand-in accepts and refuses requests as the provider's contract says."""

from __future__ import annotations

import aiohttp
import pytest

from sandbox.veo import MODELS, Outcome, Settings, StandInVeo
from tests.sandbox.caller import Caller

URL = "http://127.0.0.1:9/a.png"
IMAGES_INVALID = "image_urls is invalid when generate videos"


@pytest.mark.parametrize("model", MODELS)
async def test_each_of_the_seven_models_is_accepted(caller: Caller, model: str) -> None:
    images = {"action": "image2video", "image_urls": [URL]} if model == "veo31-fast-ingredients" else {}

    reply = await caller.submit(model=model, **images)

    assert reply.status == 200
    assert reply.json["task_id"] in caller.veo.tasks


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"action": None}, "action is invalid."),
        ({"action": "dance"}, "action is invalid."),
        ({"model": "veo9"}, "model is invalid."),
        ({"model": 3}, "model is invalid."),
        ({"prompt": None}, "prompt is required."),
        ({"prompt": "  "}, "prompt is required."),
        ({"aspect_ratio": "1:1"}, "aspect_ratio is invalid."),
        ({"resolution": "720p"}, "resolution is invalid."),
        ({"translation": "yes"}, "translation is invalid."),
        ({"async": "true"}, "async is invalid."),
        ({"callback_url": "ftp://127.0.0.1/"}, "callback_url is invalid."),
        ({"image_urls": []}, IMAGES_INVALID),
        ({"image_urls": [URL]}, IMAGES_INVALID),
        ({"model": "veo31-fast-ingredients"}, IMAGES_INVALID),
        ({"action": "image2video"}, IMAGES_INVALID),
        ({"action": "image2video", "image_urls": []}, IMAGES_INVALID),
        ({"action": "image2video", "image_urls": ["data:image/png;base64,iVBORw0KGgo="]}, IMAGES_INVALID),
        ({"action": "image2video", "image_urls": ["iVBORw0KGgo="]}, IMAGES_INVALID),
        ({"action": "image2video", "image_urls": [URL] * 4}, IMAGES_INVALID),
        ({"action": "image2video", "image_urls": [URL] * 2, "model": "veo2-fast"}, IMAGES_INVALID),
        ({"action": "ingredients2video", "image_urls": [URL] * 4}, IMAGES_INVALID),
        ({"action": "get1080p"}, "video_id is required."),
        ({"action": "get1080p", "video_id": "unknown"}, "video_id is invalid."),
    ],
)
async def test_a_request_against_the_contract_is_refused_without_a_task(
    caller: Caller, fields: dict[str, object], message: str
) -> None:
    reply = await caller.submit(**fields)

    assert (reply.status, reply.json["error"]) == (400, {"code": "bad_request", "message": message})
    assert "success" not in reply.json
    assert not caller.veo.tasks
    assert caller.veo.submissions[0].outcome is Outcome.REFUSED


async def test_ingredients2video_forces_the_fusion_model(caller: Caller) -> None:
    task_id = await caller.accepted(action="ingredients2video", model="veo31", image_urls=[URL] * 3)

    assert caller.veo.tasks[task_id].model == "veo31-fast-ingredients"


async def test_a_request_without_a_model_gets_the_servers_default(caller: Caller) -> None:
    task_id = await caller.accepted(model=None)

    assert caller.veo.tasks[task_id].model == "veo3-fast"


async def test_terms_can_retire_models_and_actions_and_moderate_words(caller: Caller) -> None:
    terms = caller.veo.switches.terms
    terms.unsupported_models.add("veo2")
    terms.unsupported_actions.add("ingredients2video")
    terms.moderated_words = ("Gore",)
    terms.max_images = 2

    retired = await caller.submit(model="veo2")
    unknown = await caller.submit(action="ingredients2video", image_urls=[URL])
    moderated = await caller.submit(prompt="some gore")
    crowded = await caller.submit(action="image2video", image_urls=[URL] * 3)

    assert (retired.status, retired.json["error"]["message"]) == (400, "model is not supported")
    assert (unknown.status, unknown.json["error"]["message"]) == (400, "action is invalid.")
    assert (moderated.status, moderated.json["error"]["code"]) == (403, "forbidden")
    assert (crowded.status, crowded.json["error"]["message"]) == (400, IMAGES_INVALID)


@pytest.mark.parametrize(("token", "status", "code"), [(None, 400, "no_token"), ("wrong", 401, "invalid_token")])
async def test_a_submission_needs_the_token_and_a_look_does_not(
    caller: Caller, token: str | None, status: int, code: str
) -> None:
    caller.token = token

    refused = await caller.submit()
    shown = await caller.post("/veo/tasks", {"action": "retrieve", "id": "x"})

    assert (refused.status, refused.json["error"]["code"]) == (status, code)
    assert (shown.status, shown.json) == (200, None)


async def test_bodies_that_are_no_objects_are_refused(caller: Caller) -> None:
    assert (await caller.post("/veo/videos", ["text2video"])).status == 400
    assert (await caller.post("/veo/tasks", "retrieve")).status == 400


async def test_a_body_over_the_limit_is_answered_with_413(session: aiohttp.ClientSession) -> None:
    async with StandInVeo(Settings(max_body=1000)) as veo:
        reply = await Caller(veo, session).submit(prompt="x" * 1001)

    assert reply.status == 413
    assert (veo.submissions[0].status, veo.tasks) == (413, {})


async def test_any_other_path_has_no_api(caller: Caller) -> None:
    reply = await caller.post("/veo/other", {})

    assert (reply.status, reply.json["error"]["code"]) == (404, "no_api")

"""Whose fault an answer is, and whether it was an acceptance: counted in POSTs and in words, with the real process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from runtime.doubted_models import doubted_models
from sandbox.veo import (
    FailTask,
    Fault,
    Naming,
    Route,
    coded_answer,
    detail_answer,
    error_answer,
    html_answer,
    json_answer,
    naming_answer,
)
from tests.process.books import audit
from tests.process.house import House, gathered, open_house

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]

NAMED: dict[str, Fault] = {
    f"{status} naming {naming.value}": naming_answer(status, naming, location="/veo/videos")
    for status, naming in (
        (302, Naming.BARE),
        (303, Naming.IN_PAGE),
        (307, Naming.BARE),
        (404, Naming.BARE),
        (404, Naming.IN_PAGE),
        (401, Naming.BESIDE_ERROR),
        (401, Naming.IN_PAGE),
        (403, Naming.IN_ERROR),
        (429, Naming.BARE),
        (429, Naming.IN_PAGE),
        (200, Naming.BESIDE_ERROR),
        (200, Naming.UNSUCCESSFUL),
        (502, Naming.CUT_AFTER),
    )
}
# Something was taken, and the answer does not say so.
UNNAMED: dict[str, Fault] = {
    "a redirect": html_answer(307, after=True),
    "a page with 404": html_answer(404, after=True),
    "a page with 401": html_answer(401, after=True),
    "a soft error": json_answer({"success": False}, after=True),
}
BLAMED: dict[str, tuple[Fault, str, str]] = {
    "capitals": (FailTask("CONTENT_REJECTED", "SECRET"), "moderated", "Prompt refused"),
    "a policy": (FailTask("api_error", "SECRET: it violates our content policy"), "moderated", "Prompt refused"),
    "the door": (coded_answer("bad_request", "it violates a SECRET policy", status=400), "moderated", "Prompt refused"),
    "a sound": (FailTask("api_error", "SECRET issue with the audio of it"), "sound_refused", "Sound refused"),
    "a length": (
        coded_answer("bad_request", "prompt is too long, at most 5 characters", status=400),
        "prompt_too_long",
        "8 characters; 5 are possible",
    ),
    "an oddity": (coded_answer("odd", "SECRET", status=422), "provider_refused", "tell a moderator this reference"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("verdicts"), {"veo": {"probe_interval": 0.5}}) as furnished:
        await furnished.start()
        furnished.veo.switches.delay = 0.2
        yield furnished


async def spoiled(house: House, name: str, fault: Fault) -> int:
    """The job of somebody whose every submission is answered so."""
    house.veo.faults.add(Route.VIDEOS, fault, times=None, when=lambda body: body.get("prompt") == name)
    return await house.order(house.person(name), name)


async def test_an_answer_that_names_its_task_is_followed_by_no_second_post(house: House) -> None:
    jobs = await gathered(*(spoiled(house, name, fault) for name, fault in NAMED.items()))

    rows = await house.settled(*jobs)

    assert {rows[job_id]["state"] for job_id in jobs} == {"succeeded"}
    assert {name: house.posts(name) for name in NAMED} == dict.fromkeys(NAMED, 1)
    assert await audit(house, *jobs) == []


@pytest.mark.parametrize("name", UNNAMED)
async def test_an_answer_that_hides_its_task_is_searched_for_and_followed_by_no_second_post(
    house: House, name: str
) -> None:
    job_id = await spoiled(house, name, UNNAMED[name])

    rows = await house.settled(job_id)

    assert rows[job_id]["state"] == "succeeded"
    assert house.posts(name) == 1
    assert await audit(house, job_id) == []


async def test_each_refusal_is_told_in_its_own_words(house: House) -> None:
    jobs = await gathered(*(spoiled(house, name, fault) for name, (fault, _, _) in BLAMED.items()))

    rows = await house.settled(*jobs)

    for job_id, (_, reason, words) in zip(jobs, BLAMED.values(), strict=True):
        assert rows[job_id]["reason"] == reason
        (message,) = house.carriers(job_id)
        assert words in message.text
        assert "does not count" in message.text
        assert "SECRET" not in message.text
    assert await audit(house, *jobs) == []


ACCOUNT = {
    "not_applied": detail_answer("not_applied"),
    "permission_denied": coded_answer("permission_denied", "This key may not use the API"),
    "key_limit_reached": coded_answer("key_limit_reached", "This key reached its limit"),
    "no_api": error_answer("no_api"),
}


@pytest.mark.parametrize("code", ACCOUNT)
async def test_any_trouble_with_the_account_keeps_the_place_of_the_job_and_is_told_once(
    house: House, code: str
) -> None:
    owner = house.discord.world.owner_id
    told_before = len(house.discord.dms(owner))
    rule = house.veo.faults.add(Route.VIDEOS, ACCOUNT[code], times=None)

    job_id = await house.order(house.person("anna"), f"patience with {code}")
    await house.discord.wait_until(lambda: len(house.discord.dms(owner)) > told_before)
    await house.until(lambda: rule.used >= 3, "probes")
    notices = [message.content for message in house.discord.dms(owner)[told_before:]]
    state = house.jobs()[job_id]["state"]
    rule.cancel()
    rows = await house.settled(job_id)

    assert state in {"queued", "submitting"}
    assert rows[job_id]["state"] == "succeeded"
    assert len(notices) == 1
    assert f"the Veo API answered `{code}`" in notices[0]
    await house.discord.wait_until(lambda: len(house.discord.dms(owner)) == told_before + 2)
    assert await audit(house, job_id) == []


async def test_a_task_that_fails_for_the_accounts_sake_pauses_until_a_video_is_made(house: House) -> None:
    owner = house.discord.world.owner_id
    told_before = len(house.discord.dms(owner))

    first = await spoiled(house, "an empty balance found late", FailTask("used_up", "SECRET"))
    await house.discord.wait_until(lambda: len(house.discord.dms(owner)) == told_before + 1)
    second = await house.order(house.person("ben"), "the next in the line")
    rows = await house.settled(first, second)

    assert (rows[first]["reason"], rows[second]["state"]) == ("provider_refused", "succeeded")
    await house.discord.wait_until(lambda: len(house.discord.dms(owner)) == told_before + 2)
    paused, running = (message.content for message in house.discord.dms(owner)[told_before:])
    assert "the Veo API answered `used_up`" in paused
    assert running == "Submissions are running again."
    assert await audit(house, first, second) == []


async def test_a_prompt_that_speaks_of_accounts_and_models_holds_up_nobody(house: House) -> None:
    prompts = ["the account balance of the bank is used up", "a model is no longer available"]
    for prompt in prompts:
        answer = json_answer({"error": f"cannot make '{prompt}'"}, status=400)
        house.veo.faults.add(Route.VIDEOS, answer, times=None, when=lambda body, it=prompt: body.get("prompt") == it)

    jobs = await gathered(*(house.order(house.person("odd"), prompt) for prompt in prompts))
    after = await house.order(house.person("ben"), "somebody else's video")
    rows = await house.settled(*jobs, after)

    assert [rows[job_id]["reason"] for job_id in jobs] == ["provider_refused", "provider_refused"]
    assert rows[after]["state"] == "succeeded"
    assert doubted_models(house.database) == []
    assert await audit(house, *jobs, after) == []


async def test_busy_is_asked_again_later(house: House) -> None:
    house.veo.faults.add(Route.VIDEOS, error_answer("busy"), times=2)

    job_id = await house.order(house.person("anna"), "a busy provider")
    rows = await house.settled(job_id)

    assert rows[job_id]["state"] == "succeeded"
    assert house.posts("a busy provider") == 3
    assert await audit(house, job_id) == []


async def test_a_retired_model_costs_one_refusal_across_a_restart_and_check_says_so(house: House) -> None:
    house.veo.switches.terms.unsupported_models.add("veo2")
    anna = house.person("anna")

    first = await house.order(anna, "an old model", model="veo2")
    rows = await house.settled(first)
    await house.restart()
    told = await house.told(anna, "veo create", {"prompt": "an old model again", "model": "veo2"})
    house.veo.switches.terms.unsupported_models.clear()

    assert rows[first]["reason"] == "model_retired"
    assert "This model is not available" in told
    assert house.posts("an old model") + house.posts("an old model again") == 1
    (line,) = doubted_models(house.database)
    assert line.startswith("model veo2: ")
    assert await audit(house, first) == []


async def test_none_of_this_was_unforeseen(house: House) -> None:
    await house.settled()

    assert "Traceback" not in house.log_of_all_lives

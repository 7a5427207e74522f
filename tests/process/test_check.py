"""`check` says what is wrong, each in one line with a next step, and shows no secret wherever it was pasted."""

from __future__ import annotations

import pytest

from sandbox.discord import BOT, ErrorCode, Permission, RateLimit, Refuse
from tests.process.house import DISCORD_TOKEN, VEO_TOKEN, House

pytestmark = pytest.mark.process

KEY = "0123456789abcdef0123456789abcdef"
ACCOUNT = f"platform-v1-{KEY}{KEY}"


def problems(text: str) -> list[str]:
    return [line.removeprefix("PROBLEM ") for line in text.splitlines() if line.startswith("PROBLEM ")]


async def test_when_all_is_right_check_ends_with_0_and_claims_nothing_of_the_veo_token(house: House) -> None:
    code, text = await house.answered("check")

    assert (code, problems(text)) == (0, [])
    assert "knows the token" not in text
    assert "whether veo.api_token is good shows with the first video" in text
    assert "servers: 1" in text


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("token", "words"),
    [
        (f"{VEO_TOKEN}\nsecond-line", "veo.api_token cannot be a token"),
        (f"{VEO_TOKEN} and more", "veo.api_token cannot be a token"),
        (ACCOUNT, "veo.api_token is an account token"),
        (f"Bearer {ACCOUNT}", "veo.api_token is an account token"),
        ('""', "veo.api_token is missing"),
    ],
    ids=["a line break", "a blank", "an account token", "one with Bearer", "only quotes"],
)
async def test_check_and_run_say_the_same_of_a_token(house: House, command: str, token: str, words: str) -> None:
    code, text = await house.answered(command, ACEDATACLOUD_API_TOKEN=token)

    assert code == 1
    assert len([line for line in text.splitlines() if words in line]) == 1
    assert "Traceback" not in text
    assert not any(secret in text for secret in (VEO_TOKEN, ACCOUNT, "second-line"))


async def test_tokens_pasted_with_blanks_quotes_and_a_prefix_work(house: House) -> None:
    await house.start(DISCORD_TOKEN=f'"Bot {DISCORD_TOKEN}"', ACEDATACLOUD_API_TOKEN=f"\ufeffBearer {VEO_TOKEN}\r\n")

    job_id = await house.order(house.person("anna"), "from a pasted key")

    assert (await house.settled())[job_id]["state"] == "succeeded"


async def test_permissions_that_cannot_be_read_are_a_problem(house: House) -> None:
    house.discord.faults.add("GET", "/guilds/{guild_id}/channels", Refuse(ErrorCode.MISSING_ACCESS))

    code, text = await house.answered("check")

    assert code == 1
    assert "the permissions in Films could not be read" in problems(text)[0]


async def test_a_discord_that_asks_to_wait_is_a_problem_and_check_does_not_wait(house: House) -> None:
    house.discord.faults.add("GET", "/users/@me", RateLimit(3600))

    code, text = await house.answered("check")

    assert code == 1
    assert any("it asks to wait for 3600 seconds" in problem for problem in problems(text))


async def test_a_missing_permission_names_the_channel_and_the_way_out(house: House) -> None:
    house.discord.add_channel(house.guild, "silent", permissions=BOT & ~Permission.ATTACH_FILES)

    code, text = await house.answered("check")

    assert code == 1
    assert problems(text) == ["missing in Films: Attach Files in #silent: give it to the bot's role or in the channel"]


async def test_services_that_cannot_be_reached_are_one_line_each_without_names_of_classes(house: House) -> None:
    house.configure({"discord": {"api_base": "http://127.0.0.1:9/api/v10"}, "veo": {"api_base": "http://127.0.0.1:9"}})

    code, text = await house.answered("check")

    assert code == 1
    assert problems(text) == [
        "Veo API: veo.api_base cannot be used: nobody answers there; check the address and the network",
        "Discord: discord.api_base cannot be used: nobody answers there; try again later",
    ]


@pytest.mark.parametrize(
    "place",
    [
        {"veo": {"api_base": f"http://127.0.0.1:9/{KEY}"}},
        {"discord": {"api_base": f"http://127.0.0.1:9/{ACCOUNT}"}},
        {"storage": {"path": f"/dev/null/{KEY}"}},
        {"veo": {"default_model": KEY}},
        {"discord": {"operator_channel_id": ACCOUNT}},
        {f"veo.models.{KEY}": {"min_images": 3, "max_images": 1}},
        {"server": {"host": ACCOUNT, "port": 1}},
    ],
    ids=["the API's address", "Discord's address", "the path", "the model", "a channel", "a model's name", "the host"],
)
@pytest.mark.parametrize("command", ["check", "run"])
async def test_a_token_in_a_wrong_place_is_not_printed(
    house: House, command: str, place: dict[str, dict[str, object]]
) -> None:
    house.configure(place)

    await house.launch(command=command)
    if command == "run" and "api_base" in str(place):
        # With such an address the bot goes on trying.
        await house.until(lambda: "[warning" in house.log or "[error" in house.log, "trouble in the log")
        await house.stop()
    else:
        await house.ended()

    assert not any(secret in house.log for secret in (KEY, ACCOUNT))


async def test_check_warns_in_one_line_while_every_server_may_spend(house: House) -> None:
    code, text = await house.answered("check")
    house.configure({"discord": {"servers": [house.guild]}})
    _, afterwards = await house.answered("check")

    house.configure({"discord": {"servers": [house.guild], "direct_messages": True}})
    _, with_direct_messages = await house.answered("check")

    (line,) = (line for line in text.splitlines() if line.startswith("WARNING"))
    assert code == 0
    assert "WARNING discord.direct_messages is true" in with_direct_messages
    assert "discord.servers is empty" in line
    assert "WARNING" not in afterwards

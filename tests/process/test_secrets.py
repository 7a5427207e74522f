"""After a full run with faults nothing that the bot wrote anywhere holds a token or a field of the account."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.discord import Drop, ErrorCode, Refuse
from sandbox.veo import SECRETS, FailTask, Redirect, Reset, Route, error_answer, html_answer
from tests.process.house import DISCORD_TOKEN, VEO_TOKEN, House, open_house, spoken

pytestmark = pytest.mark.process

HIDDEN = [DISCORD_TOKEN, VEO_TOKEN, *map(str, SECRETS.values())]
WORDS = "provider's own words"
FAULTS = {
    "a lost answer": Reset(after=True),
    "a page": html_answer(502, after=True),
    "a moderated task": FailTask("forbidden", f"{WORDS} {VEO_TOKEN}"),
    "a refused request": error_answer("bad_request", message=f"{WORDS} {VEO_TOKEN}"),
}


async def troubled_evening(house: House) -> None:
    """Every kind of trouble that writes something: lost answers, refusals, a bad payload, a crash, an outage."""
    anna = house.person("anna")
    for prompt, fault in FAULTS.items():
        house.veo.faults.add(Route.VIDEOS, fault, when=lambda body, prompt=prompt: body.get("prompt") == prompt)
    house.veo.faults.add(Route.MEDIA, Redirect("http://localhost:1/elsewhere.mp4"))
    house.discord.faults.add("POST", "/channels/*", Drop(), after=True, times=1, when=lambda one: spoken(1, one))
    house.discord.faults.add("PATCH", "/channels/*", Refuse(ErrorCode.OVERLOADED), times=1)
    await house.start()
    first = await house.order(anna, "all is well")
    for prompt in FAULTS:
        await house.order(anna, prompt)
    video = await house.result(first)
    await house.discord.click(anna, video, "1080p")
    for line in ("veo status", "veo history", "veo quota", "veo models", "veo help"):
        await house.told(anna, line)
    await house.settled()


async def wrong_accounts(house: House) -> None:
    """Both tokens refused while it runs: by the provider first, then by Discord, for good."""
    house.veo.switches.refuse_submissions = "invalid_token"
    await house.order(house.person("ben"), "never sent")
    await house.discord.wait_for_message(channel_id=house.discord.dm_channel(house.discord.world.owner_id))
    house.discord.token = "revoked"
    house.discord.gateway.send_malformed()
    assert await house.ended() == 1


def written(house: House, folder: Path) -> dict[str, bytes]:
    """Everything the process left: its log, its files, every request to Discord, every message."""
    requests = [[one.path, one.query, one.headers, one.body, list(one.files)] for one in house.discord.traffic.requests]
    kept = {"log": house.log_of_all_lives.encode(), "requests to Discord": json.dumps(requests).encode()}
    said = [[one.text, [old.content for old in one.revisions]] for one in house.discord.world.messages.values()]
    kept["messages"] = json.dumps(said).encode()
    return kept | {path.name: path.read_bytes() for path in folder.glob(f"{house.database.name}*")}


def command_line(house: House) -> bytes:
    """What anybody on the machine sees of the process."""
    assert house.process is not None
    return Path(f"/proc/{house.process.pid}/cmdline").read_bytes()


@pytest.mark.parametrize("style", ["text", pytest.param("json", marks=pytest.mark.slow)])
async def test_nothing_a_troubled_run_wrote_holds_a_secret(tmp_path: Path, style: str) -> None:
    async with open_house(tmp_path, {"log": {"level": "debug", "format": style}}) as house:
        await troubled_evening(house)
        shown = {"command line": command_line(house)}
        await wrong_accounts(house)
        found = written(house, tmp_path) | shown

    leaks = [(place, secret) for place, content in found.items() for secret in HIDDEN if secret.encode() in content]
    assert leaks == []
    assert [place for place, content in found.items() if WORDS.encode() in content] == ["log"]
    assert b"identify" in found["log"].lower()
    assert b"a lost answer" in found["veobot.sqlite3"] + found.get("veobot.sqlite3-wal", b"")
    assert b"all is well" in found["messages"]

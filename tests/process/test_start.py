"""Starting, stopping, and what an operator can get wrong."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from sandbox.discord import MEMBER, Permission
from sandbox.veo import Hang, Reset, Route
from tests.process.books import audit
from tests.process.house import House, gathered

pytestmark = pytest.mark.process

SECONDS = 8.0


def picture(house: House, name: str, color: str) -> dict[str, object]:
    made = BytesIO()
    Image.new("RGB", (320, 180), color).save(made, "PNG")
    return house.discord.upload(made.getvalue(), name, "image/png")


async def test_a_video_from_images_and_its_1080p_version_over_a_restart(house: House) -> None:
    anna, ben = house.person("anna"), house.person("ben")
    await house.start()
    second, third = picture(house, "second.png", "red"), picture(house, "third.png", "blue")
    job_id = await house.order(anna, "a cat becomes a dog", image2=third, image1=second)
    video = await house.result(job_id)
    await house.settled()
    stopped = await house.stop(within=SECONDS)

    await house.start()
    await gathered(
        house.discord.click(anna, video, "1080p"),
        house.discord.click(anna, video, "1080p"),
        house.discord.click(ben, video, "1080p", permissions=MEMBER | Permission.MANAGE_MESSAGES),
    )
    larger = await house.result(job_id + 1)
    jobs = await house.settled()
    pressed_late = await house.discord.click(anna, video, "1080p")
    answer = await pressed_late.wait_answer()

    made, upscaled = (one.payload for one in house.veo.submissions)
    assert (made["action"], made["image_urls"]) == ("image2video", [second["url"], third["url"]])
    assert (upscaled["action"], upscaled["video_id"]) == ("get1080p", jobs[job_id]["video_id"])
    assert larger.reply_to == video.id
    assert str(larger.id) in answer.content
    assert stopped == 0
    assert house.discord.traffic.count("PUT", "/applications/{application_id}/commands") == 1
    assert await audit(house) == []


async def test_a_stop_in_mid_flight_is_clean_and_the_next_start_delivers_everything(house: House) -> None:
    people = [house.person(name) for name in ("anna", "ben", "cleo")]
    house.veo.switches.delay = 2.0
    house.veo.faults.add(Route.VIDEOS, Reset(after=True), when=lambda body: body.get("prompt") == "a lost answer")
    await house.start()
    await gathered(
        house.order(people[0], "a text video"),
        house.order(people[1], "a lost answer"),
        house.order(people[2], "another"),
    )

    stopped = await house.stop(within=SECONDS)
    await house.start()
    jobs = await house.settled()

    assert stopped == 0
    assert {row["state"] for row in jobs.values()} == {"succeeded"}
    assert "Traceback" not in house.log_of_all_lives
    assert await audit(house) == []


async def test_a_wrong_discord_token_is_one_readable_line(house: House) -> None:
    house.discord.token = "another"

    await house.launch()

    assert await house.ended() == 1
    assert_one_line(house, "discord.token")


WRONG: dict[str, tuple[dict[str, dict[str, object]], str]] = {
    "a key that does not exist": ({"veo": {"pol_interval": 5}}, "veo.pol_interval: no such key"),
    "a folder that is a file": ({"storage": {"path": "/dev/null/veobot.sqlite3"}}, "/dev/null/veobot.sqlite3"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_setting_is_one_readable_line(house: House, wrong: str) -> None:
    changes, words = WRONG[wrong]
    house.configure(changes)

    await house.launch()

    assert await house.ended() == 1
    assert_one_line(house, words)
    assert house.discord.traffic.requests == []


def garbage(path: Path) -> None:
    path.write_bytes(b"this was never a database\n" * 400)


def torn(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE jobs (x)")
        connection.executemany("INSERT INTO jobs VALUES (?)", [("y" * 500,)] * 200)
        connection.commit()
    content = path.read_bytes()
    path.write_bytes(content[:5000] + b"\xff" * 30_000)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 4711")


@pytest.mark.parametrize("make", [garbage, pytest.param(torn, marks=pytest.mark.slow), newer])
async def test_an_unusable_database_is_one_readable_line_and_stays_as_it_is(
    house: House, make: Callable[[Path], None]
) -> None:
    make(house.database)
    before = house.database.read_bytes()

    await house.launch()

    assert await house.ended() == 1
    assert_one_line(house, str(house.database))
    assert house.database.read_bytes() == before


async def test_a_second_bot_on_the_same_database_refuses_to_start(house: House) -> None:
    await house.start()
    first = house.process

    await house.launch()
    code = await house.ended()
    refusal = house.log
    house.process = first
    job_id = await house.order(house.person("anna"), "still served by the first")

    assert code == 1
    assert "in use by another running bot" in refusal
    assert await house.result(job_id)
    assert len(house.discord.gateway.identifies) == 1


async def test_a_wrong_veo_token_pauses_tells_the_operator_once_and_heals_with_the_right_one(house: House) -> None:
    anna, owner = house.person("anna"), house.discord.world.owner_id
    await house.start(ACEDATACLOUD_API_TOKEN="veo-mistyped")
    job_id = await house.order(anna, "a patient video")
    notice = await house.discord.wait_for_message(lambda _: True, channel_id=house.discord.dm_channel(owner))
    await house.until(lambda: house.posts("a patient video") >= 2, "a probe")
    waiting = await house.told(anna, "veo status")
    still_queued = house.jobs()[job_id]["state"]

    await house.restart()
    await house.settled()

    assert "invalid_token" in notice.content
    assert len(house.discord.dms(owner)) == 1
    assert ("paused by the operator" in waiting, still_queued) == (True, "queued")
    assert "invalid" not in waiting
    assert [one.status for one in house.veo.submissions].count(200) == 1
    assert await audit(house) == []


async def test_an_unreachable_discord_at_the_start_only_delays_it(house: House) -> None:
    house.discord.down = True
    await house.launch()
    await house.discord.wait_requests("GET", "/users/@me")
    await asyncio.sleep(0.2)
    assert not house.is_dead

    house.discord.down = False
    await house.discord.wait_connected()
    await house.discord.wait_commands()
    job_id = await house.order(house.person("anna"), "after the outage")

    assert await house.result(job_id)
    await house.settled()
    assert await audit(house) == []


async def test_a_payload_that_nobody_can_read_costs_a_reconnect_and_no_video(house: House) -> None:
    house.configure({"log": {"format": "json"}})
    house.veo.switches.delay = 1.0
    await house.start()
    job_id = await house.order(house.person("anna"), "a survivor")

    house.discord.gateway.send_malformed()
    await house.discord.wait_until(lambda: len(house.discord.gateway.identifies) == 2)
    await house.settled()

    log = [json.loads(line) for line in house.log.splitlines()]
    assert house.jobs()[job_id]["state"] == "succeeded"
    assert not house.is_dead
    assert sum("KeyError" in line.get("exception", "") for line in log) == 1
    assert await audit(house) == []


async def test_a_token_revoked_while_it_runs_ends_the_bot_with_one_readable_line(house: House) -> None:
    await house.start()

    house.discord.token = "a new one"
    house.discord.gateway.close(4004)

    assert await house.ended() == 1
    assert_one_line(house, "discord.token")


async def test_a_revoked_token_ends_the_bot_also_where_the_code_of_the_close_gets_lost(house: House) -> None:
    await house.start()

    house.discord.token = "a new one"
    house.discord.gateway.loses_close_codes = True
    house.discord.gateway.invalidate()

    assert await house.ended() == 1
    assert_one_line(house, "discord.token")


@pytest.mark.slow
async def test_a_stop_while_the_provider_says_nothing_still_ends_within_seconds(house: House) -> None:
    house.veo.faults.add(Route.TASKS, Hang(60), times=None)
    await house.start()
    job_id = await house.order(house.person("anna"), "a stubborn look")
    await house.until(lambda: any(one.route is Route.TASKS for one in house.veo.requests), "a look")

    assert await house.stop(within=SECONDS) == 0
    assert house.jobs()[job_id]["state"] == "running"


async def test_a_stop_while_discord_is_unreachable_still_ends_within_seconds(house: House) -> None:
    house.discord.down = True
    await house.launch()
    await house.discord.wait_requests("GET", "/users/@me")

    assert await house.stop(within=SECONDS) == 0


def assert_one_line(house: House, words: str) -> None:
    told = [line for line in house.log.splitlines() if line.startswith("bot.py: ")]
    assert len(told) == 1, house.log
    assert words in told[0]
    assert "Traceback" not in house.log

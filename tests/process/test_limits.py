"""Discord asks to wait: the bot waits, and nobody waits for somebody else's channel."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from sandbox.discord import RateLimit
from tests.process.house import House, carried_job, gathered

pytestmark = pytest.mark.process

MESSAGES = "/channels/{channel_id}/messages"
WAIT_AT_START = {
    "a page of the proxy at the login": ("/users/@me", RateLimit(3600, via_discord=False)),
    "a limit at the login": ("/users/@me", RateLimit(3600)),
    "a global limit at the gateway's address": ("/gateway/bot", RateLimit(3600, is_global=True)),
}


@pytest.mark.parametrize("name", WAIT_AT_START)
async def test_a_start_that_is_told_to_wait_waits_with_one_line_and_ends_when_asked_to(house: House, name: str) -> None:
    route, effect = WAIT_AT_START[name]
    house.discord.faults.add("GET", route, effect)
    await house.launch()
    await house.discord.wait_requests("GET", route, within=20)
    await house.until(lambda: "asks" in house.log, "told")
    # Without the wait it would ask again after one second and after four.
    await asyncio.sleep(3)

    code = await house.stop(within=5)

    assert code == 0
    assert house.discord.traffic.count("GET", route) == 1
    assert "Traceback" not in house.log
    assert sum("asks" in line for line in house.log.splitlines()) == 1


async def test_a_start_goes_on_once_it_waited_as_long_as_it_was_told(house: House) -> None:
    house.discord.faults.add("GET", "/users/@me", RateLimit(2, via_discord=False), times=1)

    await house.start()

    assert house.discord.traffic.towards_ban == 1
    assert await house.order(house.person("anna"), "after the wait")


async def ready_at_once(house: House, job_ids: list[int]) -> None:
    """Let the provider finish these videos at the same moment."""
    await house.until(lambda: all(house.jobs()[one]["task_id"] for one in job_ids), "submitted")
    for task_id in [house.jobs()[one]["task_id"] for one in job_ids]:
        house.veo.finish(task_id)


async def test_a_quiet_channel_gets_its_video_at_once_beside_busy_and_refusing_ones(house: House) -> None:
    house.veo.switches.delay = float("inf")
    house.discord.limits.messages = (5, 5.0)
    house.configure({"veo": {"max_running": 200}})
    await house.start()
    busy, refusing, quiet = house.place("busy"), house.place("refusing"), house.place("quiet")
    crowd = await gathered(*(house.order(house.person(f"c{n}"), f"busy {n}", busy) for n in range(60)))
    others = await gathered(*(house.order(house.person(f"r{n}"), f"refused {n}", refusing) for n in range(5)))
    alone = await house.order(house.person("quinn"), "a quiet video", quiet)
    house.discord.faults.add("POST", f"/channels/{refusing}/messages", RateLimit(25))
    await ready_at_once(house, [*crowd, *others, alone])

    began = asyncio.get_running_loop().time()
    message = await house.result(alone, within=10)
    seconds = asyncio.get_running_loop().time() - began

    assert message.channel_id == quiet
    assert seconds < 3
    assert sum(one.status == 429 for one in house.discord.traffic.requests) <= 4
    results_before = [
        carried_job(one) for one in house.discord.messages(busy) if carried_job(one) and one.id < message.id
    ]
    assert len(results_before) <= 12


async def due_in(house: House, places: list[int]) -> None:
    """A failure to tell for each of these places, left by an earlier life of the bot."""
    await house.start()
    await house.stop()
    with closing(sqlite3.connect(house.database)) as connection, connection:
        connection.executemany(
            "INSERT INTO jobs (kind, state, user_id, guild_id, channel_id, prompt, model, action, resolution,"
            " fingerprint, created_at, ended_at, reason, delivery_due_at) VALUES"
            " ('create', 'failed', ?, ?, ?, 'a video', 'veo31-fast', 'text2video', '720p', ?, 1, 2, 'lost', 2)",
            [(house.person("someone"), house.guild, place, str(place)) for place in places],
        )


async def test_a_quiet_channel_gets_its_video_at_once_beside_a_hundred_busy_ones(house: House) -> None:
    crowd = [house.place(f"busy {n}") for n in range(100)]
    await due_in(house, crowd * 12)
    house.discord.limits.messages = (5, 5.0)
    house.veo.switches.delay = float("inf")
    await house.start()
    alone = await house.order(house.person("quinn"), "a quiet video", house.place("quiet"))
    await ready_at_once(house, [alone])

    began = asyncio.get_running_loop().time()
    await house.result(alone, within=10)
    seconds = asyncio.get_running_loop().time() - began

    assert seconds < 3
    assert sum(carried_job(one) is not None for one in house.discord.world.messages.values()) < 12 * len(crowd) / 2
    assert house.discord.traffic.towards_ban == 0


async def test_a_global_limit_is_met_a_few_times_however_much_is_due(house: House) -> None:
    places = [house.place(f"place {n}") for n in range(400)]
    await due_in(house, places)
    fault = house.discord.faults.add("*", "/channels/*", RateLimit(8, is_global=True))
    await house.start()
    await house.until(lambda: fault.hits > 0, "refused")

    asked = await house.ask(house.person("late"), "still acknowledged")
    answer = await asked.wait_answer()
    await asyncio.sleep(6)
    hits = fault.hits
    fault.remove()
    await house.discord.wait_until(lambda: all(house.discord.messages(place) for place in places), within=40)

    assert "Your video is" in answer.content
    # What was under way at the first refusal is refused as well.
    assert 0 < hits <= 40
    assert house.discord.traffic.towards_ban == hits


@pytest.mark.slow
async def test_commands_are_announced_once_discord_takes_them_and_work_goes_on_meanwhile(house: House) -> None:
    route = "/applications/{application_id}/commands"
    places = [house.place("waiting")]
    await due_in(house, places)
    with closing(sqlite3.connect(house.database)) as connection, connection:
        connection.execute("DELETE FROM meta WHERE key = 'commands_hash'")
    before = house.discord.traffic.count("PUT", route)
    house.discord.faults.add("PUT", route, RateLimit(12), times=1)

    await house.start()
    await house.discord.wait_for_message(channel_id=places[0])
    told = house.discord.traffic.count("PUT", route) - before
    await house.discord.wait_requests("PUT", route, before + 2, within=20)

    assert told == 1
    assert "Traceback" not in house.log

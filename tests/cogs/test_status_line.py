"""The one public line about a job, through all its states; and what people read while submissions are paused."""

from __future__ import annotations

import re
from typing import cast

import pytest

from cogs.delivery.destinations import Destinations
from cogs.delivery.status_lines import StatusLines
from cogs.gateway import VeoBot
from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from sandbox.veo.contract import ERRORS
from sandbox.veo.faults import TRACE_ID
from tests.cogs.people import (
    all_that_was_sent,
    asks,
    direct_messages,
    finished,
    labels,
    made,
    reads,
    said,
    settings,
    status_lines,
    stranger,
)
from tests.core.values import job
from tests.simulated import texts, videos


@settings(quota={"running_per_user": 1})
async def test_the_line_goes_from_queued_to_running_to_done_and_has_cancel_only_while_queued(
    world: World, veo: StandInVeo
) -> None:
    ann = world.people.ann.mention
    await asks(world, prompt="first")
    await asks(world, prompt="second")

    running, queued = status_lines(world)
    assert re.fullmatch(rf"\*\*first\*\* - {ann} \(running · #1 · ready <t:\d+:R>\)", running.content)
    assert re.fullmatch(rf"\*\*second\*\* - {ann} \(queued · #2 · 1st in line · ready <t:\d+:R>\)", queued.content)
    assert (labels(running), labels(queued)) == ([], ["Cancel"])

    await finished(world, veo)
    done, running = (message for message in status_lines(world))
    assert done.content == f"**first** - {ann} (done · #1 · {videos(world)[0].jump_url})"
    assert "(running · #2 ·" in running.content
    assert (labels(done), labels(running)) == ([], [])


async def test_the_line_pings_nobody_whatever_the_prompt_says(world: World, veo: StandInVeo) -> None:
    role = world.guild.create_role("Everybody who films")
    await made(world, veo, prompt=f"@everyone @here {role.mention} {world.people.mo.mention} **loud**")

    (line,) = status_lines(world)
    assert (line.mention_everyone, line.role_mentions) == (False, [])
    assert "@everyone" not in line.content
    assert role.mention not in line.content
    assert world.people.mo.mention not in line.content
    sent = [str(entry.json) for entry in world.env.http_requests if "· #1 · " in str(entry.json)]
    assert sent
    assert [body for body in sent if "'allowed_mentions': {'parse': []}" not in body] == []


@settings(veo={"slow_after": 20.0, "slow_interval": 60.0})
async def test_a_task_that_takes_long_is_called_slow_and_is_still_delivered(world: World, veo: StandInVeo) -> None:
    await asks(world)

    await world.env.advance_time(25)

    assert "(running · #1 · slower than usual, I keep looking)" in status_lines(world)[0].content
    veo.finish(next(iter(veo.tasks)))
    await world.env.advance_time(61)
    assert "(done · #1 ·" in status_lines(world)[0].content


async def test_a_failure_is_told_in_the_line_and_is_not_counted(world: World, veo: StandInVeo) -> None:
    await asks(world)

    veo.fail(next(iter(veo.tasks)), "api_error", "GPU 17 melted")
    await world.env.advance_time(11)

    assert "(failed · #1 · the video could not be made, not counted)" in status_lines(world)[0].content
    assert "melted" not in all_that_was_sent(world)
    assert "**Videos**: 0 of" in await reads(world, "quota")


@settings(quota={"running_per_user": 1})
async def test_a_cancelled_job_keeps_its_line_without_a_button(world: World, veo: StandInVeo) -> None:
    await asks(world, prompt="first")
    await asks(world, prompt="second")

    result = await world.people.ann.click(status_lines(world)[1], label="Cancel")

    assert said(result) == "**#2** is cancelled. Its place is free again."
    line = status_lines(world)[1]
    assert "(cancelled · #2 · not counted)" in line.content
    assert labels(line) == []
    await finished(world, veo)
    assert len(veo.submissions) == 1


async def test_a_line_that_somebody_deleted_does_not_come_back_and_the_video_arrives(
    world: World, veo: StandInVeo
) -> None:
    await asks(world)
    await world.people.mo.delete(status_lines(world)[0])

    await finished(world, veo)

    assert len(videos(world)) == 1
    assert status_lines(world) == []


@pytest.mark.parametrize("code", ["used_up", "invalid_token", "disabled"])
async def test_a_pause_is_told_in_our_words_and_ends_by_itself(world: World, veo: StandInVeo, code: str) -> None:
    veo.switches.refuse_submissions = code
    await asks(world, prompt="first")

    second = await asks(world, stranger(world), prompt="second")

    assert "Submissions are paused by the operator; it goes on by itself." in said(second)
    assert all("paused by the operator, it goes on by itself" in line.content for line in status_lines(world))
    assert [labels(line) for line in status_lines(world)] == [["Cancel"], ["Cancel"]]
    assert "Submissions are paused by the operator" in await reads(world, "status")
    assert ERRORS[code][1] not in all_that_was_sent(world)
    assert "Ace Data" not in all_that_was_sent(world)

    veo.switches.refuse_submissions = None
    veo.switches.delay = 0
    await world.env.advance_time(121)
    await world.env.advance_time(11)
    assert sorted(len(message.attachments) for message in world.films.history() if message.attachments) == [1, 1]
    assert not [text for text in texts(world) if "paused" in text]


@settings(quota={"running_per_user": 1})
async def test_who_waited_already_reads_of_the_pause_too(world: World, veo: StandInVeo) -> None:
    await asks(world, prompt="first")
    await asks(world, prompt="second")
    assert "1st in line" in status_lines(world)[1].content

    veo.switches.refuse_submissions = "used_up"
    await asks(world, stranger(world), prompt="third")
    await world.env.advance_time(1)

    assert [line.content.count("paused by the operator") for line in status_lines(world)] == [0, 1, 1]


async def test_the_owner_is_told_once_of_a_pause_and_once_of_its_end(world: World, veo: StandInVeo) -> None:
    application = world.bot.application
    assert application is not None
    # simcord names the bot itself as the owner of the application.
    application.owner = await world.bot.fetch_user(world.people.olga.id)
    veo.switches.refuse_submissions = "used_up"
    for number in range(3):
        await asks(world, prompt=f"fox {number}")
    await world.env.advance_time(121)

    refused = f"the Veo API answered `used_up` (trace `{TRACE_ID}`)"
    paused = f"Submissions are paused: {refused}. Queued videos wait; I keep trying."
    assert direct_messages(world.people.olga) == [paused]
    veo.switches.refuse_submissions = None
    await world.env.advance_time(121)
    assert direct_messages(world.people.olga) == [paused, "Submissions are running again."]


OPERATOR: dict[str, object] = {}


@settings(discord=OPERATOR)
async def test_a_configured_channel_is_told_instead_of_the_owner(
    world: World, veo: StandInVeo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPERATOR, "operator_channel_id", world.general.id)
    await world.restart()
    veo.switches.refuse_submissions = "disabled"

    await asks(world)

    (told,) = world.general.history()
    assert told.content.startswith("Submissions are paused: the Veo API answered `disabled` (trace")
    assert direct_messages(world.people.olga) == []


async def test_a_line_in_doubt_of_a_job_that_ended_is_looked_for_and_not_posted_anew(world: World) -> None:
    lines = StatusLines(Destinations(world.bot, world.surroundings.now), cast("VeoBot", world.bot).studio, "instance")
    ended = job(channel_id=world.films.id, ended_at=world.surroundings.now(), status_attempts=1)

    assert await lines.show(ended, in_doubt=True) is None
    assert texts(world) == []

"""The bot stops or is killed and starts again: nothing is lost, submitted twice or posted twice."""

from __future__ import annotations

import pytest

from sandbox.demo.world import World
from sandbox.veo import Reset, Route, StandInVeo
from tests.cogs.people import asks, finished, made, reads, settings, status_lines, stranger
from tests.simulated import DiscordLine, texts, videos

CRASH = pytest.mark.parametrize("crash", [False, True], ids=["stopped", "killed"])


@CRASH
@settings(veo={"max_running": 2})
async def test_running_and_queued_videos_arrive_once_each(world: World, veo: StandInVeo, crash: bool) -> None:
    people = [world.people.ann, world.people.mo, stranger(world)]
    for number, who in enumerate(people):
        await asks(world, who, prompt=f"fox {number}")
        await world.env.advance_time(1)
    assert len(veo.submissions) == 2

    await world.restart(crash=crash)
    await finished(world, veo)
    await finished(world, veo)

    assert sorted(str(submission.payload["prompt"]) for submission in veo.submissions) == ["fox 0", "fox 1", "fox 2"]
    assert sorted(file.filename for message in videos(world) for file in message.attachments) == [
        "veo-1.mp4",
        "veo-2.mp4",
        "veo-3.mp4",
    ]
    assert [line.content.count("(done · ") for line in status_lines(world)] == [1, 1, 1]


@CRASH
async def test_a_video_that_was_finished_meanwhile_is_delivered_at_once(
    world: World, veo: StandInVeo, crash: bool
) -> None:
    await asks(world)
    veo.finish(next(iter(veo.tasks)))

    await world.restart(crash=crash)
    await world.env.advance_time(11)

    assert len(videos(world)) == 1
    assert len(veo.submissions) == 1


async def test_a_submission_whose_answer_never_came_is_found_and_not_repeated(world: World, veo: StandInVeo) -> None:
    veo.faults.add(Route.VIDEOS, Reset(after=True))
    await asks(world)

    await world.restart(crash=True)
    await world.env.advance_time(30)
    await finished(world, veo)

    assert len(veo.submissions) == 1
    assert len(videos(world)) == 1


async def test_a_failure_is_told_once_though_the_bot_was_killed_before_it_knew(
    world: World, veo: StandInVeo, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = DiscordLine(world.bot.http, monkeypatch)
    await asks(world)
    veo.fail(next(iter(veo.tasks)), "api_error")
    line.lose_answer("POST", f"/channels/{world.films.id}/messages")
    await world.env.advance_time(11)

    await world.restart(crash=True)
    await world.env.advance_time(11)

    told = [message for message in world.films.history() if message.embeds]
    assert [message.embeds[0].title for message in told] == ["The video could not be made"]


@CRASH
async def test_what_was_delivered_is_not_delivered_again(world: World, veo: StandInVeo, crash: bool) -> None:
    await made(world, veo)
    before = texts(world)

    await world.restart(crash=crash)
    await world.env.advance_time(60)

    assert texts(world) == before


async def test_the_quota_and_the_lists_outlive_the_process(world: World, veo: StandInVeo) -> None:
    message = await made(world, veo)
    await asks(world, prompt="second")

    await world.restart(crash=True)

    assert "**Videos**: 2 of" in await reads(world, "quota")
    assert "**#2** second · running" in await reads(world, "status")
    assert message.jump_url in await reads(world, "history")


async def test_the_commands_are_announced_once_as_long_as_they_stay_the_same(world: World) -> None:
    def announcements() -> int:
        return sum(entry.method == "PUT" and entry.path.endswith("/commands") for entry in world.env.http_requests)

    first = announcements()
    await world.restart()

    assert (first, announcements()) == (1, 1)
    assert "veo create" in world.people.ann.available_commands(world.films)


@settings(quota={"running_per_user": 1})
async def test_a_pause_that_ended_during_the_restart_is_told_in_no_line_any_more(world: World, veo: StandInVeo) -> None:
    veo.switches.refuse_submissions = "used_up"
    await asks(world, prompt="first")
    await asks(world, prompt="second")
    assert [line.content.count("paused") for line in status_lines(world)] == [1, 1]

    veo.switches.refuse_submissions = None
    await world.restart()
    await world.env.advance_time(2)

    assert [line.content.count("paused") for line in status_lines(world)] == [0, 0]


@settings(quota={"running_per_user": 1})
async def test_who_asked_first_goes_first_after_a_pause_and_a_restart(world: World, veo: StandInVeo) -> None:
    veo.switches.refuse_submissions = "used_up"
    await asks(world, prompt="first")
    await asks(world, prompt="second")
    veo.switches.refuse_submissions = None
    refused = len(veo.submissions)

    await world.restart()
    await world.env.advance_time(2)

    assert [submission.payload["prompt"] for submission in veo.submissions[refused:]] == ["first"]

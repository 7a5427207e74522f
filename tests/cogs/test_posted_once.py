"""Discord is in trouble or its answer is lost: the message comes late, and it comes once."""

from __future__ import annotations

import discord
import pytest

from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import FOREVER, asks, direct_messages, finished, refuse, results, status_lines
from tests.simulated import DiscordLine, texts


@pytest.mark.parametrize(("status", "code"), [(503, 0), (500, 0), (429, 130000)], ids=["503", "500", "overloaded"])
async def test_a_passing_trouble_delays_the_one_message(world: World, veo: StandInVeo, status: int, code: int) -> None:
    await asks(world)
    refuse(world, status, code, times=2)

    await finished(world, veo)
    await world.env.advance_time(10)

    (message,) = results(world)
    assert [file.filename for file in message.attachments] == ["veo-1.mp4"]
    assert direct_messages(world.people.ann) == []
    assert len([text for text in texts(world) if "(done · #1" in text]) == 1


async def test_a_post_whose_answer_was_lost_is_not_posted_twice(
    world: World, veo: StandInVeo, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = DiscordLine(world.bot.http, monkeypatch)
    await asks(world)
    line.lose_answer("POST", f"/channels/{world.films.id}/messages")

    await finished(world, veo)
    await world.env.advance_time(10)

    assert len(results(world)) == 1
    assert results(world)[0].jump_url in status_lines(world)[0].content


async def test_a_post_whose_answer_was_lost_is_found_in_the_channel_after_a_crash(
    world: World, veo: StandInVeo, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = DiscordLine(world.bot.http, monkeypatch)
    await asks(world)
    line.lose_answer("POST", f"/channels/{world.films.id}/messages")
    await finished(world, veo)

    await world.restart(crash=True)
    await world.env.advance_time(10)

    assert len(results(world)) == 1
    assert results(world)[0].jump_url in status_lines(world)[0].content


async def test_where_the_history_may_not_be_read_discord_recognises_the_second_post(
    world: World, veo: StandInVeo, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = DiscordLine(world.bot.http, monkeypatch)
    await asks(world)
    line.lose_answer("POST", f"/channels/{world.films.id}/messages")
    world.env.inject_error("GET", f"/channels/{world.films.id}/messages", status=403, code=50001, times=FOREVER)

    await finished(world, veo)
    await world.env.advance_time(10)

    assert (len(results(world)), line.repeats) == (1, 1)


async def test_a_status_line_whose_answer_was_lost_is_not_posted_twice(
    world: World, veo: StandInVeo, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = DiscordLine(world.bot.http, monkeypatch)
    line.lose_answer("POST", f"/channels/{world.films.id}/messages")

    await asks(world)
    await world.env.advance_time(5)
    await finished(world, veo)

    assert len(status_lines(world)) == 1
    assert "(done · #1" in status_lines(world)[0].content
    assert len(results(world)) == 1


async def test_what_went_to_the_person_is_not_posted_again_when_the_channel_opens_meanwhile(
    world: World, veo: StandInVeo, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = DiscordLine(world.bot.http, monkeypatch)
    await asks(world)
    # With its file, without it, without an embed: each form is refused, and the next place is the person.
    refuse(world, 403, 50013, times=3)
    ann = await world.bot.create_dm(discord.Object(world.people.ann.id))
    line.lose_answer("POST", f"/channels/{ann.id}/messages")

    await finished(world, veo)
    await world.restart(crash=True)
    await world.env.advance_time(1200)

    assert results(world) == []
    assert len(direct_messages(world.people.ann)) == 1

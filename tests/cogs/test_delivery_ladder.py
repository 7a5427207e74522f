"""Discord refuses a message: it is carried down the ladder, and exactly one arrives."""

from __future__ import annotations

from typing import Any

import pytest
from discord.http import Route
from simcord.builders import ChannelHandle

from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import (
    FOREVER,
    all_that_was_sent,
    asks,
    direct_messages,
    finished,
    labels,
    made,
    reads,
    refusal,
    refuse,
    results,
    status_lines,
    stranger,
)
from tests.simulated import texts, videos

BLOCKED = "(this server's AutoMod doesn't allow the prompt's words)"


@pytest.mark.parametrize(
    ("status", "code"),
    [(413, 40005), (413, 0), (403, 50013), (400, 50045)],
    ids=["too large", "413", "no attachments", "file too large"],
)
async def test_a_video_that_may_not_be_attached_comes_as_a_link(
    world: World, veo: StandInVeo, status: int, code: int
) -> None:
    await asks(world)
    refuse(world, status, code)

    await finished(world, veo)

    (message,) = results(world)
    assert message.attachments == []
    assert message.content.endswith(veo.video_url(next(iter(veo.tasks))))
    assert labels(message) == ["1080p", "Delete"]


class AutoMod:
    """Refuses every message to a channel that has a word in it."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, word: str, code: int) -> None:
        self._faults = world.env.backend.faults
        self._through = world.bot.http.request
        self._word, self._code = word, code
        monkeypatch.setattr(world.bot.http, "request", self._request)

    async def _request(self, route: Route, **arguments: Any) -> Any:
        if "/channels/" in route.url and self._word in str(arguments):
            fault = {"method": route.method, "path": "*", "status": 400, "code": self._code, "message": "", "times": 1}
            self._faults.append(fault)
        return await self._through(route, **arguments)


@pytest.mark.parametrize("code", [200000, 240000], ids=["AutoMod", "link filter"])
async def test_words_that_a_server_forbids_are_left_out_and_the_video_stays_in_the_channel(
    world: World, veo: StandInVeo, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    AutoMod(world, monkeypatch, "turnip", code)

    await made(world, veo, prompt="a turnip")

    (message,) = results(world)
    assert BLOCKED in message.content
    assert [file.description for file in message.attachments] == ["AI video"]
    assert "(done · #1 ·" in status_lines(world)[0].content
    assert not [text for text in texts(world) if "turnip" in text]
    assert direct_messages(world.people.ann) == []
    other = await made(world, veo, stranger(world), prompt="a fox")
    assert "**a fox**" in other.content


async def test_without_permission_to_post_the_video_goes_to_the_person(world: World, veo: StandInVeo) -> None:
    await asks(world)
    refuse(world, 403, 50013, times=FOREVER)

    await finished(world, veo)

    assert results(world) == []
    (message,) = world.people.ann.user.dm_channel.history()
    assert [file.filename for file in message.attachments] == ["veo-1.mp4"]
    assert message.jump_url in status_lines(world)[0].content


async def test_when_the_channel_is_gone_the_video_goes_to_the_person(world: World, veo: StandInVeo) -> None:
    await asks(world)
    world.env.backend.delete_channel(world.films.id)

    await finished(world, veo)

    (message,) = world.people.ann.user.dm_channel.history()
    assert [file.filename for file in message.attachments] == ["veo-1.mp4"]


async def test_when_the_bot_left_the_server_the_video_goes_to_the_person(world: World, veo: StandInVeo) -> None:
    await asks(world)
    world.env.backend.remove_member(world.guild.id, world.env.backend.bot_user.id)

    await finished(world, veo)

    (message,) = world.people.ann.user.dm_channel.history()
    assert [file.filename for file in message.attachments] == ["veo-1.mp4"]


async def test_a_video_that_no_place_takes_is_kept_and_can_be_looked_up(world: World, veo: StandInVeo) -> None:
    await asks(world)
    refuse(world, 403, 50001, times=FOREVER)
    refuse(world, 403, 50007, times=FOREVER, channel=world.people.ann.user.dm_channel)

    await finished(world, veo)

    assert (results(world), direct_messages(world.people.ann)) == ([], [])
    assert "`/veo show video:1` has it" in await reads(world, "history")
    assert veo.video_url(next(iter(veo.tasks))) in await reads(world, "show", video=1)


async def test_a_place_that_refuses_is_left_alone_for_ten_minutes(world: World, veo: StandInVeo) -> None:
    def posts() -> int:
        return sum(entry.path == f"/channels/{world.films.id}/messages" for entry in world.env.http_requests)

    await asks(world)
    refuse(world, 403, 50001, times=FOREVER)
    await finished(world, veo)
    tried = posts()

    told = refusal(await asks(world, world.people.mo))
    await finished(world, veo)

    assert (told[0], posts()) == ("I cannot post here", tried)
    assert [len(direct_messages(who)) for who in world.people.all] == [1, 0, 0]
    world.env.backend.faults.clear()
    await world.env.advance_time(600)
    assert len((await made(world, veo, world.people.olga)).attachments) == 1


async def test_a_message_that_may_not_answer_another_comes_without_the_reference(world: World, veo: StandInVeo) -> None:
    await asks(world)
    refuse(world, 400, 50035)

    await finished(world, veo)

    (message,) = results(world)
    assert message.reference is None
    assert len(message.attachments) == 1


async def test_a_locked_thread_hands_its_video_to_its_channel(world: World, veo: StandInVeo) -> None:
    created = world.env.backend.create_thread(world.films.id, "foxes", world.people.ann.id)
    thread = ChannelHandle(world.env, world.guild, created)
    await world.people.ann.slash(thread, "veo create", prompt="a fox")
    refuse(world, 400, 160005, times=FOREVER, channel=thread)

    await finished(world, veo)

    (message,) = videos(world)
    assert message.reference is None
    assert message.jump_url in thread.history()[-1].content


async def test_a_channel_that_answers_500_for_an_hour_hands_its_video_to_the_person(
    world: World, veo: StandInVeo
) -> None:
    await asks(world)
    refuse(world, 500, 0, times=FOREVER)
    await finished(world, veo)
    await world.env.advance_time(3000)
    early = [file for message in world.people.ann.user.dm_channel.history() for file in message.attachments]

    await world.env.advance_time(1500)

    assert early == []
    assert results(world) == []
    (message,) = world.people.ann.user.dm_channel.history()
    assert [file.filename for file in message.attachments] == ["veo-1.mp4"]


async def test_where_everything_answers_500_for_hours_the_video_waits_and_comes(world: World, veo: StandInVeo) -> None:
    await asks(world)
    refuse(world, 500, 0, times=FOREVER)
    world.env.inject_error("POST", "/users/@me/channels", status=500, code=0, times=FOREVER)
    await finished(world, veo)
    await world.env.advance_time(3 * 3600)

    world.env.backend.faults.clear()
    await world.env.advance_time(900)

    (message,) = results(world)
    assert len(message.attachments) == 1


async def test_a_failure_is_told_in_plain_words_where_no_embeds_are_allowed(world: World, veo: StandInVeo) -> None:
    await asks(world)
    refuse(world, 403, 50013)

    veo.fail(next(iter(veo.tasks)), "api_error")
    await world.env.advance_time(11)

    (message,) = results(world)
    assert message.embeds == []
    assert "**The video could not be made** The provider had a problem" in message.content
    assert "Something went wrong" not in all_that_was_sent(world)

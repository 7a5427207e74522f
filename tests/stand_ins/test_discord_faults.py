from __future__ import annotations

import asyncio

import aiohttp
import discord
import pytest

from sandbox.discord import (
    DiscordStandIn,
    Drop,
    ErrorCode,
    Garbage,
    Hang,
    Permission,
    RateLimit,
    Refuse,
    Slow,
)
from tests.stand_ins.house import Caller, Place, live, running_bot, text_channel
from tests.stand_ins.small_bot import SmallBot, point_at, video

CREATE = "/channels/{channel_id}/messages"


@pytest.mark.parametrize("code", list(ErrorCode))
async def test_every_error_of_the_table_can_be_answered(
    world: DiscordStandIn, place: Place, caller: Caller, code: ErrorCode
) -> None:
    world.faults.add("POST", CREATE, Refuse(code))

    status, body = await caller("POST", place.messages, {"content": "x"})

    assert (status, body["code"], body["message"]) == (code.status, code.code, code.message)
    assert world.messages(place.channel) == []
    assert world.traffic.refused == []


@pytest.mark.parametrize("hard", [True, False])
async def test_a_lost_answer_leaves_the_message_behind(
    world: DiscordStandIn, place: Place, bot: SmallBot, *, hard: bool
) -> None:
    world.faults.add("POST", CREATE, Drop(hard=hard), after=True, times=1)
    expected = aiohttp.ClientOSError if hard else aiohttp.ServerDisconnectedError
    channel = text_channel(bot, place)

    with pytest.raises(expected):
        await channel.send("done", nonce="job-1")
    repeated = await channel.send("done", nonce="job-1")

    assert [one.id for one in world.messages(place.channel)] == [repeated.id]


async def test_an_error_after_the_fact_is_retried_by_the_library_and_the_nonce_saves_it(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    world.faults.add("POST", CREATE, Refuse(ErrorCode.INTERNAL), after=True, times=1)

    await text_channel(bot, place).send("done", nonce="job-1")

    assert world.traffic.count("POST", CREATE) == 2
    assert len(world.messages(place.channel)) == 1


async def test_rate_limits_are_waited_out(world: DiscordStandIn, place: Place, bot: SmallBot) -> None:
    world.faults.add("POST", "/channels/*/messages", RateLimit(0.05), times=2)
    world.faults.add("POST", "/channels/*/messages", RateLimit(0.05, is_global=True), times=1)

    await text_channel(bot, place).send("patient")

    assert [one.status for one in world.traffic.to("POST", CREATE)] == [429, 429, 429, 200]
    assert world.traffic.towards_ban == 3


async def test_a_ban_by_cloudflare_is_not_json(world: DiscordStandIn, place: Place, bot: SmallBot) -> None:
    world.faults.add("POST", CREATE, RateLimit(60.0, via_discord=False))

    with pytest.raises(discord.HTTPException, match="1015"):
        await text_channel(bot, place).send("x")


async def test_rules_skip_count_and_choose(world: DiscordStandIn, place: Place, caller: Caller) -> None:
    world.faults.add("*", "/channels/*", Garbage(503), skip=1, times=1)
    world.faults.add("POST", CREATE, Refuse(ErrorCode.OVERLOADED), when=lambda one: one.body["content"] == "bad")

    statuses = [(await caller("POST", place.messages, {"content": text}))[0] for text in ("a", "b", "bad", "c")]

    assert statuses == [200, 503, 503, 200]


async def test_a_chance_strikes_some_of_the_time_and_repeatably(
    world: DiscordStandIn, place: Place, caller: Caller
) -> None:
    fault = world.faults.add("GET", "/channels/*", Refuse(ErrorCode.UNAVAILABLE), chance=0.5)
    for _ in range(40):
        await caller("GET", f"/channels/{place.channel}")

    assert 10 < fault.hits < 30


async def test_a_hanging_request_ends_by_the_callers_patience_and_a_slow_one_is_answered(
    world: DiscordStandIn, place: Place, caller: Caller
) -> None:
    hang = world.faults.add("GET", "/channels/*", Hang())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await caller("GET", f"/channels/{place.channel}")
    hang.remove()
    world.faults.add("GET", "/channels/*", Slow(0.05))

    assert (await caller("GET", f"/channels/{place.channel}"))[0] == 200


async def test_everything_down_ends_with_the_outage(world: DiscordStandIn, place: Place, bot: SmallBot) -> None:
    channel = text_channel(bot, place)
    world.down = True
    with pytest.raises(aiohttp.ClientOSError):
        await channel.send("down")
    world.down = False
    await channel.send("up")

    assert [one.content for one in world.messages(place.channel)] == ["up"]


async def test_a_wrong_token_is_refused(untouched_discord: None) -> None:
    async with DiscordStandIn(token="another") as strict:
        point_at(strict.api_base, strict.gateway.url)
        with pytest.raises(discord.LoginFailure):
            async with running_bot():
                pass
        assert strict.traffic.towards_ban == 1


async def test_a_revoked_token_closes_the_gateway_for_good(world: DiscordStandIn, place: Place) -> None:
    async def revoke(_bot: SmallBot) -> None:
        world.token = "new"
        world.gateway.invalidate()
        await world.wait_until(lambda: len(world.gateway.identifies) == 2)
        await world.wait_until(lambda: not world.gateway.connections)

    with pytest.raises(discord.ConnectionClosed, match="4004"):
        await live(revoke)


async def test_a_malformed_event_ends_the_bot(world: DiscordStandIn, place: Place) -> None:
    async def hurt(_bot: SmallBot) -> None:
        world.gateway.send_malformed()
        await world.wait_disconnected()

    with pytest.raises(KeyError):
        await live(hurt)


async def test_rights_channels_and_guilds_can_be_taken_away(world: DiscordStandIn, place: Place, bot: SmallBot) -> None:
    channel = text_channel(bot, place)
    left = asyncio.Event()
    bot.add_listener(_setter(left), "on_guild_remove")
    for taken, code in ((Permission.SEND_MESSAGES, "50013"), (Permission.VIEW_CHANNEL, "50001")):
        world.deny(place.channel, taken)
        with pytest.raises(discord.Forbidden, match=code):
            await channel.send("x")
    world.delete_channel(place.channel)
    with pytest.raises(discord.NotFound, match="10003"):
        await channel.send("x")
    world.remove_guild(place.guild)

    async with asyncio.timeout(5):
        await left.wait()
    with pytest.raises(discord.NotFound, match="10004"):
        await bot.fetch_guild(place.guild)


def _setter(event: asyncio.Event):
    async def on_guild_remove(_guild: discord.Guild) -> None:
        event.set()

    return on_guild_remove


@pytest.mark.parametrize(("archived", "locked", "code"), [(True, False, None), (True, True, 160005)])
async def test_a_locked_thread_refuses_and_an_archived_one_opens(
    world: DiscordStandIn, place: Place, caller: Caller, *, archived: bool, locked: bool, code: int | None
) -> None:
    thread = world.add_thread(place.channel, "job", archived=archived, locked=locked)

    _status, body = await caller("POST", f"/channels/{thread}/messages", {"content": "x"})

    assert body.get("code") == code


async def test_too_big_a_file_is_refused_until_the_guild_is_boosted(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    world.world.default_upload_limit = 50
    channel = text_channel(bot, place)
    with pytest.raises(discord.HTTPException) as refusal:
        await channel.send(file=video())
    world.set_premium_tier(place.guild, 2)
    await channel.send(file=video())

    assert (refusal.value.status, refusal.value.code) == (413, 40005)


@pytest.mark.parametrize(("text", "code"), [("a Duck", 200000), ("see bad.example/x", 240000)])
async def test_filters_refuse_in_public_only(
    world: DiscordStandIn, place: Place, bot: SmallBot, text: str, code: int
) -> None:
    world.block_words("duck")
    world.block_links("bad.example")
    channel = text_channel(bot, place)
    with pytest.raises(discord.HTTPException, match=str(code)):
        await channel.send(text)
    asked = await world.slash(place.anna, place.channel, "veo create", {"prompt": text})

    assert text in (await asked.wait_answer()).content

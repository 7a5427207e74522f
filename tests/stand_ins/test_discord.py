from __future__ import annotations

from datetime import timedelta

import discord
import pytest

from sandbox.discord import DiscordStandIn, Permission
from tests.stand_ins.house import Place, running_bot, text_channel
from tests.stand_ins.small_bot import VIDEO, SmallBot, again_view, video


async def test_a_slash_command_with_an_image_is_deferred_privately_and_then_edited(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    image = world.upload(b"12345", "cat.png", "image/png")
    asked = await world.slash(
        place.anna,
        place.channel,
        "veo create",
        {"prompt": "a cat", "image1": image},
        permissions=Permission.MANAGE_GUILD,
    )

    ack = await asked.wait_ack()
    answer = await asked.wait_answer()

    assert ack.ephemeral
    assert answer.content == "a cat (5 bytes, rights True)"
    assert answer.embeds[0]["title"] == "Queued"
    assert answer.ephemeral_for == place.anna
    assert world.messages(place.channel) == []
    assert world.traffic.refused == []
    assert world.traffic.schema_errors == []


async def test_an_interaction_carries_what_discords_do(world: DiscordStandIn, place: Place, bot: SmallBot) -> None:
    got: list[discord.Interaction] = []
    bot.add_listener(_keeper(got), "on_interaction")
    german = world.add_user("bea", permissions=Permission.VIEW_CHANNEL, locale="de")
    image = world.upload(b"12345", "cat.png", "image/png")
    asked = await world.slash(german, place.channel, "veo create", {"prompt": "a cat", "image1": image})
    await asked.wait_answer()

    [seen] = got
    assert (seen.locale, seen.guild_locale) == (discord.Locale.german, discord.Locale.american_english)
    assert seen.permissions == discord.Permissions(view_channel=True)
    assert seen.app_permissions == text_channel(bot, place).permissions_for(text_channel(bot, place).guild.me)
    assert seen.context.guild
    assert seen.is_guild_integration()
    assert seen.filesize_limit == 10 * 1024 * 1024
    assert seen.entitlements == []
    assert seen.channel_id == place.channel
    assert asked.payload["data"]["resolved"]["attachments"][image["id"]] == image


async def test_a_message_with_a_file_keeps_its_bytes_and_serves_them(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    sent = await text_channel(bot, place).send("done", file=video(), nonce="job-1", view=again_view(1))

    [kept] = world.messages(place.channel)
    assert kept.id == sent.id
    assert kept.attachments[0].data == VIDEO
    assert kept.attachments[0].description == "a cat"
    assert await sent.attachments[0].read() == VIDEO
    assert kept.labels == ["Again"]
    assert world.traffic.schema_errors == []


async def test_a_repeated_nonce_gives_the_first_message_for_five_minutes(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    channel = text_channel(bot, place)
    first = await channel.send("one", nonce="job-1")
    repeated = await channel.send("two", nonce="job-1")
    world.advance(timedelta(minutes=5))
    later = await channel.send("three", nonce="job-1")

    assert repeated.id == first.id
    assert later.id != first.id
    assert [one.content for one in world.messages(place.channel)] == ["one", "three"]


async def test_a_dynamic_button_answers_after_a_restart(world: DiscordStandIn, place: Place) -> None:
    async with running_bot() as first:
        await text_channel(first, place).send("done", view=again_view(7))
    [message] = world.messages(place.channel)

    async with running_bot():
        pressed = await world.click(place.anna, message, "Again")
        answer = await pressed.wait_answer()

    assert answer.content == "again 7"
    assert answer.ephemeral


async def test_a_form_is_opened_filled_in_and_answered(world: DiscordStandIn, place: Place, bot: SmallBot) -> None:
    asked = await world.slash(place.anna, place.channel, "veo edit")
    await asked.wait_ack()
    sent = await world.submit_modal(asked, {"Prompt": "a dog"})

    answer = await sent.wait_answer()

    assert answer.content == "edited: a dog"
    assert [one.id for one in world.messages(place.channel)] == [answer.id]


async def test_a_context_menu_sees_the_message(world: DiscordStandIn, place: Place, bot: SmallBot) -> None:
    message = world.post(place.anna, place.channel, "look", (world.upload(b"1", "a.png", "image/png"),))

    asked = await world.message_command(place.anna, message, "Animate")

    assert (await asked.wait_answer()).content == "animating look 1"


async def test_direct_messages_arrive_until_the_user_closes_them(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    user = await bot.fetch_user(place.anna)
    await user.send("hello")
    world.close_dms(place.anna)

    with pytest.raises(discord.Forbidden) as refusal:
        await user.send("again")

    assert refusal.value.code == 50007
    assert [one.content for one in world.dms(place.anna)] == ["hello"]


async def test_history_pages_through_everything_in_order(world: DiscordStandIn, place: Place, bot: SmallBot) -> None:
    for number in range(230):
        world.post(place.anna, place.channel, str(number))
    world.world.message_content = True
    channel = text_channel(bot, place)

    forward = [one.content async for one in channel.history(limit=None, oldest_first=True)]
    newest = [one.content async for one in channel.history(limit=3)]

    assert forward == [str(number) for number in range(230)]
    assert newest == ["229", "228", "227"]
    assert world.traffic.count("GET", "/channels/{channel_id}/messages") == 4


@pytest.mark.parametrize("hurt", ["kill", "reconnect", "close", "resumable"])
async def test_a_lost_connection_is_resumed_and_nothing_is_missed(
    world: DiscordStandIn, place: Place, bot: SmallBot, hurt: str
) -> None:
    match hurt:
        case "kill":
            world.gateway.kill()
        case "reconnect":
            world.gateway.reconnect()
        case "close":
            world.gateway.close(4000)
        case _:
            world.gateway.invalidate(resumable=True)
    asked = await world.slash(place.anna, place.channel, "veo create", {"prompt": "missed"})

    assert "missed" in (await asked.wait_answer()).content
    assert bot.resumed == 1
    assert len(world.gateway.identifies) == 1


async def test_an_invalid_session_makes_the_bot_identify_again(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    world.gateway.invalidate()
    await world.wait_until(lambda: len(world.gateway.identifies) == 2)
    await world.wait_connected()
    asked = await world.slash(place.anna, place.channel, "veo create", {"prompt": "new"})

    assert "new" in (await asked.wait_answer()).content


async def test_the_token_of_an_interaction_dies_after_fifteen_minutes(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    got: list[discord.Interaction] = []
    bot.add_listener(_keeper(got), "on_interaction")
    asked = await world.slash(place.anna, place.channel, "veo create", {"prompt": "old"})
    await asked.wait_answer()
    world.advance(timedelta(minutes=16))

    with pytest.raises(discord.HTTPException) as refusal:
        await got[0].edit_original_response(content="late")

    assert (refusal.value.status, refusal.value.code) == (401, 50027)


def _keeper(got: list[discord.Interaction]):
    async def on_interaction(interaction: discord.Interaction) -> None:
        got.append(interaction)

    return on_interaction


async def test_an_option_is_completed_while_it_is_typed(world: DiscordStandIn, place: Place, bot: SmallBot) -> None:
    typed = await world.autocomplete(place.anna, place.channel, "veo create", "model", "veo3", others={"prompt": "x"})
    await typed.wait_ack()

    assert typed.choices == [{"name": "veo3", "value": "veo3"}]


async def test_a_select_menu_edits_its_own_message(world: DiscordStandIn, place: Place, bot: SmallBot) -> None:
    ben = world.add_user("ben")
    asked = await world.user_command(place.anna, place.channel, ben, "Ask")
    message = await asked.wait_answer()
    chosen = await world.select(place.anna, message, "menu", ["veo3"])

    edited = await chosen.wait_original(lambda one: one.content == "chosen veo3")

    assert edited.id == message.id
    assert edited.revisions[0].content == "for ben"
    assert edited.components == []


async def test_a_command_in_a_direct_message_comes_from_a_user_not_a_member(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    asked = await world.slash(place.anna, world.dm_channel(place.anna), "veo create", {"prompt": "secret"})

    assert "secret" in (await asked.wait_answer()).content
    assert "member" not in asked.payload
    assert asked.payload["context"] == 1


async def test_a_bot_brought_along_by_a_user_answers_but_cannot_post(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    guild = world.add_guild("Elsewhere", installed=False)
    channel = world.add_channel(guild, "general")
    asked = await world.slash(place.anna, channel, "veo create", {"prompt": "here"})

    assert "here" in (await asked.wait_answer()).content
    with pytest.raises(discord.Forbidden, match="50001"):
        await bot.get_partial_messageable(channel).send("too")


async def test_the_words_of_others_are_hidden_without_the_message_content_intent(
    world: DiscordStandIn, place: Place, bot: SmallBot
) -> None:
    world.post(place.anna, place.channel, "private talk")
    await text_channel(bot, place).send("own words")

    seen = [one.content async for one in text_channel(bot, place).history()]

    assert seen == ["own words", ""]


async def test_every_shard_gets_its_guilds(world: DiscordStandIn, place: Place) -> None:
    world.gateway.shards = 2
    guilds = {place.guild} | {world.add_guild(str(number)) for number in range(4)}

    async with running_bot() as bot:
        assert {guild.id for guild in bot.guilds} == guilds
        assert sorted(one.shard for one in world.gateway.live) == [(0, 2), (1, 2)]

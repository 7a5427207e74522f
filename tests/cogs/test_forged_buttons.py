"""Presses that no honest client sends: made-up numbers, other servers' jobs, private ones, rights of yesterday."""

from __future__ import annotations

import discord

from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import actions, asks, finished, made, presses_forged, refusal, stranger
from tests.simulated import texts, videos

FORGED = [
    "veo:1:up:99",
    "veo:1:up:0",
    "veo:1:up:-1",
    "veo:1:up:9007199254740993",
    "veo:1:up:99999999999999999999",
    "veo:1:up:one",
    "veo:1:up:1 ",
    "veo:1:up:\u0661",
    "veo:1:up:",
    "veo:1:fly:1",
    "veo:0:up:1",
    "veo:2:up:1",
    "veo:1:UP:1",
    "veo:1:up:1\nveo:1:up:1",
    "veo:",
    "veo:1:delete:99",
    "veo:1:cancel:99",
]


async def test_an_id_of_ones_own_making_does_nothing_but_answer(world: World, veo: StandInVeo) -> None:
    await made(world, veo)
    before = texts(world)

    answers = {found: refusal(await presses_forged(world, world.people.ann, found))[0] for found in FORGED}

    assert answers == dict.fromkeys(FORGED, "I can't find that video")
    assert texts(world) == before
    assert actions(veo) == ["text2video"]


async def test_a_number_of_another_server_is_not_found_even_by_its_owner(world: World, veo: StandInVeo) -> None:
    await made(world, veo)
    eve = world.env.create_user("eve")
    other = world.env.create_guild("Other Club", owner=eve)
    channel = other.create_text_channel("films")
    eve_there = other.add_member(eve)

    for verb in ("up", "delete", "cancel"):
        pressed = await presses_forged(world, eve_there, f"veo:1:{verb}:1", channel)
        assert refusal(pressed)[0] == "I can't find that video"

    assert actions(veo) == ["text2video"]
    assert len(videos(world)) == 1


async def test_a_private_video_is_nobody_elses_not_even_a_moderators(world: World, veo: StandInVeo) -> None:
    await asks(world, private=True)
    await finished(world, veo)

    for verb in ("up", "delete"):
        for who in (world.people.mo, stranger(world, f"bob-{verb}")):
            pressed = await presses_forged(world, who, f"veo:1:{verb}:1")
            assert refusal(pressed)[0] == "I can't find that video"

    assert actions(veo) == ["text2video"]
    assert len(world.people.ann.user.dm_channel.history()) == 2


async def test_a_gif_and_a_larger_version_cannot_be_made_larger(world: World, veo: StandInVeo) -> None:
    await made(world, veo, resolution="gif")

    assert refusal(await presses_forged(world, world.people.ann, "veo:1:up:1")) == (
        "There is no 1080p version of this",
        "Only a finished 720p video can be made larger.",
    )
    assert len(veo.submissions) == 1


async def test_cancel_from_an_old_line_is_too_late_once_the_video_is_being_made(world: World, veo: StandInVeo) -> None:
    await asks(world)

    title, step = refusal(await presses_forged(world, world.people.ann, "veo:1:cancel:1"))

    assert (title, step) == ("It's too late to cancel", "Video #1 is already being made or has ended.")
    await finished(world, veo)
    assert len(videos(world)) == 1


async def test_rights_are_those_of_the_press_and_of_the_channel_it_is_about(world: World, veo: StandInVeo) -> None:
    bob = stranger(world)
    mine = discord.PermissionOverwrite(manage_messages=True)
    own = world.guild.create_text_channel("bobs", overwrites={bob: mine})
    original = await made(world, veo)

    assert refusal(await presses_forged(world, bob, "veo:1:up:1", own))[0] == "That's not yours to change"
    moderators = next(role for role in world.guild.roles.values() if role.name == "Moderators")
    world.env.backend.remove_member_role(world.guild.id, world.people.mo.id, moderators.id)
    assert refusal(await world.people.mo.click(original, label="1080p"))[0] == "That's not yours to change"

    assert actions(veo) == ["text2video"]

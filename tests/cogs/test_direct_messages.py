"""Videos for one person alone, and requests made in direct messages."""

from __future__ import annotations

from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import (
    asks,
    costs_nothing,
    direct_messages,
    finished,
    labels,
    presses_forged,
    reads,
    refusal,
    said,
    settings,
    stranger,
)
from tests.simulated import texts


async def test_a_private_video_goes_to_the_person_alone(world: World, veo: StandInVeo) -> None:
    accepted = await asks(world, prompt="a secret", private=True)
    await finished(world, veo)

    assert said(accepted).endswith("I'll send it to you directly.")
    assert texts(world) == []
    line, result = world.people.ann.user.dm_channel.history()
    assert line.content == f"**a secret** - {world.people.ann.mention} (done · #1 · {result.jump_url})"
    assert [file.filename for file in result.attachments] == ["veo-1.mp4"]
    assert result.reference is not None
    assert result.reference.message_id == line.id
    assert labels(result) == ["1080p", "Delete"]


async def test_the_larger_version_of_a_private_video_stays_private(world: World, veo: StandInVeo) -> None:
    ann = world.people.ann.user
    await asks(world, private=True)
    await finished(world, veo)

    await ann.click(ann.dm_channel.history()[-1], label="1080p")
    await finished(world, veo)

    assert texts(world) == []
    last = ann.dm_channel.history()[-1]
    assert last.content.endswith("#2 in 1080p")
    assert said(await ann.click(last, label="Delete")) == "The message of **#2** is gone."


async def test_a_private_video_stays_private_though_its_number_is_pressed_in_the_channel(
    world: World, veo: StandInVeo
) -> None:
    await asks(world, private=True)
    await finished(world, veo)

    await presses_forged(world, world.people.ann, "veo:1:up:1")
    await finished(world, veo)

    assert texts(world) == []
    assert direct_messages(world.people.ann)[-1].endswith("#2 in 1080p")


async def test_with_closed_direct_messages_the_video_is_kept_and_show_has_it(world: World, veo: StandInVeo) -> None:
    dm = world.people.ann.user.dm_channel
    world.env.inject_error("POST", f"/channels/{dm.id}/messages", status=403, code=50007, times=None)

    await asks(world, private=True)
    await finished(world, veo)

    assert (texts(world), direct_messages(world.people.ann)) == ([], [])
    assert "`/veo show video:1` has it" in await reads(world, "history")
    shown = await reads(world, "show", video=1)
    assert f"Here is the video: {veo.video_url(next(iter(veo.tasks)))}" in shown
    assert "**Videos**: 1 of" in await reads(world, "quota")
    refused = await stranger(world).slash(world.films, "veo show", video=1)
    assert refusal(refused)[0] == "I can't find that video"


async def test_a_request_in_direct_messages_is_refused(world: World, veo: StandInVeo) -> None:
    refused = await world.people.ann.user.slash("veo create", prompt="a fox")

    assert refusal(refused) == (
        "Please use this in a server",
        "Videos are made in a server's channels. Ask there once more.",
    )
    assert await costs_nothing(world, veo)


@settings(discord={"direct_messages": True})
async def test_a_request_in_direct_messages_is_answered_there_where_the_operator_allows_it(
    world: World, veo: StandInVeo
) -> None:
    await world.people.ann.user.slash("veo create", prompt="a fox")
    await finished(world, veo)

    line, result = world.people.ann.user.dm_channel.history()
    assert "(done · #1 ·" in line.content
    assert [file.filename for file in result.attachments] == ["veo-1.mp4"]
    assert texts(world) == []


@settings(discord={"direct_messages": True, "anyone_may_upscale": True})
async def test_direct_messages_are_not_one_place_that_people_share(world: World, veo: StandInVeo) -> None:
    await world.people.ann.user.slash("veo create", prompt="a fox")
    await finished(world, veo)
    bob = stranger(world).user

    assert refusal(await bob.slash("veo show", video=1))[0] == "I can't find that video"
    assert refusal(await bob.slash("veo cancel", video=1))[0] == "I can't find that video"


async def test_the_lists_can_be_read_in_direct_messages(world: World, veo: StandInVeo) -> None:
    await asks(world, prompt="a fox")
    ann = world.people.ann.user

    assert "**#1** a fox · running" in said(await ann.slash("veo status"))
    assert "**Videos**: 1 of" in said(await ann.slash("veo quota"))
    await finished(world, veo)
    assert "**#1** a fox · succeeded" in said(await ann.slash("veo history"))
    assert "**#1** **a fox**" in said(await ann.slash("veo show", video=1))

"""Where the bot may not post, a person is told at once, and nothing is counted."""

from __future__ import annotations

import discord
import pytest

from cogs.kit.posting import missing_to_post
from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import FOREVER, asks, finished, made, refusal, refuse, said, stranger

ALL = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, attach_files=True, embed_links=True
)


def without(*names: str) -> discord.Permissions:
    given = discord.Permissions(ALL.value)
    given.update(**dict.fromkeys(names, False))
    return given


@pytest.mark.parametrize(
    ("given", "in_thread", "missing"),
    [
        (ALL, False, ()),
        (ALL, True, ()),
        (without("send_messages"), False, ("Send Messages",)),
        (without("send_messages"), True, ()),
        (without("send_messages_in_threads"), True, ("Send Messages in Threads",)),
        (without("send_messages_in_threads"), False, ()),
        (without("view_channel"), False, ("View Channel",)),
        (without("view_channel"), True, ("View Channel",)),
        (without("view_channel", "send_messages"), False, ("View Channel", "Send Messages")),
        (discord.Permissions(administrator=True), False, ()),
        (discord.Permissions.none(), False, ()),
    ],
)
def test_what_is_missing_to_post_is_named(
    given: discord.Permissions, in_thread: bool, missing: tuple[str, ...]
) -> None:
    assert missing_to_post(given, in_thread=in_thread) == missing


async def test_a_channel_that_refused_lately_is_told_at_the_ask_and_a_private_video_is_made(
    world: World, veo: StandInVeo
) -> None:
    await asks(world)
    refuse(world, 403, 50013, times=FOREVER)
    await finished(world, veo)

    title, text = refusal(await asks(world, stranger(world)))
    private = said(await asks(world, stranger(world, "cleo"), private=True))

    assert title == "I cannot post here"
    assert text == "I need the permission Send Messages in this channel. Ask a moderator, or use another channel."
    assert private.endswith("I'll send it to you directly.")
    assert len(veo.submissions) == 2


async def test_a_channel_that_refused_lately_is_told_at_the_press_of_1080p(world: World, veo: StandInVeo) -> None:
    video = await made(world, veo)
    bob = stranger(world)
    await asks(world, bob)
    refuse(world, 403, 50001, times=FOREVER)
    await finished(world, veo)

    title, _ = refusal(await world.people.ann.click(video, label="1080p"))

    assert title == "I cannot post here"

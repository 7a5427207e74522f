"""/veo status, history, show and cancel."""

from __future__ import annotations

import re

from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import asks, finished, made, reads, refusal, said, settings, stranger
from tests.simulated import videos


@settings(quota={"running_per_user": 1})
async def test_status_lists_what_is_mine_with_its_place_and_expected_time(world: World, veo: StandInVeo) -> None:
    await asks(world, prompt="first")
    await asks(world, prompt="second **loud** @everyone")
    await asks(world, stranger(world), prompt="not mine")
    await world.env.advance_time(1)

    shown = await reads(world, "status")

    title, first, second = shown.splitlines()
    assert title == "Under way"
    assert re.fullmatch(r"\*\*#1\*\* first · running · ready <t:\d+:R>", first)
    assert re.fullmatch(r"\*\*#2\*\* second .* · queued · 1st in line, ready <t:\d+:R>", second)
    assert "@everyone" not in second


async def test_without_videos_every_list_says_how_to_begin(world: World) -> None:
    assert await reads(world, "status") == "Under way\nNothing is under way. `/veo create` begins a video."
    assert await reads(world, "history") == "Your videos\nThere is nothing yet. `/veo create` begins a video."


async def test_history_lists_mine_newest_first_with_links(world: World, veo: StandInVeo) -> None:
    message = await made(world, veo, prompt="first")
    await asks(world, prompt="second")
    veo.fail(list(veo.tasks)[1], "api_error")
    await world.env.advance_time(11)
    await asks(world, stranger(world), prompt="not mine")

    assert (await reads(world, "history")).splitlines() == [
        "Your videos",
        "**#2** second · failed · " + world.films.history()[3].jump_url,
        f"**#1** first · succeeded · {message.jump_url}",
    ]


async def test_show_has_one_video_in_full(world: World, veo: StandInVeo) -> None:
    message = await made(world, veo, prompt="a fox", model="veo31", resolution="4k")

    assert await reads(world, "show", video=1) == f"**#1** **a fox**\nveo31 · 4k · succeeded · {message.jump_url}"


async def test_show_tells_why_there_is_no_video(world: World, veo: StandInVeo) -> None:
    await asks(world)
    veo.fail(next(iter(veo.tasks)), "forbidden", "secret rule 7")
    await world.env.advance_time(11)

    shown = await reads(world, "show", video=1)

    assert "Prompt refused. The content rules of the provider do not allow this prompt." in shown
    assert "secret rule" not in shown


async def test_show_is_for_the_requester_and_moderators(world: World, veo: StandInVeo) -> None:
    await made(world, veo)
    bob = stranger(world)

    assert "**#1**" in await reads(world, "show", world.people.mo, video=1)
    refused = await bob.slash(world.films, "veo show", video=1)
    missing = await bob.slash(world.films, "veo show", video=2)

    assert refusal(refused)[0] == "That's not yours to change"
    assert refusal(missing) == (
        "I can't find that video",
        "It isn't one of this server's. `/veo history` lists yours.",
    )


@settings(quota={"running_per_user": 1})
async def test_cancel_without_a_number_takes_back_the_newest_that_waits(world: World, veo: StandInVeo) -> None:
    for prompt in ("first", "second", "third"):
        await asks(world, prompt=prompt)
    assert "**Videos**: 3 of" in await reads(world, "quota")

    assert await reads(world, "cancel") == "**#3** is cancelled. Its place is free again."
    assert "**Videos**: 2 of" in await reads(world, "quota")
    assert await reads(world, "cancel", video=2) == "**#2** is cancelled. Its place is free again."

    await finished(world, veo)
    await finished(world, veo)
    assert [submission.payload["prompt"] for submission in veo.submissions] == ["first"]
    assert len(videos(world)) == 1


async def test_cancel_says_when_it_is_too_late_or_nothing_waits(world: World, veo: StandInVeo) -> None:
    ann = world.people.ann
    assert refusal(await ann.slash(world.films, "veo cancel"))[0] == "There is nothing to cancel"
    await asks(world)

    assert refusal(await ann.slash(world.films, "veo cancel", video=1))[0] == "It's too late to cancel"
    assert refusal(await ann.slash(world.films, "veo cancel"))[0] == "There is nothing to cancel"
    await finished(world, veo)
    assert refusal(await ann.slash(world.films, "veo cancel", video=1))[0] == "It's too late to cancel"


@settings(quota={"running_per_user": 1})
async def test_cancel_leaves_other_peoples_videos_alone_unless_one_moderates(world: World, veo: StandInVeo) -> None:
    await asks(world, prompt="first")
    await asks(world, prompt="second")
    bob, mo = stranger(world), world.people.mo

    assert refusal(await bob.slash(world.films, "veo cancel", video=2))[0] == "That's not yours to change"
    assert refusal(await bob.slash(world.films, "veo cancel"))[0] == "There is nothing to cancel"
    assert said(await mo.slash(world.films, "veo cancel", video=2)).startswith("**#2** is cancelled.")

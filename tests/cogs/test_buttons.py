"""The buttons: 1080p, Delete and Cancel, pressed by everybody, twice, later, and with ids of one's own making."""

from __future__ import annotations

import pytest

from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import (
    actions,
    asks,
    finished,
    labels,
    made,
    presses_at_once,
    reads,
    refusal,
    said,
    settings,
    status_lines,
    stranger,
)
from tests.simulated import texts, videos

UPSCALED = ["text2video", "get1080p"]


async def test_the_larger_version_answers_the_original_and_has_its_own_quota(world: World, veo: StandInVeo) -> None:
    original = await made(world, veo, model="veo3")

    pressed = await world.people.ann.click(original, label="1080p")
    await finished(world, veo)

    assert "Your video is **#2**" in said(pressed)
    source, larger = veo.tasks.values()
    assert veo.submissions[1].payload["video_id"] == source.video_id
    assert veo.submissions[1].payload["model"] == "veo3"
    message = videos(world)[-1]
    assert message.reference is not None
    assert message.reference.message_id == original.id
    assert message.content.endswith("#2 in 1080p")
    assert await message.attachments[0].read() == await veo.media_bytes(larger.task_id)
    assert labels(message) == ["Delete"]
    quota = await reads(world, "quota")
    assert "**Videos**: 1 of 50" in quota
    assert "**1080p versions**: 1 of 50" in quota


async def test_pressed_again_and_by_a_second_person_it_is_made_once_and_shown_to_both(
    world: World, veo: StandInVeo
) -> None:
    original = await made(world, veo)
    await world.people.ann.click(original, label="1080p")

    again = await world.people.ann.click(original, label="1080p")
    moderator = await world.people.mo.click(original, label="1080p")
    await finished(world, veo)
    later = await world.people.mo.click(original, label="1080p")

    assert said(again) == said(moderator) == "It's already on its way as **#2**."
    assert said(later) == f"It's already there: {videos(world)[-1].jump_url}"
    assert actions(veo) == UPSCALED
    assert len(videos(world)) == 2
    assert "**1080p versions**: 0 of" in await reads(world, "quota", world.people.mo)


async def test_pressed_by_everybody_at_the_same_moment_it_is_made_once(world: World, veo: StandInVeo) -> None:
    original = await made(world, veo)

    presses_at_once(world, [*world.people.all, *world.people.all], original, "veo:1:up:1")
    await world.env.settle()
    await finished(world, veo)

    assert actions(veo) == UPSCALED
    assert len(videos(world)) == 2


async def test_a_stranger_may_neither_enlarge_nor_delete(world: World, veo: StandInVeo) -> None:
    original = await made(world, veo)
    bob = stranger(world)

    for label in ("1080p", "Delete"):
        assert refusal(await bob.click(original, label=label)) == (
            "That's not yours to change",
            "Only the person who asked for video #1 and the moderators can do this.",
        )

    assert actions(veo) == ["text2video"]
    assert [message.id for message in videos(world)] == [original.id]


async def test_a_moderator_may_enlarge_and_pays_for_it(world: World, veo: StandInVeo) -> None:
    original = await made(world, veo)

    await world.people.mo.click(original, label="1080p")
    await finished(world, veo)

    assert [user.id for user in videos(world)[-1].mentions] == [world.people.mo.id]
    assert "**1080p versions**: 1 of" in await reads(world, "quota", world.people.mo)
    assert "**1080p versions**: 0 of" in await reads(world, "quota")


@settings(discord={"anyone_may_upscale": True})
async def test_everybody_may_enlarge_where_the_operator_says_so_but_not_delete(world: World, veo: StandInVeo) -> None:
    original = await made(world, veo)
    bob = stranger(world)

    await bob.click(original, label="1080p")
    await finished(world, veo)

    assert actions(veo) == UPSCALED
    assert refusal(await bob.click(original, label="Delete"))[0] == "That's not yours to change"


@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "killed"])
async def test_the_buttons_of_an_old_message_work_after_a_restart(world: World, veo: StandInVeo, crash: bool) -> None:
    original = await made(world, veo)
    await world.restart(crash=crash)

    await world.people.ann.click(videos(world)[0], label="1080p")
    await finished(world, veo)
    await world.people.ann.click(videos(world)[0], label="Delete")

    assert actions(veo) == UPSCALED
    assert original.id not in [message.id for message in videos(world)]
    assert len(videos(world)) == 1


@settings(quota={"upscales_per_day": 1})
async def test_larger_versions_have_their_daily_limit(world: World, veo: StandInVeo) -> None:
    first = await made(world, veo)
    second = await made(world, veo)
    await world.people.ann.click(first, label="1080p")

    refused = await world.people.ann.click(second, label="1080p")

    title, step = refusal(refused)
    assert title == "Daily limit reached"
    assert step.startswith("You have used all 1 1080p versions of the last 24 hours. The next place frees <t:")
    assert actions(veo).count("get1080p") == 1


async def test_a_larger_version_that_failed_may_be_asked_for_again(world: World, veo: StandInVeo) -> None:
    original = await made(world, veo)
    await world.people.ann.click(original, label="1080p")
    veo.fail(list(veo.tasks)[1], "api_error")
    await world.env.advance_time(11)
    assert "**1080p versions**: 0 of" in await reads(world, "quota")

    await world.people.ann.click(original, label="1080p")
    await finished(world, veo)

    assert videos(world)[-1].content.endswith("#3 in 1080p")


@pytest.mark.parametrize("who", ["ann", "mo"])
async def test_delete_takes_the_message_away_and_show_still_has_the_video(
    world: World, veo: StandInVeo, who: str
) -> None:
    original = await made(world, veo)
    person = {"ann": world.people.ann, "mo": world.people.mo}[who]

    pressed = await person.click(original, label="Delete")

    assert said(pressed) == "The message of **#1** is gone."
    assert videos(world) == []
    shown = await reads(world, "show", video=1)
    assert veo.video_url(next(iter(veo.tasks))) in shown
    assert original.jump_url not in shown
    assert original.jump_url not in await reads(world, "history")


async def test_delete_of_a_message_that_is_gone_already_is_no_mistake(world: World, veo: StandInVeo) -> None:
    original = await made(world, veo)
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=404, code=10008)

    assert said(await world.people.ann.click(original, label="Delete")) == "The message of **#1** is gone."


async def test_a_failure_can_be_deleted_too(world: World, veo: StandInVeo) -> None:
    await asks(world)
    veo.fail(next(iter(veo.tasks)), "api_error")
    await world.env.advance_time(11)

    await world.people.ann.click(world.films.history()[-1], label="Delete")

    assert len(texts(world)) == 1


@settings(quota={"running_per_user": 1})
async def test_cancel_is_for_the_requester_and_moderators(world: World, veo: StandInVeo) -> None:
    for prompt in ("first", "second", "third"):
        await asks(world, prompt=prompt)
    _, second, third = status_lines(world)

    assert refusal(await stranger(world).click(second, label="Cancel"))[0] == "That's not yours to change"
    assert said(await world.people.ann.click(second, label="Cancel")).startswith("**#2** is cancelled.")
    assert said(await world.people.mo.click(third, label="Cancel")).startswith("**#3** is cancelled.")

    assert "**Videos**: 1 of" in await reads(world, "quota")
    assert len(veo.submissions) == 1

"""The message that carries a video, or the words when there is none."""

from __future__ import annotations

from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import (
    all_that_was_sent,
    asks,
    finished,
    labels,
    made,
    reads,
    refusal,
    settings,
    status_lines,
)
from tests.simulated import texts, videos


async def test_a_video_comes_as_one_playable_message_that_answers_its_line(world: World, veo: StandInVeo) -> None:
    prompt = "a fox @everyone, *softly*"
    message = await made(world, veo, prompt=prompt)

    (file,) = message.attachments
    assert len(videos(world)) == 1
    assert (file.filename, file.content_type) == ("veo-1.mp4", "video/mp4")
    assert file.description == f"AI video: {prompt}"
    assert await file.read() == await veo.media_bytes(next(iter(veo.tasks)))
    assert message.reference is not None
    assert message.reference.message_id == status_lines(world)[0].id
    assert labels(message) == ["1080p", "Delete"]


async def test_a_video_mentions_its_requester_once_and_nobody_else(world: World, veo: StandInVeo) -> None:
    ann, mo = world.people.ann, world.people.mo
    message = await made(world, veo, prompt=f"{mo.mention} @everyone {ann.mention} @here")

    assert [user.id for user in message.mentions] == [ann.id]
    assert message.content.count(ann.mention) == 1
    assert (message.mention_everyone, message.role_mentions) == (False, [])
    assert mo.mention not in message.content
    (sent,) = [entry.json for entry in world.env.http_requests if "veo-1.mp4" in str(entry.json)]
    assert sent is not None
    assert sent["allowed_mentions"] == {"users": [ann.id], "parse": []}


async def test_a_gif_comes_as_a_gif_without_a_larger_version(world: World, veo: StandInVeo) -> None:
    message = await made(world, veo, resolution="gif")

    (file,) = message.attachments
    assert file.filename == "veo-1.gif"
    assert (await file.read())[:4] == b"GIF8"
    assert labels(message) == ["Delete"]


@settings(discord={"upload_limit_mb": 0.01})
async def test_a_file_over_the_limit_comes_as_a_link_without_an_upload(world: World, veo: StandInVeo) -> None:
    await asks(world)
    task_id = next(iter(veo.tasks))
    veo.resize(task_id, 20_000)

    await finished(world, veo)

    message = world.films.history()[-1]
    assert message.attachments == []
    assert message.content.endswith(f"The video can't be attached; it is here: {veo.video_url(task_id)}")
    assert labels(message) == ["1080p", "Delete"]
    assert not [entry for entry in world.env.http_requests if "veo-1.mp4" in str(entry.json)]


async def test_a_failure_is_told_with_words_and_a_next_step_and_is_not_counted(world: World, veo: StandInVeo) -> None:
    await asks(world)
    assert "**Videos**: 1 of" in await reads(world, "quota")

    veo.fail(next(iter(veo.tasks)), "api_error", "GPU 17 melted")
    await world.env.advance_time(11)

    message = world.films.history()[-1]
    (embed,) = message.embeds
    assert embed.title == "The video could not be made"
    assert embed.description == ("The provider had a problem and made no video. It does not count. You can try again.")
    assert [user.id for user in message.mentions] == [world.people.ann.id]
    assert labels(message) == ["Delete"]
    assert "melted" not in all_that_was_sent(world)
    assert "**Videos**: 0 of" in await reads(world, "quota")


async def test_a_prompt_against_the_providers_rules_is_asked_for_in_other_words(world: World, veo: StandInVeo) -> None:
    veo.switches.terms.moderated_words = ("dragon",)

    await asks(world, prompt="a dragon")

    (embed,) = world.films.history()[-1].embeds
    assert embed.title == "Prompt refused"
    assert "Write it in another way. It does not count." in str(embed.description)
    assert "moderation" not in all_that_was_sent(world)
    assert "**Videos**: 0 of" in await reads(world, "quota")
    await asks(world, prompt="a fox")
    await world.env.advance_time(1)
    assert len(veo.tasks) == 1


async def test_a_task_that_fails_for_its_content_is_refunded_too(world: World, veo: StandInVeo) -> None:
    await asks(world)

    veo.fail(next(iter(veo.tasks)), "forbidden")
    await world.env.advance_time(11)

    assert world.films.history()[-1].embeds[0].title == "Prompt refused"
    assert "**Videos**: 0 of" in await reads(world, "quota")


async def test_who_asks_for_a_retired_model_reads_which_ones_work_and_the_next_one_is_refused(
    world: World, veo: StandInVeo
) -> None:
    veo.switches.terms.unsupported_models.add("veo2")

    await asks(world, model="veo2")

    (embed,) = world.films.history()[-1].embeds
    assert embed.title == "This model is not available"
    assert "The provider no longer offers `veo2`. These models work: `veo31-fast`, `veo31`," in str(embed.description)
    assert str(embed.description).endswith("`veo2-fast`. It does not count.")
    assert "**Videos**: 0 of" in await reads(world, "quota")
    title, step = refusal(await asks(world, model="veo2"))
    assert title == "This model is not available"
    assert step.endswith("These models work: veo31-fast, veo31, veo31-fast-ingredients, veo3-fast, veo3, veo2-fast.")
    assert "**veo2** · quality · **not available right now**" in await reads(world, "models")
    assert len(veo.submissions) == 1


async def test_a_retired_model_costs_one_refusal_and_is_tried_again_after_a_day_by_one_video(
    world: World, veo: StandInVeo
) -> None:
    veo.switches.terms.unsupported_models.add("veo2")
    await asks(world, model="veo2")
    veo.switches.terms.unsupported_models.clear()

    await world.restart()
    await asks(world, model="veo2")
    assert len(veo.submissions) == 1
    await world.env.advance_time(24 * 3600)

    await made(world, veo, model="veo2")
    assert "not available" not in await reads(world, "models")
    assert [text for text in texts(world) if "(done · #2 ·" in text]

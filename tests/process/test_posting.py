"""Where the real process may not post: people are told at the ask, and no upload is wasted."""

from __future__ import annotations

import pytest

from sandbox.discord import BOT, ErrorCode, Permission, Refuse
from tests.process.books import audit
from tests.process.house import House, carried_job, gathered

pytestmark = pytest.mark.process


async def test_view_channel_is_asked_for_like_send_messages_and_attach_files_is_warned_about(house: House) -> None:
    anna = house.person("anna")
    unseen, silent, bare = (
        house.discord.add_channel(house.guild, name, permissions=BOT & ~missing)
        for name, missing in (
            ("unseen", Permission.VIEW_CHANNEL),
            ("silent", Permission.SEND_MESSAGES),
            ("bare", Permission.ATTACH_FILES),
        )
    )
    await house.start()

    asked = await gathered(*(house.ask(anna, "a fox", channel) for channel in (unseen, silent, bare)))
    answers = await gathered(*(one.wait_answer() for one in asked))
    jobs = await house.settled()

    assert "I need the permission View Channel in this channel." in answers[0].text
    assert "I need the permission Send Messages in this channel." in answers[1].text
    assert "the video will come as a link" in answers[2].text
    assert [row["channel_id"] for row in jobs.values()] == [bare]
    assert await audit(house) == []


async def test_a_locked_post_of_a_forum_means_the_next_place_at_once_and_is_told_at_the_next_ask(house: House) -> None:
    anna, ben = house.person("anna"), house.person("ben")
    forum = house.discord.add_forum(house.guild, "ideas")
    post = house.discord.add_thread(forum, "a fox")
    await house.start()
    job_id = await house.order(anna, "a fox", post)
    await house.until(lambda: house.jobs()[job_id]["status_message_id"], "a status line")

    house.discord.world.channels[post].locked = True
    result = await house.result(job_id)
    posts = [
        one
        for one in house.discord.traffic.requests
        if one.method == "POST" and one.path.endswith("/messages") and one.files
    ]
    refused = await (await house.ask(ben, "a bear", post)).wait_answer()

    assert carried_job(result) == job_id
    assert result.channel_id == house.discord.dm_channel(anna)
    assert len(posts) == 2
    assert house.discord.traffic.count("POST", f"/channels/{forum}/messages") == 0
    assert "I cannot post here" in refused.text


async def test_a_line_that_is_too_old_to_be_changed_is_taken_away(house: House) -> None:
    house.veo.switches.delay = float("inf")
    await house.start()
    job_id = await house.order(house.person("anna"), "a fox")
    await house.until(lambda: house.jobs()[job_id]["status_shown"] == "running", "a status line")
    line = house.jobs()[job_id]["status_message_id"]

    house.discord.faults.add("PATCH", f"/channels/{house.channel}/messages/{line}", Refuse(ErrorCode.OLD_EDITS))
    house.veo.finish(house.jobs()[job_id]["task_id"])
    result = await house.result(job_id)
    await house.settled(job_id)

    assert [one.id for one in house.discord.messages(house.channel)] == [result.id]
    assert house.discord.traffic.towards_ban == 1
    assert await audit(house) == []

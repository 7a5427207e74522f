"""The demo's world without a browser: its files, its clock, and what its page would show."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from sandbox.demo import LivePage, Pump, demo_world
from sandbox.demo.files import FileHost
from sandbox.demo.pictures import harbour, plain
from sandbox.demo.world import MakeBot


async def test_an_attachment_can_be_fetched_by_whoever_has_its_address() -> None:
    async with FileHost() as files, aiohttp.ClientSession() as session:
        stored = files.store.store_attachment(1, 2, "teal.png", plain(), None)

        async with session.get(stored["url"]) as found, session.get(f"{stored['url']}x") as missing:
            assert (found.status, found.content_type, await found.read()) == (200, "image/png", plain())
            assert missing.status == 404


async def test_the_pump_lets_time_pass_and_publishes_what_the_bot_posts(make_bot: MakeBot, tmp_path: Path) -> None:
    seconds = 0.0
    async with (
        demo_world(make_bot, tmp_path) as world,
        LivePage(world.env, world.films, world.people.all, port=None) as page,
    ):
        pump = Pump(world, page, elapsed=lambda: seconds)
        began = world.env.now()
        await world.people.ann.slash(world.films, "veo create", prompt="a fox", image1=("harbour.png", harbour()))

        for second in range(1, 31):
            seconds = float(second)
            await pump.step()

        assert (world.env.now() - began).total_seconds() == pytest.approx(30)
        shown = await page.snapshot()
        assert [file["filename"] for message in shown["messages"].values() for file in message["attachments"]] == [
            "veo-1.mp4"
        ]


async def test_a_time_that_counts_down_is_read_anew_each_time_the_page_asks(make_bot: MakeBot, tmp_path: Path) -> None:
    async with (
        demo_world(make_bot, tmp_path, video_takes=600) as world,
        LivePage(world.env, world.films, world.people.all, port=None) as page,
    ):
        await world.people.ann.slash(world.films, "veo create", prompt="a fox")
        first = await page.snapshot()

        await world.env.advance_time(10)

        later = await page.snapshot()
        assert later["profile"]["presentationTime"] > first["profile"]["presentationTime"]

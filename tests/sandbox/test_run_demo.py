"""The demo as `bot.py demo --once` runs it, and what it says when something is wrong."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import StringIO

import pytest
from discord.ext import commands

from sandbox.demo import run_demo
from sandbox.demo.world import MakeBot, Surroundings

pytestmark = pytest.mark.timeout(120)


async def test_the_script_shows_a_video_and_a_larger_one(make_bot: MakeBot) -> None:
    out = StringIO()

    code = await run_demo(once=True, port=None, make_bot=make_bot, out=out)

    said = out.getvalue()
    assert code == 0, said
    assert said.index("/veo create prompt:") < said.index("✓ a real mp4 of 640x360") < said.index("presses [1080p]")
    assert said.rstrip().endswith("✓ a real mp4 of 1920x1080, larger than the first")


async def test_the_script_fails_when_the_bot_gets_no_video(make_bot: MakeBot) -> None:
    @asynccontextmanager
    async def without_api(surroundings: Surroundings) -> AsyncGenerator[commands.AutoShardedBot]:
        async with make_bot(replace(surroundings, veo_api_token="wrong")) as bot:
            yield bot

    out = StringIO()

    code = await run_demo(once=True, port=None, make_bot=without_api, out=out)

    assert code == 1
    assert "✗ no video came" in out.getvalue()

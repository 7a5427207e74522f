"""The stand-in's reason to be: a bot in a process of its own, killed without warning."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import Process
from pathlib import Path

import pytest
from yarl import URL

from sandbox.discord import DiscordStandIn
from tests.stand_ins.house import TOKEN, Place

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.process


async def start(world: DiscordStandIn) -> Process:
    script = ["-m", "tests.stand_ins.small_bot", world.api_base, world.gateway.url]
    process = await asyncio.create_subprocess_exec(sys.executable, *script, cwd=ROOT, stderr=asyncio.subprocess.DEVNULL)
    await world.wait_connected(within=30)
    return process


async def test_an_upload_cut_short_leaves_no_message(world: DiscordStandIn, place: Place) -> None:
    url = URL(world.api_base + place.messages)
    _reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST {url.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bot {TOKEN}\r\nContent-Length: 9000\r\n"
    part = '--b\r\nContent-Disposition: form-data; name="files[0]"; filename="a.mp4"\r\n\r\nhalf'
    writer.write(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n{part}".encode())
    await world.wait_requests("POST", place.messages)
    writer.transport.abort()
    await world.wait_until(lambda: world.traffic.requests[-1].status == 499)

    assert world.messages(place.channel) == []
    assert world.traffic.refused == []


async def test_a_killed_bot_comes_back_to_a_world_that_kept_everything(world: DiscordStandIn, place: Place) -> None:
    first = await start(world)
    asked = await world.slash(place.anna, place.channel, "veo edit")
    await asked.wait_ack()
    sent = await world.submit_modal(asked, {"Prompt": "a dog"})
    message = await sent.wait_answer()
    first.kill()
    await first.wait()
    await world.wait_disconnected()
    unheard = await world.slash(place.anna, place.channel, "veo create", {"prompt": "nobody there"})

    second = await start(world)
    again = await world.slash(place.anna, place.channel, "veo create", {"prompt": "hello again"})
    answer = await again.wait_answer()
    second.kill()
    await second.wait()

    assert answer.content.startswith("hello again")
    assert unheard.ack is None
    assert world.messages(place.channel) == [message]
    assert len(world.gateway.identifies) == 2

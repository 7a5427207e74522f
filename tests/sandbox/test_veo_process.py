"""The stand-in as a process: it says where it is, answers, and stops when told."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from sandbox.veo.__main__ import build, parse
from tests.sandbox.caller import TEXT

ROOT = Path(__file__).parents[2]
FORBIDDEN_IMPORTS = (
    "import sys, sandbox.veo; print(sorted({'av', 'PIL', 'discord', 'veo_core', 'cogs'} & set(sys.modules)))"
)


@pytest.fixture
async def process() -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "sandbox.veo", "--delay", "0", "--clips", "tiny")
    started = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    yield started
    if started.returncode is None:
        started.kill()
    await started.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_process_prints_its_address_serves_and_stops_with_zero(
    process: asyncio.subprocess.Process, session: aiohttp.ClientSession, number: signal.Signals
) -> None:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    base_url = line.removeprefix("Stand-in Veo API: ").strip()
    headers = {"Authorization": "Bearer anything"}

    async with session.post(f"{base_url}/veo/videos", json=TEXT, headers=headers) as response:
        task_id = (await response.json())["task_id"]
    async with session.get(f"{base_url}/media/{task_id}.mp4") as response:
        body = await response.read()
    process.send_signal(number)

    assert await asyncio.wait_for(process.wait(), 10) == 0
    assert body[4:8] == b"ftyp"


async def test_the_package_needs_neither_the_renderers_libraries_nor_the_bot() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FORBIDDEN_IMPORTS, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()

    assert out.decode().strip() == "[]"


async def test_options_become_settings_and_terms() -> None:
    veo = build(parse(["--retired", "--ignore-async", "--moderate", "gore", "--clips", "rendered"]))

    assert veo.switches.terms.unsupported_models == {"veo2", "veo2-fast"}
    assert veo.switches.terms.moderated_words == ("gore",)
    assert veo.switches.ignore_async


def test_a_wrong_option_ends_the_process_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(["--clips", "huge"])

    assert stopped.value.code == 2
    assert "usage: python -m sandbox.veo" in capsys.readouterr().err

"""The image really is what the Dockerfile promises: it is built, and the bot works in it as its user."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.discord import DiscordStandIn
from sandbox.veo import Settings, StandInVeo
from tests.process.config import usual_config, written_config
from tests.process.house import DISCORD_TOKEN, ROOT, VEO_TOKEN, House
from tests.programs import missing

pytestmark = pytest.mark.image

# A mount namespace of its own, which ends with the process: the root read-only, /tmp empty, /data from the host.
_ENTER = """
set -e
root=$1 data=$2 user=$3 folder=$4
shift 4
mount --bind "$root" "$root"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$data" "$root/data"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" /usr/bin/env -i -C "$folder" "$@"
"""


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """The root of a container of the image, and its configuration as an engine reads it."""

    root: Path
    config: dict[str, Any]

    def command(self, data: Path, words: list[str], environment: dict[str, str]) -> tuple[str, ...]:
        """What runs these words as a container would; the process keeps its number, so signals reach it."""
        variables = [*self.config["Env"], *(f"{name}={value}" for name, value in environment.items())]
        places = (str(self.root), str(data), self.config["User"], self.config["WorkingDir"])
        return ("unshare", "--mount", "sh", "-c", _ENTER, "sh", *places, *variables, *words)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuiltImage:
    for program in ("buildah", "mmdebstrap"):
        if shutil.which(program) is None:
            missing(program)
    if os.geteuid() != 0:
        missing("root's rights")
    folder = tmp_path_factory.mktemp("image")
    run = subprocess.run([sys.executable, "tools/image.py", folder], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    described = json.loads(run.stdout)
    return BuiltImage(Path(described["root"]), described["config"])


class ContainedHouse(House):
    """The bot runs in the image; its database lies in /data."""

    image: BuiltImage
    data: Path
    port: int

    async def launch(self, *, kill_at: str | None = None, **environment: str) -> Process:
        """Start the image's program as its user."""
        assert kill_at is None, "failpoints are tested outside the image"
        tokens = {"DISCORD_TOKEN": DISCORD_TOKEN, "ACEDATACLOUD_API_TOKEN": VEO_TOKEN}
        port = {"VEOBOT_SERVER__PORT": str(self.port)}
        words = [*self.image.config["Entrypoint"], *self.image.config["Cmd"], "--config", "/data/config.toml"]
        return await self._spawn(self.image.command(self.data, words, tokens | port | environment), os.environ)

    @property
    def owner(self) -> int:
        """Whom the bot's process belongs to."""
        assert self.process is not None
        return Path(f"/proc/{self.process.pid}").stat().st_uid

    def run_inside(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program beside the bot, as the same user."""
        command = self.image.command(self.data, list(words), {"VEOBOT_SERVER__PORT": str(self.port)})
        return subprocess.run(command, capture_output=True, text=True, check=False)

    async def until_healthy(self) -> None:
        """Wait until the image's own health check passes."""
        _, *check = self.image.config["Healthcheck"]["Test"]
        for _ in range(50):
            if (await asyncio.to_thread(self.run_inside, *check)).returncode == 0:
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"the health check never passed:\n{self.log}")


@pytest.fixture
async def house(built: BuiltImage, tmp_path: Path) -> AsyncIterator[ContainedHouse]:
    data = tmp_path / "data"
    data.mkdir()
    async with (
        DiscordStandIn(token=DISCORD_TOKEN) as discord,
        StandInVeo(Settings(delay=0.3, token=VEO_TOKEN)) as veo,
    ):
        house = ContainedHouse(tmp_path, discord, veo)
        house.image, house.data, house.port = built, data, _free_port()
        house.database = data / "veobot.sqlite3"
        tables = usual_config(discord, veo, Path("/data/veobot.sqlite3"))
        (data / "config.toml").write_text(written_config(tables), encoding="utf-8")
        for path in (data, data / "config.toml"):
            os.chown(path, *map(int, built.config["User"].split(":")))
        yield house
        await house.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_main_job_runs_in_the_image_as_its_user(house: ContainedHouse) -> None:
    await house.start()

    job_id = await house.order(house.person("ada"), "a lighthouse")
    message = await house.result(job_id)

    assert [file.filename for file in message.attachments] == [f"veo-{job_id}.mp4"]
    uid = int(house.image.config["User"].split(":")[0])
    assert house.owner == uid
    assert house.database.stat().st_uid == uid


async def test_it_says_that_it_is_well_to_the_health_check_and_to_the_port(house: ContainedHouse) -> None:
    await house.start()

    await house.until_healthy()

    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{house.port}/healthz") as answer:
        assert answer.status == 200


async def test_the_health_check_fails_while_no_bot_runs(house: ContainedHouse) -> None:
    _, *check = house.image.config["Healthcheck"]["Test"]

    assert house.run_inside(*check).returncode != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_ends_it_with_exit_code_0(house: ContainedHouse, number: signal.Signals) -> None:
    await house.start()
    assert house.process is not None

    house.process.send_signal(number)

    assert await house.ended(within=15) == 0


async def test_nothing_but_data_and_tmp_can_be_written(house: ContainedHouse) -> None:
    written = {place: house.run_inside("touch", f"{place}/x").returncode for place in ("/app", "/opt/venv", "/etc")}

    assert all(code != 0 for code in written.values()), written
    assert house.run_inside("touch", "/data/x", "../tmp/x").returncode == 0


async def test_check_answers_in_lines_and_not_in_a_traceback(house: ContainedHouse) -> None:
    program, *words = house.image.config["Entrypoint"]

    run = house.run_inside(program, *words, "check")

    assert run.returncode == 1
    assert "discord.token is missing" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr

"""The real bot in a process of its own, between the two stand-ins: started, killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeVar

from sandbox.discord import DiscordStandIn, Interaction, Message, RequestRecord
from sandbox.veo import Settings, StandInVeo
from tests.process.config import Config, usual_config, written_config

T = TypeVar("T")
Row = Mapping[str, Any]

ROOT = Path(__file__).parents[2]
DISCORD_TOKEN = "discord-secret-c2VjcmV0.4711"
VEO_TOKEN = "veo-secret-0f5d2a77"
RESULT_BUTTON = re.compile(r"veo:1:(?:up|delete):(\d+)")
ACCEPTED = re.compile(r"Your video is \*\*#(\d+)\*\*")
PATIENCE = 20.0
_LOOK_EVERY = 0.03
_OURS = ("VEOBOT_", "VEO_", "DISCORD_TOKEN", "ACEDATACLOUD_")


class House:
    """One bot, its files, and everything around it."""

    def __init__(self, folder: Path, discord: DiscordStandIn, veo: StandInVeo) -> None:
        self.discord = discord
        self.veo = veo
        self.database = folder / "veobot.sqlite3"
        self.config = folder / "config.toml"
        self.scratch = folder / "tmp"
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.guild = discord.add_guild("Films")
        self.channel = discord.add_channel(self.guild, "general")
        self.process: Process | None = None
        self._log = folder / "bot.log"
        self._life_began = 0

    def configure(self, changes: Config | None = None) -> None:
        """Write config.toml: quick loops, roomy limits, and what the test wants otherwise."""
        tables = usual_config(self.discord, self.veo, self.database)
        for name, keys in (changes or {}).items():
            tables[name] = {**tables.get(name, {}), **keys}
        self.config.write_text(written_config(tables), encoding="utf-8")

    async def launch(self, *, command: str = "run", kill_at: str | None = None, **environment: str) -> Process:
        """Start the process and wait for nothing."""
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        surroundings |= {
            "DISCORD_TOKEN": DISCORD_TOKEN,
            "ACEDATACLOUD_API_TOKEN": VEO_TOKEN,
            "TMPDIR": str(self.scratch),
        }
        # Hundreds of modules are not compiled anew at each start.
        surroundings |= {"PYTHONPYCACHEPREFIX": str(_compiled(self.config)), "PYTHONDONTWRITEBYTECODE": ""}
        surroundings |= environment | ({"VEO_KILL_AT": kill_at} if kill_at else {})
        return await self._spawn((sys.executable, "bot.py", command, "--config", str(self.config)), surroundings)

    async def _spawn(self, command: Sequence[str], surroundings: Mapping[str, str]) -> Process:
        """Start a program as the bot's process; what it prints goes to the log."""
        self._life_began = len(self.log_of_all_lives)
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=surroundings, stdout=log, stderr=log
            )
        return self.process

    async def start(self, *, kill_at: str | None = None, **environment: str) -> None:
        """Start the bot and wait until people can use it."""
        if not await self.begin(kill_at=kill_at, **environment):
            raise AssertionError(f"the bot ended while it started:\n{self.log}")

    async def begin(self, *, kill_at: str | None = None, **environment: str) -> bool:
        """Start the bot and wait until people can use it, or until it ended before: then False."""
        await self.discord.wait_disconnected()
        process = await self.launch(kill_at=kill_at, **environment)
        exited = asyncio.create_task(process.wait())
        ready = asyncio.create_task(self._ready())
        await asyncio.wait({exited, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            return False
        exited.cancel()
        await ready
        return True

    async def _ready(self) -> None:
        await self.discord.wait_connected(within=PATIENCE)
        await self.discord.wait_commands(within=PATIENCE)

    async def answered(self, command: str, **environment: str) -> tuple[int, str]:
        """Run a command that ends by itself; its exit code and what it wrote."""
        await self.launch(command=command, **environment)
        return await self.ended(), self.log

    async def ended(self, within: float = PATIENCE) -> int:
        """The exit code, once the process ends by itself; -9 after SIGKILL."""
        assert self.process is not None
        try:
            async with asyncio.timeout(within):
                return await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"the bot still runs after {within} s:\n{self.log[-6000:]}") from None

    async def stop(self, within: float = 15.0) -> int:
        """SIGTERM; the exit code."""
        self._send(signal.SIGTERM)
        return await self.ended(within)

    async def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self.process is not None:
            self._send(signal.SIGKILL)
            await self.process.wait()

    async def restart(self, *, kill_at: str | None = None) -> None:
        """SIGKILL and a new start."""
        await self.kill()
        await self.start(kill_at=kill_at)

    @property
    def is_dead(self) -> bool:
        """Whether the process ended."""
        return self.process is None or self.process.returncode is not None

    def _send(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    @property
    def log_of_all_lives(self) -> str:
        """What every process wrote to standard error and standard output."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    @property
    def log(self) -> str:
        """What the last process wrote."""
        return self.log_of_all_lives[self._life_began :]

    def person(self, name: str) -> int:
        """Somebody new."""
        return self.discord.add_user(name)

    def place(self, name: str) -> int:
        """A new channel."""
        return self.discord.add_channel(self.guild, name)

    async def ask(self, user_id: int, prompt: str, channel_id: int | None = None, **options: object) -> Interaction:
        """`/veo create`."""
        return await self.discord.slash(
            user_id, channel_id or self.channel, "veo create", {"prompt": prompt, **options}
        )

    async def accepted(self, asked: Interaction) -> int:
        """The number of the job that the bot promises in its private answer."""
        answer = await asked.wait_answer()
        found = ACCEPTED.search(answer.content)
        assert found is not None, f"not accepted: {answer.text}"
        return int(found[1])

    async def order(self, user_id: int, prompt: str, channel_id: int | None = None, **options: object) -> int:
        """`/veo create` that is accepted; the job's number."""
        return await self.accepted(await self.ask(user_id, prompt, channel_id, **options))

    async def told(self, user_id: int, line: str, options: Mapping[str, object] | None = None) -> str:
        """The private answer to a command, as text."""
        asked = await self.discord.slash(user_id, self.channel, line, dict(options or {}))
        return (await asked.wait_answer()).text

    def carriers(self, job_id: int) -> list[Message]:
        """Every message ever posted that carries this job's result or failure, also a deleted one."""
        return [message for message in self.discord.world.messages.values() if carried_job(message) == job_id]

    async def result(self, job_id: int, within: float = PATIENCE) -> Message:
        """The message with a job's result or failure, once it is there."""
        return await self.discord.wait_for_message(lambda message: carried_job(message) == job_id, within=within)

    def jobs(self) -> dict[int, Row]:
        """What is on disk now, by job; read-only."""
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            connection.row_factory = sqlite3.Row
            return {row["job_id"]: dict(row) for row in connection.execute("SELECT * FROM jobs ORDER BY job_id")}

    async def until(self, look: Callable[[], T | None], what: str, within: float = PATIENCE) -> T:
        """The first value of `look` that is neither None nor False; another process's file can only be looked at."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + within
        while not (found := look()):
            if loop.time() > ends:
                raise AssertionError(f"{what}: not within {within} s\n{self.unsettled()}\n{self.log[-6000:]}")
            await asyncio.sleep(_LOOK_EVERY)
        return found

    async def settled(self, *job_ids: int, within: float = PATIENCE) -> dict[int, Row]:
        """Wait until these jobs (all, without any) ended, were delivered or kept, and their status lines say so."""
        await self.until(lambda: not self.unsettled(*job_ids), f"settled {job_ids or 'all'}", within)
        return self.jobs()

    def unsettled(self, *job_ids: int) -> list[Row]:
        """The jobs that something is still to be done for."""
        return [row for job_id, row in self.jobs().items() if (not job_ids or job_id in job_ids) and _is_open(row)]

    def posts(self, prompt: str) -> int:
        """How many submissions with this prompt reached the provider, whatever became of them."""
        return sum(one.payload.get("prompt") == prompt for one in self.veo.submissions)


def carried_job(message: Message) -> int | None:
    """The job whose result or failure a message carries, told by its buttons."""
    found = (RESULT_BUTTON.fullmatch(str(button.get("custom_id"))) for button in message.buttons)
    return next((int(match[1]) for match in found if match is not None), None)


def _is_open(row: Row) -> bool:
    posted = row["delivered_at"] or row["kept_at"] or row["state"] in {"cancelled", "rejected"}
    return not (row["ended_at"] and posted and row["status_shown"] == row["status_wanted"])


def _compiled(config: Path) -> Path:
    """Shared by all tests of a run: pytest's folders of one run are neighbours."""
    return config.parent.parent / "compiled"


@asynccontextmanager
async def open_house(folder: Path, config: Config | None = None, *, delay: float = 0.3) -> AsyncGenerator[House]:
    """Both stand-ins and a configuration; the bot is not started. Leaving ends whatever still runs."""
    async with (
        DiscordStandIn(token=DISCORD_TOKEN) as discord,
        StandInVeo(Settings(delay=delay, token=VEO_TOKEN)) as veo,
    ):
        house = House(folder, discord, veo)
        house.configure(config)
        try:
            yield house
        finally:
            await house.kill()


def spoken(job_id: int, record: RequestRecord) -> bool:
    """Whether a request of the bot carries this job's result."""
    return f"veo:1:delete:{job_id}" in json.dumps(record.body)


async def gathered(*work: Awaitable[T]) -> list[T]:
    """All at once, in order."""
    return list(await asyncio.gather(*work))

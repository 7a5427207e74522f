"""Kills the bot again and again, at random moments and at random failpoints, and starts it anew."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.soak.environment import Town
from veo_core.failpoints import Failpoint

LOOK_EVERY = 0.25
_RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")
_KIB_A_MIB = 1024


@dataclass
class Keeper:
    """Whoever pulls the plug; `peak_mib` is the most memory that any of the lives was seen to use."""

    town: Town
    random: Random
    ends: Counter[str] = field(default_factory=Counter[str])
    unexpected: list[str] = field(default_factory=list[str])
    peak_mib: float = 0.0
    _place: str | None = None
    """Where this life kills itself, if it does."""

    async def keep(self) -> None:
        """Life after life until the storm is over; the first one is already on, the last one goes on."""
        while self.town.age() < self.town.seconds:
            await self._live(self._place)
            self._place = await self._born()

    async def part(self) -> None:
        """Ask the last life to stop; one that was to kill itself may still do so."""
        code = await self.town.house.stop()
        self._note("SIGTERM", expected=code == 0 or (self._place is not None and code == -signal.SIGKILL), code=code)

    async def _born(self) -> str | None:
        """Start until a life is ready for people; where that one will end by itself."""
        while True:
            place = self._some_place()
            if self.random.random() < 0.5:
                # As after some minutes: only the channels can tell what was posted. While a process lives, Discord
                # still knows the nonce of whatever is tried again by itself.
                self.town.house.discord.world.nonces.clear()
            if await self._starts(place):
                return place
            self._note_end(place)

    async def _starts(self, place: str | None) -> bool:
        """False when it ended before people could use it; in bad weather a start may take long."""
        try:
            return await self.town.house.begin(kill_at=place)
        except TimeoutError:
            self.ends["slow start"] += 1
            return True

    def _some_place(self) -> str | None:
        if self.random.random() < 0.4:
            return None
        return f"{self.random.choice(list(Failpoint))}:{self.random.randint(1, 4)}"

    async def _live(self, place: str | None) -> None:
        """Let it live for some seconds, or until it kills itself."""
        house = self.town.house
        assert house.process is not None
        try:
            async with asyncio.timeout(self.random.uniform(2.5, 6.0)):
                await house.process.wait()
        except TimeoutError:
            if self.random.random() < 0.15:
                code = await house.stop()
                self._note("SIGTERM", expected=code == 0, code=code)
            else:
                await house.kill()
                self._note("SIGKILL", expected=True, code=-signal.SIGKILL)
        else:
            self._note_end(place)

    def _note_end(self, place: str | None) -> None:
        assert self.town.house.process is not None
        code = self.town.house.process.returncode
        self._note(place or "by itself", expected=code == -signal.SIGKILL and place is not None, code=code)

    def _note(self, how: str, *, expected: bool, code: int | None) -> None:
        self.ends[how.partition(":")[0]] += 1
        if not expected:
            self.unexpected.append(f"ended {how} with {code}:\n{self.town.house.log[-3000:]}")

    async def weigh(self) -> None:
        """Look at the memory of whatever process lives, until cancelled."""
        while True:
            self.peak_mib = max(self.peak_mib, self.resident_mib())
            await asyncio.sleep(LOOK_EVERY)

    def resident_mib(self) -> float:
        """Memory of the process that lives now; 0 when there is none."""
        process = self.town.house.process
        try:
            told = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii") if process else ""
        except OSError:
            return 0.0
        found = _RESIDENT.search(told)
        return int(found[1]) / _KIB_A_MIB if found else 0.0

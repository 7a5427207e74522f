"""Where a storm takes place: servers, channels, threads and people around one bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from sandbox.discord import DiscordStandIn
from sandbox.veo import Settings, StandInVeo
from tests.process.config import Config
from tests.process.house import DISCORD_TOKEN, VEO_TOKEN, House

PEOPLE = 16
VIDEOS_PER_DAY = 9
UPSCALES_PER_DAY = 3
_FEWEST_CHANNELS = 4

CONFIG: Config = {
    "log": {"format": "json"},
    "veo": {
        "max_running": 8,
        "search_window": 2.5,
        "unknown_grace": 3,
        "slow_after": 2.5,
        "slow_interval": 0.3,
        "probe_interval": 0.5,
    },
    "quota": {"videos_per_day": VIDEOS_PER_DAY, "upscales_per_day": UPSCALES_PER_DAY, "running_per_user": 3},
}


@dataclass
class BlindTime:
    """When a channel's history could not be read, `until` None for good: what stood there could not be found again."""

    channel_id: int
    since: datetime
    until: datetime | None = None


@dataclass
class Town:
    """The bot's house and what is around it; `side_channels` are those that something may happen to."""

    house: House
    seconds: float
    people: list[int] = field(default_factory=list[int])
    side_channels: list[int] = field(default_factory=list[int])
    threads: list[int] = field(default_factory=list[int])
    third_guild: int | None = None
    denied: set[int] = field(default_factory=set[int])
    """Channels where a right is taken away now."""
    unchangeable: set[int] = field(default_factory=set[int])
    """Threads where no message could be edited any more at some time."""
    blind_times: list[BlindTime] = field(default_factory=list["BlindTime"])
    fewest_channels: int = _FEWEST_CHANNELS
    _began_at: float = 0.0

    def begin(self) -> None:
        """From now on the storm's seconds are counted."""
        self._began_at = asyncio.get_running_loop().time()

    def age(self) -> float:
        """Seconds since the beginning."""
        return asyncio.get_running_loop().time() - self._began_at

    def go_blind(self, channel_id: int) -> BlindTime:
        """From now on this channel's history cannot be read."""
        begun = BlindTime(channel_id, self.house.discord.clock.now())
        self.blind_times.append(begun)
        return begun

    def was_blind(self, channel_id: int, since: datetime, until: datetime | None = None) -> bool:
        """Whether the history of a channel could not be read at some moment of that time."""
        return any(
            one.channel_id == channel_id
            and (one.until is None or one.until >= since)
            and (until is None or one.since <= until)
            for one in self.blind_times
        )

    @property
    def channels(self) -> list[int]:
        """Where people may write now; nothing ever happens to the first."""
        return [self.house.channel, *self.side_channels, *self.threads]

    def some_side_channel(self, random: Random) -> int | None:
        """One that something may happen to."""
        return random.choice(self.side_channels) if self.side_channels else None


def _furnished(house: House, seconds: float) -> Town:
    discord, town = house.discord, Town(house, seconds)
    second, town.third_guild = discord.add_guild("Clips"), discord.add_guild("Passing by")
    parent = house.place("stage")
    town.threads = [discord.add_thread(parent, "take one"), discord.add_thread(parent, "take two")]
    town.side_channels = [house.place(name) for name in ("lobby", "studio", "attic")]
    town.side_channels += [discord.add_channel(second, name) for name in ("general", "night", "cellar")]
    town.side_channels.append(discord.add_channel(town.third_guild, "general"))
    town.people = [house.person(f"person{number}") for number in range(PEOPLE)]
    return town


@asynccontextmanager
async def open_town(folder: Path, seed: int, seconds: float) -> AsyncGenerator[Town]:
    """Three servers with nobody in trouble yet; the bot is not started."""
    random = Random(seed)
    async with (
        DiscordStandIn(token=DISCORD_TOKEN, random=random) as discord,
        StandInVeo(Settings(delay=0.3, token=VEO_TOKEN, seed=seed)) as veo,
    ):
        house = House(folder, discord, veo)
        house.configure(CONFIG)
        try:
            yield _furnished(house, seconds)
        finally:
            await house.kill()

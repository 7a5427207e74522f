"""The squalls of a storm: outages, lost rights, dead connections, that come at any moment and pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TypeAlias

from sandbox.discord import Permission
from tests.soak.environment import Town
from tests.soak.request_faults import MEBIBYTE, begin_drizzle

BLOCKED_WORD = "tiger"

Squall: TypeAlias = "Callable[[Weather], Coroutine[object, object, None]]"


@dataclass
class Weather:
    """The squalls of one seed, one after the other and some at once; what they did is kept for the auditor."""

    town: Town
    random: Random
    blown: list[str] = field(default_factory=list[str])
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, "asyncio.Task[None]"])

    async def blow(self) -> None:
        """Squall after squall until cancelled, none twice at once."""
        begin_drizzle(self.town.house)
        while True:
            await asyncio.sleep(self.random.uniform(0.2, 0.7))
            squall = self.random.choices(SQUALLS, weights=[weight for weight, _ in SQUALLS])[0][1]
            before = self._running.get(squall.__name__)
            if before is None or before.done():
                await asyncio.gather(*filter(None, [before]))
                self.blown.append(squall.__name__)
                self._running[squall.__name__] = asyncio.create_task(squall(self))

    async def calm(self) -> None:
        """Nothing goes wrong any more; what is gone stays gone."""
        house = self.town.house
        house.veo.faults.clear()
        house.discord.faults.clear()
        await asyncio.gather(*self._running.values())
        house.veo.switches.delay = 0.2
        house.discord.world.automod_words.clear()

    def some_seconds(self) -> float:
        """How long a squall lasts."""
        return self.random.uniform(0.4, 2.0)

    async def turned(self, on: Callable[[], None], off: Callable[[], None]) -> None:
        """Something holds for a while."""
        on()
        await asyncio.sleep(self.some_seconds())
        off()


async def provider_down(weather: Weather) -> None:
    switches = weather.town.house.veo.switches
    switches.down = True
    await asyncio.sleep(weather.some_seconds())
    switches.down = False


async def provider_refuses_connections(weather: Weather) -> None:
    stand_in = weather.town.house.veo
    await stand_in.unlisten()
    await asyncio.sleep(weather.some_seconds())
    await stand_in.listen()


async def account_trouble(weather: Weather) -> None:
    switches = weather.town.house.veo.switches
    switches.refuse_submissions = weather.random.choice(("used_up", "disabled", "invalid_token"))
    await asyncio.sleep(weather.some_seconds())
    switches.refuse_submissions = None


async def looks_refused(weather: Weather) -> None:
    switches = weather.town.house.veo.switches
    switches.refuse_lookups = weather.random.choice(("api_error", "too_many_requests", "token_expired"))
    await asyncio.sleep(weather.some_seconds() / 2)
    switches.refuse_lookups = None


async def media_down(weather: Weather) -> None:
    switches = weather.town.house.veo.switches
    switches.media_down = True
    await asyncio.sleep(weather.some_seconds())
    switches.media_down = False


async def another_pace(weather: Weather) -> None:
    weather.town.house.veo.switches.delay = weather.random.choice((0.1, 0.3, 0.6, 1.0, 5.0))


async def a_large_file(weather: Weather) -> None:
    stand_in = weather.town.house.veo
    if stand_in.tasks:
        stand_in.resize(weather.random.choice(list(stand_in.tasks)), 11 * MEBIBYTE)


async def rest_down(weather: Weather) -> None:
    discord = weather.town.house.discord
    discord.down = True
    await asyncio.sleep(weather.some_seconds())
    discord.down = False


async def gateway_trouble(weather: Weather) -> None:
    gateway = weather.town.house.discord.gateway
    acts: tuple[Callable[[], None], ...] = (
        gateway.kill,
        lambda: gateway.close(4000),
        gateway.reconnect,
        gateway.invalidate,
    )
    weather.random.choice(acts)()


async def malformed_payload(weather: Weather) -> None:
    weather.town.house.discord.gateway.send_malformed()


async def words_blocked(weather: Weather) -> None:
    words = weather.town.house.discord.world.automod_words
    await weather.turned(lambda: words.add(BLOCKED_WORD), words.clear)


async def permission_lost(weather: Weather) -> None:
    """For a while; only while it cannot be read is a second message excused."""
    town, discord = weather.town, weather.town.house.discord
    channel_id = town.some_side_channel(weather.random)
    if channel_id is None or channel_id in town.denied:
        return
    right = weather.random.choice(
        (Permission.SEND_MESSAGES, Permission.ATTACH_FILES, Permission.VIEW_CHANNEL, Permission.READ_MESSAGE_HISTORY)
    )
    held = discord.world.channels[channel_id].permissions
    town.denied.add(channel_id)
    blind = right in {Permission.VIEW_CHANNEL, Permission.READ_MESSAGE_HISTORY}
    time = town.go_blind(channel_id) if blind else None
    discord.deny(channel_id, right)
    await asyncio.sleep(weather.some_seconds())
    if channel_id in discord.world.channels:
        discord.set_permissions(channel_id, held)
        if time is not None:
            time.until = discord.clock.now()
    town.denied.discard(channel_id)


async def channel_deleted(weather: Weather) -> None:
    """With the channel every token of an interaction in it dies."""
    town, discord = weather.town, weather.town.house.discord
    channel_id = town.some_side_channel(weather.random)
    if channel_id is None or len(town.side_channels) <= town.fewest_channels:
        return
    town.side_channels.remove(channel_id)
    town.go_blind(channel_id)
    for asked in discord.world.interactions.values():
        if asked.channel_id == channel_id:
            asked.created_at -= timedelta(hours=1)
    discord.delete_channel(channel_id)


async def thread_locked(weather: Weather) -> None:
    town = weather.town
    if town.threads:
        thread_id = weather.random.choice(town.threads)
        thread = town.house.discord.world.channels[thread_id]
        thread.archived, thread.locked = True, weather.random.random() < 0.5
        town.unchangeable.add(thread_id)


async def direct_messages_closed(weather: Weather) -> None:
    town = weather.town
    town.house.discord.close_dms(weather.random.choice(town.people))


async def thrown_out(weather: Weather) -> None:
    town, discord = weather.town, weather.town.house.discord
    if town.third_guild is not None and town.age() > town.seconds / 2:
        gone = {one.id for one in discord.world.channels.values() if one.guild_id == town.third_guild}
        town.side_channels = [one for one in town.side_channels if one not in gone]
        for channel_id in gone:
            town.go_blind(channel_id)
        discord.remove_guild(town.third_guild)
        town.third_guild = None


async def message_deleted(weather: Weather) -> None:
    """A moderator tidies up."""
    town, discord = weather.town, weather.town.house.discord
    known = {row["message_id"] for row in town.house.jobs().values()}
    known |= {row["status_message_id"] for row in town.house.jobs().values() if row["ended_at"]}
    standing = [one for one in known if one is not None and not discord.world.messages[one].deleted]
    if standing:
        discord.delete_message(discord.world.messages[weather.random.choice(standing)])


SQUALLS: tuple[tuple[float, Squall], ...] = (
    (2, provider_down),
    (1, provider_refuses_connections),
    (2, account_trouble),
    (1, looks_refused),
    (2, media_down),
    (4, another_pace),
    (2, a_large_file),
    (2, rest_down),
    (2, gateway_trouble),
    (0.7, malformed_payload),
    (2, words_blocked),
    (3, permission_lost),
    (0.7, channel_deleted),
    (1, thread_locked),
    (1, direct_messages_closed),
    (1, thrown_out),
    (2, message_deleted),
)

"""What Discord can do to a result on its way: exactly one message in the end, degraded if need be, or kept.

All faults are played at once in one evening, each in a channel of its own; every test then looks at one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from sandbox.discord import (
    Drop,
    ErrorCode,
    Fault,
    Garbage,
    Hang,
    Interaction,
    Message,
    Permission,
    RateLimit,
    Refuse,
)
from sandbox.discord.faults import Effect
from tests.process.books import audit, status_lines
from tests.process.house import House, Row, gathered, open_house, spoken

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]

MEBIBYTE = 1024 * 1024


@dataclass
class Scene:
    """One person, one channel, one video."""

    house: House
    name: str
    person: int
    channel: int
    parent: int
    job_id: int = 0
    fault: Fault | None = None

    @property
    def prompt(self) -> str:
        return f"video of {self.name}"

    def spoil(self, effect: Effect, *, after: bool = False, times: int | None = 1) -> None:
        """Hit the posts that carry this job's result."""
        route = f"/channels/{self.channel}/messages"
        self.fault = self.house.discord.faults.add(
            "POST", route, effect, after=after, times=times, when=lambda one: spoken(self.job_id, one)
        )

    def forget_nonces(self) -> None:
        """As Discord does after some minutes: from now on only a look at the history can tell."""
        nonces = self.house.discord.world.nonces
        for key in [key for key in nonces if key[0] == self.channel]:
            del nonces[key]

    async def played(self) -> tuple[Row, list[Message]]:
        """The job once it is over, its books checked, and the messages that carry its result."""
        jobs = await self.house.settled(self.job_id)
        assert self.fault is None or self.fault.hits, "the fault never struck"
        assert await audit(self.house, self.job_id) == []
        return jobs[self.job_id], self.house.carriers(self.job_id)

    async def one_message(self) -> Message:
        """The one message, where it belongs."""
        _, (message,) = await self.played()
        assert message.channel_id == self.channel
        return message

    def uploads(self) -> int:
        """How many files the bot sent towards this job's message."""
        return sum(bool(one.files) for one in self.house.discord.traffic.requests if spoken(self.job_id, one))


def thread(scene: Scene) -> None:
    scene.channel = scene.house.discord.add_thread(scene.parent, scene.name)


def other_server(scene: Scene) -> None:
    scene.channel = scene.house.discord.add_channel(scene.house.discord.add_guild("Elsewhere"), "general")


def first_status_lost(scene: Scene) -> None:
    route = f"/channels/{scene.channel}/messages"
    scene.fault = scene.house.discord.faults.add("POST", route, Drop(hard=True), after=True, times=1)


def blocked_words(scene: Scene) -> None:
    scene.house.discord.block_words(scene.prompt)


# Before the command is given.
PREPARATIONS: dict[str, Callable[[Scene], None]] = {
    "a locked thread": thread,
    "an archived thread": thread,
    "a server that threw the bot out": other_server,
    "a status line whose answer is lost": first_status_lost,
    "words blocked from the beginning": blocked_words,
}


def locked(scene: Scene) -> None:
    held = scene.house.discord.world.channels[scene.channel]
    held.locked = held.archived = True


def archived(scene: Scene) -> None:
    scene.house.discord.world.channels[scene.channel].archived = True


def left_server(scene: Scene) -> None:
    guild_id = scene.house.discord.world.channels[scene.channel].guild_id
    assert guild_id is not None
    scene.house.discord.remove_guild(guild_id)


def silenced(scene: Scene) -> None:
    scene.house.discord.deny(scene.channel, Permission.SEND_MESSAGES)


def silenced_everywhere(scene: Scene) -> None:
    silenced(scene)
    scene.house.discord.close_dms(scene.person)


def too_large(scene: Scene) -> None:
    (task_id,) = (row["task_id"] for row in scene.house.jobs().values() if row["job_id"] == scene.job_id)
    scene.house.veo.resize(task_id, 11 * MEBIBYTE)


def status_deleted(scene: Scene) -> None:
    (line,) = status_lines(scene.house, scene.job_id)
    scene.house.discord.delete_message(line)


# While the video is being made.
FAULTS: dict[str, Callable[[Scene], None]] = {
    "a 500 after the message was created": lambda one: one.spoil(Refuse(ErrorCode.INTERNAL), after=True),
    "a reset after the message was created": lambda one: one.spoil(Drop(hard=True), after=True),
    "a close after the message was created": lambda one: one.spoil(Drop(hard=False), after=True),
    "a page after the message was created": lambda one: one.spoil(Garbage(503), after=True),
    "a silence after the message was created": lambda one: one.spoil(Hang(1.0), after=True),
    "a forgotten nonce": lambda one: one.spoil(Drop(hard=True), after=True),
    "a storm of 503": lambda one: one.spoil(Refuse(ErrorCode.OVERLOADED), times=2),
    "a page that forbids": lambda one: one.spoil(Garbage(403), times=2),
    "a page that knows nothing": lambda one: one.spoil(Garbage(404)),
    "rate limits": lambda one: one.spoil(RateLimit(0.2), times=2),
    "a deleted channel": lambda one: one.house.discord.delete_channel(one.channel),
    "a lost permission to post": silenced,
    "a channel that vanished from sight": lambda one: one.house.discord.deny(one.channel, Permission.VIEW_CHANNEL),
    "closed direct messages too": silenced_everywhere,
    "a lost permission to attach": lambda one: one.house.discord.deny(one.channel, Permission.ATTACH_FILES),
    "a history that cannot be read": lambda one: one.house.discord.deny(one.channel, Permission.READ_MESSAGE_HISTORY),
    "a file over the known limit": too_large,
    "a file over an unknown limit": lambda one: one.spoil(Refuse(ErrorCode.REQUEST_TOO_LARGE)),
    "words blocked later": blocked_words,
    "a locked thread": locked,
    "an archived thread": archived,
    "a server that threw the bot out": left_server,
    "a deleted status line": status_deleted,
}
NAMES = [*FAULTS, *(name for name in PREPARATIONS if name not in FAULTS), "an answer too late"]


async def invite(house: House, name: str) -> Scene:
    """Furnish a scene and give its command."""
    place = house.place(name.replace(" ", "-"))
    scene = Scene(house, name, house.person(name), place, place)
    PREPARATIONS.get(name, lambda _: None)(scene)
    asked = await house.ask(scene.person, scene.prompt, scene.channel)
    if name == "an answer too late":
        refuse_answers(house, asked)
        rows = await house.until(lambda: [r for r in house.jobs().values() if r["prompt"] == scene.prompt], "recorded")
        scene.job_id = rows[0]["job_id"]
    else:
        scene.job_id = await house.accepted(asked)
    return scene


def refuse_answers(house: House, asked: Interaction) -> None:
    for route in (f"/interactions/{asked.id}/*", f"/webhooks/*/{asked.token}*"):
        house.discord.faults.add("*", route, Refuse(ErrorCode.UNKNOWN_INTERACTION))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Scene]]:
    """Everybody's video is under way; then everything goes wrong at once, and the videos are ready."""
    async with open_house(tmp_path_factory.mktemp("evening"), delay=float("inf")) as house:
        await house.start()
        scenes = {scene.name: scene for scene in await gathered(*(invite(house, name) for name in NAMES))}
        await house.until(lambda: all(map(is_under_way, house.jobs().values())), "under way")
        for name, scene in scenes.items():
            FAULTS.get(name, lambda _: None)(scene)
        for task_id in house.veo.tasks:
            house.veo.finish(task_id)
        forgotten = scenes["a forgotten nonce"]
        await house.until(lambda: house.carriers(forgotten.job_id), "created")
        forgotten.forget_nonces()
        yield scenes


def is_under_way(row: Row) -> bool:
    return row["state"] == "running" and row["status_shown"] == "running"


CREATED = [name for name in FAULTS if "after the message was created" in name]

PASSING = [
    "a storm of 503",
    "a page that forbids",
    "a page that knows nothing",
    "rate limits",
    "a deleted status line",
]


@pytest.mark.parametrize("name", [*CREATED, *PASSING])
async def test_a_post_in_trouble_becomes_one_whole_message(evening: dict[str, Scene], name: str) -> None:
    message = await evening[name].one_message()

    assert len(message.attachments) == 1
    assert name in message.content


async def test_a_message_that_only_the_history_knows_is_found_there(evening: dict[str, Scene]) -> None:
    message = await evening["a forgotten nonce"].one_message()

    assert len(message.attachments) == 1


async def test_a_status_line_whose_answer_is_lost_is_not_posted_twice(evening: dict[str, Scene]) -> None:
    scene = evening["a status line whose answer is lost"]

    message = await scene.one_message()

    (line,) = status_lines(scene.house, scene.job_id)
    assert message.reply_to == line.id


@pytest.mark.parametrize(
    "name",
    [
        "a deleted channel",
        "a lost permission to post",
        "a channel that vanished from sight",
        "a server that threw the bot out",
    ],
)
async def test_a_place_that_is_gone_sends_the_video_to_the_person_alone(evening: dict[str, Scene], name: str) -> None:
    scene = evening[name]

    _, (message,) = await scene.played()

    assert message.channel_id == scene.house.discord.dm_channel(scene.person)
    assert len(message.attachments) == 1
    assert scene.house.discord.traffic.count("POST", f"/channels/{scene.channel}/messages") <= 6


async def test_a_video_that_no_place_takes_is_kept_and_shown_on_demand(evening: dict[str, Scene]) -> None:
    scene = evening["closed direct messages too"]

    row, carriers = await scene.played()
    shown = await scene.house.told(scene.person, "veo show", {"video": scene.job_id})
    listed = await scene.house.told(scene.person, "veo history")

    assert carriers == []
    assert row["kept_at"] is not None
    assert scene.house.veo.video_url(row["task_id"]) in shown
    assert f"/veo show video:{scene.job_id}" in listed


@pytest.mark.parametrize(
    ("name", "uploads"),
    [("a lost permission to attach", 1), ("a file over the known limit", 0), ("a file over an unknown limit", 1)],
)
async def test_a_file_that_cannot_be_attached_goes_as_a_link_without_wasted_uploads(
    evening: dict[str, Scene], name: str, uploads: int
) -> None:
    scene = evening[name]

    message = await scene.one_message()

    task_id = scene.house.jobs()[scene.job_id]["task_id"]
    assert message.attachments == []
    assert scene.house.veo.video_url(task_id) in message.content
    assert scene.uploads() == uploads


@pytest.mark.parametrize("name", ["words blocked later", "words blocked from the beginning"])
async def test_words_that_are_blocked_are_left_out_of_the_message_in_the_channel(
    evening: dict[str, Scene], name: str
) -> None:
    message = await evening[name].one_message()

    assert len(message.attachments) == 1
    assert name not in message.content


async def test_blocked_words_of_one_person_do_not_close_the_channel_to_the_next(evening: dict[str, Scene]) -> None:
    scene = evening["words blocked from the beginning"]
    await scene.played()
    house = scene.house
    house.veo.switches.delay = 0.2

    job_id = await house.order(house.person("neighbour"), "harmless", scene.channel)
    message = await house.result(job_id)
    await house.settled(job_id)

    assert message.channel_id == scene.channel
    assert len(status_lines(house, job_id)) == 1


async def test_without_the_history_the_message_comes_without_a_reply(evening: dict[str, Scene]) -> None:
    message = await evening["a history that cannot be read"].one_message()

    assert len(message.attachments) == 1
    assert message.reply_to is None


async def test_an_archived_thread_opens_again_for_the_video(evening: dict[str, Scene]) -> None:
    message = await evening["an archived thread"].one_message()

    assert len(message.attachments) == 1


async def test_a_locked_thread_hands_the_video_to_its_channel(evening: dict[str, Scene]) -> None:
    scene = evening["a locked thread"]

    _, (message,) = await scene.played()

    assert message.channel_id == scene.parent
    assert len(message.attachments) == 1


async def test_a_command_that_could_not_be_acknowledged_still_brings_its_video(evening: dict[str, Scene]) -> None:
    message = await evening["an answer too late"].one_message()

    assert len(message.attachments) == 1


async def test_an_outage_of_the_whole_rest_api_delays_one_message(evening: dict[str, Scene]) -> None:
    house = next(iter(evening.values())).house
    await gathered(*(house.settled(scene.job_id) for scene in evening.values()))
    house.veo.switches.delay = float("inf")
    place = house.place("outage")
    job_id = await house.order(house.person("olga"), "through an outage", place)
    await house.until(lambda: is_under_way(house.jobs()[job_id]), "under way")
    before = house.discord.traffic.count("POST", f"/channels/{place}/messages")

    house.discord.down = True
    house.veo.finish(house.jobs()[job_id]["task_id"])
    await house.discord.wait_requests("POST", f"/channels/{place}/messages", before + 1)
    await asyncio.sleep(0.3)
    house.discord.down = False
    message = await house.result(job_id)
    await house.settled(job_id)

    assert message.channel_id == place
    assert house.discord.traffic.count("POST", f"/channels/{place}/messages") <= before + 4
    assert await audit(house, job_id) == []


async def test_the_whole_evening_stays_far_from_discords_ban(evening: dict[str, Scene]) -> None:
    house = next(iter(evening.values())).house
    await gathered(*(house.settled(scene.job_id) for scene in evening.values()))

    assert house.discord.traffic.towards_ban < 3 * len(evening)
    assert "Traceback" not in house.log
    assert await audit(house) == []

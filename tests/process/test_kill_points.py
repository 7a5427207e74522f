"""SIGKILL at every named step of a job's life, several jobs in flight, and a new start."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterable

import pytest
import pytest_asyncio

from sandbox.discord import MEMBER, Message, Permission
from sandbox.veo import Route, Slow
from tests.process.books import audit
from tests.process.house import House, Row, gathered, open_house
from veo_core.failpoints import Failpoint

pytestmark = pytest.mark.process

MODERATOR = MEMBER | Permission.MANAGE_MESSAGES

DANGEROUS = (
    f"{Failpoint.AFTER_RECORD}:3",
    f"{Failpoint.AFTER_STATUS}:3",
    f"{Failpoint.AFTER_SUBMIT}:2",
    f"{Failpoint.AFTER_DELIVERY}:2",
)
# The start itself looks once whether there is anything to claim.
EARLY = {Failpoint.BEFORE_CLAIM: 1}
EVERY = [f"{failpoint}:{time + EARLY.get(failpoint, 0)}" for failpoint in Failpoint for time in (1, 3)]


VIDEO = ("succeeded", None)
# Killed between the claim and the POST: that nothing was sent cannot be told from a lost answer. The auditor sees
# to it that no task of the provider's is left without its job.
REFUND = ("failed", "lost")


def outcomes(rows: Iterable[Row]) -> set[tuple[str, str | None]]:
    """How jobs ended, and why."""
    return {(row["state"], row["reason"]) for row in rows}


async def killed_at(house: House, place: str) -> None:
    """Three videos and the 1080p version of one that is there are asked for, and the process dies on the way."""
    source = await one_video_there(house)
    await house.stop()
    await house.start(kill_at=place)
    anna, ben, cleo = (house.person(name) for name in ("anna", "ben", "cleo"))
    await gathered(
        house.discord.click(anna, source, "1080p", permissions=MODERATOR),
        house.ask(anna, f"a wave {place}"),
        house.ask(ben, f"a wave {place}"),
        house.ask(cleo, f"a fox {place}"),
    )
    assert await house.ended() == -signal.SIGKILL


async def one_video_there(house: House) -> Message:
    """A delivered video that nobody has made larger yet."""
    if house.process is None:
        await house.start()
        await house.order(house.person("first"), "the first video")
    jobs = await house.settled()
    larger = {row["source_job_id"] for row in jobs.values()}
    ready = [row for row in jobs.values() if row["kind"] == "create" and row["job_id"] not in larger]
    return house.discord.world.messages[ready[0]["message_id"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def old_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One database for all kills: what the last one left is still on the books of the next."""
    async with open_house(tmp_path_factory.mktemp("kills")) as furnished:
        yield furnished


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("place", DANGEROUS)
async def test_a_kill_where_it_hurts_most_loses_and_doubles_nothing(old_house: House, place: str) -> None:
    known = set(old_house.jobs()) if old_house.process else set[int]()
    await killed_at(old_house, place)
    # Longer than Discord remembers them: only its channels can tell what was posted.
    old_house.discord.world.nonces.clear()

    await old_house.start()
    jobs = await old_house.settled()

    new = set(jobs) - known
    assert len(new) >= 3
    assert await audit(old_house, *new) == []
    assert VIDEO in outcomes(jobs[job_id] for job_id in new) <= {VIDEO, REFUND}


async def test_a_kill_while_the_submissions_are_in_the_air_sends_none_again(house: House) -> None:
    people = [house.person(name) for name in ("anna", "ben", "cleo")]
    house.veo.faults.add(Route.VIDEOS, Slow(5.0), times=None)
    await house.start()
    await gathered(*(house.order(person, f"video {person}") for person in people))
    await house.until(lambda: len(house.veo.tasks) == len(people), "in the air")

    await house.restart()
    jobs = await house.settled()

    assert {row["state"] for row in jobs.values()} == {"succeeded"}
    assert [house.posts(f"video {person}") for person in people] == [1, 1, 1]
    assert await audit(house) == []


@pytest.mark.slow
@pytest.mark.parametrize("place", EVERY)
async def test_a_kill_anywhere_and_again_after_the_start_leaves_balanced_books(house: House, place: str) -> None:
    await killed_at(house, place)

    failpoint = place.partition(":")[0]
    await house.begin(kill_at=f"{failpoint}:1")
    await house.until(lambda: house.is_dead or not house.unsettled(), "settled or killed again")
    if house.is_dead:
        await house.start()
    jobs = await house.settled()

    assert await audit(house) == []
    assert outcomes(jobs.values()) <= {VIDEO, REFUND}

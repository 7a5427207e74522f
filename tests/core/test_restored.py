"""A copy that was put back: what a later life may have done is looked for, neither submitted nor posted again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.core.bench import Bench, new_job
from tests.core.fakes import START, Clock, Fault
from tests.core.values import job
from veo_core.domain.jobs import Job, JobState
from veo_core.domain.polling import find_task
from veo_core.domain.submissions import TaskReport, TaskState
from veo_core.errors import AnswerLost
from veo_core.reasons import Reason
from veo_core.store import Store


class Lives:
    """One database, its copy, and one life after another on it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.path = folder / "bot.sqlite3"
        self._copy = folder / "copy"
        self._clock = clock

    @asynccontextmanager
    async def life(self) -> AsyncGenerator[Bench]:
        """A start, as the bot makes it."""
        async with Store.open(self.path) as store:
            bench = Bench(store, self._clock)
            await store.queue.recover(self._clock.now())
            yield bench

    def copy(self) -> None:
        """Copy the database as it is, beside the life that works on it."""
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(self._copy)) as target:
            source.backup(target)

    def put_back(self) -> None:
        """By hand, as an operator would."""
        shutil.copy(self._copy, self.path)


@pytest.fixture
def lives(tmp_path: Path, clock: Clock) -> Lives:
    return Lives(tmp_path, clock)


async def copied_queued(lives: Lives, *prompts: str) -> list[Job]:
    """Jobs that are queued in the copy, which was put back after the life went on."""
    async with lives.life() as first:
        jobs = [await first.record(new_job(prompt=prompt)) for prompt in prompts]
        lives.copy()
        await first.record(new_job(prompt="only in the lost life"))
    lives.put_back()
    return jobs


async def test_a_queued_job_that_the_lost_life_submitted_is_found_and_not_submitted_again(
    lives: Lives, clock: Clock
) -> None:
    (queued,) = await copied_queued(lives, "once")
    async with lives.life() as second:
        clock.advance(60)
        second.api.finish(second.api.plant(queued.submission).task_id)
        clock.advance(3600)
        await second.pass_time(60)
        after = await second.job(queued)

    assert (after.state, after.task_id, after.restored) == (JobState.SUCCEEDED, "task-1", True)
    assert second.api.submissions == []
    assert [(message.job_id, message.in_doubt) for message in second.posts.messages] == [(queued.job_id, True)]
    assert second.posts.lines_in_doubt >= 1


async def test_a_queued_job_that_the_provider_does_not_know_is_given_back_and_not_sent(lives: Lives) -> None:
    (queued,) = await copied_queued(lives, "never sent")
    async with lives.life() as second:
        await second.pass_time(600)
        after = await second.job(queued)

    assert (after.state, after.reason) == (JobState.FAILED, Reason.LOST)
    assert second.api.submissions == []
    assert [message.in_doubt for message in second.posts.messages] == [True]


async def test_identical_queued_jobs_of_a_copy_get_a_task_each(lives: Lives, clock: Clock) -> None:
    queued = await copied_queued(lives, "twins", "twins", "twins")
    async with lives.life() as second:
        for _ in range(2):
            clock.advance(10)
            second.api.plant(queued[0].submission)
        await second.pass_time(600)
        tasks = [(await second.job(one)).task_id for one in queued]

    assert tasks == ["task-1", "task-2", None]


async def test_everything_unposted_of_a_copy_is_in_doubt_and_nothing_else(lives: Lives) -> None:
    async with lives.life() as first:
        posted = await first.ask(prompt="posted")
        await first.pass_time(60)
        first.api.finish()
        await first.pass_time(600)
        running = await first.ask(prompt="running")
        await first.settle()
        lives.copy()
        await first.record(new_job())
    lives.put_back()

    async with lives.life() as second:
        found = [await second.job(one) for one in (posted, running)]

    assert [(one.state, one.restored, one.delivery_attempts) for one in found] == [
        (JobState.SUCCEEDED, False, 1),
        (JobState.RUNNING, True, 1),
    ]
    assert found[1].task_id is not None


async def test_what_waits_for_a_review_stays_there_and_its_messages_are_in_doubt(lives: Lives) -> None:
    async with lives.life() as first:
        waiting = await first.record(new_job(prompt="to be reviewed"))
        async with first.store.database.write() as connection:
            await connection.execute("UPDATE jobs SET state = 'awaiting_review' WHERE job_id = ?", (waiting.job_id,))
        lives.copy()
        await first.record(new_job())
    lives.put_back()

    async with lives.life() as second:
        found = await second.job(waiting)

    assert (found.state, found.restored, found.delivery_attempts) == (JobState.AWAITING_REVIEW, True, 1)


async def test_numbers_and_nonces_of_the_lost_life_are_not_used_again(lives: Lives) -> None:
    async with lives.life() as first:
        before = first.store.instance
        lives.copy()
        lost = [await first.record(new_job(prompt=f"{n}")) for n in range(1500)]
    lives.put_back()

    async with lives.life() as second:
        made = await second.record(new_job())

        assert made.job_id > max(one.job_id for one in lost)
        assert second.store.instance != before
        assert not made.restored


async def test_a_copy_is_put_in_doubt_once_and_not_at_the_next_start(lives: Lives) -> None:
    await copied_queued(lives, "once")
    async with lives.life() as second:
        later = await second.record(new_job(prompt="asked after"))
        names = second.store.instance, second.store.restored_at
    async with lives.life() as third:
        assert (third.store.instance, third.store.restored_at) == names
        assert (await third.job(later)).state is JobState.QUEUED
        assert (await third.record(new_job())).job_id == later.job_id + 1


async def test_the_commands_are_announced_anew_after_a_copy_was_put_back(lives: Lives) -> None:
    async with lives.life() as first:
        await first.store.meta.put("commands_hash", "of the copy")
        lives.copy()
        await first.store.meta.put("commands_hash", "of the lost life")
    lives.put_back()

    async with lives.life() as second:
        assert await second.store.meta.get("commands_hash") is None


async def test_a_new_job_whose_answer_is_lost_never_gets_a_task_of_the_lost_life(lives: Lives, clock: Clock) -> None:
    await copied_queued(lives)
    async with lives.life() as opened:
        # The machine's own time stands in the database; the clock of the tests is another.
        second = Bench(replace(opened.store, restored_at=clock.now()), clock)
        clock.advance(-1800)
        second.api.plant((asked := new_job(prompt="the same words")).submission)
        clock.advance(1860)
        second.api.faults.append(Fault(AnswerLost("reset"), accepts=False))
        made = await second.record(asked)
        await second.pass_time(600)
        after = await second.job(made)

    assert (after.state, after.reason, after.task_id) == (JobState.FAILED, Reason.LOST, None)


def listed(*minutes: int) -> Iterable[TaskReport]:
    """Tasks that match, made so long after the request."""
    return [
        TaskReport(f"after {n}", TaskState.PENDING, submission=job().submission, created_at=made_after(n))
        for n in minutes
    ]


def made_after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.mark.parametrize(("restored", "expected"), [(False, "after 30"), (True, "after 1")])
def test_a_job_of_a_copy_takes_the_oldest_task_that_is_left_and_any_other_the_newest(
    restored: bool, expected: str
) -> None:
    found = find_task(job(restored=restored), listed(1, 30, 12), claimed=())

    assert found is not None
    assert found.task_id == expected

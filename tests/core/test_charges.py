"""What the provider says that a task cost reaches the books, from each answer that may say it."""

from __future__ import annotations

import pytest

from tests.core.bench import Bench, connection_of
from veo_core.domain.jobs import Job


async def charged(bench: Bench, job: Job) -> tuple[int, ...]:
    """Whether it counts for its person, and what it is charged."""
    rows = await connection_of(bench.store).execute_fetchall(
        "SELECT counts, charged, cost_real FROM jobs WHERE job_id = ?", (job.job_id,)
    )
    return tuple(next(iter(rows)))


@pytest.mark.parametrize("holds", [False, True], ids=["found by a look", "in the answer to the submission"])
async def test_a_finished_video_is_charged_its_real_cost(bench: Bench, holds: bool) -> None:
    bench.api.cost, bench.api.holds_until_done = 810, holds
    job = await bench.ask()
    await bench.settle()
    if not holds:
        bench.api.finish()

    await bench.pass_time(60)

    assert await charged(bench, job) == (1, 810, 810)


async def test_a_failed_task_that_is_billed_is_charged_and_does_not_count(bench: Bench) -> None:
    bench.api.cost = 300
    job = await bench.ask()
    await bench.settle()
    bench.api.fail("task-1", "api_error")

    await bench.pass_time(60)

    assert await charged(bench, job) == (0, 300, 300)

"""Budgets in the database: held in the job's own transaction, given back with it, corrected, and told once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.core.bench import PLENTY, connection_of, new_job, new_upscale, trace_with
from tests.core.fakes import Clock
from veo_core.domain.actors import Place
from veo_core.domain.budgets import Alert, Budget, Budgets, Ceilings, Scope
from veo_core.domain.jobs import Job
from veo_core.domain.submissions import Video
from veo_core.errors import Refusal
from veo_core.reasons import Reason
from veo_core.store import Store

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
TOMORROW = datetime(2026, 11, 26, tzinfo=UTC)
NEXT_MONTH = datetime(2026, 12, 1, tzinfo=UTC)
DAY, MONTH, VIDEOS = Budget.CREDITS_PER_DAY, Budget.CREDITS_PER_MONTH, Budget.VIDEOS_PER_DAY
FAST, QUALITY = 720, 7640
SERVER, OTHER = 10, 11
VIDEO = Video("https://cdn.acedata.cloud/v.mp4", "video-1")


class Till:
    """A store that opens again with other budgets, as after a change of the configuration."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock(NOON)
        self.store: Store

    async def asks(self, user_id: int = 1, *, cost: int = FAST, server: int | None = SERVER) -> Job:
        new = replace(new_job(user_id, place=Place(server, 20)), cost=cost)
        return (await self.store.requests.record(new, PLENTY, self.clock.now())).job

    async def refusal(self, *, cost: int = FAST, server: int | None = SERVER) -> tuple[Reason, object]:
        with pytest.raises(Refusal) as caught:
            await self.asks(cost=cost, server=server)
        return caught.value.reason, caught.value.details["until"]

    async def runs(self, job: Job) -> None:
        claimed = await self.store.queue.claim(self.clock.now(), max_running=99, running_per_user=99)
        assert claimed is not None
        assert claimed.job_id == job.job_id
        task = f"task-{job.job_id}"
        await self.store.queue.mark_running(job.job_id, task, now=self.clock.now(), due_at=self.clock.now())

    async def succeeds(self, job: Job, cost: int | None = None) -> None:
        await self.runs(job)
        assert await self.store.watch.succeed(job.job_id, VIDEO, now=self.clock.now(), cost=cost)

    async def fails(self, job: Job, cost: int | None = None) -> None:
        assert await self.store.watch.fail(job.job_id, Reason.PROVIDER_FAILED, now=self.clock.now(), cost=cost)

    async def columns(self, job: Job) -> tuple[int, ...]:
        rows = await connection_of(self.store).execute_fetchall(
            "SELECT counts, charged, cost_estimate, cost_real FROM jobs WHERE job_id = ?", (job.job_id,)
        )
        return tuple(next(iter(rows)))

    async def tells(self) -> list[tuple[str, int]]:
        """What the operator is told now."""
        due = await self.store.ledger.due()
        for alert in due:
            await self.store.ledger.told(alert, self.clock.now())
        return [(str(alert.budget), alert.threshold) for alert in due]


async def traced(store: Store) -> list[str]:
    """Every statement from now on."""
    seen: list[str] = []
    await trace_with(connection_of(store), seen.append)
    return seen


@pytest.fixture
def ceilings() -> Budgets:
    return Budgets()


@pytest.fixture
async def till(tmp_path: Path, ceilings: Budgets) -> AsyncIterator[Till]:
    made = Till(tmp_path / "bot.sqlite3")
    async with Store.open(made.path, ceilings) as store:
        await connection_of(store).execute("PRAGMA synchronous = OFF")
        made.store = store
        yield made


def with_budgets(bot: Ceilings | None = None, server: Ceilings | None = None) -> pytest.MarkDecorator:
    servers: Mapping[int, Ceilings] = {SERVER: server} if server else {}
    return pytest.mark.parametrize("ceilings", [Budgets(bot or {}, servers)], ids=["budgets"])


async def test_a_recorded_job_holds_its_estimate(till: Till) -> None:
    job = await till.asks(cost=QUALITY)

    assert await till.columns(job) == (1, QUALITY, QUALITY, None)


@pytest.mark.parametrize(("cost", "expected"), [(None, (1, 720, 720, None)), (810, (1, 810, 720, 810))])
async def test_a_video_is_charged_its_real_cost_where_there_is_one(
    till: Till, cost: int | None, expected: tuple[int, ...]
) -> None:
    job = await till.asks()

    await till.succeeds(job, cost)

    assert await till.columns(job) == expected


@pytest.mark.parametrize(("cost", "expected"), [(None, (0, 0, 720, None)), (300, (0, 300, 720, 300))])
async def test_a_failure_gives_back_what_the_provider_does_not_bill(
    till: Till, cost: int | None, expected: tuple[int, ...]
) -> None:
    job = await till.asks()
    await till.runs(job)

    await till.fails(job, cost)

    assert await till.columns(job) == expected
    assert (await till.store.requests.usage(1, job.kind, till.clock.now())).used == 0


async def test_a_cancelled_job_gives_everything_back(till: Till) -> None:
    job = await till.asks()

    assert await till.store.requests.cancel(job.job_id, till.clock.now())

    assert await till.columns(job) == (0, 0, 720, None)


@with_budgets(server={DAY: 800})
async def test_a_1080p_version_asked_for_in_a_direct_message_weighs_on_the_videos_server(till: Till) -> None:
    job = await till.asks()
    await till.succeeds(job)
    source = await till.store.requests.get(job.job_id)
    assert source is not None
    larger = replace(new_upscale(source), place=Place(None, 30), cost=160, source_guild_id=SERVER)

    with pytest.raises(Refusal) as caught:
        await till.store.requests.record(larger, PLENTY, NOON)

    assert caught.value.reason is Reason.BUDGET_REACHED


@with_budgets(server={DAY: 1_000})
async def test_ten_at_once_against_a_budget_with_room_for_one_accept_exactly_one(till: Till) -> None:
    answers = await asyncio.gather(*(till.asks(user_id) for user_id in range(10)), return_exceptions=True)

    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refusals) == 9
    assert {(one.reason, one.details["until"]) for one in refusals} == {(Reason.BUDGET_REACHED, TOMORROW)}


@with_budgets(server={DAY: 1_000})
async def test_a_servers_budget_is_its_own(till: Till) -> None:
    await till.asks()

    assert await till.refusal() == (Reason.BUDGET_REACHED, TOMORROW)
    assert await till.asks(server=OTHER)
    assert await till.asks(server=None)


@with_budgets(bot={MONTH: 2_000})
async def test_the_bots_budget_is_everybodys(till: Till) -> None:
    await till.asks(server=SERVER)
    await till.asks(server=None)

    assert await till.refusal(server=OTHER) == (Reason.BOT_BUDGET_REACHED, NEXT_MONTH)


@with_budgets(bot={MONTH: 2_000}, server={DAY: 1_000})
async def test_every_budget_is_checked_and_the_latest_time_is_named(till: Till) -> None:
    await till.asks()
    assert await till.refusal() == (Reason.BUDGET_REACHED, TOMORROW)

    await till.asks(server=OTHER)

    assert await till.refusal() == (Reason.BOT_BUDGET_REACHED, NEXT_MONTH)


@with_budgets(bot={DAY: 1_000})
async def test_a_days_budget_is_whole_again_at_midnight_in_utc(till: Till) -> None:
    await till.asks()
    till.clock.move_to(TOMORROW - timedelta(milliseconds=1))
    assert await till.refusal() == (Reason.BOT_BUDGET_REACHED, TOMORROW)

    till.clock.move_to(TOMORROW)

    assert await till.asks()


@with_budgets(bot={DAY: 1_000})
async def test_a_job_belongs_to_the_day_it_was_asked_for_whatever_ends_later(till: Till) -> None:
    job = await till.asks()
    till.clock.move_to(TOMORROW)

    await till.succeeds(job, 5_000)

    assert await till.asks()


@with_budgets(server={VIDEOS: 1})
async def test_videos_are_counted_and_1080p_versions_are_not(till: Till) -> None:
    job = await till.asks()
    await till.succeeds(job)
    source = await till.store.requests.get(job.job_id)
    assert source is not None

    larger = replace(new_upscale(source), cost=160)

    assert (await till.store.requests.record(larger, PLENTY, NOON)).is_new
    assert await till.refusal() == (Reason.BUDGET_REACHED, TOMORROW)


@with_budgets(server={DAY: 1_000, VIDEOS: 1})
async def test_what_failed_makes_room_again(till: Till) -> None:
    job = await till.asks()
    await till.runs(job)
    await till.fails(job)

    assert await till.asks()


@with_budgets(server={DAY: 1_000})
async def test_a_failure_that_is_billed_weighs_on_the_server_and_not_on_the_person(till: Till) -> None:
    job = await till.asks()
    await till.runs(job)
    await till.fails(job, 500)

    assert await till.refusal() == (Reason.BUDGET_REACHED, TOMORROW)
    assert (await till.store.requests.usage(1, job.kind, NOON)).used == 0


@with_budgets(server={DAY: 2_000})
async def test_a_correction_may_pass_a_budget_and_the_next_request_meets_it(till: Till) -> None:
    await till.succeeds(await till.asks(), 1_900)

    assert await till.refusal() == (Reason.BUDGET_REACHED, TOMORROW)


@with_budgets(bot={VIDEOS: 0})
async def test_a_budget_of_nothing_says_that_videos_are_off(till: Till) -> None:
    assert await till.refusal() == (Reason.VIDEOS_OFF, None)


@with_budgets(bot={DAY: 7_200})
async def test_the_operator_is_told_at_80_per_cent_and_at_the_end_once_each(till: Till) -> None:
    for _ in range(7):
        await till.asks()
    assert await till.tells() == []
    await till.asks()
    assert await till.tells() == [("credits_per_day", 80)]
    last = [await till.asks() for _ in range(2)][-1]
    assert await till.tells() == [("credits_per_day", 100)]

    await till.store.requests.cancel(last.job_id, NOON)
    await till.asks()

    assert await till.tells() == []


@with_budgets(server={DAY: 1_000})
async def test_passing_both_thresholds_at_once_tells_the_end_alone(till: Till) -> None:
    await till.asks(cost=1_000)

    assert await till.tells() == [("credits_per_day", 100)]


@with_budgets(server={DAY: 1_000})
async def test_a_real_cost_that_reaches_a_threshold_is_told(till: Till) -> None:
    job = await till.asks()
    assert await till.tells() == []

    await till.succeeds(job, 900)

    assert await till.tells() == [("credits_per_day", 80)]


@with_budgets(server={DAY: 1_000})
async def test_the_next_day_is_told_anew(till: Till) -> None:
    await till.asks(cost=800)
    assert await till.tells() == [("credits_per_day", 80)]
    till.clock.move_to(TOMORROW)

    await till.asks(cost=800)

    assert await till.tells() == [("credits_per_day", 80)]


async def test_a_changed_limit_is_told_at_the_start(tmp_path: Path) -> None:
    till = Till(tmp_path / "bot.sqlite3")
    async with Store.open(till.path, Budgets({DAY: 10_000})) as till.store:
        await till.asks(cost=QUALITY)
        assert await till.tells() == []
    for limit, told in ((9_000, [("credits_per_day", 80)]), (9_000, []), (7_000, [("credits_per_day", 100)])):
        async with Store.open(till.path, Budgets({DAY: limit})) as till.store:
            await till.store.ledger.review(NOON)
            assert await till.tells() == told


@with_budgets(server={DAY: 1_000})
async def test_an_alert_that_was_not_told_is_still_due_after_a_crash(till: Till) -> None:
    await till.asks(cost=900)

    assert await till.store.ledger.due() == (Alert(Scope.SERVER, SERVER, DAY, 1_000, "2026-11-25", 80),)
    assert await till.store.ledger.due() == (Alert(Scope.SERVER, SERVER, DAY, 1_000, "2026-11-25", 80),)


@with_budgets(bot={DAY: 9_000, MONTH: 20_000}, server={DAY: 5_000, VIDEOS: 6})
@pytest.mark.parametrize("seed", range(5))
async def test_any_order_of_requests_refunds_and_corrections_holds_every_budget_and_tells_each_once(
    till: Till, seed: int
) -> None:
    rng = random.Random(seed)
    told: list[tuple[str, int]] = []
    for _ in range(40):
        server = rng.choice([SERVER, OTHER])
        try:
            job = await till.asks(rng.randrange(9), cost=rng.choice([160, FAST, 2_000]), server=server)
        except Refusal:
            continue
        match rng.randrange(4):
            case 0:
                await till.store.requests.cancel(job.job_id, NOON)
            case 1:
                await till.runs(job)
                await till.fails(job, rng.choice([None, 100]))
            case 2:
                await till.succeeds(job, rng.choice([None, 600]))
            case _:
                await till.runs(job)
        told += await till.tells()

    rows = await connection_of(till.store).execute_fetchall(
        "SELECT guild_id, sum(min(charged, cost_estimate)) AS held, sum(counts) AS videos FROM jobs GROUP BY guild_id"
    )
    held = {row["guild_id"]: (row["held"], row["videos"]) for row in rows}
    assert sum(amount for amount, _ in held.values()) <= 9_000
    assert held[SERVER] <= (5_000, 6)
    assert held[SERVER][1] <= 6
    assert all(told.count(one) <= 2 for one in told)


@with_budgets(bot={DAY: 9_000}, server={MONTH: 5_000, VIDEOS: 6})
async def test_sums_are_read_from_an_index_alone(till: Till) -> None:
    seen = await traced(till.store)
    await till.asks()

    sums = [sql for sql in tuple(seen) if "sum(charged)" in sql]
    assert len(sums) == 3
    for sql in sums:
        plan = await connection_of(till.store).execute_fetchall(f"EXPLAIN QUERY PLAN {sql}")
        assert all("USING COVERING INDEX jobs_charged" in row["detail"] for row in plan), list(map(tuple, plan))


async def test_without_budgets_no_sum_is_read(till: Till) -> None:
    seen = await traced(till.store)

    await till.succeeds(await till.asks(), 700)

    assert [sql for sql in seen if "sum(charged)" in sql or "budget_warnings" in sql] == []

"""The operator reads of budgets that near their end: later while Discord is in trouble, and never twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.bench import Bench, new_job
from tests.core.fakes import Clock
from veo_core.domain.budgets import Budget, Budgets
from veo_core.errors import DeliveryPostponed
from veo_core.store import Store
from veo_core.worker.budget_alerts import BudgetAlerts

NOTICE = "The budget `credits_per_day` of this bot is at least 80 % used for 2026-10-20 (UTC). The limit is 1 credits."


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "bot.sqlite3", Budgets({Budget.CREDITS_PER_DAY: 1_000})) as opened:
        yield opened


@pytest.fixture
def alerts(bench: Bench) -> BudgetAlerts:
    return BudgetAlerts(bench.workshop, bench.posts)


async def test_an_alert_is_told_once(bench: Bench, alerts: BudgetAlerts) -> None:
    await bench.record(replace(new_job(), cost=800))

    assert [await alerts.turn() for _ in range(3)] == [None] * 3

    assert bench.posts.operator == [NOTICE]


async def test_while_discord_is_in_trouble_it_is_tried_again(bench: Bench, alerts: BudgetAlerts, clock: Clock) -> None:
    await bench.record(replace(new_job(), cost=800))
    bench.posts.operator_trouble = DeliveryPostponed("busy")

    assert await alerts.turn() == clock.now() + timedelta(seconds=10)

    bench.posts.operator_trouble = None
    assert await alerts.turn() is None
    assert bench.posts.operator == [NOTICE]


async def test_what_the_last_process_did_not_tell_is_told_by_the_next(bench: Bench) -> None:
    await bench.record(replace(new_job(), cost=800))
    await bench.restart()

    await BudgetAlerts(bench.workshop, bench.posts).turn()

    assert bench.posts.operator == [NOTICE]


async def test_a_notice_that_could_not_be_marked_before_a_crash_is_not_told_again(
    bench: Bench, alerts: BudgetAlerts, store: Store
) -> None:
    await bench.record(replace(new_job(), cost=800))
    await alerts.turn()
    async with store.database.write() as connection:
        await connection.execute("UPDATE budget_warnings SET told_at = NULL")

    await BudgetAlerts(bench.workshop, bench.posts).turn()

    assert bench.posts.operator == [NOTICE]
    assert await store.ledger.due() == ()

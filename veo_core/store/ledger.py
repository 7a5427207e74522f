"""What is spent of each budget, summed from the jobs themselves, and which alerts the operator still has to read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from datetime import datetime

import aiosqlite

from veo_core.domain.budgets import Account, Alert, Budget, Budgets, Demand, Scope, Spending, Spent, alerts, begins_at
from veo_core.domain.jobs import JobKind, NewJob
from veo_core.store.database import Database
from veo_core.store.rows import to_ms

# The condition is that of the indexes; a sum is bounded by the budget itself.
_SUMS = """
SELECT coalesce(sum(charged), 0) AS credits, coalesce(sum(counts) FILTER (WHERE kind = 'create'), 0) AS videos
FROM jobs WHERE (counts = 1 OR charged > 0) AND created_at >= :since
"""
_OF_SERVER = f"{_SUMS} AND workspace_id = :workspace_id"
_KEY = "scope = ? AND scope_id = ? AND budget = ? AND limit_value = ? AND period = ?"


class Ledger:
    """Where no budget is set, nothing is read."""

    def __init__(self, database: Database, budgets: Budgets) -> None:
        self._database = database
        self.budgets = budgets

    async def review(self, now: datetime) -> None:
        """At a start: a limit that was changed may already be reached."""
        if not self.budgets.accounts:
            return
        async with self._database.write() as connection:
            await note(connection, await spendings(connection, self.budgets.accounts, now), now)

    async def server(self, workspace_id: int | None, now: datetime) -> Spending | None:
        """What is spent of a server's budgets; None where it has none."""
        account = next((one for one in self.budgets.of(workspace_id) if one.scope is Scope.SERVER), None)
        if account is None:
            return None
        async with self._database.read() as connection:
            return (await spendings(connection, (account,), now))[0]

    async def due(self) -> tuple[Alert, ...]:
        """Alerts that nobody was told yet, oldest first."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT * FROM budget_warnings WHERE told_at IS NULL ORDER BY at LIMIT 20"
            )
            return tuple(
                Alert(
                    Scope(row["scope"]),
                    row["scope_id"],
                    Budget(row["budget"]),
                    row["limit_value"],
                    row["period"],
                    row["threshold"],
                )
                for row in rows
            )

    async def told(self, alert: Alert, now: datetime) -> None:
        """The operator was told."""
        async with self._database.write() as connection:
            await connection.execute(
                f"UPDATE budget_warnings SET told_at = ? WHERE {_KEY} AND threshold = ?", (to_ms(now), *astuple(alert))
            )


def demand_of(new: NewJob) -> Demand:
    """What a request would add to the budgets."""
    return Demand(new.cost, 1 if new.kind is JobKind.CREATE else 0)


async def spendings(
    connection: aiosqlite.Connection, accounts: Iterable[Account], now: datetime
) -> tuple[Spending, ...]:
    """What is spent of these accounts, in the transaction of `connection`."""
    return tuple([Spending(account, await _spent(connection, account, now)) for account in accounts])


async def _spent(connection: aiosqlite.Connection, account: Account, now: datetime) -> Spent:
    """One sum for each period that has a budget; a row from the future (the clock went back) counts."""
    spent: dict[Budget, int] = {}
    sums: dict[datetime, tuple[int, int]] = {}
    for budget in account.ceilings:
        since = begins_at(budget, now)
        if since not in sums:
            sums[since] = await _sums(connection, account, since)
        spent[budget] = sums[since][budget is Budget.VIDEOS_PER_DAY]
    return spent


async def _sums(connection: aiosqlite.Connection, account: Account, since: datetime) -> tuple[int, int]:
    sql = _OF_SERVER if account.scope is Scope.SERVER else _SUMS
    rows = await connection.execute_fetchall(sql, {"since": to_ms(since), "workspace_id": account.scope_id})
    row = next(iter(rows))
    return row["credits"], row["videos"]


async def note(connection: aiosqlite.Connection, spendings: Iterable[Spending], now: datetime) -> None:
    """Write down every threshold that is reached, in the transaction that changed what is spent.

    Of two that are new at once only the higher one is told.
    """
    for spending in spendings:
        for alert in reversed(alerts(spending, now)):
            *key, threshold = astuple(alert)
            higher = await connection.execute_fetchall(
                f"SELECT 1 FROM budget_warnings WHERE {_KEY} AND threshold > ?", (*key, threshold)
            )
            await connection.execute(
                "INSERT INTO budget_warnings (scope, scope_id, budget, limit_value, period, threshold, at, told_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (*key, threshold, to_ms(now), to_ms(now) if list(higher) else None),
            )

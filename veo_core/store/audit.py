"""Do the books balance: what the database says of itself, read beside a running bot without changing anything."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from veo_core.domain.budgets import Account, Budget, Budgets, period_format
from veo_core.domain.quota import WINDOW, Limits
from veo_core.errors import StorageError


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found: figures to read, and what is wrong (nothing, if all is well)."""

    figures: dict[str, int]
    faults: tuple[str, ...]


# A job whose file is gone succeeded first and failed then: the one end that takes another one back.
# What must never be found, each with the words for it; the column is a job's number.
_NEVER = {
    "submitted again after it was accepted": """
        SELECT job_id FROM job_events AS later WHERE later.state = 'submitting' AND EXISTS (
            SELECT 1 FROM job_events AS earlier
            WHERE earlier.job_id = later.job_id AND earlier.state = 'running' AND earlier.event_id < later.event_id)
    """,
    "accepted more than once": """
        SELECT job_id FROM job_events WHERE state = 'running' GROUP BY job_id HAVING count(*) > 1
    """,
    "ended more than once": """
        SELECT job_id FROM job_events JOIN jobs USING (job_id)
        WHERE job_events.state IN ('succeeded', 'failed', 'expired', 'rejected', 'cancelled')
        GROUP BY job_id HAVING count(*) > CASE jobs.reason WHEN 'video_gone' THEN 2 ELSE 1 END
    """,
    "without a history that ends in its state": """
        SELECT job_id FROM jobs WHERE state IS NOT (
            SELECT state FROM job_events WHERE job_events.job_id = jobs.job_id ORDER BY event_id DESC LIMIT 1)
    """,
    "ended, and neither delivered nor kept nor due": """
        SELECT job_id FROM jobs WHERE state IN ('succeeded', 'failed', 'expired')
            AND delivered_at IS NULL AND kept_at IS NULL AND delivery_due_at IS NULL
    """,
    "sharing its message with another": """
        SELECT min(job_id) AS job_id FROM jobs WHERE message_id IS NOT NULL GROUP BY message_id HAVING count(*) > 1
    """,
    "sharing its task with another": """
        SELECT min(job_id) AS job_id FROM jobs WHERE task_id IS NOT NULL GROUP BY task_id HAVING count(*) > 1
    """,
    "a second 1080p version of one video": """
        SELECT max(job_id) AS job_id FROM jobs WHERE kind = 'upscale'
            AND state NOT IN ('failed', 'expired', 'rejected', 'cancelled') GROUP BY source_job_id HAVING count(*) > 1
    """,
    "counted in another way than its state says": """
        SELECT job_id FROM jobs WHERE counts <> (state NOT IN ('failed', 'expired', 'rejected', 'cancelled'))
    """,
    "charged something else than its real cost or its estimate": """
        SELECT job_id FROM jobs
        WHERE charged <> coalesce(cost_real, CASE counts WHEN 1 THEN coalesce(cost_estimate, charged) ELSE 0 END)
    """,
}

# More counted jobs of one person within a day than the limit allows.
_OVER_LIMIT = """
SELECT job_id FROM (
    SELECT job_id, count(*) OVER (
        PARTITION BY user_id, kind ORDER BY created_at RANGE BETWEEN :window PRECEDING AND CURRENT ROW
    ) AS used, CASE kind WHEN 'create' THEN :videos ELSE :upscales END AS allowed
    FROM jobs WHERE state NOT IN ('failed', 'expired', 'rejected', 'cancelled')
) WHERE used > allowed
"""

# The first job of a day or month with which a budget was passed. A real cost may pass it by itself, so that each job
# weighs what it weighed at least when a later one was asked for.
_OVER_BUDGET = """
SELECT min(job_id) AS job_id FROM (
    SELECT job_id, kind, period, cost_estimate, sum({weight}) OVER (
        PARTITION BY period ORDER BY created_at, job_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS used FROM (
        SELECT *, strftime(:period, created_at / 1000, 'unixepoch') AS period FROM jobs
        WHERE (counts = 1 OR charged > 0) AND (:workspace_id = 0 OR workspace_id = :workspace_id)
    )
) WHERE used > :allowed GROUP BY period
"""
_CREDITS, _VIDEOS = "min(charged, coalesce(cost_estimate, 0))", "counts * (kind = 'create')"

_FIGURES = {
    "jobs": "SELECT count(*) FROM jobs",
    "under way": "SELECT count(*) FROM jobs WHERE ended_at IS NULL",
    "succeeded": "SELECT count(*) FROM jobs WHERE state = 'succeeded'",
    "refunded": "SELECT count(*) FROM jobs WHERE state IN ('failed', 'expired', 'rejected', 'cancelled')",
    "delivered": "SELECT count(*) FROM jobs WHERE delivered_at IS NOT NULL",
    "kept": "SELECT count(*) FROM jobs WHERE kept_at IS NOT NULL",
    "waiting for delivery": """
        SELECT count(*) FROM jobs WHERE delivery_due_at IS NOT NULL AND delivered_at IS NULL AND kept_at IS NULL
    """,
    "submissions": "SELECT count(*) FROM job_events WHERE state = 'submitting'",
    "tasks": "SELECT count(*) FROM jobs WHERE task_id IS NOT NULL",
    "charged, in thousandths of a credit": "SELECT coalesce(sum(charged), 0) FROM jobs",
}
_SHOWN = 10


def audit(path: Path, limits: Limits, budgets: Budgets | None = None) -> AuditReport:
    """Read the whole database once; `limits` and `budgets` are those of today.

    Raises StorageError when it cannot be read.
    """
    if not path.is_file():
        raise StorageError(f"{path} does not exist")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("BEGIN")
            return AuditReport(_figures(connection), tuple(_faults(connection, limits, budgets or Budgets())))
    except sqlite3.Error as error:
        raise StorageError(f"the database {path} cannot be read: {error}") from error


def _figures(connection: sqlite3.Connection) -> dict[str, int]:
    return {name: int(connection.execute(sql).fetchone()[0]) for name, sql in _FIGURES.items()}


def _faults(connection: sqlite3.Connection, limits: Limits, budgets: Budgets) -> list[str]:
    faults = [f"the file itself: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    faults += [f"a row that refers to nothing, in {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")]
    values = {
        "window": int(WINDOW.total_seconds() * 1000) - 1,
        "videos": limits.videos_per_day,
        "upscales": limits.upscales_per_day,
    }
    for words, sql in _NEVER.items():
        faults += _listed(words, connection.execute(sql).fetchall())
    faults += _listed("over its person's limit", connection.execute(_OVER_LIMIT, values).fetchall())
    return faults + [fault for account in budgets.accounts for fault in _over_budgets(connection, account)]


def _over_budgets(connection: sqlite3.Connection, account: Account) -> list[str]:
    found: list[str] = []
    for budget, limit in account.ceilings.items():
        values = {"workspace_id": account.scope_id, "allowed": limit, "period": period_format(budget)}
        weight = _VIDEOS if budget is Budget.VIDEOS_PER_DAY else _CREDITS
        rows = connection.execute(_OVER_BUDGET.format(weight=weight), values).fetchall()
        found += _listed(f"over the budget {budget} of {account.scope} {account.scope_id}", rows)
    return found


def _listed(words: str, rows: list[tuple[int]]) -> list[str]:
    if not rows:
        return []
    numbers = ", ".join(f"#{row[0]}" for row in rows[:_SHOWN])
    return [f"{words}: {numbers}{f' and {len(rows) - _SHOWN} more' if len(rows) > _SHOWN else ''}"]

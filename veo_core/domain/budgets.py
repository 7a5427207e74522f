"""May this server and the whole bot spend that much more, and if not, when; pure.

Credits are whole milli-credits. Days and months are those of the calendar in UTC, as on a bill; a job belongs to the
period in which it was asked for, whatever becomes of it later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from veo_core.domain.money import shown
from veo_core.reasons import Reason


class Scope(StrEnum):
    """Whose budget it is; the values are stored."""

    SERVER = "server"
    BOT = "bot"


class Budget(StrEnum):
    """What is limited; the values are the keys of the configuration, and are stored."""

    CREDITS_PER_DAY = "credits_per_day"
    CREDITS_PER_MONTH = "credits_per_month"
    VIDEOS_PER_DAY = "videos_per_day_total"


# The budgets that are set, each with its limit: milli-credits or videos.
Ceilings = Mapping[Budget, int]
# What is used of each budget in its present day or month.
Spent = Mapping[Budget, int]
_NONE: Ceilings = MappingProxyType({})
_REASONS = {Scope.SERVER: Reason.BUDGET_REACHED, Scope.BOT: Reason.BOT_BUDGET_REACHED}
_WHOLE = 100
_THRESHOLDS = (80, _WHOLE)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one request would add: `credits` in milli-credits, `videos` 1 for a new video and 0 for a 1080p version."""

    credits: int
    videos: int

    def of(self, budget: Budget) -> int:
        """What it adds to this budget."""
        return self.videos if budget is Budget.VIDEOS_PER_DAY else self.credits


@dataclass(frozen=True, slots=True)
class Account:
    """One server or the whole bot (`scope_id` 0), with the budgets that are set for it."""

    scope: Scope
    scope_id: int
    ceilings: Ceilings


@dataclass(frozen=True, slots=True)
class Budgets:
    """Every budget that the operator set."""

    bot: Ceilings = field(default_factory=lambda: _NONE)
    servers: Mapping[int, Ceilings] = field(default_factory=dict[int, Ceilings])

    def of(self, guild_id: int | None) -> tuple[Account, ...]:
        """The accounts that a request in this server weighs on, the server's first; those without budgets are left out.

        `guild_id` None: a direct message, which has the bot's alone.
        """
        server = self.servers.get(guild_id, _NONE) if guild_id is not None else _NONE
        accounts = (Account(Scope.SERVER, guild_id or 0, server), Account(Scope.BOT, 0, self.bot))
        return tuple(account for account in accounts if account.ceilings)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts that have a budget."""
        servers = (Account(Scope.SERVER, guild_id, ceilings) for guild_id, ceilings in self.servers.items())
        return tuple(account for account in (*servers, Account(Scope.BOT, 0, self.bot)) if account.ceilings)


@dataclass(frozen=True, slots=True)
class Spending:
    """An account, and what is spent of its budgets now."""

    account: Account
    spent: Spent

    def plus(self, demand: Demand) -> Spending:
        """The same after this request."""
        return Spending(self.account, {budget: used + demand.of(budget) for budget, used in self.spent.items()})

    @property
    def percent(self) -> int:
        """How much is used of the budget that is nearest to its end."""
        limits = self.account.ceilings.items()
        return max(self.spent[budget] * _WHOLE // limit if limit else _WHOLE for budget, limit in limits)


@dataclass(frozen=True, slots=True)
class Barrier:
    """Why a request does not fit; `until` is when it would, None for never."""

    reason: Reason
    until: datetime | None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A budget reached 80 or 100 per cent (`threshold`): to be told once for this limit and this period."""

    scope: Scope
    scope_id: int
    budget: Budget
    limit: int
    period: str
    threshold: int

    @property
    def mark(self) -> str:
        """Sixteen characters that no other alert has: a notice that was lost on its way is not told twice."""
        return hashlib.sha256("/".join(map(str, astuple(self))).encode()).hexdigest()[:16]


def begins_at(budget: Budget, now: datetime) -> datetime:
    """When the present day or month of this budget began, in UTC."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return day.replace(day=1) if budget is Budget.CREDITS_PER_MONTH else day


def ends_at(budget: Budget, now: datetime) -> datetime:
    """When the next day or month of this budget begins."""
    begun = begins_at(budget, now)
    if budget is not Budget.CREDITS_PER_MONTH:
        return begun + timedelta(days=1)
    return (begun + timedelta(days=31)).replace(day=1)


def barriers(spending: Spending, demand: Demand, now: datetime) -> tuple[Barrier, ...]:
    """Everything of this account that a request does not fit into."""
    found: list[Barrier] = []
    account = spending.account
    for budget, limit in account.ceilings.items():
        more = demand.of(budget)
        if is_never(budget, limit, more):
            found.append(Barrier(Reason.VIDEOS_OFF, None))
        elif more > 0 and spending.spent[budget] + more > limit:
            found.append(Barrier(_REASONS[account.scope], ends_at(budget, now)))
    return tuple(found)


def is_never(budget: Budget, limit: int, more: int) -> bool:
    """Whether this much fits into no period at all; a limit of no credits allows not even what is free."""
    return more > limit or (limit == 0 and budget is not Budget.VIDEOS_PER_DAY)


def fits_ever(accounts: Iterable[Account], demand: Demand) -> bool:
    """Whether a request would fit into periods in which nothing is used yet."""
    limits = (pair for account in accounts for pair in account.ceilings.items())
    return not any(is_never(budget, limit, demand.of(budget)) for budget, limit in limits)


def strongest(found: Iterable[Barrier]) -> Barrier | None:
    """The barrier to name: never, else the one that falls last, since only then can the person go on.

    Of equal ones the first; callers give the person's, then the server's, then the bot's.
    """
    never: Barrier | None = None
    latest: Barrier | None = None
    for barrier in found:
        if barrier.until is None:
            never = never or barrier
        elif latest is None or latest.until is None or barrier.until > latest.until:
            latest = barrier
    return never or latest


def alerts(spending: Spending, now: datetime) -> tuple[Alert, ...]:
    """The thresholds that this account has reached, of each budget the lower one first."""
    account = spending.account
    return tuple(
        Alert(account.scope, account.scope_id, budget, limit, now.strftime(period_format(budget)), threshold)
        for budget, limit in account.ceilings.items()
        for threshold in _THRESHOLDS
        if limit > 0 and spending.spent[budget] * _WHOLE >= limit * threshold
    )


def notice(alert: Alert) -> str:
    """What the operator reads."""
    whose = "this bot" if alert.scope is Scope.BOT else f"server {alert.scope_id}"
    limit = f"{alert.limit} videos" if alert.budget is Budget.VIDEOS_PER_DAY else f"{shown(alert.limit)} credits"
    used = "is used up" if alert.threshold == _WHOLE else f"is at least {alert.threshold} % used"
    return f"The budget `{alert.budget}` of {whose} {used} for {alert.period} (UTC). The limit is {limit}."


def period_format(budget: Budget) -> str:
    """How the present day or month of this budget is written, for strftime."""
    return "%Y-%m" if budget is Budget.CREDITS_PER_MONTH else "%Y-%m-%d"

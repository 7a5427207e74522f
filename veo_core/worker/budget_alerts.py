"""Tells the operator of budgets that are nearly or wholly used up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from veo_core.domain.budgets import notice
from veo_core.errors import DeliveryPostponed
from veo_core.worker.loop import Loop
from veo_core.workshop import Workshop

_WAIT = timedelta(seconds=10)


class TellsOperator(Protocol):
    """What is needed of Discord; implemented in cogs.delivery.publisher."""

    async def tell_operator(self, text: str, *, mark: str | None = None) -> None:
        """Tell whoever runs the bot, the same mark once within minutes; raises DeliveryPostponed."""
        ...


class BudgetAlerts(Loop):
    """Each alert is a row, written in the transaction that reached it and marked after it was told."""

    def __init__(self, workshop: Workshop, posts: TellsOperator) -> None:
        super().__init__(now=workshop.now, idle=workshop.idle)
        self._ledger = workshop.store.ledger
        self._posts = posts

    async def turn(self) -> datetime | None:
        """Tell what is due; while Discord is in trouble again after a while."""
        if not self._ledger.budgets.accounts:
            return None
        for alert in await self._ledger.due():
            try:
                await self._posts.tell_operator(notice(alert), mark=alert.mark)
            except DeliveryPostponed as error:
                return self._now() + max(_WAIT, error.retry_after or _WAIT)
            await self._ledger.told(alert, self._now())
        return None

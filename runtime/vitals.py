"""What the health pages know of the bot, which is put together anew after a break."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

_log = logging.getLogger(__name__)
# Seconds; SQLite itself waits longer for another program's lock.
_DATABASE_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Sign:
    """How one part is; `text` is a few words without any secret."""

    part: str
    text: str = "ok"
    ok: bool = True


class Bot(Protocol):
    """What can be seen of the bot; each trouble is a few words, or None."""

    def worker_trouble(self) -> str | None:
        """Which background loop ended or stands still."""
        ...

    def gateway_trouble(self) -> str | None:
        """Why Discord's events do not arrive."""
        ...

    def heartbeat_trouble(self) -> str | None:
        """Whether the gateway stopped to acknowledge."""
        ...


class Provider(Protocol):
    """How the provider stands."""

    @property
    def is_paused(self) -> bool:
        """Whether submissions wait for the operator."""
        ...

    @property
    def is_down(self) -> bool:
        """Whether the last attempt did not reach it."""
        ...


@dataclass(frozen=True, slots=True)
class Life:
    """One run of the bot; `check_database` reads and writes a row and raises StorageError when it cannot."""

    bot: Bot
    provider: Provider
    check_database: Callable[[], Awaitable[None]]


class Vitals:
    """One for the whole process; the composition root tells it of each life."""

    def __init__(self) -> None:
        self._life: Life | None = None
        self._check: asyncio.Task[None] | None = None
        self._database_failed = False

    @contextmanager
    def watch(self, life: Life) -> Generator[None]:
        """This is the bot from now on; leaving means that there is none."""
        self._life = life
        try:
            yield
        finally:
            self._life = self._check = None

    async def alive(self) -> tuple[Sign, ...]:
        """Whether the worker does its turns; while the bot starts there is none yet, which is no fault."""
        if self._life is None:
            return (Sign("worker", "starting"),)
        return (_sign("worker", self._life.bot.worker_trouble()),)

    async def ready(self) -> tuple[Sign, ...]:
        """Whether people are served; a provider that is paused or down is named and is no fault of the bot's."""
        life = self._life
        if life is None:
            return (Sign("gateway", "starting", ok=False),)
        return (
            _sign("worker", life.bot.worker_trouble()),
            _sign("gateway", life.bot.gateway_trouble()),
            _sign("heartbeat", life.bot.heartbeat_trouble()),
            _sign("database", await self._database_trouble(life)),
            Sign("provider", _standing(life.provider)),
        )

    async def _database_trouble(self, life: Life) -> str | None:
        """One check at a time: one that hangs is waited for by the next question, and none is begun beside it."""
        check = self._check
        if check is None:
            check = self._check = asyncio.create_task(_checked(life), name="database check")
            check.add_done_callback(_take_error)
        await asyncio.wait({check}, timeout=_DATABASE_PATIENCE)
        if not check.done():
            return "it does not answer in time"
        if self._check is check:
            # Not when the life ended meanwhile: the next one is asked anew.
            self._check = None
        error = check.exception()
        self._note(error)
        return None if error is None else "it cannot be read and written"

    def _note(self, error: BaseException | None) -> None:
        """One line when it begins and one when it ends, however often somebody asks."""
        if error is not None and not self._database_failed:
            _log.warning("The health check cannot use the database", extra={"error": str(error)})
        elif error is None and self._database_failed:
            _log.warning("The health check can use the database again")
        self._database_failed = error is not None


async def _checked(life: Life) -> None:
    await life.check_database()


def _take_error(check: asyncio.Task[None]) -> None:
    """Whoever asked may be gone by now; an error that nobody takes would be logged as one that was lost."""
    if not check.cancelled():
        check.exception()


def _sign(part: str, trouble: str | None) -> Sign:
    return Sign(part) if trouble is None else Sign(part, trouble, ok=False)


def _standing(provider: Provider) -> str:
    if provider.is_paused:
        return "paused"
    return "down" if provider.is_down else "ok"

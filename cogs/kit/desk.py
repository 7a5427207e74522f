"""The interactions in hand: Discord shows "thinking" for each until it is answered, also when the bot stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import discord

Asked = discord.Interaction[discord.Client]
# Seconds: for the work to end by itself, for what is cut off, and for the last answers.
_GRACE, _CUT_OFF, _LAST_WORDS = 3.0, 1.0, 2.0


class Desk:
    """Knows who waits for an answer; once closed it takes nobody new."""

    def __init__(self, grace: float = _GRACE) -> None:
        self.is_closed = False
        self._grace = grace
        self._in_hand: dict[int, tuple[Asked, asyncio.Task[object] | None]] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def take(self, interaction: Asked) -> None:
        """Somebody waits for an answer from now on; the caller's task is the work on it."""
        self._in_hand[interaction.id] = (interaction, asyncio.current_task())
        self._empty.clear()

    def let_go(self, interaction: Asked) -> None:
        """It is answered."""
        self._in_hand.pop(interaction.id, None)
        if not self._in_hand:
            self._empty.set()

    async def close(self, last_words: Callable[[Asked], Awaitable[None]]) -> None:
        """Let what is in hand be answered, cut off what takes longer than the grace, and answer that with words."""
        self.is_closed = True
        await self._emptied(self._grace)
        left = list(self._in_hand.values())
        await self._cut_off([work for _, work in left if work is not None and work is not asyncio.current_task()])
        answers = [asyncio.ensure_future(last_words(interaction)) for interaction, _ in left]
        if answers:
            await asyncio.wait(answers, timeout=_LAST_WORDS)
            for late in answers:
                late.cancel()
        for interaction, _ in left:
            self.let_go(interaction)
        # Whoever asked since then is refused at once; those answers are on their way.
        await self._emptied(_LAST_WORDS)

    async def _cut_off(self, works: list[asyncio.Task[object]]) -> None:
        for work in works:
            work.cancel()
        if works:
            await asyncio.wait(works, timeout=_CUT_OFF)

    async def _emptied(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._empty.wait()

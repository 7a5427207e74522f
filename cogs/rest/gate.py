"""The one way of the bot's own requests to Discord: paced, fair by channel, and waiting when told to wait.

Acknowledgements of interactions do not come through here: discord.py sends them over an adapter of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import discord
from discord.http import HTTPClient, Route

from cogs.rest.buckets import Bucket, Buckets
from cogs.rest.circuit import Circuit
from cogs.rest.exchange import Answer, exchange, failure, refuses_the_token, told_to_wait
from cogs.rest.pacing import Pacer

# Discord allows 50 a second for a bot.
_RATE = 40.0
_PATIENCE = 10.0
# 10,000 answers of 401 in ten minutes ban the address. The rests grow while the token stays refused.
_REST_WITHOUT_TOKEN = 2.0
_PASSING = frozenset({500, 502, 504, 524})
_WAITS_AFTER_ERRORS = (1.0, 3.0)
_OK = range(200, 300)


class Held(discord.RateLimited):
    """Discord takes this only after `retry_after` seconds, and certainly has not taken it.

    `everything`: the whole bot has to wait, which the log already says.
    """

    def __init__(self, retry_after: float, *, everything: bool = False) -> None:
        super().__init__(retry_after)
        self.everything = everything


class Gate:
    """One for the process, so that what Discord asked for outlives a new connection."""

    def __init__(self, rate: float = _RATE) -> None:
        self._turns = Pacer(rate)
        self._pacer = Pacer(rate)
        self._is_used = False
        # A token that is bad from the beginning ends the start instead.
        self._was_welcome = False
        self._circuit = Circuit()
        self._buckets = Buckets()

    def attach(self, http: HTTPClient) -> None:
        """From now on every request of this client comes through here: all its methods call `request`."""
        http.request = partial(self._request, http)

    async def turn(self, lane: int, *, later: bool) -> None:
        """Wait until this lane may begin a message; before the first request of all there is nothing to pace."""
        if self._is_used:
            await self._turns.turn(lane, later=later)

    def rests_for(self) -> float:
        """Seconds that Discord asked the whole bot to wait; 0 when requests may go."""
        return self._circuit.wait(_now())

    def channel_rests_for(self, channel_id: int, planned: int) -> float:
        """Seconds until a channel takes one more message than the `planned` ones; 0 when it does now."""
        bucket = self._buckets.look(Route("POST", "/channels/{channel_id}/messages", channel_id=channel_id))
        return 0.0 if bucket is None else bucket.wait(_now(), planned)

    async def _request(
        self,
        http: HTTPClient,
        route: Route,
        *,
        files: Sequence[discord.File] | None = None,
        form: Iterable[Mapping[str, Any]] | None = None,
        **options: object,
    ) -> object:
        """In place of `HTTPClient.request`; raises Held, discord.RateLimited, discord.HTTPException.

        What carries a file neither waits for a limit nor is repeated, as the file would be held meanwhile.
        """
        self._is_used = True
        send = partial(self._once, http, route, files or (), None if form is None else list(form), options)
        answer = await send()
        for wait in () if files else _WAITS_AFTER_ERRORS:
            if answer.status not in _PASSING:
                break
            await asyncio.sleep(wait)
            try:
                answer = await send()
            except Held as error:
                # The first try may have been taken all the same.
                raise discord.RateLimited(error.retry_after) from error
        if answer.status in _OK:
            return answer.data
        raise failure(answer)

    async def _once(
        self,
        http: HTTPClient,
        route: Route,
        files: Sequence[discord.File],
        form: list[Mapping[str, Any]] | None,
        options: Mapping[str, object],
    ) -> Answer:
        async with self._admitted(route, patience=0.0 if files else _PATIENCE) as bucket:
            answer = await exchange(http, route, files, form, options)
            self._obey(route, bucket, answer)
            return answer

    def _obey(self, route: Route, bucket: Bucket, answer: Answer) -> None:
        """Learn from an answer; raises Held where it is a 429."""
        now = _now()
        told = told_to_wait(answer.status, answer.headers, answer.data)
        if told is not None and told.everything:
            self._circuit.trip(told.seconds, now)
            raise Held(self._circuit.wait(now), everything=True)
        if self._was_welcome and refuses_the_token(answer):
            self._circuit.trip(_REST_WITHOUT_TOKEN, now, "Discord refuses the token; requests rest, longer each time")
            return
        self._was_welcome = self._was_welcome or answer.status in _OK
        self._circuit.answered(now)
        if told is not None:
            raise Held(bucket.refuse(told.seconds, now))
        self._buckets.learn(route, bucket, answer.headers, now)

    @asynccontextmanager
    async def _admitted(self, route: Route, *, patience: float) -> AsyncGenerator[Bucket]:
        """Wait for the turn of this request; raises Held when that takes longer than `patience` seconds."""
        while True:
            await self._cleared(route, patience)
            await self._pacer.turn(_destination(route))
            now, bucket = _now(), self._buckets.of(route)
            # Meanwhile another answer may have brought a limit.
            if not (self._circuit.is_probing or self._circuit.wait(now) or bucket.wait(now) or bucket.is_full(now)):
                break
        bucket.in_flight += 1
        try:
            async with self._circuit.passage():
                yield bucket
        finally:
            bucket.leave()

    async def _cleared(self, route: Route, patience: float) -> None:
        """Wait until no limit is in the way."""
        while True:
            now, bucket = _now(), self._buckets.of(route)
            if wait := max(self._circuit.wait(now), bucket.wait(now)):
                if wait > patience:
                    raise Held(wait, everything=self._circuit.wait(now) > 0)
                await asyncio.sleep(wait)
            elif self._circuit.is_probing:
                await self._circuit.probed()
            elif bucket.is_full(now):
                await bucket.change()
            else:
                return


def _destination(route: Route) -> int:
    """Whom a request is for; those for nobody in particular are told apart by their kind."""
    return int(route.channel_id or route.guild_id or hash(route.key))


def _now() -> float:
    return asyncio.get_running_loop().time()

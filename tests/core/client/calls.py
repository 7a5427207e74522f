"""What the tests of the client share: one good submission, and servers that misbehave below HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest

from tests.core.values import NOW
from veo_core.domain.submissions import Submission
from veo_core.errors import AccountProblem, AnswerLost, ProviderError, RateLimited, Rejected, Unreachable
from veo_core.provider.client import VeoClient

TOKEN = "acedata-token-5d1f"
WANTED = Submission("text2video", "veo31-fast", "A lighthouse in a storm", aspect_ratio="16:9")
POSTED = {"action": "text2video", "model": "veo31-fast", "prompt": "A lighthouse in a storm", "async": True}
OUTCOMES = (Unreachable, RateLimited, AnswerLost, AccountProblem, Rejected)


@dataclass
class Clock:
    seconds: float = NOW.timestamp()

    def __call__(self) -> float:
        return self.seconds


def client_for(session: aiohttp.ClientSession, base: str, *, token: str = TOKEN, seconds: float = 5) -> VeoClient:
    timeout = timedelta(seconds=seconds)
    return VeoClient(session, api_base=base, api_token=token, timeout=timeout, now=lambda: NOW)


async def failure_of(call: Awaitable[object]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await call
    return caught.value


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(serve: Serve) -> AsyncGenerator[str]:
    """A server that reads the head of each request and then does what HTTP servers should not."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await serve(reader, writer)
            writer.close()
            await writer.wait_closed()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]

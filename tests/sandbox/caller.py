"""A plain client for the stand-in's tests: what was sent, what came back, nothing translated."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.veo import StandInVeo

TEXT = {"action": "text2video", "model": "veo31-fast", "prompt": "A lighthouse in a storm", "async": True}
IMAGE = {**TEXT, "action": "image2video", "image_urls": ["http://127.0.0.1:9/a.png"]}


async def until(condition: Callable[[], object]) -> None:
    """Wait for something the stand-in does in the background; raises TimeoutError after five seconds."""
    async with asyncio.timeout(5):
        while True:
            if condition():
                return
            await asyncio.sleep(0.002)


@dataclass
class Clock:
    """A clock that moves only when a test moves it."""

    now: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Reply:
    status: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Caller:
    veo: StandInVeo
    session: aiohttp.ClientSession
    token: str | None = "right"
    patience: float = 5.0
    """Seconds."""

    async def post(self, path: str, body: object) -> Reply:
        """POST any JSON; raises what aiohttp raises, TimeoutError when patience runs out."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        timeout = aiohttp.ClientTimeout(total=self.patience)
        url = self.veo.base_url + path
        async with self.session.post(url, json=body, headers=headers, timeout=timeout) as response:
            return Reply(response.status, await response.text(), dict(response.headers))

    async def submit(self, **fields: object) -> Reply:
        """POST a good text2video request with some fields changed; a field of None is left out."""
        body = {key: value for key, value in {**TEXT, **fields}.items() if value is not None}
        return await self.post("/veo/videos", body)

    async def accepted(self, **fields: object) -> str:
        """Submit and return the task's id."""
        reply = await self.submit(**fields)
        assert reply.status == 200, reply.text
        return reply.json["task_id"]

    async def look(self, **fields: object) -> Any:
        """POST /veo/tasks and return the JSON of its 200."""
        reply = await self.post("/veo/tasks", fields)
        assert reply.status == 200, reply.text
        return reply.json

    async def retrieve(self, task_id: str) -> Any:
        return await self.look(action="retrieve", id=task_id)

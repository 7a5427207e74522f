"""The result posted to a request's `callback_url`: unsigned, at most as often as the settings say, to loopback only."""

from __future__ import annotations

import aiohttp

from sandbox.veo.contract import JsonObject
from sandbox.veo.images import is_loopback
from sandbox.veo.journal import SentCallback
from sandbox.veo.records import finished
from sandbox.veo.tasks import Task
from sandbox.veo.world import World

_LOOK_EVERY = 0.01
_TIMEOUT = aiohttp.ClientTimeout(total=5)


def start(world: World, task: Task) -> None:
    """Watches a task that has just been accepted, if it asks for a callback."""
    url = task.payload.get("callback_url")
    if isinstance(url, str) and world.settings.callback_times:
        world.runners.start(_call_when_ended(world, task, url))


async def _call_when_ended(world: World, task: Task, url: str) -> None:
    while (left := task.ends_at - world.clock()) > 0:
        await world.pause(min(left, _LOOK_EVERY))
    for _ in range(world.settings.callback_times):
        body = finished(task, world.media_base)
        world.journal.callbacks.append(SentCallback(world.clock(), url, body, await _post(world.session, url, body)))


async def _post(session: aiohttp.ClientSession | None, url: str, body: JsonObject) -> int | None:
    if session is None or not is_loopback(url):
        return None
    try:
        async with session.post(url, json=body, timeout=_TIMEOUT) as response:
            return response.status
    except (aiohttp.ClientError, TimeoutError):
        return None

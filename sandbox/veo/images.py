"""The images a request points at: fetched as the provider would, but from loopback addresses only."""

from __future__ import annotations

import asyncio
import ipaddress
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from sandbox.veo.contract import IMAGES_INVALID, images_of
from sandbox.veo.tasks import Failure, Task
from sandbox.veo.world import ImageMode, World

MAX_IMAGE_BYTES = 25 * 1024 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=5)


class ImageRefusedError(Exception):
    """An image could not be fetched, or is none."""


def start(world: World, task: Task) -> None:
    """Begin to fetch the images of a task that has just been accepted."""
    if world.settings.images is not ImageMode.OFF and images_of(task.payload):
        world.image_runners[task.task_id] = world.runners.start(_collect(world, task))


async def ready(world: World, task: Task) -> None:
    """Wait until the images of a task are fetched or given up."""
    runner = world.image_runners.get(task.original.task_id)
    if runner is not None:
        await asyncio.wait([runner])


async def settled(world: World) -> None:
    """With strict images: wait until no task's fate depends on a running fetch."""
    if world.settings.images is ImageMode.STRICT and world.image_runners:
        await asyncio.wait(world.image_runners.values())


async def _collect(world: World, task: Task) -> None:
    fetched: list[bytes] = []
    for url in images_of(task.payload):
        try:
            fetched.append(await fetch(world.session, url))
        except ImageRefusedError:
            if world.settings.images is ImageMode.STRICT:
                _fail(world, task)
    task.images = tuple(fetched)


def _fail(world: World, task: Task) -> None:
    task.failure = Failure.of("bad_request", IMAGES_INVALID)
    task.ends_at = min(task.ends_at, world.clock())


async def fetch(session: aiohttp.ClientSession | None, url: str) -> bytes:
    """Fetch one image; raises ImageRefusedError for foreign hosts, errors, excess size and bytes that are no image."""
    if session is None or not is_loopback(url):
        raise ImageRefusedError(url)
    try:
        async with session.get(url, timeout=_TIMEOUT, allow_redirects=False) as response:
            status, body = response.status, await _capped(response.content)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ImageRefusedError(url) from error
    if status != HTTPStatus.OK or len(body) > MAX_IMAGE_BYTES or not is_image(body):
        raise ImageRefusedError(url)
    return body


async def _capped(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_IMAGE_BYTES:
            break
    return bytes(body)


def is_loopback(url: str) -> bool:
    """Tell whether an address stays on this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_image(body: bytes) -> bool:
    """Tell png, jpeg, webp and gif by their first bytes."""
    if body[:4] == b"RIFF":
        return body[8:12] == b"WEBP"
    return body.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"))

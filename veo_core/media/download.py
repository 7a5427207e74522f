"""Files from elsewhere: results and attached images. Allowed hosts only, streamed, capped, checked to their end."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import BinaryIO
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from veo_core.domain.images import MediaFile
from veo_core.domain.links import carries_credentials, is_public_link
from veo_core.errors import MediaUnavailable, MediaUnusable
from veo_core.media.hosts import Hosts
from veo_core.media.structure import video_extension, what_is_missing

ATTACHMENT_PATIENCE = timedelta(seconds=20)
"""How long a person's image may take to arrive; they are waiting for an answer."""

_CHUNK = 256 * 1024
_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEAD = 16


class MediaReader:
    """Reads over a session of the caller's; redirects are followed by hand, each hop checked."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        hosts: Hosts,
        *,
        stall: timedelta = timedelta(seconds=30),
        total: timedelta = timedelta(seconds=60),
    ) -> None:
        self._session = session
        self._hosts = hosts
        self._timeout = aiohttp.ClientTimeout(
            total=total.total_seconds(), sock_connect=10.0, sock_read=stall.total_seconds()
        )

    def may_link(self, url: str) -> bool:
        """Whether people may be given this address instead of the file: public, or of a host that is allowed.

        One that carries credentials never.
        """
        if is_public_link(url):
            return True
        return self._hosts.permit(url) and not carries_credentials(URL(url))

    @asynccontextmanager
    async def video(self, url: str, max_bytes: int) -> AsyncGenerator[MediaFile]:
        """The result behind a link as a temporary file without a name, so that nothing is left whatever happens.

        Raises MediaUnavailable when trying again may help, also for bytes that are no whole mp4 or gif (an error page,
        half a file); MediaUnusable for a host that is not allowed, and for a video of more than `max_bytes`.
        """
        with tempfile.TemporaryFile() as file:
            size = await self._download(url, file, max_bytes, is_video=True)
            missing = await asyncio.to_thread(what_is_missing, file, size)
            if missing is not None:
                raise MediaUnavailable(missing)
            file.seek(0)
            extension = video_extension(file.read(_HEAD)) or ""
            file.seek(0)
            yield MediaFile(file, size, extension)

    async def image(self, url: str, max_bytes: int) -> bytes:
        """The bytes of an attached image, at most `max_bytes`.

        Raises MediaUnavailable, MediaUnusable.
        """
        with tempfile.SpooledTemporaryFile(max_size=max_bytes) as file:
            await self._download(url, file, max_bytes)
            file.seek(0)
            return file.read()

    async def _download(self, url: str, file: _File, max_bytes: int, *, is_video: bool = False) -> int:
        """The bytes behind an address, all of them or an error; of a video the first ones are looked at first."""
        began = False
        try:
            async with self._open(url) as response:
                head = await _read_at_least(response.content, _HEAD)
                if is_video and video_extension(head) is None:
                    raise MediaUnavailable("the bytes are no video")
                began = True
                return await _write_rest(response, head, file, max_bytes)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise MediaUnavailable(
                f"the file could not be read: {type(error).__name__}", link_works=is_video and began
            ) from error
        except ValueError as error:
            raise MediaUnusable("the address is malformed") from error

    @asynccontextmanager
    async def _open(self, url: str) -> AsyncGenerator[aiohttp.ClientResponse]:
        for _ in range(_MAX_REDIRECTS + 1):
            if not self._hosts.permit(url):
                raise MediaUnusable("the host is not allowed")
            async with self._session.get(
                URL(url, encoded=True),
                allow_redirects=False,
                timeout=self._timeout,
                headers={"accept-encoding": "identity"},
            ) as response:
                target = response.headers.get("Location") if response.status in _REDIRECTS else None
                if target is not None:
                    url = urljoin(url, target)
                    continue
                if response.status != _OK:
                    raise MediaUnavailable(f"the host answered {response.status}")
                yield response
                return
        raise MediaUnusable("too many redirects")


_OK = 200


_File = BinaryIO | tempfile.SpooledTemporaryFile[bytes]


async def _read_at_least(stream: aiohttp.StreamReader, count: int) -> bytes:
    """The first bytes; fewer than `count` only where there are no more."""
    head = b""
    while len(head) < count and (part := await stream.read(count - len(head))):
        head += part
    return head


async def _write_rest(response: aiohttp.ClientResponse, head: bytes, file: _File, max_bytes: int) -> int:
    """Write the body as it comes; the number of its bytes, which is the announced one where one was announced."""
    announced = response.content_length
    if announced is not None and announced > max_bytes:
        raise MediaUnusable(f"the file has {announced} bytes, over {max_bytes}")
    size = len(head)
    await asyncio.to_thread(file.write, head)
    async for chunk in response.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > max_bytes:
            raise MediaUnusable(f"the file has more than {max_bytes} bytes")
        await asyncio.to_thread(file.write, chunk)
    if announced is not None and announced != size:
        raise MediaUnavailable(f"the file has {size} bytes instead of {announced}")
    return size

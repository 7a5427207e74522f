"""Is this picture fit to be sent: decided by its bytes to their end, never by its name or its declared type.

What costs nothing comes first. Few bad files ever start the process that decodes (veo_core.media.image_process), and
nobody's pictures hold up those of others: one command a person at a time, a few files at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from veo_core.domain.images import Image, PictureSize
from veo_core.domain.requests import MAX_PIXELS, megabytes
from veo_core.domain.timing import Now
from veo_core.errors import MediaError, MediaUnavailable, Refusal
from veo_core.media.image_header import format_of, header_of, is_archive_too
from veo_core.media.tries import PictureTurns
from veo_core.reasons import Reason

_log = logging.getLogger(__name__)

LEAST_SIDE = 64
"""Pixels. The provider names no least size; a frame of 720p made from less than this shows nothing of the picture."""
GREATEST_RATIO = 4
"""Longer side to shorter. The provider names none; both frames are 16:9, and more than half of such a strip is lost."""

_AT_ONCE = 8
_SECOND_TRY_AFTER = 1.0
# Discord's trouble or ours; every other refusal is a picture that was looked at in vain.
_NOT_THEIR_DOING = frozenset({Reason.IMAGE_UNREADABLE})


class ReadsImages(Protocol):
    """What is needed of the network."""

    async def image(self, url: str, max_bytes: int) -> bytes:
        """The bytes of an attachment, at most `max_bytes`; raises MediaError."""
        ...


class DecodesPictures(Protocol):
    """What is needed to decode."""

    async def decode(self, content: bytes) -> PictureSize | Reason:
        """The size of a picture that can be decoded, or what is wrong with it."""
        ...


class ImageInspector:
    """Reads each attached image once and refuses what will not do."""

    def __init__(
        self,
        reader: ReadsImages,
        decoder: DecodesPictures,
        max_bytes: int,
        now: Now,
        *,
        second_try_after: float = _SECOND_TRY_AFTER,
    ) -> None:
        self._reader = reader
        self._decoder = decoder
        self.max_bytes = max_bytes
        self._now = now
        self._second_try_after = second_try_after
        self._people = PictureTurns(now)
        # So many files at a time bound the memory whatever arrives.
        self._files = asyncio.Semaphore(_AT_ONCE)

    async def inspect(
        self, user_id: int, images: Sequence[Image], may_ask: Callable[[], Awaitable[None]]
    ) -> tuple[PictureSize, ...]:
        """The sizes of a person's pictures; `may_ask` is called at their turn, before any byte is fetched.

        Raises Refusal for the first that is no usable picture and whatever `may_ask` raises; InspectionFailed.
        """
        async with self._people.of(user_id):
            await may_ask()
            return tuple([await self._size(user_id, image) for image in images])

    async def _size(self, user_id: int, image: Image) -> PictureSize:
        try:
            return await self._inspect(image)
        except Refusal as refusal:
            if refusal.reason not in _NOT_THEIR_DOING:
                self._people.refused.add(user_id, self._now())
            raise

    async def _inspect(self, image: Image) -> PictureSize:
        async with self._files:
            content = await self._read(image)
            found = problem_with(content) or await self._decoder.decode(content)
        if isinstance(found, PictureSize):
            found = problem_of_size(found.width, found.height) or found
        if isinstance(found, PictureSize):
            return found
        raise Refusal(
            found,
            filename=image.filename,
            limit_mb=megabytes(self.max_bytes),
            megapixels=MAX_PIXELS // 1_000_000,
            pixels=LEAST_SIDE,
            ratio=GREATEST_RATIO,
        )

    async def _read(self, image: Image) -> bytes:
        """The bytes; Discord's file host is asked once more when it fails, as it sometimes does for a moment."""
        try:
            try:
                return await self._reader.image(image.url, self.max_bytes)
            except MediaUnavailable as error:
                _log.info("An attached image is asked for again", extra={"error": str(error)})
                await asyncio.sleep(self._second_try_after)
                return await self._reader.image(image.url, self.max_bytes)
        except MediaError as error:
            _log.warning("An attached image could not be read", extra={"error": str(error)})
            raise Refusal(Reason.IMAGE_UNREADABLE, filename=image.filename) from error


def problem_with(content: bytes) -> Reason | None:
    """What the header tells already; None when the picture has to be decoded to know.

    A picture that is an archive as well is refused.
    """
    if not content:
        return Reason.IMAGE_EMPTY
    if format_of(content) is None or is_archive_too(content):
        return Reason.NOT_AN_IMAGE
    header = header_of(content)
    return Reason.IMAGE_BROKEN if header is None else problem_of_size(header.width, header.height)


def problem_of_size(width: int, height: int) -> Reason | None:
    """Whether a picture of this many pixels is too large, too small or too narrow."""
    if width * height > MAX_PIXELS:
        return Reason.IMAGE_TOO_LARGE
    short, long = sorted((width, height))
    return Reason.IMAGE_TOO_SMALL if short < LEAST_SIDE or long > GREATEST_RATIO * short else None

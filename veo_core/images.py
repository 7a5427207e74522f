"""Is this really a picture: decided by its bytes, never by its name."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Protocol

from PIL import Image as Picture
from PIL import UnidentifiedImageError

from veo_core.errors import MediaError, Refusal
from veo_core.models import Image
from veo_core.reasons import Reason
from veo_core.rules import megabytes

MAX_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_ZIP_END = b"PK\x05\x06"
_ZIP_TAIL = 66_000


class ReadsImages(Protocol):
    """What is needed of the network."""

    async def image(self, url: str, max_bytes: int) -> bytes:
        """The bytes of an attachment, at most `max_bytes`; raises MediaError."""
        ...


class ImageInspector:
    """Reads each attached image once and refuses what is none."""

    def __init__(self, reader: ReadsImages, max_bytes: int) -> None:
        self._reader = reader
        self.max_bytes = max_bytes
        # Two pictures at a time bound the memory whatever arrives.
        self._turns = asyncio.Semaphore(2)

    async def inspect(self, image: Image) -> None:
        """Raises Refusal when the attachment is no usable picture."""
        async with self._turns:
            try:
                content = await self._reader.image(image.url, self.max_bytes)
            except MediaError as error:
                raise Refusal(Reason.IMAGE_UNREADABLE, filename=image.filename) from error
            reason = await asyncio.to_thread(problem_with, content)
        if reason is not None:
            raise Refusal(reason, filename=image.filename, limit_mb=megabytes(self.max_bytes))


def problem_with(content: bytes) -> Reason | None:
    """What is wrong with the bytes of a picture; None when nothing is.

    Only the header is decoded, so a picture that would unpack to gigabytes costs nothing. A file that is an archive
    as well (its directory stands at the end) is refused.
    """
    if not content:
        return Reason.IMAGE_EMPTY
    if _ZIP_END in content[-_ZIP_TAIL:]:
        return Reason.NOT_AN_IMAGE
    try:
        with Picture.open(BytesIO(content), formats=_FORMATS) as picture:
            width, height = picture.size
    except (Picture.DecompressionBombError, Picture.DecompressionBombWarning):
        return Reason.IMAGE_TOO_LARGE
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return Reason.NOT_AN_IMAGE
    return Reason.IMAGE_TOO_LARGE if width * height > MAX_PIXELS else None

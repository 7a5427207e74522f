"""What the header of a picture says of it: its format and its size; pure, and quick whatever the bytes are.

Nothing is decoded here. The walks are bounded, so that a file made to be slow costs no more than a good one.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

"""Decoded, a picture takes four bytes a pixel, and a WebP four times as much."""


class PictureFormat(StrEnum):
    """The formats that the provider reads; the values are Pillow's names."""

    PNG = "PNG"
    JPEG = "JPEG"
    WEBP = "WEBP"
    GIF = "GIF"


@dataclass(frozen=True, slots=True)
class Header:
    """Format, and width and height in pixels as they are stored (a photo may be shown turned)."""

    format: PictureFormat
    width: int
    height: int


def format_of(content: bytes) -> PictureFormat | None:
    """The format that the first bytes name; None for everything else, also HEIC, AVIF, TIFF and SVG."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return PictureFormat.WEBP
    return next((known for start, known in _SIGNATURES.items() if content.startswith(start)), None)


def header_of(content: bytes) -> Header | None:
    """The header; None where the format is another one or the header is damaged, absurd or made to be slow."""
    known = format_of(content)
    if known is None:
        return None
    try:
        size = _SIZES[known](content)
    except (struct.error, IndexError):
        return None
    return None if size is None or 0 in size else Header(known, *size)


def is_archive_too(content: bytes) -> bool:
    """Whether the bytes are a zip file as well, which keeps its directory at the end.

    The end record counts only where the directory that it names stands before it: its four bytes alone may stand in
    any picture. Source: the .ZIP File Format Specification, 4.3.16 and 4.3.12.
    """
    tail_at = max(0, len(content) - _ZIP_TAIL)
    return any(_ends_archive(content, found.start()) for found in _ZIP_END.finditer(content, tail_at))


_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": PictureFormat.PNG,
    b"\xff\xd8\xff": PictureFormat.JPEG,
    b"GIF87a": PictureFormat.GIF,
    b"GIF89a": PictureFormat.GIF,
}
Size = tuple[int, int]


def _png_size(content: bytes) -> Size | None:
    """Walk over the chunks to the first that holds pixels."""
    if content[8:16] != b"\x00\x00\x00\rIHDR":
        return None
    size: Size = struct.unpack_from(">II", content, 16)
    position = 8
    for _ in range(_MOST_PARTS):
        length, name = struct.unpack_from(">I4s", content, position)
        if name == b"IDAT":
            return size
        position += length + 12
    return None


def _gif_size(content: bytes) -> Size | None:
    """Walk over the extensions to the first frame."""
    size: Size = struct.unpack_from("<HH", content, 6)
    flags = content[10]
    position = 13 + (3 << (flags & 7) + 1 if flags & _HAS_COLOURS else 0)
    in_extension = False
    for _ in range(_MOST_PARTS):
        byte = content[position]
        if in_extension:
            position += byte + 1
            in_extension = byte != 0
        elif byte in _EXTENSION_OR_BLANK:
            in_extension = byte != 0
            position += 2 if in_extension else 1
        else:
            return size if byte == _FRAME else None
    return None


_MOST_PARTS = 4_096
_HAS_COLOURS = 0x80
_EXTENSION_OR_BLANK = frozenset({0x21, 0x00})
_FRAME = 0x2C


def _webp_size(content: bytes) -> Size | None:
    chunk = content[12:16]
    if chunk == b"VP8X":
        wide, wide_rest, high, high_rest = struct.unpack_from("<HBHB", content, 24)
        return (wide | wide_rest << 16) + 1, (high | high_rest << 16) + 1
    if chunk == b"VP8L" and content[20] == _LOSSLESS:
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        wide, high = struct.unpack_from("<HH", content, 26)
        return wide & 0x3FFF, high & 0x3FFF
    return None


_LOSSLESS = 0x2F


def _jpeg_size(content: bytes) -> Size | None:
    """Walk over the segments to the first scan; good files have some hundreds and hardly a byte between them."""
    position, skipped, size = 2, 0, None
    for _ in range(_MOST_PARTS):
        found = _MARKER.match(content, position, position + _MOST_SKIPPED)
        if found is None:
            return None
        skipped += len(found[0]) - 2
        marker, position = content[found.end() - 1], found.end()
        if skipped > _MOST_SKIPPED or marker == _END_OF_IMAGE:
            return None
        if marker in _BARE_MARKERS:
            continue
        if marker == _START_OF_SCAN:
            return size
        if size is None and marker in _FRAMES:
            high, wide = struct.unpack_from(">HH", content, position + 3)
            size = wide, high
        position += struct.unpack_from(">H", content, position)[0]
    return None


_MOST_SKIPPED = 65_536
_MARKER = re.compile(rb"[^\xff]*+\xff++.", re.DOTALL)
_BARE_MARKERS = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA

_SIZES: dict[PictureFormat, Callable[[bytes], Size | None]] = {
    PictureFormat.PNG: _png_size,
    PictureFormat.JPEG: _jpeg_size,
    PictureFormat.WEBP: _webp_size,
    PictureFormat.GIF: _gif_size,
}


def _ends_archive(content: bytes, at: int) -> bool:
    """Whether an end record stands here behind the directory that it describes, or behind the record of a large one."""
    if content[at - 20 : at - 16] == _ZIP64_LOCATOR:
        return True
    if at + 22 > len(content):
        return False
    entries, length = struct.unpack_from("<HI", content, at + 10)
    return entries > 0 and 0 < length <= at and content[at - length : at - length + 4] == _ZIP_ENTRY


_ZIP_TAIL = 66_000
_ZIP_END = re.compile(rb"PK\x05\x06")
_ZIP_ENTRY, _ZIP64_LOCATOR = b"PK\x01\x02", b"PK\x06\x07"

"""Is this file a whole video: decided by its structure; pure but for the reading.

An mp4 is a row of boxes that ends exactly where the file does, so that one missing byte shows. Opening a file proves
nothing: one that is cut in half opens when its index comes first. Source: ISO/IEC 14496-12, 4.2 (boxes, their sizes)
and 4.3 (brands).
"""

from __future__ import annotations

import struct
from typing import BinaryIO

_HEAD = 16
_NEEDED = frozenset({b"ftyp", b"moov", b"mdat"})
# A film of some seconds has about five; one that is sent in fragments has two for each.
_MOST_BOXES = 10_000
_TO_THE_END, _LARGE = 0, 1
# Still images and their sequences use the same boxes (HEIF, AVIF).
_IMAGE_BRANDS = frozenset({b"mif1", b"mif2", b"msf1", b"miaf", b"MiHB", b"jpeg", b"avif", b"avis", b"avio"})
_IMAGE_BRAND_STARTS = (b"hei", b"hev")
_GIF_TRAILER = b";"
_TAIL = 64 * 1024


def video_extension(head: bytes) -> str | None:
    """What the first 16 bytes say: an mp4 has `ftyp` at offset 4 and no image's brand, a gif begins with `GIF8`."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return None if brand in _IMAGE_BRANDS or brand.startswith(_IMAGE_BRAND_STARTS) else "mp4"
    return "gif" if head[:4] == b"GIF8" else None


def what_is_missing(file: BinaryIO, size: int) -> str | None:
    """Why these `size` bytes are no whole video, in words for the operator; None when they are."""
    file.seek(0)
    match video_extension(file.read(_HEAD)):
        case "mp4":
            return _missing_boxes(file, size)
        case "gif":
            return None if _ends_as_gif(file, size) else "the gif has no end"
        case _:
            return "the bytes are no video"


def _missing_boxes(file: BinaryIO, size: int) -> str | None:
    seen: set[bytes] = set()
    position = 0
    for _ in range(_MOST_BOXES):
        if position == size:
            missing = b", ".join(sorted(_NEEDED - seen)).decode("ascii")
            return f"the mp4 has no {missing}" if missing else None
        file.seek(position)
        box = _box(file.read(_HEAD), size - position)
        if box is None or box[1] > size - position:
            return f"the mp4 is cut off or damaged at byte {position} of {size}"
        seen.add(box[0])
        position += box[1]
    return "the mp4 has too many boxes"


def _box(head: bytes, room: int) -> tuple[bytes, int] | None:
    """Name and size of the box that begins here; None when nothing begins here."""
    shortest = 8
    if len(head) < shortest:
        return None
    length, name = struct.unpack_from(">I4s", head)
    if 0 in name:
        return None
    if length == _TO_THE_END:
        length = room
    elif length == _LARGE:
        shortest = _HEAD
        length = struct.unpack_from(">Q", head, 8)[0] if len(head) == _HEAD else 0
    return None if length < shortest else (name, length)


def _ends_as_gif(file: BinaryIO, size: int) -> bool:
    """Whether the last byte is the trailer; hosts pad with zeros."""
    end = size
    while end > 0:
        start = max(0, end - _TAIL)
        file.seek(start)
        tail = file.read(end - start).rstrip(b"\x00")
        if tail:
            return tail.endswith(_GIF_TRAILER)
        end = start
    return False

"""A file is a whole video when its structure ends exactly where it does."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.veo import TINY_MP4
from tests.core.pictures import made
from veo_core.media.structure import video_extension, what_is_missing


def box(name: bytes, content: bytes = b"", *, large: bool = False) -> bytes:
    """One box; `large` writes its size with 64 bits."""
    if large:
        return struct.pack(">I4sQ", 1, name, len(content) + 16) + content
    return struct.pack(">I4s", len(content) + 8, name) + content


FTYP = box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2mp41")
MOOV, MDAT = box(b"moov", bytes(200)), box(b"mdat", bytes(500))
WHOLE = {
    "a real film": TINY_MP4,
    "the index first": FTYP + MOOV + MDAT,
    "the index last": FTYP + MDAT + MOOV,
    "large sizes": FTYP + MOOV + box(b"mdat", bytes(500), large=True),
    "a last box to the end": FTYP + MOOV + struct.pack(">I4s", 0, b"mdat") + bytes(700),
    "other boxes between": FTYP + box(b"free", bytes(50)) + MOOV + box(b"uuid", bytes(20)) + MDAT + box(b"free"),
    "fragments": FTYP + MOOV + (box(b"moof", bytes(50)) + MDAT) * 20,
    "a gif": made("GIF", mode="P", frames=3),
    "a gif with zeros behind it": made("GIF", mode="P") + bytes(200_000),
}
NOT_WHOLE = {
    "nothing": b"",
    "32 bytes": TINY_MP4[:32],
    "half of a film": TINY_MP4[: len(TINY_MP4) // 2],
    "a page": b"<html><body>404</body></html>",
    "no index": FTYP + MDAT,
    "no pictures": FTYP + MOOV,
    "a byte too many": TINY_MP4 + b"\x00",
    "zeros behind it": FTYP + MOOV + MDAT + bytes(100),
    "a size of nothing": FTYP + struct.pack(">I4s", 4, b"moov") + MDAT,
    "an absurd size": FTYP + struct.pack(">I4sQ", 1, b"moov", 2**63) + MDAT,
    "a large size of nothing": FTYP + struct.pack(">I4sQ", 1, b"moov", 8) + MDAT,
    "too many boxes": FTYP + MOOV + MDAT + box(b"free") * 10_001,
    "an image in a film's boxes": box(b"ftyp", b"heic\x00\x00\x00\x00mif1heic") + MOOV + MDAT,
    "an avif": made("AVIF"),
    "a gif without its end": made("GIF", mode="P", frames=3)[:-10],
    "a gif of zeros": b"GIF89a" + bytes(100_000),
}


def missing(content: bytes) -> str | None:
    return what_is_missing(BytesIO(content), len(content))


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_a_whole_video_misses_nothing(content: bytes) -> None:
    assert missing(content) is None


@pytest.mark.parametrize("content", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_what_is_no_whole_video_is_named(content: bytes) -> None:
    assert missing(content)


@given(st.integers(1, len(TINY_MP4) - 1))
def test_every_cut_of_a_film_shows_even_of_one_byte(cut: int) -> None:
    assert missing(TINY_MP4[:-cut])


@given(st.binary(max_size=300))
def test_no_bytes_raise(content: bytes) -> None:
    missing(b"\x00\x00\x00\x18ftypisom" + content)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"])
def test_a_brand_of_images_is_no_video(brand: bytes) -> None:
    assert video_extension(b"\x00\x00\x00\x18ftyp" + brand) is None


@pytest.mark.parametrize("brand", [b"isom", b"mp42", b"iso5", b"avc1", b"qt  "])
def test_a_brand_of_films_is_a_video(brand: bytes) -> None:
    assert video_extension(b"\x00\x00\x00\x18ftyp" + brand) == "mp4"

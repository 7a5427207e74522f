"""The header of a picture tells its format and size in bounded time, whatever the bytes are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.pictures import (
    EXE,
    archive,
    gif_with_comment,
    jpeg_comment,
    jpeg_with,
    made,
    png_chunk,
    png_of,
    turned_photo,
)
from veo_core.media.image_header import Header, PictureFormat, format_of, header_of, is_archive_too

GOOD = {
    "png": made("PNG"),
    "png with alpha": made("PNG", mode="RGBA"),
    "png of bits": made("PNG", mode="1"),
    "png with palette": made("PNG", mode="P"),
    "moving png": made("PNG", frames=3),
    "jpeg": made("JPEG"),
    "progressive jpeg": made("JPEG", progressive=True),
    "grey jpeg": made("JPEG", mode="L"),
    "cmyk jpeg": made("JPEG", mode="CMYK"),
    "a phone's photo with a second picture": made("MPO", frames=2),
    "webp": made("WEBP"),
    "lossless webp": made("WEBP", lossless=True),
    "webp with alpha": made("WEBP", mode="RGBA"),
    "moving webp": made("WEBP", frames=3),
    "gif": made("GIF", mode="P"),
    "moving gif": made("GIF", mode="P", frames=3),
    "jpeg with fill bytes": jpeg_with(b"\xff" * 100),
    "jpeg with bytes between its segments": jpeg_with(jpeg_comment(b"") + b"\x00" * 100),
    "jpeg with hundreds of segments": jpeg_with(jpeg_comment(b"x" * 1000) * 500),
    "gif with a comment": gif_with_comment(40),
}
OTHER = {
    "exe": EXE,
    "html": b"<html><body>404</body></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "pdf": b"%PDF-1.7\n" + bytes(500),
    "zip": archive(),
    "tiff": made("TIFF"),
    "bmp": made("BMP"),
    "ico": made("ICO", (64, 64)),
    "avif": made("AVIF"),
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(500),
    "mp4": b"\x00\x00\x00\x18ftypmp42" + bytes(500),
    "wav": b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(100),
    "text": b"cat.png",
    "zeros": bytes(1000),
    "nothing": b"",
}
MEGABYTES = 7_900_000
HOSTILE = {
    "a jpeg of fill bytes": b"\xff\xd8" + b"\xff" * MEGABYTES,
    "a jpeg of zeros": b"\xff\xd8\xff\xe0\x00\x04ab" + bytes(MEGABYTES),
    "a good jpeg behind fill bytes": jpeg_with(b"\xff" * MEGABYTES),
    "a good jpeg behind empty segments": jpeg_with(b"\xff\xe1\x00\x02" * (MEGABYTES // 4)),
    "a jpeg of segments without a length": jpeg_with(b"\xff\xd0" * (MEGABYTES // 2)),
    "a gif of one comment": gif_with_comment(MEGABYTES // 256),
    "a gif of blanks": b"GIF89a" + bytes(MEGABYTES),
    "a png of empty chunks": png_of(160, 120, bytes(100), before=png_chunk(b"teXt", b"") * (MEGABYTES // 12)),
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_the_size_of_every_good_picture_is_found(content: bytes) -> None:
    found = header_of(content)

    assert found is not None
    assert (found.width, found.height) == (160, 120)
    assert not is_archive_too(content)


def test_the_format_is_that_of_the_bytes() -> None:
    found = [header_of(GOOD[name]) for name in ("png", "jpeg", "webp", "gif")]

    assert [header.format for header in found if header] == list(PictureFormat)


def test_the_size_is_that_of_the_stored_pixels() -> None:
    assert header_of(turned_photo(6, (320, 180))) == Header(PictureFormat.JPEG, 320, 180)


@pytest.mark.parametrize("content", OTHER.values(), ids=OTHER)
def test_what_is_none_of_the_four_formats_has_no_header(content: bytes) -> None:
    assert format_of(content) is None
    assert header_of(content) is None


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_file_made_to_be_slow_is_given_up_after_a_bounded_walk(content: bytes) -> None:
    assert format_of(content) is not None
    assert header_of(content) is None


@pytest.mark.parametrize(
    ("name", "head"),
    [(name, head) for name in ("png", "jpeg", "webp", "gif") for head in (6, 8, 10, 14, 18)],
)
def test_a_header_cut_off_is_damaged(name: str, head: int) -> None:
    assert header_of(GOOD[name][:head]) is None


@given(st.sampled_from([GOOD["png"], GOOD["jpeg"], GOOD["webp"], GOOD["gif"]]), st.data())
def test_no_damaged_header_raises(content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, min(400, len(damaged)) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))

    found = header_of(bytes(damaged[:cut]))

    assert found is None or (found.width > 0 and found.height > 0)


@pytest.mark.parametrize("name", ["png", "jpeg", "webp", "gif"])
@pytest.mark.parametrize("comment", [b"", b"x" * 65_535, b"PK\x05\x06" * 1000])
def test_a_picture_that_is_an_archive_too_is_recognised(name: str, comment: bytes) -> None:
    assert is_archive_too(GOOD[name] + archive(comment))


def test_an_archive_of_the_large_kind_is_recognised() -> None:
    locator = b"PK\x06\x07" + bytes(16)

    assert is_archive_too(GOOD["jpeg"] + locator + b"PK\x05\x06" + b"\xff" * 18)


@pytest.mark.parametrize(
    "comment", [b"PK\x05\x06", b"PK\x05\x06" * 500, b"PK\x05\x06" + bytes(18), b"PK\x01\x02 PK\x05\x06" + bytes(18)]
)
def test_the_signature_of_an_archive_without_its_structure_is_none(comment: bytes) -> None:
    assert not is_archive_too(jpeg_with(jpeg_comment(comment)))

"""A picture is one by its bytes: every allowed format passes, everything that only looks like one does not."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Picture

from tests.core.values import PICTURE
from veo_core.errors import MediaError, MediaUnavailable, MediaUnusable, Refusal
from veo_core.images import MAX_PIXELS, ImageInspector, problem_with
from veo_core.reasons import Reason

EXE = b"MZ\x90\x00\x03\x00\x00\x00 This program cannot be run in DOS mode." + bytes(500)


def made(kind: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", frames: int = 1) -> bytes:
    out = io.BytesIO()
    pictures = [Picture.new(mode, size, number * 40) for number in range(frames)]
    more = {"save_all": True, "append_images": pictures[1:]} if frames > 1 else {}
    pictures[0].save(out, kind, **more)
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("run.exe", EXE)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    size = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [
        made("PNG"),
        made("PNG", mode="RGBA"),
        made("PNG", mode="1"),
        made("PNG", mode="P"),
        made("JPEG"),
        made("JPEG", mode="L"),
        made("JPEG", mode="CMYK"),
        made("WEBP"),
        made("WEBP", mode="RGBA"),
        made("WEBP", frames=3),
        made("GIF", mode="P"),
        made("GIF", mode="P", frames=3),
        made("PNG", (1, 1)),
    ],
    ids=[
        "png",
        "png with alpha",
        "png of bits",
        "png with palette",
        "jpeg",
        "grey jpeg",
        "cmyk jpeg",
        "webp",
        "webp with alpha",
        "moving webp",
        "gif",
        "moving gif",
        "one pixel",
    ],
)
def test_every_allowed_format_passes(content: bytes) -> None:
    assert problem_with(content) is None


def test_a_phones_photo_with_a_second_picture_inside_passes() -> None:
    assert problem_with(made("MPO", frames=2)) is None


def test_a_moving_png_passes() -> None:
    assert problem_with(made("PNG", frames=3)) is None


@pytest.mark.parametrize(
    "content",
    [
        EXE,
        b"\x7fELF" + bytes(500),
        b"<html><body>404</body></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        b"%PDF-1.7\n" + bytes(500),
        archive(),
        made("TIFF"),
        made("BMP"),
        made("ICO"),
        b"\x00\x00\x00\x18ftypmp42" + bytes(500),
        b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(100),
        b"cat.png",
        bytes(1000),
    ],
    ids=["exe", "elf", "html", "svg", "pdf", "zip", "tiff", "bmp", "ico", "mp4", "wav", "text", "zeros"],
)
def test_what_is_none_of_the_four_formats_is_refused(content: bytes) -> None:
    assert problem_with(content) is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_that_is_an_archive_too_is_refused(kind: str) -> None:
    assert problem_with(made(kind) + archive()) is Reason.NOT_AN_IMAGE


def test_an_archive_with_the_longest_comment_behind_a_picture_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("run.exe", EXE)
        packed.comment = b"x" * 65_535

    assert problem_with(made("GIF") + out.getvalue()) is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize(
    "head",
    [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"RIFF\x10\x00\x00\x00WEBP",
        made("PNG")[:20],
        made("JPEG")[:24],
        made("WEBP")[:18],
        made("GIF")[:8],
        b"\x89PNG\r\n\x1a\n" + EXE,
        b"\xff\xd8\xff" + EXE,
        b"RIFF\xff\xff\xff\xffWEBP" + EXE,
    ],
)
def test_a_header_that_nothing_good_follows_is_refused(head: bytes) -> None:
    assert problem_with(head) is Reason.NOT_AN_IMAGE


def test_nothing_at_all_is_called_empty() -> None:
    assert problem_with(b"") is Reason.IMAGE_EMPTY


@pytest.mark.parametrize("size", [(6_400, 6_251), (10_000, 9_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_a_picture_that_would_unpack_to_too_much_is_refused_unpacked(size: tuple[int, int]) -> None:
    tracemalloc.start()

    found = problem_with(png_header(*size))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found is Reason.IMAGE_TOO_LARGE
    assert peak < 5_000_000


def test_a_picture_of_exactly_the_greatest_number_of_pixels_passes() -> None:
    assert MAX_PIXELS == 8_000 * 5_000
    assert problem_with(png_header(8_000, 5_000)) is None


PICTURES = [made("PNG"), made("JPEG"), made("WEBP"), made("GIF", mode="P", frames=2)]


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PICTURES), st.data())
def test_no_damaged_picture_raises(content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))

    assert problem_with(bytes(damaged[:cut])) in {
        None,
        Reason.NOT_AN_IMAGE,
        Reason.IMAGE_TOO_LARGE,
        Reason.IMAGE_EMPTY,
    }


@dataclass
class Attachments:
    """Discord's files: what lies behind each address."""

    content: bytes = b""
    error: MediaError | None = None
    asked: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    async def image(self, url: str, max_bytes: int) -> bytes:
        self.asked.append((url, max_bytes))
        if self.error is not None:
            raise self.error
        return self.content


async def test_a_good_attachment_is_read_once_within_its_limit() -> None:
    attachments = Attachments(made("PNG"))

    await ImageInspector(attachments, 5_000_000).inspect(PICTURE)

    assert attachments.asked == [(PICTURE.url, 5_000_000)]


@pytest.mark.parametrize(
    ("attachments", "reason"),
    [
        (Attachments(EXE), Reason.NOT_AN_IMAGE),
        (Attachments(b""), Reason.IMAGE_EMPTY),
        (Attachments(png_header(30_000, 30_000)), Reason.IMAGE_TOO_LARGE),
        (Attachments(error=MediaUnavailable("the host answered 404")), Reason.IMAGE_UNREADABLE),
        (Attachments(error=MediaUnusable("the host is not allowed")), Reason.IMAGE_UNREADABLE),
    ],
)
async def test_a_bad_attachment_is_refused_by_name(attachments: Attachments, reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        await ImageInspector(attachments, 5_000_000).inspect(PICTURE)

    assert caught.value.reason is reason
    assert caught.value.details["filename"] == "cat.png"


async def test_the_name_of_a_file_decides_nothing() -> None:
    inspector = ImageInspector(Attachments(made("PNG")), 5_000_000)

    await inspector.inspect(type(PICTURE)(PICTURE.url, "cat.exe", 1000))

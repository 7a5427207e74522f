"""The clips are real files: they decode, have the size asked for, move, and show the prompt and the picture."""

# PyAV declares to_image without types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import io

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from sandbox.clips import render, size_of, wrapped
from sandbox.veo import TINY_MP4, ClipOrder
from sandbox.veo.files import File, sized

WHITE = 230


def order(prompt: str = "A kite over the sea", resolution: str = "720p", aspect_ratio: str = "16:9") -> ClipOrder:
    return ClipOrder(prompt, "veo31-fast", "text2video", resolution, aspect_ratio)


def frames(clip: bytes) -> list[Image.Image]:
    with av.open(io.BytesIO(clip), "r") as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def white_share(image: Image.Image) -> float:
    """Share of the picture's middle that is white text."""
    width, height = image.size
    middle = image.convert("L").crop((0, height // 4, width, height * 3 // 4))
    return sum(middle.histogram()[WHITE:]) / (middle.width * middle.height)


def difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def test_an_mp4_is_h264_in_yuv420p_of_about_two_seconds_and_starts_with_its_index() -> None:
    clip = render(order())

    with av.open(io.BytesIO(clip), "r") as container:
        stream = container.streams.video[0]
        facts = (stream.codec_context.name, stream.codec_context.pix_fmt, container.duration)

    assert facts == ("h264", "yuv420p", 2_000_000)
    assert clip[4:8] == b"ftyp"
    assert clip.index(b"moov") < clip.index(b"mdat")
    assert len(clip) < 1_000_000


@pytest.mark.parametrize(
    ("resolution", "aspect_ratio", "expected"),
    [
        ("720p", "16:9", (640, 360)),
        ("720p", "9:16", (360, 640)),
        ("1080p", "16:9", (1920, 1080)),
        ("1080p", "9:16", (1080, 1920)),
        ("4k", "16:9", (3840, 2160)),
        ("gif", "16:9", (320, 180)),
        ("720p", "1:1", (360, 360)),
        ("720p", "4:3", (480, 360)),
    ],
)
def test_size_follows_resolution_and_ratio(resolution: str, aspect_ratio: str, expected: tuple[int, int]) -> None:
    assert size_of(order(resolution=resolution, aspect_ratio=aspect_ratio)) == expected


@pytest.mark.parametrize("resolution", ["720p", "1080p"])
def test_the_picture_has_the_size_asked_for_and_moves(resolution: str) -> None:
    asked = order(resolution=resolution, aspect_ratio="9:16")

    pictures = frames(render(asked))

    assert {picture.size for picture in pictures} == {size_of(asked)}
    assert difference(pictures[0], pictures[len(pictures) // 2]) > 5


def test_a_gif_is_an_animated_gif() -> None:
    clip = render(order(resolution="gif"))

    with Image.open(io.BytesIO(clip)) as image:
        facts = (image.format, image.size, getattr(image, "n_frames", 1) > 1)

    assert facts == ("GIF", (320, 180), True)


def test_the_prompt_is_seen() -> None:
    empty, full = frames(render(order(prompt=".")))[0], frames(render(order(prompt="A kite over the sea")))[0]

    assert white_share(full) > white_share(empty) + 0.01


def test_the_first_image_shows_through_in_its_own_colours() -> None:
    red = io.BytesIO()
    Image.new("RGB", (50, 80), (255, 0, 0)).save(red, "PNG")
    asked = order()
    with_image = ClipOrder(asked.prompt, asked.model, "image2video", "720p", "16:9", (red.getvalue(),))

    means = ImageStat.Stat(frames(render(with_image))[0]).mean

    assert means[0] > 2 * means[1]
    assert means[0] > 2 * means[2]


def test_an_image_that_cannot_be_read_is_left_out() -> None:
    asked = order()
    broken = ClipOrder(asked.prompt, asked.model, "image2video", "720p", "16:9", (b"\x89PNG\r\n\x1a\nbroken",))

    assert difference(frames(render(broken))[0], frames(render(asked))[0]) == 0


@pytest.mark.parametrize(
    ("prompt", "lines"),
    [
        ("A kite", ["A kite"]),
        ("A kite over the sea", ["A kite", "over the", "sea"]),
        ("Überfüllte Straße – “nachts”", ["Uberfullte", "Strae -", '"nachts"']),
        ("凧", ["(prompt)"]),
        ("", ["(prompt)"]),
    ],
)
def test_prompts_are_wrapped_in_letters_the_font_has(prompt: str, lines: list[str]) -> None:
    assert wrapped(prompt, 10) == lines


def test_long_prompts_end_in_an_ellipsis_after_six_lines() -> None:
    lines = wrapped("word " * 500, 20)

    assert len(lines) == 6
    assert lines[-1].endswith("…")


def test_a_prompt_of_one_endless_word_can_be_shown() -> None:
    assert frames(render(order(prompt="W" * 4000)))


@pytest.mark.parametrize("size", [None, 100_000])
def test_the_tiny_mp4_decodes_padded_or_not(size: int | None) -> None:
    file: File = sized(TINY_MP4, "mp4", size)
    served = file.head + bytes(file.padding)

    assert [picture.size for picture in frames(served)] == [(64, 36)] * 2
    assert len(served) == (size or len(TINY_MP4)) == file.size
    assert len(TINY_MP4) < 2048

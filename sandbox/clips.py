"""Real, short, playable clips that show what was asked for: the prompt on a moving gradient, as H.264 mp4 or GIF."""

# PyAV declares **kwargs of add_stream without a type.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import io
import tempfile
import textwrap
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import av
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps, UnidentifiedImageError

from sandbox.veo.files import ClipOrder

SECONDS = 2
_RATES = {"720p": 12, "1080p": 12, "4k": 6, "gif": 6}
"""Frames a second."""
_SHORT_SIDES = {"720p": 360, "1080p": 1080, "4k": 2160, "gif": 180}
"""Pixels of the shorter side. A "720p" clip really has 360 lines and a GIF 180: cheap to make and to watch."""
_RATIOS = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1), "4:3": (4, 3), "3:4": (3, 4)}
_DARK, _LIGHT = (24, 32, 74), (36, 146, 160)
_MAX_PIXELS = 40_000_000
_GLYPH_RATIO = 0.52
"""Usual width of a letter, in parts of the font's size."""
_PLAIN = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014", "''\"\"--")
_Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class _Stage:
    """What stays the same in every frame."""

    size: tuple[int, int]
    frames: int
    gradient: Image.Image
    """Twice as wide as a frame, so that a frame is a window that moves over it."""
    text: Image.Image
    picture: Image.Image | None


def size_of(order: ClipOrder) -> tuple[int, int]:
    """Return width and height in pixels, both even, for a resolution and an aspect ratio."""
    wide, high = _RATIOS.get(order.aspect_ratio, (16, 9))
    short = _SHORT_SIDES.get(order.resolution, _SHORT_SIDES["720p"])
    scale = short / min(wide, high)
    return round(wide * scale / 2) * 2, round(high * scale / 2) * 2


def render(order: ClipOrder) -> bytes:
    """Make the clip: a GIF for the gif resolution, else an mp4; takes up to seconds of CPU: call it in a thread."""
    rate = _RATES.get(order.resolution, _RATES["720p"])
    frames = _frames(_stage(order, SECONDS * rate))
    return _gif(frames, rate) if order.resolution == "gif" else _mp4(frames, size_of(order), rate)


def _stage(order: ClipOrder, frames: int) -> _Stage:
    size = size_of(order)
    return _Stage(size, frames, _gradient(size), _text(order, size), _picture(order.images, size))


def _gradient(size: tuple[int, int]) -> Image.Image:
    ramp = Image.linear_gradient("L").rotate(90)
    period = Image.new("L", (ramp.width * 2, ramp.height))
    period.paste(ramp, (0, 0))
    period.paste(ImageOps.mirror(ramp), (ramp.width, 0))
    wave = ImageOps.colorize(period, _DARK, _LIGHT).transform(size, Image.Transform.EXTENT, (0, 0, *period.size))
    doubled = Image.new("RGB", (size[0] * 2, size[1]))
    doubled.paste(wave, (0, 0))
    doubled.paste(wave, (size[0], 0))
    return doubled


def _frames(stage: _Stage) -> Iterator[Image.Image]:
    width, height = stage.size
    seen = stage.text.getbbox() or (0, 0, 1, 1)
    text = stage.text.crop(seen)
    for number in range(stage.frames):
        shift = width * number // stage.frames
        frame = stage.gradient.crop((shift, 0, shift + width, height))
        if stage.picture is not None:
            frame = Image.blend(frame, stage.picture, 0.7)
        frame.paste(text, seen[:2], text)
        _progress(frame, number / max(1, stage.frames - 1))
        yield frame


def _progress(frame: Image.Image, done: float) -> None:
    width, height = frame.size
    bar = max(2, height // 90)
    ImageDraw.Draw(frame).rectangle((0, height - bar, round(width * done), height), fill=(255, 255, 255))


def _picture(images: tuple[bytes, ...], size: tuple[int, int]) -> Image.Image | None:
    if not images:
        return None
    try:
        with Image.open(io.BytesIO(images[0])) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                return None
            fitted = ImageOps.fit(ImageOps.exif_transpose(opened).convert("RGB"), size)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None
    return ImageEnhance.Brightness(fitted).enhance(0.8)


def _text(order: ClipOrder, size: tuple[int, int]) -> Image.Image:
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    width, height = size
    short = min(size)
    text = "\n".join(wrapped(order.prompt, round(width * 0.88 / (short / 11 * _GLYPH_RATIO))))
    edge = max(1, short // 180)
    font = _fitting(draw, text, short / 11, width * 0.94)
    middle = (width / 2, height / 2)
    draw.multiline_text(middle, text, "white", font, "mm", align="center", stroke_width=edge, stroke_fill="black")
    label = f"{order.model} · {order.resolution}"
    small = ImageFont.load_default(short / 20)
    draw.text((width * 0.03, height * 0.96), label, "white", small, "ls", stroke_width=edge, stroke_fill="black")
    return layer


def _fitting(draw: ImageDraw.ImageDraw, text: str, size: float, width: float) -> _Font:
    font = ImageFont.load_default(size)
    left, _, right, _ = draw.multiline_textbbox((0, 0), text, font)
    return font if right - left <= width else ImageFont.load_default(size * width / (right - left))


def wrapped(prompt: str, characters: int) -> list[str]:
    """Break a prompt into at most six lines; accents and what is not ASCII are left out, for want of a font."""
    simple = unicodedata.normalize("NFKD", prompt.translate(_PLAIN)).encode("ascii", "ignore").decode()
    return textwrap.wrap(simple, characters, max_lines=6, placeholder=" …") or ["(prompt)"]


def _mp4(frames: Iterator[Image.Image], size: tuple[int, int], rate: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "28"})
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_bytes(frame.convert("RGBA").tobytes(), *size)))
            container.mux(stream.encode())
        return path.read_bytes()


def _gif(frames: Iterator[Image.Image], rate: int) -> bytes:
    first, *rest = (frame.quantize(64, dither=Image.Dither.NONE) for frame in frames)
    made = io.BytesIO()
    first.save(made, "GIF", save_all=True, append_images=rest, duration=1000 // rate, loop=0)
    return made.getvalue()

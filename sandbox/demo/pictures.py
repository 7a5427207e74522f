"""Pictures to attach: drawn here, so that the demo needs no files."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw, ImageOps

_SKY = (36, 40, 92), (244, 142, 92)
_SEA = (22, 30, 60)


def harbour(width: int = 1280, height: int = 720) -> bytes:
    """Draw a harbour at dusk as PNG."""
    ramp = Image.linear_gradient("L")
    fall = ramp.transform((width, height), Image.Transform.EXTENT, (0, 0, *ramp.size))
    scene = ImageOps.colorize(fall, *_SKY)
    draw = ImageDraw.Draw(scene)
    horizon = height * 2 // 3
    radius = height // 8
    sun = (width * 2 // 3, horizon - radius // 2)
    draw.ellipse((sun[0] - radius, sun[1] - radius, sun[0] + radius, sun[1] + radius), fill=(255, 226, 158))
    draw.rectangle((0, horizon, width, height), fill=_SEA)
    _boat(draw, width // 3, horizon + height // 12, height // 4)
    return png(scene)


def plain(width: int = 640, height: int = 360, colour: str = "teal") -> bytes:
    """Make a PNG of one colour."""
    return png(Image.new("RGB", (width, height), colour))


def png(image: Image.Image) -> bytes:
    """Write an image as PNG."""
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _boat(draw: ImageDraw.ImageDraw, x: int, y: int, size: int) -> None:
    draw.polygon(
        [(x - size // 2, y), (x + size // 2, y), (x + size // 3, y + size // 5), (x - size // 3, y + size // 5)],
        fill=(12, 14, 26),
    )
    draw.line((x, y, x, y - size), fill=(12, 14, 26), width=max(2, size // 30))
    draw.polygon([(x, y - size), (x, y - size // 8), (x + size // 2, y - size // 8)], fill=(235, 220, 200))

"""Pictures for tests: good ones of every format, and files made to cost whoever looks at them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from PIL import Image as Picture

EXE = b"MZ\x90\x00\x03\x00\x00\x00 This program cannot be run in DOS mode." + bytes(500)


def made(kind: str, size: tuple[int, int] = (160, 120), mode: str = "RGB", frames: int = 1, **options: object) -> bytes:
    """A good picture; black, or with `frames` in shades."""
    out = io.BytesIO()
    pictures = [Picture.new(mode, size, number * 40) for number in range(frames)]
    more = {"save_all": True, "append_images": pictures[1:]} if frames > 1 else {}
    pictures[0].save(out, kind, **more, **options)
    return out.getvalue()


def noisy(kind: str, size: tuple[int, int]) -> bytes:
    """A good picture that no format makes small."""
    out = io.BytesIO()
    Picture.effect_noise(size, 60).convert("RGB").save(out, kind)
    return out.getvalue()


def turned_photo(orientation: int, size: tuple[int, int] = (320, 180)) -> bytes:
    """A JPEG whose EXIF says how it is to be turned."""
    exif = Picture.Exif()
    exif[0x0112] = orientation
    return made("JPEG", size, exif=exif)


def archive(comment: bytes = b"") -> bytes:
    """A zip file with a program in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("run.exe", EXE)
        packed.comment = comment
    return out.getvalue()


def png_chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_of(width: int, height: int, pixels: bytes, *, before: bytes = b"", bits: int = 8, colour: int = 6) -> bytes:
    """A PNG that claims a size; `pixels` are packed, `before` are chunks before them."""
    size = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    content = png_chunk(b"IDAT", zlib.compress(pixels, 9))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", size) + before + content + png_chunk(b"IEND", b"")


def bomb_png(side: int) -> bytes:
    """A small file that unpacks to `side` × `side` pixels of one bit."""
    return png_of(side, side, bytes(side * (side // 8 + 2)), bits=1, colour=0)


def jpeg_with(between: bytes, size: tuple[int, int] = (160, 120)) -> bytes:
    """A good JPEG with these bytes behind its first marker."""
    good = made("JPEG", size)
    return good[:2] + between + good[2:]


def jpeg_comment(text: bytes) -> bytes:
    """A comment segment."""
    return b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text


def gif_with_comment(blocks: int) -> bytes:
    """A GIF with a comment of `blocks` × 255 bytes before its frame."""
    good = made("GIF", mode="P")
    frame_at = 13 + (3 << (good[10] & 7) + 1 if good[10] & 0x80 else 0)
    return good[:frame_at] + b"\x21\xfe" + (b"\xff" + b"x" * 255) * blocks + b"\x00" + good[frame_at:]

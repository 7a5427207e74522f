"""The smallest real files, for everybody who does not care what the video shows, and exact sizes for those who care."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sandbox.veo.tasks import Task

_PACKED_MP4 = (
    b"eNpjYGBQSCupLMgszs9lYGBiANFAbJRYlmyYW2BiCBT7n5ufX8bAwJCTW5aRwoACmF+AMSMDCCEAI6oqdL4DA17ABER+JUWJ2UB2TEk22E5m"
    b"TNNAduO3B6u9IEIFzFVJTSkpBtIyqTnFJQgdUHPBehmP5aZkJgIZCrkp6H53AOPQI2CObkZKThFMpiwzJRVZZRiQn++RmJeSkwpSw1iYm5mX"
    b"BmSIlOWCDUV2pkoKRE4mpSg1DckbPKVFOQoQNqNhcUlSDpC9sbikOAVJzUJQpOEICpBbVRg8gLQHThXoQOL/fyBpDjTVmTGFgev/QwbJdCC9"
    b"pojFpX6eAChSwITDR6UIN0YG9owXzs2TTmz4++MHSLNIUkkRNFQZL8AMLC4BhzjMemBMK4DVAj2CLA7CMkCxZDQxJiS5KtQUw6AMxOIQs5Lz"
    b"kWJTH0jblqaUgGLRNDcVTIOAInKMAWO5KLGgIAfZ9xyZkGTBkVaUCopOp9yURBBfPrWjkYGp/l8u95mNAcu8ZzSxunCmLO/x/P746T3Jvh2N"
    b"QCXCjrM4dIod/vAv+GHG32jFWc8wrwEACFN8iw=="
)

TINY_MP4 = zlib.decompress(base64.b64decode(_PACKED_MP4))
"""One second of 64x36 H.264 (yuv420p, faststart) in 873 bytes."""

_GIF_START = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
_GIF_IMAGE = b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
_BOX_HEADER = 8


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """What a clip should show."""

    prompt: str
    model: str
    action: str
    resolution: str
    """720p, 1080p, 4k or gif."""
    aspect_ratio: str
    images: tuple[bytes, ...] = ()


Renderer: TypeAlias = Callable[[ClipOrder], bytes]
"""Makes a file's bytes; called in a thread, once a task."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to serve: real bytes, then `padding` zero bytes that players skip."""

    head: bytes
    padding: int = 0

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.head) + self.padding

    def first(self, size: int) -> File:
        """The first `size` bytes."""
        head = self.head[:size]
        return File(head, min(self.padding, max(0, size - len(head))))


def order_of(task: Task) -> ClipOrder:
    """Say what a task's clip should show; an upscale shows what its source shows."""
    made = task.original
    return ClipOrder(
        prompt=str(made.payload.get("prompt", "")),
        model=made.model,
        action=str(made.payload["action"]),
        resolution=task.resolution,
        aspect_ratio=str(made.payload.get("aspect_ratio", "16:9")),
        images=made.images,
    )


def tiny(task: Task) -> bytes:
    """Make the smallest valid file of the task's kind, unlike any other task's: its id is in the bytes."""
    mark = task.task_id.encode()
    if task.kind == "gif":
        return _GIF_START + b"!\xfe" + bytes([len(mark)]) + mark + b"\x00" + _GIF_IMAGE
    return TINY_MP4 + _free_box(len(mark)) + mark


def sized(made: bytes, kind: str, size: int | None) -> File:
    """Pad a file to exactly `size` bytes; it stays as it is when that is too small to hold it."""
    if size is None or size < len(made) + _BOX_HEADER:
        return File(made)
    head = made + _free_box(size - len(made) - _BOX_HEADER) if kind == "mp4" else made
    return File(head, size - len(head))


def _free_box(length: int) -> bytes:
    return (length + _BOX_HEADER).to_bytes(4, "big") + b"free"

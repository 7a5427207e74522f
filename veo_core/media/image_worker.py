"""Decode one picture from standard input and print its size: a process of its own, bounded and disposable.

`python -m veo_core.media.image_worker PARENT`, where PARENT is the process id of the bot. Prints `ready`, then either
`size WIDTH HEIGHT` (as a person sees it, turned as EXIF says) or `large`. Whatever else ends the process means that
the picture cannot be read: Pillow raises errors of many kinds on damaged files, and MemoryError or OSError at the
limit of memory.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image as Picture

from veo_core.domain.requests import MAX_PIXELS
from veo_core.media.image_header import PictureFormat

# A WebP of MAX_PIXELS was measured at 720 MB of address space, a JPEG at 270.
_MEMORY = 768 * 1024 * 1024
_CPU_SECONDS = 4
_NICE = 10
_PR_SET_PDEATHSIG = 1
_SMALL = (64, 64)
_ORIENTATION = 0x0112
_TURNED = frozenset({5, 6, 7, 8})


def shown_size(content: bytes) -> tuple[int, int] | None:
    """Decode the first frame to its end; width and height, or None for more than MAX_PIXELS.

    Raises whatever Pillow raises when the bytes are damaged or cut off.
    """
    with Picture.open(BytesIO(content), formats=tuple(PictureFormat)) as picture:
        width, height = picture.size
        if width * height > MAX_PIXELS:
            return None
        # A JPEG is decoded as small as possible: every byte is read and hardly any memory used.
        picture.draft(None, _SMALL)
        picture.load()
        turned = picture.getexif().get(_ORIENTATION) in _TURNED
    return (height, width) if turned else (width, height)


def _bind_to(parent: int) -> None:
    """End with the bot, also when it is killed; other systems than Linux rely on the limit of time."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _limit() -> None:
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS + 1))
    # macOS refuses every limit of the address space (CPython issue 78783).
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        # On a machine that is short of memory the kernel ends this process, never the bot.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def main() -> int:
    """Read, decode, answer."""
    _bind_to(int(sys.argv[1]))
    _limit()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    size = shown_size(sys.stdin.buffer.read())
    sys.stdout.write("large\n" if size is None else f"size {size[0]} {size[1]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A worker whose picture takes all the memory that it may have."""

import sys

from veo_core.media import image_worker as picture_worker


def _eat(_: bytes) -> tuple[int, int]:
    return len(bytearray(2_000_000_000)), 1


picture_worker.shown_size = _eat
sys.exit(picture_worker.main())

"""A worker whose picture takes for ever, but no time of the processor."""

import sys
import time

from veo_core.media import image_worker as picture_worker


def _sleep(_: bytes) -> tuple[int, int]:
    time.sleep(600)
    return 1, 1


picture_worker.shown_size = _sleep
sys.exit(picture_worker.main())

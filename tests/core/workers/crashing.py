"""A worker whose picture brings the decoder down."""

import os
import signal
import sys

from veo_core.media import image_worker as picture_worker


def _crash(_: bytes) -> tuple[int, int]:
    os.kill(os.getpid(), signal.SIGSEGV)
    return 1, 1


picture_worker.shown_size = _crash
sys.exit(picture_worker.main())

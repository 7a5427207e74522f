"""A worker whose picture takes all the time of the processor that it may have."""

import itertools
import resource
import sys

from veo_core.media import image_worker as picture_worker


def _spin(_: bytes) -> tuple[int, int]:
    assert resource.getrlimit(resource.RLIMIT_CPU) == (4, 5)
    # The limit is the same one, lowered so that a test need not wait for it.
    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    return sum(1 for _ in itertools.count()), 1


picture_worker.shown_size = _spin
sys.exit(picture_worker.main())

"""What to do when the file of a finished video cannot be had; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from veo_core.errors import MediaError, MediaUnavailable

# A bot that was away for hours asks some times before it gives up.
_LEAST_TRIES = 3


class FileEnd(Enum):
    """How the reading of a file ends without a file."""

    LINK = "link"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """The file is read again after a while, and not later than `not_after`."""

    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileTrouble:
    """Since when a file could not be read, and how often, this time counted."""

    since: datetime
    tries: int


def after_failure(
    error: MediaError, trouble: FileTrouble, *, patience: timedelta, now: datetime, may_link: bool
) -> ReadAgain | FileEnd:
    """Read again while there is patience, then give the link if the host answered well, else give up.

    What will never do as an attachment (too large, a host that is not allowed) goes as a link at once. A link that
    people may not be given is as good as none.
    """
    if not isinstance(error, MediaUnavailable):
        return FileEnd.LINK if may_link else FileEnd.GONE
    ends_at = trouble.since + patience
    if now < ends_at:
        return ReadAgain(ends_at)
    if trouble.tries < _LEAST_TRIES:
        return ReadAgain()
    return FileEnd.LINK if error.link_works and may_link else FileEnd.GONE

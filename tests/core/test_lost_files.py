"""A file that cannot be had is read again for hours; then a link that works goes out, or the job is given back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.fakes import START
from veo_core.domain.lost_files import FileEnd, FileTrouble, ReadAgain, after_failure
from veo_core.errors import MediaError, MediaUnavailable, MediaUnusable

PATIENCE = timedelta(hours=6)
GONE = MediaUnavailable("the host answered 404")
CUT = MediaUnavailable("the way was cut", link_works=True)
LARGE = MediaUnusable("too large")


@pytest.mark.parametrize(
    ("error", "after", "tries", "may_link", "expected"),
    [
        (GONE, timedelta(0), 1, True, ReadAgain(START + PATIENCE)),
        (CUT, timedelta(hours=5), 60, True, ReadAgain(START + PATIENCE)),
        (GONE, PATIENCE - timedelta(seconds=1), 70, True, ReadAgain(START + PATIENCE)),
        (GONE, PATIENCE, 70, True, FileEnd.GONE),
        (CUT, PATIENCE, 70, True, FileEnd.LINK),
        (CUT, PATIENCE, 70, False, FileEnd.GONE),
        (GONE, timedelta(hours=30), 2, True, ReadAgain(None)),
        (GONE, timedelta(hours=30), 3, True, FileEnd.GONE),
        (LARGE, timedelta(0), 1, True, FileEnd.LINK),
        (LARGE, timedelta(0), 1, False, FileEnd.GONE),
    ],
    ids=[
        *("at first", "after hours", "never past the end", "gone", "a link that works", "a link nobody may have"),
        *("back after a day", "back and asked often", "too large", "too large and private"),
    ],
)
def test_the_end_of_a_file_depends_on_time_tries_and_link(
    error: MediaError, after: timedelta, tries: int, may_link: bool, expected: object
) -> None:
    now = START + after
    trouble = FileTrouble(START, tries)

    found = after_failure(error, trouble, patience=PATIENCE, now=now, may_link=may_link)

    assert found == expected

"""How far back a doubtful message is looked for; a copy that was put back may have left it long ago."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import discord
import pytest

from cogs.delivery.destinations import Destinations, Target
from cogs.delivery.publisher import first_posted
from tests.core.values import NOW, job
from veo_core.domain.jobs import Job

ME = 7
MINUTE = timedelta(minutes=1)


class Channel:
    """A channel with a message a minute, one of them ours; its history is read as Discord gives it."""

    def __init__(self, *, ours: int, of: int) -> None:
        self._messages = [
            SimpleNamespace(id=n, created_at=NOW + n * MINUTE, author=SimpleNamespace(id=ME if n == ours else 0))
            for n in range(of)
        ]

    async def history(
        self, *, limit: int, after: datetime | None, oldest_first: bool
    ) -> AsyncGenerator[SimpleNamespace]:
        since = [one for one in self._messages if after is None or one.created_at > after]
        for one in since[:limit] if oldest_first else reversed(since[-limit:]):
            yield one


def anything(_: discord.Message, __: Job) -> bool:
    """Every message of ours is the one."""
    return True


async def found(channel: Channel, wanted: Job) -> int | None:
    """What a search since the first moment that it can have been posted comes to."""
    places = Destinations(
        cast("discord.Client", SimpleNamespace(user=SimpleNamespace(id=ME))), lambda: datetime.now(UTC)
    )
    return await places.find(cast("Target", channel), wanted, anything, first_posted(wanted))


@pytest.mark.parametrize(
    ("restored", "ours", "expected"),
    [
        (False, 190, None),  # before the end, and not among the newest
        (False, 1650, 1650),
        (False, 1750, None),
        (False, 4900, 4900),
        (True, 190, 190),
        (True, 950, 950),
        (True, 1050, None),
        (True, 4100, 4100),
    ],
)
async def test_a_message_is_looked_for_from_the_end_of_its_job_or_in_a_copy_from_its_request(
    restored: bool, ours: int, expected: int | None
) -> None:
    wanted = job(restored=restored, created_at=NOW, ended_at=NOW + 1500 * MINUTE)

    assert await found(Channel(ours=ours, of=5000), wanted) == expected

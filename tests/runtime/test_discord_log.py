"""discord.py's lines at every try become one line at the beginning and one at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import discord
import pytest
from aiohttp import ClientResponse

from runtime.discord_log import DiscordLines, cannot_reach
from veo_core.outage import Outage

RETRY = "Attempting a reconnect for shard ID %s in %.2fs"
CONNECTED = "Shard ID %s has connected to Gateway (Session ID: %s)."


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Like discord.py's, with the filter for an operator who reads warnings only."""
    made = logging.getLogger("tests.discord_log")
    made.setLevel(logging.INFO)
    lines = DiscordLines(Outage(logging.getLogger("tests.outage"), "away", "back"), logging.WARNING)
    made.addFilter(lines)
    yield made
    made.removeFilter(lines)


def test_many_tries_of_many_shards_are_one_line_and_all_of_them_back_is_another(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    for delay in range(5):
        for shard in (0, 1):
            logger.error(RETRY, shard, delay, exc_info=OSError("no route"))
    logger.info(CONNECTED, 0, "a")
    half = [record.getMessage() for record in caplog.records]
    logger.info(CONNECTED, 1, "b")

    assert half == ["away"]
    assert [record.getMessage() for record in caplog.records] == ["away", "back"]
    assert "no route" in str(vars(caplog.records[0])["error"])
    assert all(record.exc_info is None for record in caplog.records)


def test_other_lines_pass_from_the_level_on(logger: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    logger.info("nothing new")
    logger.warning("PyNaCl is missing")
    logger.info(CONNECTED, 0, "a")

    assert [record.getMessage() for record in caplog.records] == ["PyNaCl is missing"]


def refused(status: int) -> discord.HTTPException:
    """What discord.py raises for an HTTP answer."""
    answer = cast("ClientResponse", SimpleNamespace(status=status, reason="so it is"))
    return discord.HTTPException(answer, None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError("refused"), True),
        (TimeoutError(), True),
        (discord.GatewayNotFound(), True),
        (refused(503), True),
        (refused(400), False),
        (KeyError("a payload"), False),
    ],
)
def test_only_what_says_that_discord_is_away_is_an_outage(error: Exception, expected: bool) -> None:
    assert cannot_reach(error) is expected

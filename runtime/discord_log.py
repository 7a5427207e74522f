"""What the log says while Discord cannot be reached: one line when it begins and one when it ends."""

from __future__ import annotations

import logging

import discord

from cogs.rest.foreign_answers import ForeignAnswer
from veo_core.network import NETWORK_FAILURES
from veo_core.outage import Outage

# One for the process: the bot may be put together anew in the middle of it.
OUTAGE = Outage(
    logging.getLogger("runtime.discord"),
    "Discord cannot be reached; the bot tries again by itself",
    "The connection to Discord stands",
)
# Texts of discord.py's own lines, which it writes anew, with a traceback, at every try.
_LOST = frozenset(
    {
        "Attempting a reconnect in %.2fs",
        "Attempting a reconnect for shard ID %s in %.2fs",
        "Failed to connect for shard_id: %s. Retrying...",
        "Shard ID %s has stopped responding to the gateway. Closing and restarting.",
    }
)
_BACK = frozenset(
    {
        "Shard ID %s has connected to Gateway (Session ID: %s).",
        "Shard ID %s has successfully RESUMED session %s.",
    }
)
_AT_EACH_TRY = frozenset({"logging in using static token"})
_SERVER_ERROR = 500


def cannot_reach(error: BaseException) -> bool:
    """Whether an error says that Discord is away, and nothing about the bot."""
    if isinstance(error, discord.HTTPException):
        return error.status >= _SERVER_ERROR or isinstance(error, ForeignAnswer)
    return isinstance(error, (discord.GatewayNotFound, discord.ConnectionClosed, *NETWORK_FAILURES))


class DiscordLines(logging.Filter):
    """Turns discord.py's lines about a lost connection into the begin and the end of an outage.

    Everything else passes from `level` on.
    """

    def __init__(self, outage: Outage, level: int) -> None:
        super().__init__()
        self._outage = outage
        self._level = level
        self._lost: set[object] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if record.msg in _LOST:
            self._lost.add(_shard(record))
            self._outage.begin(_error(record))
            return False
        if record.msg in _BACK:
            self._lost.discard(_shard(record))
            if not self._lost:
                self._outage.end()
        if record.msg in _AT_EACH_TRY and self._outage.lasts:
            return False
        return record.levelno >= self._level


def quiet_discord(level: int) -> None:
    """Let discord.py's loggers say what is new."""
    lines = DiscordLines(OUTAGE, level)
    for name in ("discord.client", "discord.shard", "discord.gateway"):
        logger = logging.getLogger(name)
        # What ends an outage is told at this level, whatever the operator wants to read.
        logger.setLevel(min(level, logging.INFO))
        logger.addFilter(lines)


def _shard(record: logging.LogRecord) -> object:
    shard = record.args[0] if isinstance(record.args, tuple) and record.args else None
    return shard if isinstance(shard, int) else 0


def _error(record: logging.LogRecord) -> BaseException:
    error = record.exc_info[1] if record.exc_info else None
    return error or ConnectionError(record.getMessage())

"""Logs an operator can read or a machine can parse; secrets never get into them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from runtime.config.tokens import without_known
from runtime.discord_log import quiet_discord


def set_up_logs(level: str, style: str, secrets: Collection[str]) -> None:
    """Everything, discord.py's lines too, goes to standard error in one form; `style` is text or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(HidingFormatter(style, secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    quiet_discord(logging.getLevelNamesMapping()[level.upper()])
    # Its own hint about missing voice support means nothing for this bot.
    logging.getLogger("discord.client").addFilter(
        lambda record: "voice will NOT be supported" not in record.getMessage()
    )
    # Text commands need that intent; this bot has none.
    logging.getLogger("discord.ext.commands.bot").setLevel(logging.ERROR)


class HidingFormatter(logging.Formatter):
    """Renders through structlog and then takes every secret out, wherever it came from."""

    def __init__(self, style: str, secrets: Collection[str]) -> None:
        super().__init__()
        self._secrets = tuple(secrets)
        shared: list[Processor] = [
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso"),
            _without_internals,
        ]
        renderer: Processor = (
            structlog.processors.JSONRenderer(default=str)
            if style == "json"
            else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        )
        chain: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        if style == "json":
            chain = [chain[0], structlog.processors.format_exc_info, renderer]
        self._inner = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=chain)

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        return without_known(self._inner.format(record), self._secrets)


def _without_internals(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event.pop("taskName", None)
    return event

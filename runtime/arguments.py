"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_CONFIG = Path("config.toml")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was asked for; `config` is None when there is no file and none was named."""

    command: str
    config: Path | None
    once: bool
    port: int | None


def parse_arguments(arguments: Sequence[str] | None = None) -> Arguments:
    """Read the command line; ends the process with a usage line when it is wrong."""
    parser = argparse.ArgumentParser(prog="bot.py", description="A Discord bot that makes videos with Veo.")
    parser.add_argument("command", nargs="?", default="run", choices=("run", "check", "audit", "demo"))
    parser.add_argument("--config", type=Path, default=None, help="the configuration, config.toml by default")
    parser.add_argument("--once", action="store_true", help="demo: end after the script")
    parser.add_argument("--port", type=int, default=None, help="demo: the port of the page")
    found = parser.parse_args(arguments)
    config = found.config if found.config is not None or not DEFAULT_CONFIG.is_file() else DEFAULT_CONFIG
    return Arguments(found.command, config, found.once, found.port)

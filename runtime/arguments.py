"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMMANDS = ("run", "check", "audit", "backup", "restore", "demo")
_WITH_FILE = frozenset({"backup", "restore"})
DEFAULT_CONFIG = Path("config.toml")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was asked for; `config` is None when there is no file and none was named."""

    command: str
    config: Path | None
    file: Path | None
    once: bool
    port: int | None


def parse_arguments(arguments: Sequence[str] | None = None) -> Arguments:
    """Read the command line; ends the process with a usage line when it is wrong."""
    parser = argparse.ArgumentParser(prog="bot.py", description="A Discord bot that makes videos with Veo.")
    parser.add_argument("command", nargs="?", default="run", choices=COMMANDS)
    parser.add_argument("file", nargs="?", type=Path, default=None, help="backup, restore: the copy")
    parser.add_argument("--config", type=Path, default=None, help="the configuration, config.toml by default")
    parser.add_argument("--once", action="store_true", help="demo: end after the script")
    parser.add_argument("--port", type=int, default=None, help="demo: the port of the page")
    found = parser.parse_args(arguments)
    if (found.command in _WITH_FILE) != (found.file is not None):
        wanted = "needs the name of a file" if found.file is None else "takes no file"
        parser.error(f"{found.command} {wanted}")
    config = found.config if found.config is not None or not DEFAULT_CONFIG.is_file() else DEFAULT_CONFIG
    return Arguments(found.command, config, found.file, found.once, found.port)

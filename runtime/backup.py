"""`python bot.py backup FILE` and `python bot.py restore FILE`: one line each on what was done."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from runtime.config.loader import Settings
from veo_core.store.backup import Copied, back_up, restore


def print_backup(settings: Settings, file: Path) -> int:
    """Copy the database beside a running bot and say what the copy holds.

    Raises StorageError.
    """
    sys.stdout.write(f"{file} is a sound copy: {_holds(back_up(settings.storage.path, file))}\n")
    return 0


def print_restore(settings: Settings, file: Path) -> int:
    """Put a copy in the place of the database and say what comes next.

    Raises StorageError.
    """
    done = restore(file, settings.storage.path, datetime.now(UTC))
    sys.stdout.write(f"{settings.storage.path} is now what {file} holds: {_holds(done)}\n")
    if done.kept is not None:
        sys.stdout.write(f"the database before it is kept as {done.kept}\n")
    if done.under_way:
        sys.stdout.write(
            f"at the next start {done.under_way} jobs are looked for at the provider;"
            " what it does not know is given back, not sent again\n"
        )
    return 0


def _holds(copied: Copied) -> str:
    return f"{copied.jobs} jobs, {copied.under_way} under way, {copied.size} bytes"

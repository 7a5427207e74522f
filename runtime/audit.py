"""`python bot.py audit`: prints whether the books balance; safe beside a running bot."""

from __future__ import annotations

import sys

from runtime.config.loader import Settings
from veo_core.store.audit import audit


def print_audit(settings: Settings) -> int:
    """Print figures and faults; 0 when there is no fault, 1 otherwise.

    Raises StorageError.
    """
    books = audit(settings.storage.path, settings.limits, settings.budgets)
    for name, count in books.figures.items():
        sys.stdout.write(f"{name}: {count}\n")
    for fault in books.faults:
        sys.stdout.write(f"FAULT {fault}\n")
    sys.stdout.write(f"{len(books.faults)} faults\n")
    return 1 if books.faults else 0

"""One bot on one database: the lock is on the file itself, and a file that was deleted or replaced is noticed."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from veo_core.errors import StorageError, StorageGone, StorageInUse

PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
_FOR_OTHERS = 0o007
_TRIES = 5
# Files that this process holds: opening and closing one again would drop SQLite's own locks on it (POSIX).
_held: set[tuple[int, int]] = set()

Identity = tuple[int, int]


class Hold:
    """The lock on a database for as long as this process uses it; the system frees it however the process dies."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._locked = _of(os.fstat(descriptor))
        self._files = {path: identity(path)}
        _held.add(self._locked)

    @classmethod
    def take(cls, path: Path) -> Hold:
        """Lock the database, making the file and its folder where they are missing.

        Raises StorageInUse when another bot has it under whatever name, StorageError when it cannot be opened.
        """
        try:
            path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            for _ in range(_TRIES):
                descriptor = _locked(path)
                if descriptor is not None:
                    return cls(path, descriptor)
        except OSError as error:
            raise StorageError(f"the database {path} cannot be used: {error}") from error
        raise StorageInUse(f"the database {path} is being replaced; try again")

    def watch_companions(self) -> None:
        """Note the files that SQLite keeps beside an open database; from here on they may not change either."""
        self._files |= {file: identity(file) for file in companions(self.path)}

    def check(self) -> None:
        """Whether the database and its files are still the ones that were opened.

        Raises StorageGone when one is not, StorageError when nobody can look.
        """
        for file, known in self._files.items():
            try:
                found = identity(file)
            except OSError as error:
                raise StorageError(f"{file} cannot be looked at: {error}") from error
            if found != known:
                happened = "deleted" if found is None else "replaced"
                raise StorageGone(f"{file} was {happened} while the bot ran; nothing more can be written down")

    @property
    def has_lost_the_file(self) -> bool:
        """Whether the database itself is no longer found where it was opened."""
        return identity(self.path) != self._files[self.path]

    def release(self) -> None:
        """Let the next process have it."""
        _held.discard(self._locked)
        os.close(self._descriptor)


def companions(path: Path) -> tuple[Path, Path]:
    """SQLite's files beside a database in WAL mode."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def identity(path: Path) -> Identity | None:
    """What stays the same while a path names the same file; None when there is none."""
    try:
        return _of(path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def tighten(path: Path) -> bool:
    """Take a file from everybody but its owner when it is open to all; True when that was needed.

    What is open to a group only is left alone: somebody chose that.
    """
    if not path.stat().st_mode & _FOR_OTHERS:
        return False
    path.chmod(PRIVATE)
    return True


def _of(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock; None when the file was exchanged meanwhile."""
    target = path
    if sys.platform != "linux":
        # Elsewhere flock and SQLite's own locks get in each other's way, so the file beside the database is locked.
        target = path.with_name(f"{path.name}.life")
    if identity(target) in _held:
        raise StorageInUse(f"the database {path} is in use by another running bot")
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StorageInUse(f"the database {path} is in use by another running bot") from error
    except OSError:
        os.close(descriptor)
        raise
    if identity(target) == _of(os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    return None

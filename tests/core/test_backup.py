"""A backup is whole, sound and private or not there; a restore replaces the database whole and keeps the old one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.core.bench import PLENTY, new_job
from tests.core.fakes import START
from veo_core.errors import StorageError, StorageInUse
from veo_core.store import Store, backup, copies
from veo_core.store.backup import back_up, restore

NOW = datetime(2026, 10, 5, 12, 30, tzinfo=UTC)
KEPT = "bot.sqlite3.replaced-20261005-123000"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "bot.sqlite3"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.sqlite3"


def files(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.is_file()}


def content(file: Path) -> bytes:
    return file.read_bytes()


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


async def life(path: Path, *prompts: str) -> None:
    """A start in which these are asked for."""
    async with Store.open(path) as store:
        for prompt in prompts:
            await store.requests.record(new_job(prompt=prompt), PLENTY, START)


async def prompts(path: Path) -> list[str]:
    async with Store.open(path) as store:
        return [job.prompt for job in reversed(await store.requests.history(1, 100))]


async def test_a_backup_beside_a_running_bot_is_whole_private_and_one_file(path: Path, copy: Path) -> None:
    before = os.umask(0)
    try:
        async with Store.open(path) as store:
            await store.requests.record(new_job(prompt="in the WAL only"), PLENTY, START)
            made = back_up(path, copy)
            await store.requests.record(new_job(prompt="later"), PLENTY, START)
    finally:
        os.umask(before)

    assert (made.jobs, made.under_way, made.size) == (1, 1, len(content(copy)))
    assert mode(copy) == 0o600
    assert files(copy.parent) == {copy.name}
    assert await prompts(path) == ["in the WAL only", "later"]


async def test_a_backup_writes_over_no_file(path: Path, copy: Path) -> None:
    await life(path, "a cat")
    garbage(copy)
    precious = content(copy)

    with pytest.raises(StorageError, match="exists already"):
        back_up(path, copy)
    with pytest.raises(StorageError, match="exists already"):
        back_up(path, path)

    assert content(copy) == precious
    assert await prompts(path) == ["a cat"]


def full_disk(connection: sqlite3.Connection) -> dict[str, int]:
    raise sqlite3.OperationalError("database or disk is full")


async def test_a_backup_that_fails_leaves_no_file(path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await life(path, "a cat")
    with monkeypatch.context() as patched:
        patched.setattr(copies, "counts", full_disk)
        with pytest.raises(StorageError, match="cannot be made"):
            back_up(path, copy)

    assert files(copy.parent) == set()
    assert back_up(path, copy).jobs == 1


async def test_a_copy_that_lacks_rows_is_refused(path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await life(path, "a cat")
    seen = iter([{"jobs": 2}, {"jobs": 1}])

    def count(_: sqlite3.Connection) -> dict[str, int]:
        return next(seen)

    monkeypatch.setattr(copies, "counts", count)

    with pytest.raises(StorageError, match="rows are missing"):
        back_up(path, copy)

    assert files(copy.parent) == set()


async def test_a_restore_puts_the_copy_in_place_and_keeps_the_old_database(path: Path, copy: Path) -> None:
    await life(path, "in both")
    back_up(path, copy)
    await life(path, "lost")

    done = restore(copy, path, NOW)

    assert done.kept == path.with_name(KEPT)
    async with Store.open(path) as store:
        assert store.restored_at is not None
        assert [job.prompt for job in await store.requests.history(1, 9)] == ["in both"]
    assert done.kept is not None
    assert await prompts(done.kept) == ["in both", "lost"]
    assert mode(path) == 0o600


async def test_a_restore_where_there_is_no_database_yet_is_known_for_one(path: Path, copy: Path) -> None:
    await life(path, "from another machine")
    back_up(path, copy)
    elsewhere = path.with_name("elsewhere") / "bot.sqlite3"

    assert restore(copy, elsewhere, NOW).kept is None

    async with Store.open(elsewhere) as store:
        assert store.restored_at is not None


async def test_a_restore_while_a_bot_runs_is_refused_and_changes_nothing(path: Path, copy: Path) -> None:
    await life(path, "a cat")
    back_up(path, copy)
    async with Store.open(path):
        with pytest.raises(StorageInUse):
            restore(copy, path, NOW)

    assert not path.with_name(KEPT).exists()
    async with Store.open(path) as store:
        assert store.restored_at is None


def garbage(copy: Path) -> None:
    copy.write_bytes(b"this was never a database\n" * 400)


def empty(copy: Path) -> None:
    copy.touch()


def torn(copy: Path) -> None:
    content = copy.read_bytes()
    copy.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))


def foreign(copy: Path) -> None:
    copy.unlink()
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")


def newer(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA user_version = 4711")


def missing(copy: Path) -> None:
    copy.unlink()


@pytest.mark.parametrize("spoil", [garbage, torn, foreign, newer, missing])
async def test_what_is_no_sound_copy_is_refused_and_changes_nothing(
    path: Path, copy: Path, spoil: Callable[[Path], None]
) -> None:
    await life(path, "a cat")
    back_up(path, copy)
    spoil(copy)
    before = files(path.parent)

    with pytest.raises(StorageError):
        restore(copy, path, NOW)

    assert files(path.parent) == before
    assert await prompts(path) == ["a cat"]


async def test_an_empty_file_is_no_copy(path: Path, copy: Path) -> None:
    empty(copy)
    await life(path, "a cat")

    with pytest.raises(StorageError, match="no database of this bot"):
        restore(copy, path, NOW)


async def test_a_damaged_database_can_be_replaced_and_is_kept_with_all_its_files(path: Path, copy: Path) -> None:
    await life(path, "a cat")
    back_up(path, copy)
    garbage(path)
    path.with_name("bot.sqlite3-wal").write_bytes(b"what was not merged")

    done = restore(copy, path, NOW)

    assert done.kept is not None
    assert done.kept.read_bytes().startswith(b"this was never")
    assert path.with_name(f"{KEPT}-wal").read_bytes() == b"what was not merged"
    assert await prompts(path) == ["a cat"]


async def test_a_file_system_without_second_names_still_keeps_the_old_database(
    path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await life(path, "a cat")
    back_up(path, copy)

    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    done = restore(copy, path, NOW)

    assert done.kept is not None
    assert await prompts(done.kept) == ["a cat"]


async def test_another_program_at_work_on_the_database_stops_the_restore(
    path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await life(path, "a cat")
    back_up(path, copy)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another program"):
            restore(copy, path, NOW)
        other.execute("ROLLBACK")

    assert await prompts(path) == ["a cat"]


class DiedError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", ["_copy", "_give_to_owner", "_set_aside", "_leave_a_sign"])
async def test_a_restore_that_dies_leaves_one_of_both_whole(
    path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    await life(path, "in both")
    back_up(path, copy)
    await life(path, "lost")
    step = getattr(backup, at)

    def die(*given: object) -> None:
        step(*given)
        raise DiedError

    with monkeypatch.context() as patched:
        patched.setattr(backup, at, die)
        with pytest.raises(DiedError):
            restore(copy, path, NOW)

    assert await prompts(path) == ["in both", "lost"]
    restore(copy, path, NOW.replace(minute=31))
    assert await prompts(path) == ["in both"]


async def test_a_copy_from_before_there_were_lives_is_known_for_one(path: Path, copy: Path) -> None:
    await life(path, "old")
    back_up(path, copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE life SET token = NULL, writes = 0")
        connection.commit()
    elsewhere = path.with_name("elsewhere") / "bot.sqlite3"

    restore(copy, elsewhere, NOW)

    async with Store.open(elsewhere) as store:
        assert store.restored_at is not None

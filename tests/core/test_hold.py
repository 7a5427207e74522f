"""One bot on one database: deleting what lies beside it lets no second one in, and a file that is lost is noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.bench import PLENTY, new_job
from tests.core.fakes import START
from veo_core.errors import StorageError, StorageGone, StorageInUse
from veo_core.store import Sentinel, Store
from veo_core.store.backup import restore
from veo_core.store.hold import Hold, tighten

ROOT = Path(__file__).parents[2]
SECOND = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from veo_core.errors import StorageInUse
from veo_core.store import Store

async def main():
    try:
        async with Store.open(Path(sys.argv[1])):
            print("open")
    except StorageInUse:
        print("refused")

asyncio.run(main())
"""


READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT one FROM life").fetchall()
connection.close()
"""


def run(code: str, path: Path) -> str:
    """What another process says that does this with the database."""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, cwd=ROOT, check=True)
    return done.stdout.strip()


def second_bot(path: Path) -> str:
    return run(SECOND, path)


def beside(path: Path) -> set[str]:
    """Everything that lies beside a database, but SQLite's own files."""
    own = {path.name, f"{path.name}-wal", f"{path.name}-shm"}
    return {file.name for file in path.parent.iterdir()} - own


async def test_deleting_everything_beside_the_database_lets_no_second_bot_in(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    async with Store.open(path) as store:
        for name in beside(path):
            (tmp_path / name).unlink()

        assert second_bot(path) == "refused"
        assert (await store.requests.record(new_job(), PLENTY, START)).is_new


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
async def test_another_name_of_the_same_file_lets_no_second_bot_in(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    path, other = tmp_path / "bot.sqlite3", tmp_path / "other.sqlite3"
    async with Store.open(path):
        link(other, path)

        assert second_bot(other) == "refused"
        with pytest.raises(StorageInUse):
            async with Store.open(other):
                pass

    assert second_bot(path) == "open"


async def test_a_second_try_in_the_same_process_drops_no_lock_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    async with Store.open(path):
        with pytest.raises(StorageInUse):
            Hold.take(path)

        assert second_bot(path) == "refused"
        # SQLite's own lock still stands: another program that closes the file removes nothing.
        run(READER, path)
        assert path.with_name("bot.sqlite3-wal").exists()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def delete(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize("name", ["bot.sqlite3", "bot.sqlite3-wal", "bot.sqlite3-shm"])
@pytest.mark.parametrize("happens", [delete, replace])
async def test_a_file_that_goes_under_a_running_bot_stops_the_next_acceptance(
    tmp_path: Path, happens: Callable[[Path], None], name: str
) -> None:
    async with Store.open(tmp_path / "bot.sqlite3") as store:
        await store.requests.record(new_job(prompt="before"), PLENTY, START)
        happens(tmp_path / name)

        for _ in range(2):
            with pytest.raises(StorageGone, match=f"{name} was (deleted|replaced)"):
                await store.requests.record(new_job(prompt="after"), PLENTY, START)
        with pytest.raises(StorageGone):
            await Sentinel(store.database, timedelta(seconds=0.05)).run()
        assert [job.prompt for job in await store.requests.history(1, 10)] == ["before"]


async def test_what_a_lost_file_held_is_saved_and_can_be_put_back(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    async with Store.open(path) as store:
        await store.requests.record(new_job(prompt="promised"), PLENTY, START)
        path.unlink()
        with pytest.raises(StorageGone):
            store.database.check()

    (saved,) = (tmp_path / name for name in beside(path) if "rescued" in name)
    assert mode(saved) == 0o600
    restore(saved, path, START)
    async with Store.open(path) as store:
        assert [job.prompt for job in await store.requests.history(1, 10)] == ["promised"]
        assert store.restored_at is not None


async def test_a_folder_that_cannot_be_looked_at_stops_a_change_but_not_the_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    async with Store.open(tmp_path / "bot.sqlite3") as store:
        with monkeypatch.context() as patched:
            patched.setattr("veo_core.store.hold.identity", refuse)
            with pytest.raises(StorageError, match="cannot be looked at"):
                await store.requests.record(new_job(), PLENTY, START)
        assert (await store.requests.record(new_job(), PLENTY, START)).is_new


async def test_a_folder_that_moves_away_stops_the_next_acceptance(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with Store.open(folder / "bot.sqlite3") as store:
        folder.rename(tmp_path / "elsewhere")

        with pytest.raises(StorageGone):
            await store.requests.record(new_job(), PLENTY, START)


def no_lock(_: int, __: int) -> None:
    """As on a file system that only pretends to lock."""


async def test_a_bot_that_is_no_longer_alone_stops_writing_whatever_became_of_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bot.sqlite3"
    async with Store.open(path) as first:
        await first.requests.record(new_job(prompt="before"), PLENTY, START)
        monkeypatch.setattr("fcntl.flock", no_lock)
        monkeypatch.setattr("veo_core.store.hold._held", set[tuple[int, int]]())
        async with Store.open(path) as second:
            with pytest.raises(StorageGone, match="another bot"):
                await first.requests.record(new_job(prompt="by the first"), PLENTY, START)
            await second.requests.record(new_job(prompt="by the second"), PLENTY, START)

            assert [job.prompt for job in await second.requests.history(1, 10)] == ["by the second", "before"]


async def test_a_sentinel_that_is_asked_to_stop_ends(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "bot.sqlite3") as store:
        sentinel = Sentinel(store.database, timedelta(seconds=0.05))
        sentinel.stop()
        await sentinel.run()


async def test_everything_of_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "bot.sqlite3"
    before = os.umask(0o000)
    try:
        async with Store.open(path) as store:
            await store.requests.record(new_job(), PLENTY, START)
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(("bot.sqlite3", "bot.sqlite3-wal", "bot.sqlite3-shm", "bot.sqlite3.life"), 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("found", "becomes"), [(0o644, 0o600), (0o666, 0o600), (0o660, 0o660), (0o640, 0o640)])
async def test_a_file_open_to_everybody_is_closed_and_one_open_to_a_group_is_left(
    tmp_path: Path, found: int, becomes: int
) -> None:
    path = tmp_path / "bot.sqlite3"
    path.touch()
    path.chmod(found)

    async with Store.open(path):
        assert path.stat().st_mode & 0o777 == becomes
        assert path.with_name("bot.sqlite3-wal").stat().st_mode & 0o777 == becomes

    assert not tighten(path)


def test_a_file_that_keeps_being_replaced_is_not_taken_by_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bot.sqlite3"
    path.touch()

    def exchanged(_: int, __: int) -> None:
        replace(path)

    monkeypatch.setattr("fcntl.flock", exchanged)

    with pytest.raises(StorageError, match="being replaced"):
        Hold.take(path)

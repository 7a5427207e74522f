"""Transactions on a real file: nobody undoes another's rows, nothing is left open, trouble is one readable line."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.core.bench import PLENTY, connection_of, counts, new_job, trace_with
from tests.core.fakes import START
from veo_core.errors import StorageError, StorageInUse
from veo_core.store import Database, Store, database

ROOT = Path(__file__).parents[2]
WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("holding", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""
BOT = """
import asyncio, sys
from pathlib import Path
from veo_core.store import Store

async def main():
    async with Store.open(Path(sys.argv[1])):
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
"""


@contextmanager
def process(code: str, path: Path) -> Generator[subprocess.Popen[str]]:
    """Another program at work on the file, once it has said so."""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline()
            yield running
        finally:
            running.kill()


async def put(store: Store, key: str) -> None:
    await store.meta.put(key, "here")


async def keys(store: Store) -> set[str]:
    async with store.database.read() as connection:
        return {row["key"] for row in await connection.execute_fetchall("SELECT key FROM meta")}


async def in_transaction(store: Store) -> bool:
    """Whether somebody left a transaction open; asked in the connection's own thread, after all that is queued."""
    await connection_of(store).execute("SELECT 1")
    return connection_of(store).in_transaction


class FellOverError(Exception):
    """What happens in the middle of a transaction."""


async def write_and_fall_over(store: Store, key: str) -> None:
    async with store.database.write() as connection:
        await connection.execute("INSERT INTO meta (key, value) VALUES (?, 'gone')", (key,))
        await asyncio.sleep(0)
        raise FellOverError


async def test_what_is_written_is_there_after_reopening(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "deep" / "bot.sqlite3") as store:
        await put(store, "kept")
        name = store.instance

    async with Store.open(tmp_path / "deep" / "bot.sqlite3") as store:
        assert await store.meta.get("kept") == "here"
        assert store.instance == name


async def test_remembered_values_can_be_replaced_and_missing_ones_are_none(store: Store) -> None:
    await store.meta.put("key", "old")
    await store.meta.put("key", "new")

    assert await store.meta.get("key") == "new"
    assert await store.meta.get("other") is None


async def test_each_database_gets_a_name_of_its_own(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "one.sqlite3") as one, Store.open(tmp_path / "two.sqlite3") as two:
        assert one.instance != two.instance
        assert await one.meta.instance() == one.instance


async def test_an_exception_undoes_the_whole_transaction_and_passes_through(store: Store) -> None:
    with pytest.raises(FellOverError):
        await write_and_fall_over(store, "half")

    assert "half" not in await keys(store)
    assert not await in_transaction(store)


async def test_one_rollback_never_undoes_the_rows_of_others(store: Store) -> None:
    results = await asyncio.gather(
        *(put(store, f"good-{n}") if n % 2 else write_and_fall_over(store, f"bad-{n}") for n in range(40)),
        return_exceptions=True,
    )

    assert sum(isinstance(result, FellOverError) for result in results) == 20
    assert await keys(store) - {"instance"} == {f"good-{n}" for n in range(1, 40, 2)}


async def test_a_transaction_that_only_reads_refuses_to_write(store: Store) -> None:
    with pytest.raises(StorageError, match="readonly"):
        async with store.database.read() as connection:
            await connection.execute("INSERT INTO meta (key, value) VALUES ('sneaked', 'in')")

    await put(store, "allowed")
    assert await keys(store) - {"instance"} == {"allowed"}


async def test_a_broken_rule_of_the_schema_is_a_fault_of_ours_not_of_the_storage(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        async with store.database.write() as connection:
            await connection.execute("INSERT INTO meta (key, value) VALUES ('instance', 'twice')")

    assert not await in_transaction(store)


@pytest.mark.parametrize("steps", range(12))
async def test_cancelling_a_write_anywhere_leaves_nothing_open(store: Store, steps: int) -> None:
    runner = asyncio.create_task(put(store, "cancelled"))
    await cancel_after(runner, steps)

    assert runner.cancelled() or runner.exception() is None
    assert not await in_transaction(store)
    await put(store, "next")
    assert "next" in await keys(store)


@pytest.mark.parametrize("steps", range(12))
async def test_cancelling_a_read_anywhere_leaves_nothing_open_and_lets_others_write(store: Store, steps: int) -> None:
    runner = asyncio.create_task(store.meta.get("anything"))
    await cancel_after(runner, steps)

    assert runner.cancelled() or runner.exception() is None
    assert not await in_transaction(store)
    await put(store, "next")
    assert "next" in await keys(store)


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "INSERT", "COMMIT"])
async def test_cancelling_while_a_statement_is_carried_out_leaves_nothing_open(store: Store, statement: str) -> None:
    async with held_back(store, statement) as held:
        runner = asyncio.create_task(put(store, "cancelled"))
        await asyncio.to_thread(held.began.wait)
        runner.cancel()
        await asyncio.sleep(0)
        held.go_on.set()
        await asyncio.wait({runner})

    assert runner.cancelled()
    assert not await in_transaction(store)
    await put(store, "next")
    assert "next" in await keys(store)


@pytest.mark.parametrize("statement", ["BEGIN", "PRAGMA query_only = ON", "SELECT", "PRAGMA query_only = OFF"])
async def test_cancelling_while_a_read_is_carried_out_lets_others_write(store: Store, statement: str) -> None:
    async with held_back(store, statement) as held:
        runner = asyncio.create_task(store.meta.get("anything"))
        await asyncio.to_thread(held.began.wait)
        runner.cancel()
        await asyncio.sleep(0)
        held.go_on.set()
        await asyncio.wait({runner})

    assert runner.cancelled()
    assert not await in_transaction(store)
    await put(store, "next")
    assert "next" in await keys(store)


async def test_a_file_locked_by_another_process_is_a_clear_refusal_and_no_half_written_job(
    store: Store, tmp_path: Path
) -> None:
    async with store.database.write() as connection:
        await connection.execute("INSERT INTO meta (key, value) VALUES ('before', 'here')")
    await connection_of(store).execute("PRAGMA busy_timeout = 50")

    with process(WRITER, tmp_path / "bot.sqlite3"):
        with pytest.raises(StorageError, match="locked"):
            await store.requests.record(new_job(), PLENTY, START)
        assert await store.meta.get("before") == "here"

    assert await counts(store) == {}
    assert (await store.requests.record(new_job(), PLENTY, START)).is_new


async def test_a_full_disk_is_a_clear_refusal_and_no_half_written_job(store: Store) -> None:
    await store.requests.record(new_job(prompt="before"), PLENTY, START)
    async with store.database.read() as connection:
        pages = next(iter(await connection.execute_fetchall("PRAGMA page_count")))[0]
    await connection_of(store).execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StorageError, match="full"):
        await store.requests.record(new_job(prompt="x" * 100_000), PLENTY, START)

    assert not await in_transaction(store)
    assert [job.prompt for job in await store.requests.history(1, 10)] == ["before"]
    await connection_of(store).execute("PRAGMA max_page_count = 100000")
    assert (await store.requests.record(new_job(prompt="after"), PLENTY, START)).is_new


async def test_a_second_bot_on_the_same_file_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    async with Store.open(path):
        with pytest.raises(StorageInUse, match="in use by another running bot"):
            await Database.open(path)

    async with Store.open(path) as store:
        await put(store, "mine")


async def test_a_killed_bot_frees_its_file(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    with process(BOT, path) as first:
        with pytest.raises(StorageInUse):
            await Database.open(path)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()

        async with Store.open(path) as store:
            await put(store, "mine")


async def test_a_file_that_cannot_be_set_up_is_closed_and_freed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bot.sqlite3"
    async with Store.open(path):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    threads = connection_threads()

    with process(WRITER, path), pytest.raises(StorageError, match="locked"):
        await Database.open(path)

    assert connection_threads() == threads
    async with Store.open(path) as store:
        await put(store, "mine")


def connection_threads() -> int:
    return sum("connection" in thread.name for thread in threading.enumerate())


@pytest.fixture
def bare_folder() -> Iterator[Path]:
    """A folder with a sound database, and no rights of root: those know no read-only files."""
    folder = Path(tempfile.mkdtemp())
    asyncio.run(_make(folder / "bot.sqlite3"))
    is_root = os.geteuid() == 0
    if is_root:
        for path in (folder, *folder.iterdir()):
            os.chown(path, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


async def _make(path: Path) -> None:
    async with Store.open(path):
        pass


def test_a_read_only_folder_is_one_clear_line(bare_folder: Path) -> None:
    (bare_folder / "bot.sqlite3.lock").unlink(missing_ok=True)
    bare_folder.chmod(0o500)

    with pytest.raises(StorageError, match="cannot be used"):
        asyncio.run(_make(bare_folder / "bot.sqlite3"))


def test_a_read_only_file_is_one_clear_line_at_the_start(bare_folder: Path) -> None:
    (bare_folder / "bot.sqlite3").chmod(0o400)

    with pytest.raises(StorageError, match="cannot be used"):
        asyncio.run(_make(bare_folder / "bot.sqlite3"))


async def test_a_folder_in_place_of_the_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "bot.sqlite3").mkdir()

    with pytest.raises(StorageError, match="cannot be used"):
        await Database.open(tmp_path / "bot.sqlite3")


async def cancel_after(runner: asyncio.Task[object], steps: int) -> None:
    """Cancel after so many turns of the event loop, and wait for the end."""
    for _ in range(steps):
        await asyncio.sleep(0)
    runner.cancel()
    await asyncio.wait({runner})


class HeldBack:
    """Two signs between the test and the connection's thread."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.go_on = threading.Event()


@asynccontextmanager
async def held_back(store: Store, statement: str) -> AsyncGenerator[HeldBack]:
    """The first statement that begins so is carried out only when the test says so, as on a slow disk."""
    held, connection = HeldBack(), connection_of(store)

    def trace(text: str) -> None:
        if text.startswith(statement) and not held.began.is_set():
            held.began.set()
            held.go_on.wait(5)

    await trace_with(connection, trace)
    yield held
    held.go_on.set()
    await trace_with(connection, _forget)


def _forget(_: str) -> None:
    """Trace nothing more."""


async def test_a_database_reached_by_another_name_is_the_same_one(tmp_path: Path) -> None:
    (tmp_path / "other.sqlite3").symlink_to(tmp_path / "bot.sqlite3")

    async with Store.open(tmp_path / "bot.sqlite3"):
        with pytest.raises(StorageInUse):
            await Database.open(tmp_path / "other.sqlite3")


SMALL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from tests.core.bench import PLENTY, new_job
from tests.core.fakes import START
from veo_core.errors import StorageError
from veo_core.store import Store

async def main():
    refused = taken = 0
    async with Store.open(Path(sys.argv[1])) as store:
        # Far below the size at which SQLite empties the WAL by itself.
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
        for n in range(200):
            try:
                await store.requests.record(new_job(prompt=str(n)), PLENTY, START)
                taken += 1
            except StorageError:
                refused += 1
    print(refused, taken, flush=True)

asyncio.run(main())
"""


def test_a_wal_that_fills_the_disk_is_emptied_so_that_the_next_write_finds_room(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(tmp_path / "bot.sqlite3")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )

    refused, taken = map(int, done.stdout.split())
    assert 0 < refused <= 3
    assert taken == 200 - refused
    assert done.stderr.count("The database takes nothing") == done.stderr.count("The database works again") == refused

"""A copy that was put back is told from the database that the last process left, whatever died in between."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.core.bench import PLENTY, new_job
from tests.core.fakes import START
from veo_core.store import Store
from veo_core.store.life import Beside, Life, SideFile, goes_on, written_by_us

NEVER = "-"


@pytest.mark.parametrize(
    ("token", "writes", "beside", "expected"),
    [
        (NEVER, 0, None, True),  # new, or of a version before
        ("a", 5, None, False),  # moved alone: nobody knows
        ("", 5, None, False),  # one of our own copies
        ("", 5, Beside(("a",), 5), False),
        ("a", 5, Beside(("a",), 5), True),
        ("a", 6, Beside(("a",), 5), True),  # the file beside was written after the change, so it may lag
        ("a", 4, Beside(("a",), 5), False),  # a copy made in the same life
        ("a", 5, Beside(("a", "b"), 5), True),  # died before the database had the new token
        ("b", 6, Beside(("a", "b"), 5), True),  # died after
        ("z", 9, Beside(("a", "b"), 5), False),
        (NEVER, 0, Beside(("a",), 5), False),  # a copy from before there were lives
    ],
)
def test_a_database_goes_on_only_where_the_file_beside_knows_it(
    token: str, writes: int, beside: Beside | None, expected: bool
) -> None:
    assert goes_on(token, writes, beside) is expected


def backdate_life(path: Path, seconds: int) -> None:
    """Let the file beside the database be of a while ago, as its content says too."""
    side = path.with_name(f"{path.name}.life")
    words = side.read_text().split(" ", 2)
    then = int(words[1]) - seconds * 10**9
    with side.open("r+") as file:
        file.write(f"{words[0]} {then:020d}")
    os.utime(side, ns=(then, then))


async def one_life(path: Path, prompt: str = "a cat") -> bool:
    """A start, a request and a stop; whether the start took the database for a copy."""
    async with Store.open(path) as store:
        await store.requests.record(new_job(prompt=prompt), PLENTY, START)
        return store.restored_at is not None


async def test_starts_one_after_another_are_no_copies(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"

    assert [await one_life(path) for _ in range(4)] == [False] * 4


async def test_a_file_copied_while_stopped_and_put_back_after_another_life_is_a_copy(tmp_path: Path) -> None:
    path, copy = tmp_path / "bot.sqlite3", tmp_path / "copy"
    await one_life(path)
    shutil.copy(path, copy)
    await one_life(path)
    shutil.copy(copy, path)

    assert await one_life(path)


@pytest.mark.parametrize("keeps_times", [False, True])
async def test_a_whole_folder_copied_while_stopped_and_put_back_is_a_copy(tmp_path: Path, keeps_times: bool) -> None:
    folder, aside = tmp_path / "data", tmp_path / "aside"
    path = folder / "bot.sqlite3"
    await one_life(path)
    backdate_life(path, seconds=60)
    shutil.copytree(folder, aside, copy_function=shutil.copy2 if keeps_times else shutil.copyfile)
    await one_life(path)
    folder.rename(tmp_path / "broken")
    shutil.copytree(aside, folder, copy_function=shutil.copy2 if keeps_times else shutil.copyfile)

    assert await one_life(path)


async def test_files_copied_over_the_present_ones_are_a_copy(tmp_path: Path) -> None:
    path, side, aside = tmp_path / "bot.sqlite3", tmp_path / "bot.sqlite3.life", tmp_path / "aside"
    aside.mkdir()
    await one_life(path)
    backdate_life(path, seconds=60)
    for file in (path, side):
        shutil.copyfile(file, aside / file.name)
    await one_life(path)
    for file in (path, side):
        shutil.copyfile(aside / file.name, file)

    assert await one_life(path)


async def test_a_folder_that_is_renamed_is_no_copy(tmp_path: Path) -> None:
    await one_life(tmp_path / "data" / "bot.sqlite3")
    backdate_life(tmp_path / "data" / "bot.sqlite3", seconds=60)
    (tmp_path / "data").rename(tmp_path / "moved")

    assert not await one_life(tmp_path / "moved" / "bot.sqlite3")


@pytest.mark.parametrize(
    ("changed", "attributes_changed", "inode", "expected"),
    [
        (0, 0, 7, True),
        (0, 3600, 7, True),  # its owner was changed
        (0, 0, 8, True),  # mounted anew, where inodes do not last
        (0, 3600, 8, False),  # copied with its times
        (3600, 3600, 8, False),  # copied
        (3600, 3600, 7, False),  # written over
    ],
)
def test_a_copy_of_the_file_beside_is_told_by_its_times_and_its_inode(
    changed: int, attributes_changed: int, inode: int, expected: bool
) -> None:
    written = 1_790_000_000
    file = os.stat_result(
        (0o600, inode, 1, 1, 0, 0, 0, written, written + changed, written + attributes_changed),
        {
            "st_mtime_ns": (written + changed) * 10**9,
            "st_ctime_ns": (written + attributes_changed) * 10**9,
        },
    )

    assert written_by_us(file, written_ns=written * 10**9, inode=7) is expected


async def test_a_file_copied_in_the_same_life_and_put_back_after_a_kill_is_a_copy(tmp_path: Path) -> None:
    path, copy = tmp_path / "bot.sqlite3", tmp_path / "copy"
    async with Store.open(path) as store:
        await store.requests.record(new_job(prompt="in the copy"), PLENTY, START)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        await store.requests.record(new_job(prompt="after it"), PLENTY, START)
    shutil.copy(copy, path)

    async with Store.open(path) as store:
        assert store.restored_at is not None


async def test_a_lost_wal_is_noticed_like_a_copy(tmp_path: Path) -> None:
    path, aside = tmp_path / "bot.sqlite3", tmp_path / "aside"
    async with Store.open(path) as store:
        await store.requests.record(new_job(), PLENTY, START)
        # What the WAL has and the file has not yet.
        aside.write_bytes(path.read_bytes())
    aside.replace(path)

    async with Store.open(path) as store:
        assert store.restored_at is not None


async def test_a_database_moved_without_the_file_beside_it_counts_as_a_copy_and_with_it_does_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bot.sqlite3"
    await one_life(path)
    for name, files in {"alone": [path], "both": [path, tmp_path / "bot.sqlite3.life"]}.items():
        (tmp_path / name).mkdir()
        for file in files:
            shutil.copy(file, tmp_path / name)

    assert await one_life(tmp_path / "alone" / "bot.sqlite3")
    assert not await one_life(tmp_path / "both" / "bot.sqlite3")


class DiedError(BaseException):
    """The process ends here."""


class Steps:
    """Counts what a start does, and ends it before one of its steps."""

    def __init__(self, last: int) -> None:
        self._left = last

    def __call__(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise DiedError


def begin_and_die(path: Path, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A start that ends before one of its steps; False when it has fewer of them."""

    class Dying(sqlite3.Connection):
        def execute(self, *given: Any) -> sqlite3.Cursor:
            steps()
            return super().execute(*given)

    write = SideFile.write

    def write_and_die(side: SideFile, says: Beside) -> None:
        steps()
        write(side, says)

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Dying))
        patched.setattr(SideFile, "write", write_and_die)
        try:
            Life.begin(path).side.close()
        except DiedError:
            return True
    return False


@pytest.mark.parametrize("is_copy", [False, True])
async def test_a_start_that_dies_before_any_of_its_steps_changes_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_copy: bool
) -> None:
    for last in range(100):
        path, copy = tmp_path / str(last) / "bot.sqlite3", tmp_path / f"copy-{last}"
        await one_life(path)
        shutil.copy(path, copy)
        await one_life(path)
        if is_copy:
            shutil.copy(copy, path)

        died = begin_and_die(path, Steps(last), monkeypatch)

        assert await one_life(path) is is_copy, f"died before step {last + 1}"
        assert not begin_and_die(path, Steps(100), monkeypatch)
        if not died:
            assert last >= 5
            return


async def test_the_file_beside_is_written_again_when_somebody_deletes_it(tmp_path: Path) -> None:
    path, side = tmp_path / "bot.sqlite3", tmp_path / "bot.sqlite3.life"
    async with Store.open(path) as store:
        before = side.read_text()
        side.unlink()
        await store.requests.record(new_job(), PLENTY, START)
        after = side.read_text()

    assert before.split()[3] == after.split()[3]
    assert int(after.split()[0]) == int(before.split()[0]) + 1
    assert not await one_life(path)


@pytest.mark.parametrize("content", ["", "nonsense", "1" * 400])
async def test_a_file_beside_that_nobody_can_read_counts_as_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bot.sqlite3"
    await one_life(path)
    (tmp_path / "bot.sqlite3.life").write_text(content)

    assert await one_life(path)


async def test_trouble_with_the_file_beside_undoes_no_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Store.open(tmp_path / "bot.sqlite3") as store:
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", _full)
            made = await store.requests.record(new_job(), PLENTY, START)

        assert await store.requests.get(made.job.job_id)


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


async def test_what_changes_nothing_is_not_counted(tmp_path: Path) -> None:
    side = tmp_path / "bot.sqlite3.life"
    async with Store.open(tmp_path / "bot.sqlite3") as store:
        before = side.read_bytes()
        assert await store.queue.claim(START, max_running=1, running_per_user=1) is None

        assert side.read_bytes() == before

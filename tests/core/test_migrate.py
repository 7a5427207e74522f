"""A database is brought to the newest schema, copied before, or refused in one readable line and left as it was."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.core.bench import PLENTY, new_job
from tests.core.fakes import START
from veo_core.errors import StorageError
from veo_core.store import Store, migrate

FIRST = "CREATE TABLE notes (text TEXT NOT NULL) STRICT;\n"
SECOND = (
    "-- A second step; with a semicolon in a remark.\n"
    "ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'a;b';\n"
    "CREATE TRIGGER loud AFTER INSERT ON notes\nBEGIN\n"
    "    UPDATE notes SET text = upper(text) WHERE rowid = new.rowid;\nEND;\n"
)
FAILING = "ALTER TABLE notes ADD COLUMN size INTEGER;\nINSERT INTO nowhere VALUES (1);\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.sqlite3"


def use(monkeypatch: pytest.MonkeyPatch, *steps: str) -> None:
    """Let these be all migrations there are."""
    monkeypatch.setattr(migrate, "migrations", lambda: list(enumerate(steps, start=1)))


def ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(sql).fetchall()
        connection.commit()
        return found


def version(path: Path) -> object:
    return ask(path, "PRAGMA user_version")[0][0]


@pytest.fixture
def older(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of version 1 with a row in it."""
    use(monkeypatch, FIRST)
    migrate.migrate(path)
    ask(path, "INSERT INTO notes VALUES ('kept')")
    return path


def test_the_shipped_migrations_are_numbered_without_gaps() -> None:
    numbers = [number for number, _ in migrate.migrations()]

    assert numbers == list(range(1, len(numbers) + 1))


def test_a_new_file_gets_the_newest_schema_and_no_backup(path: Path) -> None:
    migrate.migrate(path)

    assert version(path) == migrate.migrations()[-1][0]
    assert {"jobs", "job_events", "meta"} <= {row[0] for row in ask(path, "SELECT name FROM sqlite_schema")}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_empty_file_is_a_new_one(path: Path) -> None:
    path.touch()

    migrate.migrate(path)

    assert version(path) == migrate.migrations()[-1][0]


def test_an_up_to_date_database_is_left_alone(path: Path) -> None:
    migrate.migrate(path)
    before = path.read_bytes()

    migrate.migrate(path)

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_older_database_is_copied_first_and_keeps_its_rows(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FIRST, SECOND)

    migrate.migrate(older)

    ask(older, "INSERT INTO notes (text) VALUES ('new')")
    assert ask(older, "SELECT text, colour FROM notes") == [("kept", "a;b"), ("NEW", "a;b")]
    copy = older.with_name("bot.sqlite3.before-2")
    assert (version(copy), ask(copy, "SELECT * FROM notes")) == (1, [("kept",)])


def test_several_steps_are_taken_in_order(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FIRST, SECOND, "ALTER TABLE notes RENAME COLUMN colour TO paint;")

    migrate.migrate(older)

    assert (version(older), ask(older, "SELECT paint FROM notes")) == (3, [("a;b",)])


def test_a_step_that_fails_leaves_the_older_version_whole(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FIRST, FAILING)

    with pytest.raises(StorageError, match="nowhere"):
        migrate.migrate(older)

    assert (version(older), ask(older, "SELECT * FROM notes")) == (1, [("kept",)])
    use(monkeypatch, FIRST, SECOND)
    migrate.migrate(older)
    assert version(older) == 2


def test_steps_before_the_failing_one_stay(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FIRST, SECOND, FAILING)

    with pytest.raises(StorageError):
        migrate.migrate(older)

    assert version(older) == 2


async def test_a_failing_step_frees_the_file_for_the_next_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = [sql for _, sql in migrate.migrations()]
    async with Store.open(path) as store:
        await store.requests.record(new_job(prompt="kept"), PLENTY, START)
    with monkeypatch.context() as broken:
        use(broken, *shipped, FAILING)
        with pytest.raises(StorageError):
            async with Store.open(path):
                pass

    async with Store.open(path) as store:
        assert [job.prompt for job in await store.requests.history(1, 10)] == ["kept"]


STATES = [
    "queued",
    "submitting",
    "running",
    "awaiting_review",
    "cancelled",
    "expired",
    "failed",
    "rejected",
    "succeeded",
]
_OLD_JOB = """
INSERT INTO jobs (kind, state, user_id, guild_id, channel_id, prompt, model, action, resolution, fingerprint,
    created_at, task_id, video_url, reason, ended_at)
SELECT 'create', state, 1, 7, 2, '', iif(number % 2, 'veo31', 'veo3-fast'), '', '', '', 5, number, 'https://v', 'lost',
    iif(state IN ('cancelled', 'expired', 'failed', 'rejected', 'succeeded'), 5, NULL)
FROM (SELECT ? AS number, ? AS state)
"""
_OLD_UPSCALE = """
INSERT INTO jobs (kind, state, user_id, guild_id, channel_id, prompt, model, action, resolution, fingerprint,
    created_at, source_job_id)
VALUES ('upscale', 'queued', 1, 7, 2, '', 'veo31', '', '', '', 5, 1)
"""


def test_jobs_of_the_first_version_weigh_what_their_kind_costs_now(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = [sql for _, sql in migrate.migrations()]
    with monkeypatch.context() as older:
        use(older, shipped[0])
        migrate.migrate(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(_OLD_JOB, enumerate(STATES, start=1))
        connection.execute(_OLD_UPSCALE)
        connection.commit()

    migrate.migrate(path)

    rows = ask(path, "SELECT state, counts, charged, cost_estimate, workspace_id FROM jobs ORDER BY job_id")
    assert rows == [
        ("queued", 1, 7640, 7640, 7),
        ("submitting", 1, 720, 720, 7),
        ("running", 1, 7640, 7640, 7),
        ("awaiting_review", 1, 720, 720, 7),
        ("cancelled", 0, 0, 7640, 7),
        ("expired", 0, 0, 720, 7),
        ("failed", 0, 0, 7640, 7),
        ("rejected", 0, 0, 720, 7),
        ("succeeded", 1, 7640, 7640, 7),
        ("queued", 1, 160, 160, 7),
    ]


def test_a_newer_database_is_refused_and_left_as_it_was(path: Path) -> None:
    migrate.migrate(path)
    ask(path, "PRAGMA user_version = 99")
    before = path.read_bytes()

    with pytest.raises(StorageError, match=r"newer version \(99\)"):
        migrate.migrate(path)
    with pytest.raises(StorageError, match=r"newer version \(99\)"):
        migrate.check(path)

    assert path.read_bytes() == before


@pytest.mark.parametrize("number", [0, 1, 7])
def test_a_database_of_another_program_is_refused_and_left_as_it_was(path: Path, number: int) -> None:
    ask(path, "CREATE TABLE bookmarks (url TEXT)")
    ask(path, f"PRAGMA user_version = {number}")
    before = path.read_bytes()

    with pytest.raises(StorageError, match="another program"):
        migrate.migrate(path)
    with pytest.raises(StorageError, match="another program"):
        migrate.check(path)

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_garbage_is_refused_and_left_as_it_was(path: Path) -> None:
    path.write_bytes(b"these are no pages of a database " * 300)
    before = path.read_bytes()

    with pytest.raises(StorageError, match="not a database"):
        migrate.migrate(path)
    with pytest.raises(StorageError, match="not a database"):
        migrate.check(path)

    assert path.read_bytes() == before


async def fill(path: Path) -> None:
    async with Store.open(path) as store:
        for n in range(100):
            await store.requests.record(new_job(prompt=f"{n} " * 200), PLENTY, START)


def test_a_damaged_page_is_refused_with_advice(path: Path) -> None:
    asyncio.run(fill(path))
    [[page_size]] = ask(path, "PRAGMA page_size")
    [[root]] = ask(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'jobs'")
    assert isinstance(page_size, int)
    assert isinstance(root, int)
    pages = bytearray(path.read_bytes())
    pages[(root - 1) * page_size : (root - 1) * page_size + 200] = b"\xff" * 200
    path.write_bytes(pages)

    with pytest.raises(StorageError, match=r"damaged|malformed"):
        migrate.migrate(path)
    with pytest.raises(StorageError, match=r"damaged|malformed"):
        migrate.check(path)


def test_a_check_changes_nothing_and_says_where_the_schema_stands(path: Path) -> None:
    newest = migrate.migrations()[-1][0]
    assert "does not exist yet" in migrate.check(path)
    assert not path.exists()

    migrate.migrate(path)
    before = path.read_bytes()

    assert migrate.check(path) == f"{path} is sound, schema {newest} of {newest}"
    assert path.read_bytes() == before


def test_a_check_of_an_older_database_does_not_bring_it_up(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FIRST, SECOND)

    assert "schema 1 of 2" in migrate.check(older)
    assert version(older) == 1


async def test_a_check_beside_a_running_bot_works(path: Path) -> None:
    async with Store.open(path) as store:
        await store.requests.record(new_job(), PLENTY, START)

        assert "is sound" in migrate.check(path)


def test_a_folder_is_refused(path: Path) -> None:
    path.mkdir()

    with pytest.raises(StorageError, match="cannot be used"):
        migrate.migrate(path)
    with pytest.raises(StorageError, match="cannot be used"):
        migrate.check(path)


def test_opening_takes_as_many_steps_with_a_long_past_as_without(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate.migrate(path)
    connect, steps = sqlite3.connect, Steps()

    def counted(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.set_progress_handler(steps.another, 10)
        return connection

    monkeypatch.setattr(sqlite3, "connect", counted)
    migrate.migrate(path)
    few = steps.taken()
    ask(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO meta SELECT 'key ' || i, hex(zeroblob(100)) FROM n",
    )
    steps.taken()

    migrate.migrate(path)

    assert few > 0
    assert steps.taken() <= few * 1.1
    migrate.check(path)
    assert steps.taken() > few * 10


class Steps:
    """Counts the steps of SQLite's machine, in tens, so that nothing depends on the computer."""

    def __init__(self) -> None:
        self._count = 0

    def another(self) -> int:
        self._count += 1
        return 0

    def taken(self) -> int:
        """So many since the last time."""
        count, self._count = self._count, 0
        return count


def test_damage_deep_in_the_file_is_found_by_the_check_and_told_where_it_shows_itself(path: Path) -> None:
    asyncio.run(fill(path))
    [[page_size]] = ask(path, "PRAGMA page_size")
    assert isinstance(page_size, int)
    pages = bytearray(path.read_bytes())
    start = pages.index(b"57 57 57 57") // page_size * page_size
    pages[start : start + page_size] = b"\xff" * page_size
    path.write_bytes(pages)

    with pytest.raises(StorageError, match="damaged"):
        migrate.check(path)
    with pytest.raises(StorageError, match=r"damaged: .*; put a backup in its place"):
        asyncio.run(read_all(path))


async def read_all(path: Path) -> None:
    async with Store.open(path) as store:
        for job_id in range(1, 101):
            await store.requests.get(job_id)


def test_a_damaged_database_is_not_brought_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FIRST)
    migrate.migrate(path)
    ask(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
        " INSERT INTO notes SELECT i || ' ' || i || hex(zeroblob(100)) FROM n",
    )
    [[page_size]] = ask(path, "PRAGMA page_size")
    assert isinstance(page_size, int)
    pages = bytearray(path.read_bytes())
    start = pages.index(b"150 150") // page_size * page_size
    pages[start : start + page_size] = b"\xff" * page_size
    path.write_bytes(pages)
    use(monkeypatch, FIRST, SECOND)

    with pytest.raises(StorageError, match="damaged"):
        migrate.migrate(path)

    assert version(path) == 1
    assert not list(path.parent.glob("*.before-*"))

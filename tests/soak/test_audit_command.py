"""`python bot.py audit`: figures and an exit code for an operator, and every planted fault by its name."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.audit import print_audit
from runtime.config.loader import Settings
from tests.process.config import written_config
from tests.process.house import ROOT
from veo_core.domain.actors import Actor, Place
from veo_core.domain.jobs import Job, JobKind, NewJob
from veo_core.domain.messages import PostedMessage
from veo_core.domain.quota import Limits
from veo_core.domain.submissions import Submission, Video
from veo_core.reasons import Reason
from veo_core.store import Store

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
LIMITS = Limits(videos_per_day=10, upscales_per_day=10, running_per_user=2)
ANNA, BEN = 1001, 1002


async def asked(store: Store, user_id: int, number: int, source: Job | None = None) -> Job:
    """A recorded request; the 1080p version of `source`, if there is one."""
    if source is None:
        submission = Submission("text2video", "veo31-fast", f"video {number}", aspect_ratio="16:9")
    else:
        submission = Submission("get1080p", source.model, video_id=source.video_id)
    kind = JobKind.CREATE if source is None else JobKind.UPSCALE
    place = Place(guild_id=2002, channel_id=3003, interaction_id=number)
    new = NewJob(
        kind,
        Actor(user_id),
        place,
        submission.prompt,
        submission,
        source.job_id if source else None,
        720 - 560 * (source is not None),
    )
    return (await store.requests.record(new, LIMITS, NOW + timedelta(minutes=number))).job


async def sent(store: Store, job: Job) -> None:
    """Taken by the provider."""
    claimed = await store.queue.claim(NOW, max_running=50, running_per_user=50)
    assert claimed is not None
    assert claimed.job_id == job.job_id
    await store.queue.mark_running(job.job_id, f"task-{job.job_id}", now=NOW, due_at=NOW)


async def delivered(store: Store, job: Job) -> Job:
    """From the request to the message."""
    await sent(store, job)
    await store.watch.succeed(job.job_id, Video(f"https://cdn.test/{job.job_id}.mp4", f"video-{job.job_id}"), now=NOW)
    await store.outbox.begin_delivery(job.job_id)
    await store.outbox.delivered(job.job_id, PostedMessage(3003, 9000 + job.job_id, 2002), NOW)
    found = await store.requests.get(job.job_id)
    assert found is not None
    return found


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    """Seven jobs that came to seven ends: #1 and its 1080p version #2 delivered, then all that is refunded or open."""
    path = tmp_path / "veobot.sqlite3"
    async with Store.open(path) as store:
        first = await delivered(store, await asked(store, ANNA, 1))
        await delivered(store, await asked(store, BEN, 2, source=first))
        await delivered(store, await asked(store, ANNA, 3))
        failed = await asked(store, ANNA, 4)
        await sent(store, failed)
        await store.watch.fail(failed.job_id, Reason.MODERATED, now=NOW)
        await store.outbox.keep(failed.job_id, NOW)
        cancelled = await asked(store, BEN, 5)
        await store.requests.cancel(cancelled.job_id, NOW)
        await sent(store, await asked(store, BEN, 6))
        await asked(store, ANNA, 7)
    return path


def run_audit(database: Path) -> subprocess.CompletedProcess[str]:
    """As an operator does."""
    config = database.parent / "config.toml"
    config.write_text(written_config({"storage": {"path": str(database)}}), encoding="utf-8")
    command = (sys.executable, "bot.py", "audit", "--config", str(config))
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("VEOBOT_", "VEO_"))}
    # Hundreds of modules are not compiled anew at each start.
    surroundings |= {"PYTHONPYCACHEPREFIX": str(database.parent.parent / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)


@pytest.mark.process
def test_a_sound_database_gives_figures_and_no_fault(database: Path) -> None:
    before = database.read_bytes()

    run = run_audit(database)

    figures = dict(line.split(": ") for line in run.stdout.splitlines()[:-1])
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "0 faults"
    assert figures == {
        "jobs": "7",
        "under way": "2",
        "succeeded": "3",
        "refunded": "2",
        "delivered": "3",
        "kept": "1",
        "waiting for delivery": "0",
        "submissions": "5",
        "tasks": "5",
        "charged, in thousandths of a credit": "3040",
    }
    assert database.read_bytes() == before


SUBMITTED_AGAIN = "INSERT INTO job_events (job_id, state) VALUES (6, 'submitting'), (6, 'running')"
ENDED_NOWHERE = "UPDATE jobs SET delivered_at = NULL, message_id = NULL, delivered_channel_id = NULL WHERE job_id = 3"
SHARED_MESSAGE = "UPDATE jobs SET message_id = 9001 WHERE job_id = 2"
ENDED_TWICE = "INSERT INTO job_events (job_id, state) VALUES (5, 'failed'), (5, 'cancelled')"
SILENT_MOVE = "DELETE FROM job_events WHERE job_id = 7"
SECOND_LARGER = """
    DROP INDEX jobs_one_upscale;
    INSERT INTO jobs (kind, state, user_id, channel_id, prompt, model, action, resolution, fingerprint, created_at,
        source_job_id) VALUES ('upscale', 'queued', 1001, 3003, '', 'veo31-fast', 'get1080p', '1080p', 'f', 0, 1);
"""
COUNTED_WRONGLY = "UPDATE jobs SET counts = 1 - counts WHERE job_id IN (3, 4)"
CHARGED_WRONGLY = "UPDATE jobs SET charged = 719 WHERE job_id IN (1, 5)"
UNCORRECTED = "UPDATE jobs SET cost_real = 700 WHERE job_id = 6"
ORPHANED_EVENT = "PRAGMA foreign_keys = OFF; INSERT INTO job_events (job_id, state) VALUES (4711, 'queued');"
PLANTED = {
    "a job submitted again after it ran": (SUBMITTED_AGAIN, "submitted again after it was accepted: #6"),
    "a job accepted twice": (SUBMITTED_AGAIN, "accepted more than once: #6"),
    "an ended job that is nowhere": (ENDED_NOWHERE, "ended, and neither delivered nor kept nor due: #3"),
    "two jobs with one message": (SHARED_MESSAGE, "sharing its message with another: #1"),
    "a job that ended twice": (ENDED_TWICE, "ended more than once: #5"),
    "a state without its history": (SILENT_MOVE, "without a history that ends in its state: #7"),
    "two 1080p versions of one video": (SECOND_LARGER, "a second 1080p version of one video: #8"),
    "a job that counts though it failed": (COUNTED_WRONGLY, "counted in another way than its state says: #3, #4"),
    "a wrong charge": (CHARGED_WRONGLY, "charged something else than its real cost or its estimate: #1, #5"),
    "a real cost not charged": (UNCORRECTED, "charged something else than its real cost or its estimate: #6"),
    "a history of no job": (ORPHANED_EVENT, "a row that refers to nothing, in job_events"),
}


def plant(database: Path, statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(statements)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_named_and_is_an_exit_code(
    database: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    statements, words = PLANTED[name]
    plant(database, statements)

    code = print_audit(settings(database))

    assert code == 1
    assert f"FAULT {words}" in capsys.readouterr().out.splitlines()


@pytest.mark.process
def test_all_faults_at_once_are_each_told(database: Path) -> None:
    everything = {statements for statements, _ in PLANTED.values()}
    plant(database, ";".join(sorted(everything)))

    run = run_audit(database)

    told = [line for line in run.stdout.splitlines() if line.startswith("FAULT ")]
    assert run.returncode == 1
    named = {line.removeprefix("FAULT ").partition(":")[0] for line in told}
    assert named >= {words.partition(":")[0] for _, words in PLANTED.values()}
    assert run.stdout.splitlines()[-1] == f"{len(told)} faults"


def settings(database: Path, videos_per_day: int = 10) -> Settings:
    return Settings.model_validate({"storage": {"path": database}, "quota": {"videos_per_day": videos_per_day}})


def test_more_counted_videos_than_the_limit_are_a_fault(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = print_audit(settings(database, videos_per_day=2))

    assert code == 1
    assert "FAULT over its person's limit: #7" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"credits_per_day": 3.04}, None),
        ({"credits_per_day": 3.03}, "over the budget credits_per_day of bot 0: #7"),
        ({"credits_per_month": 0.8}, "over the budget credits_per_month of bot 0: #2"),
        ({"videos_per_day_total": 3}, "over the budget videos_per_day_total of bot 0: #7"),
        ({"servers": {2002: {"videos_per_day_total": 1}}}, "over the budget videos_per_day_total of server 2002: #3"),
        ({"servers": {2003: {"videos_per_day_total": 0}}}, None),
    ],
    ids=str,
)
def test_more_than_a_budget_is_a_fault(
    database: Path, capsys: pytest.CaptureFixture[str], keys: dict[str, object], fault: str | None
) -> None:
    code = print_audit(Settings.model_validate({"storage": {"path": database}, "quota": keys}))

    told = [line.removeprefix("FAULT ") for line in capsys.readouterr().out.splitlines() if "FAULT" in line]
    assert (code, told) == ((0, []) if fault is None else (1, [fault]))


def test_refunded_videos_are_within_any_limit(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(
        database, "UPDATE jobs SET state = 'cancelled', ended_at = created_at, counts = 0, charged = 0 WHERE job_id = 7"
    )

    code = print_audit(settings(database, videos_per_day=2))

    assert (code, capsys.readouterr().out.splitlines()[-1]) == (0, "0 faults")


def test_many_jobs_with_one_fault_are_counted_not_listed(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(
        database,
        """
        INSERT INTO jobs (kind, state, user_id, channel_id, prompt, model, action, resolution, fingerprint, created_at,
            ended_at, reason, counts)
        SELECT 'create', 'failed', 1, 1, '', '', '', '', '', 0, 0, 'lost', 0
        FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25) SELECT i FROM n)
        """,
    )

    print_audit(settings(database))

    (told,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("FAULT"))
    assert told.startswith("FAULT ended, and neither delivered nor kept nor due: #8, #9")
    assert told.endswith(" and 15 more")


def spoilt(path: Path) -> None:
    path.write_bytes(b"this was never a database\n" * 400)


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 30_000)


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (Path.unlink, "does not exist"),
    "not a database": (spoilt, "cannot be read"),
    "torn": (torn, "cannot be read"),
}


@pytest.mark.process
@pytest.mark.parametrize("name", ["missing", "not a database", pytest.param("torn", marks=pytest.mark.slow)])
def test_a_file_that_cannot_be_read_is_one_line(database: Path, name: str) -> None:
    spoil, words = BROKEN[name]
    spoil(database)

    run = run_audit(database)

    assert run.returncode == 1
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith("bot.py: ")
    assert str(database) in line
    assert words in line

"""A retired model: learned once, remembered, hidden, tried again by one job a day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from runtime.doubted_models import doubted_models
from tests.core.bench import Bench, new_upscale
from tests.core.fakes import START, Fault
from veo_core.domain.jobs import JobState
from veo_core.domain.retirement import ModelTrouble, after_failure
from veo_core.errors import RateLimited, StorageError
from veo_core.reasons import Reason
from veo_core.store.model_troubles import read_troubles

DAY = 24 * 3600


async def ends(bench: Bench, model: str, code: str | None, message: str = "no") -> Reason | None:
    """One video of this model from the request to its end: with this error, or well."""
    job = await bench.ask(prompt=f"{model} at {bench.clock.now()}", model=model)
    await bench.settle()
    task_id = (await bench.job(job)).task_id
    if task_id is not None:
        if code is None:
            bench.api.finish(task_id)
        else:
            bench.api.fail(task_id, code, message)
        await bench.pass_time(70)
    return (await bench.job(job)).reason


GONE = "This model models/veo-3.0-generate-001 is no longer available"


async def test_a_model_that_is_refused_at_the_door_is_hidden_at_once_and_said_once(bench: Bench) -> None:
    bench.api.refused_models = {"veo2"}

    first = await ends(bench, "veo2", None)
    second = await ends(bench, "veo2", None)

    assert (first, second) == (Reason.MODEL_RETIRED, Reason.MODEL_RETIRED)
    assert len(bench.api.submissions) == 1
    assert bench.provider.unavailable == {"veo2"}
    assert [text for text in bench.posts.operator if "`veo2`" in text] == bench.posts.operator
    assert len(bench.posts.operator) == 1


async def test_three_failed_tasks_in_a_row_hide_a_model(bench: Bench) -> None:
    hidden = list[bool]()
    for _ in range(3):
        assert await ends(bench, "veo3", "api_error", GONE) is Reason.MODEL_RETIRED
        hidden.append("veo3" in bench.provider.unavailable)

    assert hidden == [False, False, True]
    assert len(bench.posts.operator) == 1


@pytest.mark.parametrize("between", [None, "other model"])
async def test_a_success_between_takes_the_failures_back(bench: Bench, between: str | None) -> None:
    for _ in range(2):
        await ends(bench, "veo3", "api_error", GONE)
    await ends(bench, "veo3" if between is None else "veo31", None)

    await ends(bench, "veo3", "api_error", GONE)

    assert ("veo3" in bench.provider.unavailable) is (between is not None)


async def test_other_failures_hide_no_model(bench: Bench) -> None:
    for _ in range(5):
        await ends(bench, "veo3", "api_error", "GPU 17 melted")

    assert bench.provider.unavailable == frozenset()
    assert await bench.store.troubles.all() == ()


async def test_a_restart_changes_nothing(bench: Bench) -> None:
    bench.api.refused_models = {"veo2"}
    await ends(bench, "veo2", None)
    await ends(bench, "veo3", "api_error", GONE)
    await ends(bench, "veo3", "api_error", GONE)

    await bench.restart()
    assert bench.provider.unavailable == {"veo2"}
    await ends(bench, "veo2", None)
    await ends(bench, "veo3", "api_error", GONE)

    assert bench.provider.unavailable == {"veo2", "veo3"}
    assert [submission.model for submission in bench.api.submissions].count("veo2") == 1


async def test_after_a_day_one_job_tries_it_again_and_the_others_are_given_back(bench: Bench) -> None:
    bench.api.refused_models = {"veo2"}
    await ends(bench, "veo2", None)
    sent = len(bench.api.submissions)
    bench.api.refused_models.clear()
    bench.clock.advance(DAY)
    assert bench.provider.unavailable == frozenset()

    jobs = [await bench.ask(n, f"cat {n}", model="veo2") for n in range(4)]
    await bench.settle()

    assert len(bench.api.submissions) == sent + 1
    states = [(await bench.job(job)).state for job in jobs]
    assert sorted(states) == [JobState.FAILED] * 3 + [JobState.RUNNING]
    bench.api.finish()
    await bench.pass_time(70)
    assert bench.provider.unavailable == frozenset()
    assert await bench.store.troubles.all() == ()
    assert "makes videos again" in bench.posts.operator[-1]


async def test_a_probe_that_is_refused_again_is_not_said_again(bench: Bench) -> None:
    bench.api.refused_models = {"veo2"}
    await ends(bench, "veo2", None)
    bench.clock.advance(DAY)

    await ends(bench, "veo2", None)

    assert bench.provider.unavailable == {"veo2"}
    assert len(bench.api.submissions) == 2
    assert len(bench.posts.operator) == 1


async def test_a_probe_that_ends_for_its_own_reason_lets_the_next_one_try(bench: Bench) -> None:
    bench.api.refused_models = {"veo2"}
    await ends(bench, "veo2", None)
    bench.api.refused_models.clear()
    bench.clock.advance(DAY)

    assert await ends(bench, "veo2", "forbidden") is Reason.MODERATED

    assert bench.provider.unavailable == frozenset()
    assert await ends(bench, "veo2", None) is None


async def test_a_probe_that_has_to_wait_keeps_its_turn(bench: Bench) -> None:
    bench.api.refused_models = {"veo2"}
    await ends(bench, "veo2", None)
    bench.api.refused_models.clear()
    bench.clock.advance(DAY)
    bench.api.faults.append(Fault(RateLimited("later", retry_after=timedelta(seconds=3))))
    job = await bench.ask(model="veo2")

    await bench.pass_time(20)

    assert (await bench.job(job)).state is JobState.RUNNING


async def test_a_1080p_version_says_nothing_of_its_model(bench: Bench) -> None:
    await ends(bench, "veo2", None)
    (source,) = await bench.store.requests.history(1, 1)
    bench.api.refused_models = {"veo2"}
    upscale = await bench.record(new_upscale(source))
    bench.workshop.changed()
    await bench.settle()

    assert (await bench.job(upscale)).reason is Reason.UPSCALE_REFUSED
    assert bench.provider.unavailable == frozenset()


async def test_what_is_remembered_can_be_read_beside_the_bot(bench: Bench, tmp_path: Path) -> None:
    bench.api.refused_models = {"veo2"}
    await ends(bench, "veo2", None)

    (trouble,) = read_troubles(tmp_path / "bot.sqlite3")

    assert trouble == ModelTrouble("veo2", 1, START, START + timedelta(days=1), START)


def test_an_uncertain_failure_after_doubt_keeps_it_hidden() -> None:
    known = after_failure(None, "veo3", START, certain=True)

    later = after_failure(known, "veo3", START + timedelta(days=1), certain=False)

    assert (later.doubtful_at, later.retry_at) == (START, START + timedelta(days=2))


async def test_check_names_the_models_that_people_cannot_choose(bench: Bench, tmp_path: Path) -> None:
    bench.api.refused_models = {"veo2"}
    await ends(bench, "veo2", None)
    await ends(bench, "veo3", "api_error", GONE)

    (line,) = doubted_models(tmp_path / "bot.sqlite3")

    assert line.startswith("model veo2: the provider has not offered it since 2026-10-20, people cannot choose it;")
    assert line.endswith(" one video tries it again from 2026-10-21 12:00 UTC on")
    assert doubted_models(tmp_path / "nothing.sqlite3") == []


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no database" * 100)

    with pytest.raises(StorageError, match="cannot be read"):
        doubted_models(broken)

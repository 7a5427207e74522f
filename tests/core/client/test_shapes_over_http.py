"""Whatever shape the provider's records have, a look, a batch and a listing show the same task."""

from __future__ import annotations

import logging

import pytest

from sandbox.veo import Form, Links, Pending, Shape, StandInVeo
from tests.core.client.calls import POSTED, Clock
from tests.core.values import NOW
from veo_core.domain.submissions import TaskReport, TaskState, Video
from veo_core.provider.client import VeoClient

SPELLED = frozenset({"response", "data", "error", "cost", "request"})
FINISHED = {
    "unified": Shape(form=Form.UNIFIED),
    "flat": Shape(form=Form.FLAT),
    "flat with an error beside": Shape(form=Form.FLAT, error_beside={"code": "api_error", "message": "x"}),
    "status instead of state": Shape(state="done", state_key="status"),
    "a word beside data": Shape(state=None, response_state="completed"),
    "text at every level": Shape(as_text=SPELLED, error_beside={}),
    "an error with a code beside": Shape(error_beside={"code": "api_error", "message": "x"}),
    "an empty list of errors": Shape(error_beside=[]),
    "an empty error without a word": Shape(error_beside="", state=None),
    "the second result failed": Shape(items_after=({"id": "b", "state": "failed"},)),
    "the first result failed": Shape(items_before=({"id": "a", "state": "failed"},)),
    "a failed twin": Shape(failed_twin=True),
    **{f"links: {links.value}": Shape(links=links) for links in Links},
}
RUNNING = {pending.value: Shape(pending=pending) for pending in Pending}


async def looks(client: VeoClient, task_id: str) -> list[TaskReport]:
    one = await client.fetch_one(task_id)
    batch = await client.fetch([task_id])
    listing = await client.find(NOW)
    return [report for report in (one, batch.get(task_id), *listing) if report is not None]


@pytest.mark.parametrize("name", FINISHED)
async def test_a_finished_video_is_one_in_every_shape(
    client: VeoClient, veo: StandInVeo, clock: Clock, name: str
) -> None:
    task = veo.plant(POSTED)
    veo.reshape(task.task_id, FINISHED[name])
    before = await looks(client, task.task_id)
    clock.seconds += 91

    after = await looks(client, task.task_id)

    assert [report.state for report in before] == [TaskState.PENDING] * 3
    assert [report.state for report in after] == [TaskState.SUCCEEDED] * 3
    assert {report.video.video_url for report in after if report.video} == {veo.video_url(task.task_id)}
    assert {report.cost for report in after} == {720}


@pytest.mark.parametrize("name", RUNNING)
async def test_an_unfinished_task_is_none_in_every_shape(client: VeoClient, veo: StandInVeo, name: str) -> None:
    task = veo.plant(POSTED)
    veo.reshape(task.task_id, RUNNING[name])

    assert [(report.state, report.video) for report in await looks(client, task.task_id)] == [
        (TaskState.PENDING, None)
    ] * 3


@pytest.mark.parametrize("form", list(Form))
async def test_a_failed_task_is_told_from_an_outage_in_every_form(
    client: VeoClient, veo: StandInVeo, form: Form
) -> None:
    task = veo.plant(POSTED)
    veo.reshape(task.task_id, Shape(form=form))
    veo.fail(task.task_id, "api_error", "upstream said no")

    assert [(report.state, report.error_code, report.settled) for report in await looks(client, task.task_id)] == [
        (TaskState.FAILED, "api_error", True)
    ] * 3


async def test_an_end_comes_first_and_its_link_later(client: VeoClient, veo: StandInVeo, clock: Clock) -> None:
    task = veo.plant(POSTED)
    veo.reshape(task.task_id, Shape(url_after=10))
    clock.seconds += 91
    early = await client.fetch_one(task.task_id)
    clock.seconds += 10

    late = await client.fetch_one(task.task_id)

    assert early is not None
    assert late is not None
    assert (early.state, early.settled) == (TaskState.FAILED, False)
    assert late.video == Video(veo.video_url(task.task_id), task.video_id)


async def test_each_kind_of_oddity_is_said_once_however_often_it_is_seen(
    client: VeoClient, veo: StandInVeo, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    veo.switches.shape = Shape(error_beside=[], failed_twin=True)
    tasks = [veo.plant(POSTED).task_id for _ in range(5)]
    clock.seconds += 91

    for _ in range(3):
        await client.fetch(tasks)

    said = [vars(record)["oddity"] for record in caplog.records if "odd way" in record.getMessage()]
    assert sorted(said) == ["an error stood beside a finished video", "one task had two records"]
    assert not any("SECRET" in str(vars(record)) for record in caplog.records)

"""The auditor of the process tests: holds the database against what Discord and the provider really saw."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.discord import Message
from sandbox.veo import Outcome
from tests.process.house import ACCEPTED, House, Row, carried_job

_STATUS_MARK = re.compile(r"· #(\d+) ·")
_USED = re.compile(r"\*\*(Videos|1080p versions)\*\*: (\d+) of")
_KINDS = {"Videos": "create", "1080p versions": "upscale"}
_REFUNDED = frozenset({"failed", "expired", "rejected", "cancelled"})
_TAKEN = frozenset({Outcome.ACCEPTED, Outcome.LOST})
# Bodies that Discord's own rules forbid: a bug of ours, whatever the test injects.
_OUR_FAULT = frozenset({50035, 50006, 50109, 40060})


async def audit(house: House, *job_ids: int) -> list[str]:
    """Everything that is wrong in the books of these jobs (all, without any); the bot has to be running."""
    rows = {job_id: row for job_id, row in house.jobs().items() if not job_ids or job_id in job_ids}
    found = [problem for row in rows.values() for problem in _posted(house, row)]
    found += _promised(house)
    found += _submitted(house)
    found += _formed(house)
    found += [f"a temporary file is left: {path.name}" for path in house.scratch.iterdir()]
    for user_id in {row["user_id"] for row in rows.values()}:
        found += await _counted(house, user_id)
    return found


def _posted(house: House, row: Row) -> Iterator[str]:
    job_id = row["job_id"]
    carriers, lines = house.carriers(job_id), status_lines(house, job_id)
    expected = [row["message_id"]] if row["delivered_at"] else []
    if not row["ended_at"]:
        yield f"#{job_id} has not ended: {row['state']}"
    if not (row["delivered_at"] or row["kept_at"] or row["state"] in {"cancelled", "rejected"}):
        yield f"#{job_id} is neither delivered nor kept"
    if [one.id for one in carriers] != expected:
        yield f"#{job_id} has {len(carriers)} results, {len(expected)} in the books"
    if [one.id for one in lines] != ([row["status_message_id"]] if row["status_message_id"] else []):
        yield f"#{job_id} has {len(lines)} status lines: {[one.content for one in lines]}"
    for one in carriers:
        if bool(one.embeds) != (row["state"] in _REFUNDED):
            yield f"#{job_id} is {row['state']}, but its message says something else: {one.text}"
        if one.pinged != {row["user_id"]}:
            yield f"#{job_id} mentions {one.pinged}"


def status_lines(house: House, job_id: int) -> list[Message]:
    """Every status line ever posted for a job."""
    return [
        one
        for one in house.discord.world.messages.values()
        if not one.ephemeral and carried_job(one) is None and str(job_id) in _STATUS_MARK.findall(one.content)
    ]


def _promised(house: House) -> Iterator[str]:
    """Whatever a person was told exists on disk."""
    rows = house.jobs()
    for asked in house.discord.world.interactions.values():
        for answer in asked.answers:
            for number in ACCEPTED.findall(answer.content):
                if rows.get(int(number), {}).get("user_id") is None:
                    yield f"#{number} was promised and is not there"


def _submitted(house: House) -> Iterator[str]:
    """Each task belongs to exactly one job, so no job was submitted twice."""
    rows = house.jobs().values()
    owners = [row["task_id"] for row in rows]
    searched_for = {row["prompt"] for row in rows if row["state"] == "submitting"}
    for one in house.veo.submissions:
        taken = one.outcome in _TAKEN and one.payload.get("prompt") not in searched_for
        if taken and owners.count(one.task_id) != 1:
            yield f"task {one.task_id} has {owners.count(one.task_id)} owners: {dict(one.payload)}"


def _formed(house: House) -> Iterator[str]:
    yield from (f"Discord refused a body: {one}" for one in house.discord.traffic.refused if one.code in _OUR_FAULT)
    yield from house.discord.traffic.schema_errors


async def _counted(house: House, user_id: int) -> list[str]:
    """The quota that the person is shown is that of the jobs that count."""
    told = await house.told(user_id, "veo quota")
    rows = [row for row in house.jobs().values() if row["user_id"] == user_id and row["state"] not in _REFUNDED]
    counts = {name: sum(row["kind"] == kind for row in rows) for name, kind in _KINDS.items()}
    shown = {name: int(used) for name, used in _USED.findall(told)}
    return [] if shown == counts else [f"user {user_id} is shown {shown}, the jobs say {counts}"]

"""What the provider can do to a submission, a task and a file: one POST a job, the video or a refund that is said.

Whatever concerns one job alone is played at once in one evening; every test then looks at one of the scenes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from math import inf

import pytest
import pytest_asyncio

from sandbox.discord import Message
from sandbox.veo import (
    Answer,
    CutShort,
    Endless,
    FailTask,
    Fault,
    Hang,
    IgnoreAsync,
    Invisible,
    Partial,
    Redirect,
    Reset,
    Route,
    Rule,
    Shape,
    Shaped,
    WrongBytes,
    cut_off_answer,
    error_answer,
    html_answer,
    rate_limited,
)
from tests.process.books import audit, status_lines
from tests.process.house import House, Row, gathered, open_house

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]

MEBIBYTE = 1024 * 1024
NOT_FOUND = Answer(404, "<html>404</html>", "text/html")
SLOW_AFTER = 2.5
PROBE_INTERVAL = 0.5

# The task exists, its answer never arrives.
LOST: dict[str, Fault] = {
    "a reset after accepting": Reset(after=True),
    "a silence after accepting": Hang(60, after=True),
    "a page of a proxy after accepting": html_answer(502, after=True),
    "a 504 after accepting": error_answer("timeout", after=True),
    "a 500 after accepting": error_answer("api_error", after=True),
    "an answer cut off after accepting": cut_off_answer(200, after=True),
}
# Nothing exists, and nobody can know.
NEVER_THERE: dict[str, Fault] = {
    "a reset before accepting": Reset(),
    "a page instead of accepting": html_answer(502),
    "a 500 instead of accepting": error_answer("api_error"),
}
REFUSED: dict[str, Fault] = {
    "a moderated prompt": error_answer("forbidden"),
    "a moderated task": FailTask("forbidden"),
    "a failing task": FailTask("api_error", "upstream SECRET detail"),
    "a task without a video": Shaped(Shape(with_url=False)),
    "a task that never shows": Invisible(inf),
}
LATE: dict[str, Fault] = {
    "a task unknown at first": Invisible(1.0),
    "a held connection": IgnoreAsync(),
    "an object for a list": Shaped(Shape(data_as_object=True, uuid_video_id=True, iso_times=True, state="completed")),
}
MEDIA: dict[str, tuple[Fault, int | None]] = {
    "a file that comes late": (NOT_FOUND, 2),
    "a page instead of the file": (WrongBytes(b"<html>sign in</html>"), 1),
    "a file cut in the middle": (CutShort(), 2),
    "a file host that hangs up": (Reset(), 2),
    "half a file as if it were all": (Partial(), 2),
    "32 bytes of a file": (Partial(32), 2),
}
LINKED: dict[str, Fault] = {
    "a file from elsewhere": Redirect(""),
    "a file without an end": Endless(12 * MEBIBYTE),
}
GONE: dict[str, Fault] = {
    "a file that is gone": NOT_FOUND,
    "a file that stays a page": WrongBytes(b"<html>sign in</html>"),
    "a file always cut": CutShort(),
    "a file that stays a half": Partial(),
    "a file without a byte": WrongBytes(b""),
}


@dataclass
class Scene:
    """One person and one video."""

    house: House
    name: str
    person: int
    job_id: int = 0
    rules: list[Rule] = field(default_factory=list[Rule])

    @property
    def prompt(self) -> str:
        return f"video of {self.name}"

    async def played(self) -> tuple[Row, Message]:
        """The job once it is over, its books checked: one POST, one message."""
        jobs = await self.house.settled(self.job_id)
        assert all(rule.used for rule in self.rules), "the fault never struck"
        assert await audit(self.house, self.job_id) == []
        assert self.house.posts(self.prompt) == 1
        (message,) = self.house.carriers(self.job_id)
        return jobs[self.job_id], message


async def invite(house: House, name: str, *faults: Fault) -> Scene:
    """Spoil the submission of one person, who then asks."""
    scene = Scene(house, name, house.person(name))
    if faults:
        rule = house.veo.faults.add(
            Route.VIDEOS, *faults, times=None, when=lambda body: body.get("prompt") == scene.prompt
        )
        scene.rules.append(rule)
    scene.job_id = await house.order(scene.person, scene.prompt)
    return scene


async def invite_for_a_file(house: House, name: str, fault: Fault, times: int | None) -> Scene:
    """Spoil the download of one person's video, which the test finishes by hand."""
    scene = await invite(house, name)
    task_id = await house.until(lambda: house.jobs()[scene.job_id]["task_id"], "running")
    rule = house.veo.faults.add(
        Route.MEDIA, elsewhere(house, task_id, fault), times=times, when=lambda body: body["task_id"] == task_id
    )
    scene.rules.append(rule)
    house.veo.finish(task_id)
    return scene


def elsewhere(house: House, task_id: str, fault: Fault) -> Fault:
    """A redirect leads to the very same file under a host name that is not configured."""
    url = house.veo.video_url(task_id).replace("127.0.0.1", "localhost")
    return Redirect(url) if isinstance(fault, Redirect) else fault


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(
        tmp_path_factory.mktemp("provider"), {"veo": {"slow_after": SLOW_AFTER, "probe_interval": PROBE_INTERVAL}}
    ) as furnished:
        await furnished.start()
        yield furnished


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening(house: House) -> dict[str, Scene]:
    """Everything that concerns one job alone, at once."""
    veo = house.veo
    veo.switches.delay = SLOW_AFTER + 1.5
    held = await gathered(invite(house, "a late task"), invite(house, "a long held connection", IgnoreAsync()))
    await house.until(lambda: len(veo.tasks) == len(held), "held")
    veo.switches.delay = 0.3
    told = await gathered(
        *(invite(house, name, fault) for name, fault in (LOST | NEVER_THERE | REFUSED | LATE).items())
    )
    await house.until(lambda: len(veo.submissions) >= len(held) + len(told), "sent")
    veo.switches.delay = inf
    files = await gathered(
        *(invite_for_a_file(house, name, fault, times) for name, (fault, times) in MEDIA.items()),
        *(invite_for_a_file(house, name, fault, None) for name, fault in LINKED.items()),
    )
    veo.switches.delay = 0.3
    return {scene.name: scene for scene in (*held, *told, *files)}


@pytest.mark.parametrize("name", LOST)
async def test_a_lost_answer_is_found_at_the_provider_and_never_sent_again(
    evening: dict[str, Scene], name: str
) -> None:
    row, message = await evening[name].played()

    assert row["state"] == "succeeded"
    assert len(message.attachments) == 1


@pytest.mark.parametrize("name", NEVER_THERE)
async def test_a_submission_that_left_nothing_is_refunded_and_said_after_one_post(
    evening: dict[str, Scene], name: str
) -> None:
    row, message = await evening[name].played()

    assert (row["state"], row["reason"]) == ("failed", "lost")
    assert "It does not count" in message.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a moderated prompt", "moderated"),
        ("a moderated task", "moderated"),
        ("a failing task", "provider_failed"),
        ("a task without a video", "no_output"),
        ("a task that never shows", "lost"),
    ],
)
async def test_a_task_that_brings_nothing_is_refunded_in_our_words(
    evening: dict[str, Scene], name: str, reason: str
) -> None:
    row, message = await evening[name].played()

    assert (row["state"], row["reason"]) == ("failed", reason)
    assert "SECRET" not in message.text
    assert message.attachments == []


@pytest.mark.parametrize("name", [*LATE, *MEDIA, "a long held connection"])
async def test_what_only_takes_longer_is_delivered_whole(evening: dict[str, Scene], name: str) -> None:
    scene = evening[name]

    row, message = await scene.played()

    assert row["state"] == "succeeded"
    assert [one.data for one in message.attachments] == [await scene.house.veo.media_bytes(row["task_id"])]


async def test_a_late_task_is_said_to_be_slow_and_then_delivered(evening: dict[str, Scene]) -> None:
    scene = evening["a late task"]

    _, message = await scene.played()

    (line,) = status_lines(scene.house, scene.job_id)
    assert any("slower than usual" in one.content for one in line.revisions)
    assert len(message.attachments) == 1


@pytest.mark.parametrize("name", LINKED)
async def test_a_file_that_may_not_be_attached_goes_as_a_link(evening: dict[str, Scene], name: str) -> None:
    scene = evening[name]

    row, message = await scene.played()

    hits = [hit.status for hit in scene.house.veo.media_hits if hit.task_id == row["task_id"]]
    assert message.attachments == []
    assert scene.house.veo.video_url(row["task_id"]) in message.content
    assert hits == [302 if name == "a file from elsewhere" else 200]


@pytest.mark.slow
async def test_a_file_that_stays_broken_is_given_back_and_a_dead_link_is_never_posted(house: House) -> None:
    house.veo.switches.delay = inf
    scenes = await gathered(*(invite_for_a_file(house, name, fault, None) for name, fault in GONE.items()))
    house.veo.switches.delay = 0.3

    for scene in scenes:
        row, message = await scene.played()
        link = house.veo.video_url(row["task_id"])
        works = scene.name == "a file always cut"
        assert message.attachments == []
        assert (link in message.content) is works
        assert (row["state"], row["reason"]) == (("succeeded", None) if works else ("failed", "video_gone"))
        assert row["counts"] == works


async def test_two_identical_requests_with_lost_answers_stay_two_videos_of_two_people(house: House) -> None:
    house.veo.faults.add(Route.VIDEOS, Reset(after=True), times=2, when=lambda body: body.get("prompt") == "twins")
    anna, ben = house.person("anna"), house.person("ben")

    both = await gathered(house.order(anna, "twins"), house.order(ben, "twins"))
    jobs = await house.settled(*both)

    assert [jobs[job_id]["state"] for job_id in both] == ["succeeded", "succeeded"]
    assert jobs[both[0]]["task_id"] != jobs[both[1]]["task_id"]
    assert house.posts("twins") == 2
    assert await audit(house, *both) == []


async def test_a_429_is_waited_out_as_long_as_the_provider_says(house: House) -> None:
    house.veo.faults.add(
        Route.VIDEOS, rate_limited("1"), times=1, when=lambda body: body.get("prompt") == "a polite video"
    )

    job_id = await house.order(house.person("anna"), "a polite video")
    await house.settled(job_id)

    first, second = (one.at for one in house.veo.submissions if one.payload.get("prompt") == "a polite video")
    assert second - first >= 1.0
    assert await audit(house, job_id) == []


async def test_429s_without_a_time_are_backed_off_while_the_job_stays_queued(house: House) -> None:
    house.veo.faults.add(
        Route.VIDEOS, rate_limited(), times=3, when=lambda body: body.get("prompt") == "a patient video"
    )

    job_id = await house.order(house.person("anna"), "a patient video")
    await house.settled(job_id)

    times = [one.at for one in house.veo.submissions if one.payload.get("prompt") == "a patient video"]
    assert len(times) == 4
    assert times[3] - times[2] > times[1] - times[0]
    assert await audit(house, job_id) == []


async def test_an_empty_balance_pauses_everybody_tells_the_operator_once_and_resumes_by_itself(house: House) -> None:
    anna, ben, owner = house.person("anna"), house.person("ben"), house.discord.world.owner_id
    house.veo.switches.delay = inf
    running = await house.order(anna, "already running")
    task_id = await house.until(lambda: house.jobs()[running]["task_id"], "running")
    told_before, sent_before = len(house.discord.dms(owner)), len(house.veo.submissions)

    began = asyncio.get_running_loop().time()
    house.veo.switches.refuse_submissions = "used_up"
    house.veo.switches.delay = 0.3
    first = await house.order(anna, "when the money is gone")
    await house.discord.wait_until(lambda: len(house.discord.dms(owner)) > told_before)
    second = await house.order(ben, "when the money is still gone")
    house.veo.finish(task_id)
    await house.settled(running)
    await house.until(lambda: len(house.veo.submissions) >= sent_before + 2, "a probe")
    status = await house.told(ben, "veo status")
    passed, probes = asyncio.get_running_loop().time() - began, len(house.veo.submissions) - sent_before
    lines = [line.content for job_id in (first, second) for line in status_lines(house, job_id)]
    notices = len(house.discord.dms(owner)) - told_before
    house.veo.switches.refuse_submissions = None
    await house.settled(first, second)

    assert notices == 1
    assert "paused by the operator" in status
    assert all("paused by the operator" in line for line in lines)
    assert "balance" not in status
    assert probes <= passed / PROBE_INTERVAL + 1
    assert await audit(house, running, first, second) == []


async def test_an_outage_costs_one_attempt_an_interval_and_two_lines_in_the_log(house: House) -> None:
    house.veo.switches.delay = inf
    jobs = await gathered(*(house.order(house.person(f"p{n}"), f"outage {n}") for n in range(4)))
    await house.until(lambda: all(house.jobs()[job_id]["task_id"] for job_id in jobs), "running")
    known = house.log.count("cannot be reached"), house.log.count("answers again")

    outage = house.veo.faults.add(Route.TASKS, html_answer(502), times=None)
    await house.until(lambda: outage.used >= 1, "down")
    began, asked = asyncio.get_running_loop().time(), len(house.veo.requests)
    queued = await house.order(house.person("late"), "asked in the outage")
    await asyncio.sleep(1.5)
    passed, tries = asyncio.get_running_loop().time() - began, len(house.veo.requests) - asked
    posts = house.posts("asked in the outage")
    outage.cancel()
    house.veo.switches.delay = 0.3
    for job_id in jobs:
        house.veo.finish(house.jobs()[job_id]["task_id"])
    await house.settled(*jobs)
    await house.until(lambda: house.jobs()[queued]["task_id"], "sent after the outage")
    await house.settled(queued)

    assert 2 <= tries <= passed / 0.1 + 2
    assert posts == 0
    assert house.log.count("cannot be reached") == known[0] + 1
    assert house.log.count("answers again") == known[1] + 1
    assert await audit(house, *jobs, queued) == []


async def test_none_of_this_was_unforeseen(house: House, evening: dict[str, Scene]) -> None:
    await house.settled()

    assert "Traceback" not in house.log
    assert await audit(house) == []

"""What one look at a running job leads to, and how a task with a lost answer is recognised."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.values import NOW, job
from veo_core.domain.jobs import JobKind
from veo_core.domain.oddities import Oddity
from veo_core.domain.polling import (
    Decision,
    Fail,
    Reschedule,
    Succeed,
    after_poll,
    failure_reason,
    find_task,
    next_action,
)
from veo_core.domain.submissions import Submission, TaskReport, TaskState, Video
from veo_core.domain.timing import Timing
from veo_core.errors import Rejected
from veo_core.reasons import Reason

PACE = Timing()
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
VIDEO = Video("https://platform.cdn.acedata.cloud/veo/a.mp4", "253eedc4")
PENDING = TaskReport("task-12", TaskState.PENDING)
LONG = timedelta(hours=5)


def looked(
    report: TaskReport | None,
    *,
    age: timedelta = MINUTE,
    watched: timedelta = LONG,
    ends_seen: int = 1,
    **changes: Any,
) -> Decision:
    """The decision about a job that has been running for `age`."""
    return after_poll(job(**changes), report, now=NOW + age, pace=PACE, watched=watched, ends_seen=ends_seen)


def ending(decision: Decision) -> tuple[Reason, bool] | None:
    return (decision.reason, decision.expired) if isinstance(decision, Fail) else None


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("age", [SECOND, 4 * DAY])
def test_an_end_without_a_result_is_looked_at_twice_more_and_then_believed(slow: bool, age: timedelta) -> None:
    nothing = TaskReport("task-12", TaskState.FAILED, settled=False)

    decisions = [looked(nothing, age=age, ends_seen=count, slow=slow) for count in (1, 2, 3)]

    again = Reschedule(NOW + age + PACE.poll_interval, slow=slow, seen=True)
    assert decisions == [again, again, Fail(Reason.NO_OUTPUT)]


def test_a_link_that_nobody_called_finished_is_better_than_giving_up() -> None:
    doubtful = replace(PENDING, candidate=VIDEO)

    assert isinstance(looked(doubtful, age=MINUTE), Reschedule)
    assert looked(doubtful, age=PACE.give_up_after) == Succeed(VIDEO)


def test_a_record_that_is_too_large_goes_to_the_slow_lane_at_once_and_ends_with_time() -> None:
    unread = replace(PENDING, oddities=frozenset({Oddity.RECORD_TOO_LARGE}))

    assert looked(unread) == Reschedule(NOW + MINUTE + PACE.slow_interval, slow=True, seen=True)
    assert ending(looked(unread, age=PACE.give_up_after)) == (Reason.EXPIRED, True)


@pytest.mark.parametrize("age", [SECOND, MINUTE, 4 * DAY, -DAY])
def test_a_video_is_taken_however_late_it_comes(age: timedelta) -> None:
    report = TaskReport("task-12", TaskState.SUCCEEDED, VIDEO, trace_id="trace")

    decision = looked(report, age=age)

    assert isinstance(decision, Succeed)
    assert decision.video == VIDEO


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("forbidden", "refused", Reason.MODERATED),
        ("content_policy_violation", "", Reason.MODERATED),
        ("moderation_blocked", "", Reason.MODERATED),
        ("", "", Reason.NO_OUTPUT),
        ("api_error", "Internal server error.", Reason.PROVIDER_FAILED),
        ("bad_request", "", Reason.PROVIDER_FAILED),
        ("", "something went wrong", Reason.PROVIDER_FAILED),
    ],
)
def test_a_failed_task_ends_its_job_with_the_reason_in_our_words(code: str, message: str, reason: Reason) -> None:
    report = TaskReport("task-12", TaskState.FAILED, error_code=code, error_message=message)

    assert failure_reason(report) is reason
    assert ending(looked(report)) == (reason, False)


def test_a_running_task_is_looked_at_again_after_an_interval() -> None:
    assert looked(PENDING) == Reschedule(NOW + MINUTE + PACE.poll_interval, slow=False, seen=True)


def test_after_the_normal_window_it_is_slow_and_looked_at_more_seldom() -> None:
    decision = looked(PENDING, age=PACE.slow_after)

    assert decision == Reschedule(NOW + PACE.slow_after + PACE.slow_interval, slow=True, seen=True)


def test_once_slow_stays_slow_though_the_clock_goes_back() -> None:
    decision = looked(PENDING, age=-DAY, slow=True)

    assert isinstance(decision, Reschedule)
    assert decision.slow


def test_after_hours_of_watching_it_expires() -> None:
    assert ending(looked(PENDING, age=PACE.give_up_after)) == (Reason.EXPIRED, True)


@pytest.mark.parametrize("report", [PENDING, None])
def test_a_downtime_of_days_expires_nothing_before_it_was_watched_again(report: TaskReport | None) -> None:
    decision = looked(report, age=3 * DAY, watched=timedelta(0), seen_at=NOW)

    assert isinstance(decision, Reschedule)


@pytest.mark.parametrize(
    ("age", "watched", "seen_before", "lost"),
    [
        (PACE.unknown_grace - SECOND, LONG, False, False),
        (PACE.unknown_grace, LONG, False, True),
        (LONG, PACE.unknown_grace - SECOND, False, False),
        (LONG / 2, PACE.unknown_grace, False, True),
        (PACE.unknown_grace, LONG, True, False),
    ],
)
def test_an_unknown_task_is_lost_only_after_a_grace_that_was_watched(
    age: timedelta, watched: timedelta, seen_before: bool, lost: bool
) -> None:
    decision = looked(None, age=age, watched=watched, seen_at=NOW if seen_before else None)

    assert (ending(decision) == (Reason.LOST, False)) is lost
    assert isinstance(decision, Reschedule) is not lost


@given(
    st.sampled_from([PENDING, None]),
    st.timedeltas(-2 * DAY, 4 * DAY),
    st.timedeltas(timedelta(0), 4 * DAY),
    st.booleans(),
    st.booleans(),
)
def test_the_next_look_is_always_ahead_and_never_further_than_the_slow_interval(
    report: TaskReport | None, age: timedelta, watched: timedelta, slow: bool, seen: bool
) -> None:
    decision = looked(report, age=age, watched=watched, slow=slow, seen_at=NOW if seen else None)

    if isinstance(decision, Reschedule):
        assert NOW + age < decision.due_at <= NOW + age + PACE.slow_interval
        assert decision.seen is (report is not None)
    else:
        assert watched >= PACE.unknown_grace


WANTED = job().submission
LISTED = TaskReport("task-99", TaskState.PENDING, submission=WANTED)


def test_the_task_with_the_same_request_is_found() -> None:
    other = TaskReport("task-98", TaskState.PENDING, submission=replace(WANTED, prompt="Another"))

    assert find_task(job(), [other, LISTED], ()) is LISTED


def test_a_task_that_another_job_owns_is_left_to_it() -> None:
    assert find_task(job(), [LISTED], {"task-99"}) is None


def test_of_two_equal_tasks_the_free_one_is_taken() -> None:
    second = replace(LISTED, task_id="task-100")

    assert find_task(job(), [LISTED, second], {"task-99"}) is second


@pytest.mark.parametrize(
    "report",
    [replace(LISTED, task_id=None), replace(LISTED, submission=None)],
    ids=["no id", "no request"],
)
def test_a_record_without_id_or_request_is_nobodys(report: TaskReport) -> None:
    assert find_task(job(), [report], ()) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "A lighthouse in a storm."},
        {"model": "veo3-fast"},
        {"image_urls": ("https://cdn.discordapp.com/a.png",)},
        {"aspect_ratio": "9:16"},
        {"resolution": "1080p"},
        {"translate": True},
        {"video_id": "253eedc4"},
    ],
)
def test_a_task_that_differs_in_one_thing_is_another_request(changes: dict[str, Any]) -> None:
    report = replace(LISTED, submission=replace(WANTED, **changes))

    assert find_task(job(), [report], ()) is None


def test_the_order_of_the_frames_is_part_of_the_request() -> None:
    first, last = "https://cdn.discordapp.com/a.png", "https://cdn.discordapp.com/b.png"
    turned = replace(LISTED, submission=replace(WANTED, action="image2video", image_urls=(last, first)))

    assert find_task(job(action="image2video", image_urls=(first, last)), [turned], ()) is None


def test_a_record_that_leaves_the_default_ratio_out_is_recognised() -> None:
    report = replace(LISTED, submission=replace(WANTED, aspect_ratio=None))

    assert find_task(job(), [report], ()) is report


def test_an_upscale_is_recognised_by_the_videos_id_alone() -> None:
    upscale = job(kind=JobKind.UPSCALE, action="get1080p", resolution="1080p", source_video_id="253eedc4")
    report = replace(LISTED, submission=Submission("get1080p", "veo3", video_id="253eedc4"))

    assert find_task(upscale, [LISTED, report], ()) is report


def rejected(message: str = "action is invalid.", status: int = 400, code: str = "bad_request") -> Rejected:
    return Rejected(message, reason=Reason.PROVIDER_REFUSED, status=status, code=code)


FUSION = ("ingredients2video", "image2video")


@pytest.mark.parametrize(
    "refusal",
    [
        rejected(),
        rejected(code=""),
        rejected("action ingredients2video is not supported", code=""),
        rejected("'ingredients2video' is not one of ['text2video', 'image2video']", code="validation_error"),
    ],
    ids=str,
)
def test_the_next_action_is_tried_when_the_action_itself_was_refused(refusal: Rejected) -> None:
    assert next_action(FUSION, "ingredients2video", refusal, "A lighthouse") == "image2video"


@pytest.mark.parametrize(
    ("actions", "tried", "refusal"),
    [
        (FUSION, "image2video", rejected()),
        (("image2video",), "image2video", rejected()),
        (FUSION, "text2video", rejected()),
        (FUSION, "ingredients2video", rejected("model is invalid.")),
        (FUSION, "ingredients2video", rejected(status=403)),
        (FUSION, "ingredients2video", rejected(status=404)),
    ],
)
def test_another_refusal_or_the_last_action_ends_the_trying(
    actions: tuple[str, ...], tried: str, refusal: Rejected
) -> None:
    assert next_action(actions, tried, refusal, "A lighthouse") is None


def test_the_newest_of_several_matching_tasks_is_the_one_that_was_lost() -> None:
    lost = job()
    old, new, unknown = (
        TaskReport(name, TaskState.PENDING, submission=lost.submission, created_at=created_at)
        for name, created_at in (("old", NOW - timedelta(minutes=30)), ("new", NOW), ("unknown", None))
    )

    assert find_task(lost, [new, old, unknown], set()) is new
    assert find_task(lost, [old], set(), NOW - timedelta(minutes=1)) is None
    assert find_task(lost, [old, unknown], set(), NOW - timedelta(minutes=1)) is unknown
    assert find_task(lost, [old], set()) is old


def test_words_of_the_prompt_refuse_no_action() -> None:
    prompt = "an action is invalid, says the clerk"

    refusal = rejected(f"prompt '{prompt}' cannot be used")

    assert next_action(FUSION, "ingredients2video", refusal, prompt) is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("unsupported model", Reason.UPSCALE_REFUSED),
        ("prompt is too long", Reason.UPSCALE_REFUSED),
        ("this violates our content policy", Reason.MODERATED),
        ("GPU 17 melted", Reason.PROVIDER_FAILED),
    ],
)
def test_a_failed_1080p_version_blames_no_prompt_and_no_model(message: str, reason: Reason) -> None:
    report = TaskReport("task-12", TaskState.FAILED, error_code="api_error", error_message=message)

    decision = after_poll(job(kind=JobKind.UPSCALE), report, now=NOW, pace=Timing(), watched=timedelta(0))

    assert decision == Fail(reason)

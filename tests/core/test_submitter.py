"""From queued to running: one POST a job, whatever the provider answers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.core.bench import PACE, Bench, connection_of, counts, new_job
from tests.core.fakes import START, Clock, Fault
from veo_core.domain.jobs import Job, JobState
from veo_core.domain.quota import Limits
from veo_core.domain.timing import Timing
from veo_core.errors import (
    AccountProblem,
    AnswerLost,
    Proof,
    ProviderError,
    RateLimited,
    Rejected,
    Unreachable,
)
from veo_core.reasons import Reason
from veo_core.store import Store

INGREDIENTS = "veo31-fast-ingredients"
PICTURE = ("https://cdn.discordapp.com/1.png",)


async def test_a_job_is_sent_once_and_looked_at_after_the_models_shortest_time(bench: Bench) -> None:
    job = await bench.ask(prompt="a dog")

    await bench.settle()

    sent = await bench.job(job)
    assert [submission.prompt for submission in bench.api.submissions] == ["a dog"]
    assert (sent.state, sent.task_id, sent.trace_id, sent.running_at) == ("running", "task-1", "trace-task-1", START)
    assert sent.due_at == START + timedelta(seconds=45)


async def test_no_more_are_in_flight_than_there_are_places(bench: Bench) -> None:
    for n in range(12):
        await bench.ask(n, f"cat {n}")
    await bench.settle()
    assert len(bench.api.tasks) == 5

    bench.api.finish("task-1", "task-2")
    await bench.pass_time(50)

    assert len(bench.api.tasks) == 7
    assert await bench.store.queue.waiting() == 5


async def test_more_than_a_person_may_run_wait_and_are_sent_as_places_free(store: Store, clock: Clock) -> None:
    bench = Bench(store, clock, limits=Limits(100, 100, 2))
    for n in range(6):
        await bench.ask(1, f"cat {n}")
    await bench.settle()
    assert len(bench.api.tasks) == 2

    for _ in range(3):
        bench.api.finish()
        await bench.pass_time(60)

    assert await counts(store) == {JobState.SUCCEEDED: 6}


async def test_those_with_fewest_running_are_sent_first(store: Store, clock: Clock) -> None:
    bench = Bench(store, clock, max_running=4)
    for user_id in (1, 1, 1, 2, 3):
        clock.advance(1)
        await bench.ask(user_id, f"of {user_id} at {clock.now():%S}")

    await bench.settle()

    assert [submission.prompt[3] for submission in bench.api.submissions] == ["1", "2", "3", "1"]


async def test_submissions_keep_their_distance(store: Store, clock: Clock) -> None:
    bench = Bench(store, clock, pace=Timing(submit_interval=timedelta(seconds=2)))
    for n in range(4):
        await bench.ask(n, f"cat {n}")

    await bench.pass_time(10)

    assert bench.api.times_of("submit") == [START + timedelta(seconds=2 * n) for n in range(4)]


async def test_an_answer_that_is_the_video_itself_is_a_success(bench: Bench) -> None:
    bench.api.holds_until_done = True
    job = await bench.ask()

    await bench.settle()

    ended = await bench.job(job)
    assert (ended.state, ended.video_id, ended.task_id) == ("succeeded", "video-task-1", "task-1")
    assert bench.posts.delivered == [job.job_id]


async def test_what_certainly_did_not_arrive_is_queued_again_and_sent_when_the_provider_is_back(bench: Bench) -> None:
    bench.api.outage = Unreachable("connection refused")
    job = await bench.ask()
    await bench.settle()
    given_back = await bench.job(job)
    assert (given_back.state, given_back.submitting_at) == ("queued", None)

    bench.api.outage = None
    await bench.pass_time(11)

    assert (await bench.job(job)).state is JobState.RUNNING
    assert len(bench.api.submissions) == 1


@pytest.mark.parametrize(("retry_after", "least", "most"), [(None, 5, 6), (60, 60, 61)])
async def test_429_backs_off_for_everybody_and_nothing_is_lost(
    bench: Bench, retry_after: float | None, least: float, most: float
) -> None:
    wait = None if retry_after is None else timedelta(seconds=retry_after)
    bench.api.faults.append(Fault(RateLimited("slow down", retry_after=wait)))
    for n in range(3):
        await bench.ask(n, f"cat {n}")

    await bench.settle()
    first = len(bench.api.submissions)
    await bench.pass_time(least - 0.1)
    assert len(bench.api.submissions) == first
    await bench.pass_time(most - least + 0.2)

    assert len(bench.api.tasks) == 3
    assert await counts(bench.store) == {JobState.RUNNING: 3}


async def test_429_again_and_again_waits_longer_each_time(bench: Bench) -> None:
    bench.api.faults.extend(Fault(RateLimited("slow down", retry_after=None)) for _ in range(5))
    await bench.ask()

    await bench.pass_time(600)

    times = bench.api.times_of("submit")
    assert [(later - at).total_seconds() for at, later in pairwise(times)] == [5, 10, 20, 40, 80]


@pytest.mark.parametrize("code", ["used_up", "invalid_token", "disabled"])
async def test_an_account_problem_pauses_everybody_and_the_operator_is_told_once(bench: Bench, code: str) -> None:
    bench.api.account_code = code
    for n in range(20):
        await bench.ask(n, f"cat {n}")

    await bench.pass_time(290)

    # All five places may have been filled before the first answer came.
    assert len(bench.api.submissions) <= 5
    assert bench.provider.is_paused
    assert await counts(bench.store) == {JobState.QUEUED: 20}
    assert len(bench.posts.operator) == 1
    assert code in bench.posts.operator[0]


async def test_while_paused_one_slow_probe_an_interval_goes_out_until_it_is_accepted(bench: Bench) -> None:
    bench.api.account_code = "used_up"
    for n in range(8):
        await bench.ask(n, f"cat {n}")
    await bench.settle()
    before = len(bench.api.submissions)

    await bench.pass_time(3 * 300 + 1)
    assert len(bench.api.submissions) - before == 3
    bench.api.account_code = None
    await bench.pass_time(301)

    assert len(bench.api.tasks) == 5
    assert not bench.provider.is_paused
    assert len(bench.posts.operator) == 2
    assert "running again" in bench.posts.operator[1]


async def test_while_paused_running_jobs_are_polled_and_delivered_and_hold_up_no_probe(bench: Bench) -> None:
    running = await bench.ask(1, "before")
    await bench.settle()
    bench.api.account_code = "used_up"
    await bench.ask(2, "after")
    await bench.pass_time(100)
    assert bench.provider.is_paused

    await bench.pass_time(250)
    assert bench.api.times_of("submit")[-1] > START + timedelta(seconds=299)
    bench.api.finish("task-1")
    await bench.pass_time(5)

    assert bench.posts.delivered == [running.job_id]


async def test_moderation_ends_the_job_and_gives_the_place_back(bench: Bench) -> None:
    bench.api.faults.append(Fault(Rejected("no", reason=Reason.MODERATED, code="forbidden", trace_id="t-9")))
    job = await bench.ask()

    await bench.settle()

    ended = await bench.job(job)
    assert (ended.state, ended.reason, ended.trace_id) == ("failed", Reason.MODERATED, "t-9")
    assert (await bench.store.requests.usage(1, job.kind, START)).used == 0
    assert bench.posts.delivered == [job.job_id]
    assert len(bench.api.submissions) == 1


async def test_the_other_action_is_tried_at_once_and_remembered(bench: Bench) -> None:
    bench.api.refused_actions = {"ingredients2video"}
    first = await bench.ask(1, "one", model=INGREDIENTS, images=PICTURE)
    await bench.settle()
    assert [s.action for s in bench.api.submissions] == ["ingredients2video", "image2video"]

    second = await bench.ask(2, "two", model=INGREDIENTS, images=PICTURE)
    await bench.settle()

    assert [s.action for s in bench.api.submissions[2:]] == ["image2video"]
    assert [(await bench.job(job)).action for job in (first, second)] == ["image2video", "image2video"]
    assert len(bench.api.tasks) == 2


async def test_a_row_whose_actions_are_all_refused_fails_the_job(bench: Bench) -> None:
    bench.api.refused_actions = {"ingredients2video", "image2video"}
    job = await bench.ask(model=INGREDIENTS, images=PICTURE)

    await bench.settle()

    assert len(bench.api.submissions) == 2
    assert (await bench.job(job)).reason is Reason.PROVIDER_REFUSED


async def test_an_action_that_worked_and_is_refused_now_is_left_for_the_other_one(bench: Bench) -> None:
    await bench.ask(1, "one", model=INGREDIENTS, images=PICTURE)
    await bench.settle()
    bench.api.refused_actions = {"ingredients2video"}
    bench.api.most_submissions = 10

    second = await bench.ask(2, "two", model=INGREDIENTS, images=PICTURE)
    await bench.settle()

    assert [s.action for s in bench.api.submissions] == ["ingredients2video", "ingredients2video", "image2video"]
    assert (await bench.job(second)).state is JobState.RUNNING


async def test_images_older_than_their_links_are_not_sent(bench: Bench) -> None:
    bench.api.account_code = "used_up"
    old = await bench.ask(1, "old", images=PICTURE)
    text = await bench.ask(2, "without images")
    await bench.settle()
    bench.clock.advance(23 * 3600 + 1)
    bench.api.account_code = None
    sent = len(bench.api.submissions)

    await bench.pass_time(1)

    ended = await bench.job(old)
    assert (ended.state, ended.reason) == ("failed", Reason.IMAGES_EXPIRED)
    assert (await bench.job(text)).state is JobState.RUNNING
    assert [s.prompt for s in bench.api.submissions[sent:]] == ["without images"]


async def test_a_late_answer_is_looked_for_beside_it_and_may_still_arrive(store: Store, clock: Clock) -> None:
    bench = Bench(store, clock, pace=Timing(patience=timedelta(0)))
    bench.api.gate.shut()
    job = await bench.ask()
    await bench.submitter.turn()
    await bench.api.gate.arrived.wait()
    await bench.woken(bench.reconciler)
    assert (await bench.job(job)).in_doubt_at == START

    await bench.reconciler.turn()
    assert (await bench.job(job)).task_id == "task-1"
    bench.api.gate.open()
    await bench.settle()

    assert (await bench.job(job)).state is JobState.RUNNING
    assert len(bench.api.submissions) == 1


async def test_an_answer_that_hangs_holds_no_place_once_its_task_is_found(store: Store, clock: Clock) -> None:
    bench = Bench(store, clock, pace=Timing(patience=timedelta(0), submit_interval=timedelta(0)), max_running=1)
    bench.api.gate.shut()
    await bench.ask(1, "hanging")
    await bench.submitter.turn()
    await bench.api.gate.arrived.wait()
    await bench.woken(bench.reconciler)
    await bench.reconciler.turn()
    bench.api.finish("task-1")
    await bench.poller.turn()

    await bench.ask(2, "next")
    await bench.submitter.turn()
    await bench.api.has_got(2)

    assert bench.api.submissions[1].prompt == "next"
    bench.api.gate.open()
    await bench.in_hand()


async def test_answers_that_hang_by_the_dozen_are_given_up_when_others_need_to_be_sent(
    store: Store, clock: Clock
) -> None:
    bench = Bench(store, clock, pace=Timing(patience=timedelta(0), submit_interval=timedelta(0)), max_running=1)
    bench.api.gate.shut()
    run = asyncio.create_task(bench.submitter.run())

    for n in range(12):
        job = await bench.ask(n, f"cat {n}")
        await bench.api.has_got(n + 1)
        while (await bench.job(job)).state is JobState.SUBMITTING:
            clock.advance(5)
            await bench.reconciler.turn()
        bench.api.finish()
        clock.advance(5)
        await bench.poller.turn()

    assert await counts(store) == {JobState.SUCCEEDED: 12}
    assert len(bench.api.submissions) == 12
    bench.api.gate.open()
    bench.submitter.stop()
    await run


async def test_a_stop_lets_answers_that_are_on_their_way_arrive(bench: Bench) -> None:
    bench.api.gate.shut()
    job = await bench.ask()
    run = asyncio.create_task(bench.submitter.run())
    await bench.api.gate.arrived.wait()

    bench.submitter.stop()
    await asyncio.sleep(0)
    assert not run.done()
    bench.api.gate.open()
    await run

    assert (await bench.job(job)).state is JobState.RUNNING


async def test_a_stop_that_cuts_an_answer_off_leaves_the_job_to_be_searched_for(store: Store, clock: Clock) -> None:
    bench = Bench(store, clock, pace=Timing(stop_grace=timedelta(0)))
    bench.api.gate.shut()
    job = await bench.ask()
    run = asyncio.create_task(bench.submitter.run())
    await bench.api.gate.arrived.wait()

    bench.submitter.stop()
    await run
    assert (await bench.job(job)).state is JobState.SUBMITTING
    bench.api.gate.open()
    await bench.restart()
    await bench.settle()

    found = await bench.job(job)
    assert (found.state, found.task_id) == ("running", "task-1")
    assert len(bench.api.submissions) == 1


async def test_after_a_stop_nothing_more_is_sent(bench: Bench) -> None:
    await bench.ask()

    bench.submitter.stop()
    await bench.submitter.run()

    assert bench.api.submissions == []
    assert await bench.store.queue.waiting() == 1


async def test_an_outage_in_the_middle_of_five_submissions_gives_all_five_back(bench: Bench) -> None:
    bench.api.outage = Unreachable("down")
    for n in range(5):
        await bench.ask(n, f"cat {n}")

    await bench.settle()

    assert await counts(bench.store) == {JobState.QUEUED: 5}
    assert bench.api.submissions == []


async def test_an_answer_that_cannot_be_written_down_is_searched_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veo_core.worker.runners.AFTER_ERROR", timedelta(0))
    await bench.settle()
    job = await bench.record(new_job())
    connection = connection_of(bench.store)
    await connection.execute(
        "CREATE TEMP TRIGGER full BEFORE UPDATE OF task_id ON jobs BEGIN SELECT raise(FAIL, 'disk full'); END"
    )
    await bench.submitter.turn()
    await bench.in_hand()
    assert (await bench.job(job)).state is JobState.SUBMITTING
    await connection.execute("DROP TRIGGER full")

    await bench.woken(bench.reconciler)
    await bench.settle()

    assert (await bench.job(job)).task_id == "task-1"
    assert len(bench.api.submissions) == 1


async def test_a_lost_answer_is_never_answered_by_a_second_post(bench: Bench) -> None:
    bench.api.faults.append(Fault(AnswerLost("reset"), accepts=False))
    job = await bench.ask()

    await bench.pass_time(PACE.search_window.total_seconds() + 60)

    assert len(bench.api.submissions) == 1
    assert (await bench.job(job)).reason is Reason.LOST


ODD = AccountProblem("odd", code="key_limit", trace_id="t-1", proof=Proof.LIKELY)
WORDS = AccountProblem("account", code="400", proof=Proof.WORDS)


async def test_an_unknown_account_answer_is_asked_again_before_everybody_is_paused(bench: Bench) -> None:
    bench.api.faults.extend([Fault(ODD), Fault(ODD)])
    job = await bench.ask()

    await bench.settle()
    assert (bench.provider.is_paused, (await bench.job(job)).state) == (False, JobState.QUEUED)
    await bench.pass_time(6)

    assert (bench.provider.is_paused, (await bench.job(job)).state) == (True, JobState.QUEUED)
    assert len(bench.posts.operator) == 1
    assert "`key_limit` (trace `t-1`)" in bench.posts.operator[0]


async def test_a_job_that_alone_provokes_an_account_answer_fails_by_itself(bench: Bench) -> None:
    bench.api.refuse_prompts["the odd one"] = WORDS
    odd = await bench.ask(1, "the odd one")
    await bench.settle()
    other = await bench.ask(2, "another one")

    await bench.pass_time(20)

    assert ((await bench.job(odd)).state, (await bench.job(odd)).reason) == ("failed", Reason.PROVIDER_REFUSED)
    assert (await bench.job(other)).state is JobState.RUNNING
    assert not bench.provider.is_paused
    (told,) = bench.posts.operator
    assert "refused only #1" in told


async def test_a_known_code_that_one_job_alone_provokes_holds_up_the_others_three_times_at_most(bench: Bench) -> None:
    bench.api.refuse_prompts["the odd one"] = AccountProblem("no", code="permission_denied")
    odd = await bench.ask(1, "the odd one")
    for n in range(10):
        await bench.ask(2 + n, f"cat {n}")

    await bench.pass_time(400)
    for _ in range(10):
        bench.api.finish()
        await bench.pass_time(400)

    assert (await bench.job(odd)).reason is Reason.PROVIDER_REFUSED
    assert not bench.provider.is_paused


async def test_a_refused_request_does_not_end_a_pause_and_does_not_put_off_the_next_probe(bench: Bench) -> None:
    bench.api.account_code = "used_up"
    await bench.ask(1, "first")
    await bench.settle()
    bench.api.account_code = None
    bench.api.refuse_prompts["first"] = bench.api.refuse_prompts["good"] = AccountProblem("no", code="used_up")
    bench.api.refuse_prompts["refused"] = Rejected("no", reason=Reason.MODERATED, code="forbidden", status=403)
    refused = await bench.ask(2, "refused")
    await bench.ask(3, "good")
    sent = len(bench.api.submissions)

    await bench.pass_time(301)

    assert (await bench.job(refused)).reason is Reason.MODERATED
    assert [submission.prompt for submission in bench.api.submissions[sent:]] == ["refused", "good"]
    assert bench.provider.is_paused
    assert len(bench.posts.operator) == 1


async def test_a_bare_401_is_looked_for_and_the_second_one_pauses_everybody(bench: Bench) -> None:
    lost = AnswerLost("HTTP 401", account=AccountProblem("HTTP 401", code="401", proof=Proof.LIKELY))
    bench.api.faults.extend([Fault(lost, accepts=True), Fault(lost)])
    first = await bench.ask(1, "one")
    await bench.ask(2, "two")

    await bench.pass_time(30)

    assert (await bench.job(first)).state is JobState.RUNNING
    assert len(bench.api.submissions) == 2
    assert bench.provider.is_paused
    assert len(bench.posts.operator) == 1


async def set_posts(bench: Bench, job: Job, posts: int) -> None:
    await connection_of(bench.store).execute("UPDATE jobs SET posts = ? WHERE job_id = ?", (posts, job.job_id))


async def test_a_job_is_sent_three_times_at_most_and_then_given_up_and_said(bench: Bench) -> None:
    job = await bench.record(new_job())
    await set_posts(bench, job, 3)

    bench.workshop.changed()
    await bench.settle()

    ended = await bench.job(job)
    assert (ended.state, ended.reason) == ("failed", Reason.PROVIDER_REFUSED)
    assert (await bench.store.requests.usage(1, job.kind, START)).used == 0
    assert bench.api.submissions == []
    assert len(bench.posts.operator) == 1


async def test_the_other_action_is_no_fourth_post(bench: Bench) -> None:
    bench.api.refused_actions = {"ingredients2video"}
    job = await bench.record(new_job(model=INGREDIENTS, images=PICTURE))
    await set_posts(bench, job, 2)

    bench.workshop.changed()
    await bench.settle()

    assert len(bench.api.submissions) == 1
    assert (await bench.job(job)).reason is Reason.PROVIDER_REFUSED


async def test_the_post_of_the_other_action_counts(bench: Bench) -> None:
    bench.api.refused_actions = {"ingredients2video"}
    job = await bench.ask(model=INGREDIENTS, images=PICTURE)

    await bench.settle()

    assert (await bench.job(job)).posts == 2


@pytest.mark.parametrize(
    "error",
    [RateLimited("later", retry_after=timedelta(0)), Unreachable("refused"), AccountProblem("no", code="used_up")],
    ids=str,
)
async def test_a_post_that_was_certainly_not_taken_does_not_count(bench: Bench, error: ProviderError) -> None:
    bench.api.faults.extend(Fault(error) for _ in range(5))
    job = await bench.ask()

    await bench.pass_time(5 * 300 + 100)

    assert ((await bench.job(job)).task_id, (await bench.job(job)).posts) == ("task-1", 1)
    assert len(bench.api.submissions) == 6


async def test_a_post_is_counted_before_it_is_sent(bench: Bench) -> None:
    bench.api.gate.shut()
    job = await bench.ask()
    run = asyncio.create_task(bench.submitter.run())
    await bench.api.gate.arrived.wait()

    assert (await bench.job(job)).posts == 1
    bench.submitter.stop()
    bench.api.gate.open()
    await run


async def test_an_answer_that_names_another_jobs_task_is_looked_for(bench: Bench) -> None:
    first = await bench.ask(1, "one")
    await bench.settle()
    bench.api.named_instead = "task-1"

    second = await bench.ask(2, "two")
    await bench.pass_time(1)

    assert [(await bench.job(job)).task_id for job in (first, second)] == ["task-1", "task-2"]
    assert len(bench.api.submissions) == 2


async def test_tasks_that_fail_for_the_accounts_sake_pause_the_others_until_one_makes_a_video(bench: Bench) -> None:
    for n in range(8):
        await bench.ask(n, f"cat {n}")
    await bench.settle()
    for task_id in list(bench.api.tasks):
        bench.api.fail(task_id, "used_up", "the balance is used up")

    await bench.pass_time(290)
    paused = (bench.provider.is_paused, await counts(bench.store), list(bench.posts.operator))
    await bench.pass_time(100)
    probed = (bench.provider.is_paused, len(bench.api.tasks))
    bench.api.finish("task-6")
    await bench.pass_time(60)

    assert paused[:2] == (True, {JobState.FAILED: 5, JobState.QUEUED: 3})
    assert len(paused[2]) == 1
    assert "`used_up`" in paused[2][0]
    assert probed == (True, 6)
    assert (bench.provider.is_paused, len(bench.api.tasks)) == (False, 8)
    assert "running again" in bench.posts.operator[1]


async def test_a_task_that_fails_for_the_accounts_sake_is_not_told_as_the_persons_fault(bench: Bench) -> None:
    job = await bench.ask()
    await bench.settle()
    bench.api.fail("task-1", "USED_UP", "your balance violates our policy")

    await bench.pass_time(60)

    assert (await bench.job(job)).reason is Reason.PROVIDER_REFUSED


async def test_an_answer_that_refuses_the_account_and_names_a_task_ends_no_pause(bench: Bench) -> None:
    bench.api.account_code = "used_up"
    await bench.ask()
    await bench.settle()
    bench.api.account_code = None
    bench.api.refuses_and_names = "used_up"

    await bench.pass_time(301)

    assert len(bench.api.tasks) == 1
    assert bench.provider.is_paused

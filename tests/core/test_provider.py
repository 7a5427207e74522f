"""How the provider stands: outages are said once, pauses end by themselves, nobody storms it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.values import NOW, Dice
from veo_core.domain.timing import Timing
from veo_core.errors import AccountProblem, AnswerLost, ProviderError, RateLimited, Unreachable
from veo_core.provider.status import Provider

PACE = Timing()
SECOND = timedelta(seconds=1)
DOWN = Unreachable("could not connect")
BROKE = AccountProblem("balance", code="used_up", trace_id="trace-1")


@dataclass
class World:
    now: datetime = NOW
    provider: Provider = field(init=False)

    def __post_init__(self) -> None:
        self.provider = Provider(PACE, lambda: self.now, Dice(0.5))

    def wait(self, span: timedelta) -> None:
        self.now += span


@pytest.fixture
def world() -> World:
    return World()


def busy(seconds: float | None) -> RateLimited:
    return RateLimited("busy", retry_after=None if seconds is None else timedelta(seconds=seconds))


def submission_failed(provider: Provider, error: ProviderError) -> None:
    """Tell of a failed submission as the submitter does."""
    match error:
        case AccountProblem():
            provider.account_refused(1, error)
        case Unreachable():
            provider.submit_failed(error)
        case _:
            provider.submission_lost()


def test_at_the_start_everything_may_be_tried(world: World) -> None:
    provider = world.provider

    assert (provider.is_down, provider.is_paused) == (False, False)
    assert provider.look_at() is None
    assert provider.submit_at() is None
    assert provider.take_notices() == []


@pytest.mark.parametrize("lookup", [False, True])
def test_an_outage_is_met_with_one_attempt_an_interval(world: World, lookup: bool) -> None:
    provider = world.provider
    (provider.look_failed if lookup else provider.submit_failed)(DOWN)

    assert provider.is_down
    assert provider.look_at() == NOW + PACE.poll_interval
    world.wait(PACE.poll_interval)
    assert provider.look_at() is None
    provider.begin_look()
    assert provider.look_at() == world.now + PACE.poll_interval


def test_while_it_is_down_nothing_is_submitted(world: World) -> None:
    world.provider.look_failed(DOWN)

    for _ in range(5):
        world.wait(PACE.poll_interval)
        assert world.provider.submit_at() is not None


def test_an_answer_ends_the_outage_at_once(world: World) -> None:
    world.provider.look_failed(DOWN)

    world.provider.looked()

    assert not world.provider.is_down
    assert world.provider.look_at() is None
    assert world.provider.submit_at() is None


def test_an_outage_is_said_once_when_it_begins_and_once_when_it_ends(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(50):
            world.provider.look_failed(DOWN)
            world.wait(PACE.poll_interval)
        world.provider.looked()
        world.provider.looked()

    assert caplog.messages == ["The Veo API cannot be reached", "The Veo API answers again"]


def test_an_account_problem_pauses_submissions_but_not_looks(world: World) -> None:
    world.provider.account_refused(1, BROKE)

    assert world.provider.is_paused
    assert world.provider.submit_at() == NOW + PACE.probe_interval
    assert world.provider.look_at() is None


def test_a_paused_account_is_probed_once_an_interval(world: World) -> None:
    world.provider.account_refused(1, BROKE)
    world.wait(PACE.probe_interval)
    may_probe = world.provider.submit_at()

    world.provider.begin_submission()

    assert may_probe is None
    assert world.provider.submit_at() == world.now + PACE.probe_interval


def test_looks_do_not_put_off_the_probe_of_a_paused_account(world: World) -> None:
    world.provider.account_refused(1, BROKE)
    for _ in range(100):
        world.wait(PACE.probe_interval / 100)
        world.provider.begin_look()
        world.provider.looked()

    assert world.provider.submit_at() is None


def test_the_operator_is_told_once_of_a_pause_and_once_of_its_end(world: World) -> None:
    for _ in range(5):
        world.provider.account_refused(1, BROKE)
        world.wait(PACE.probe_interval)
    first = world.provider.take_notices()
    world.provider.accepted(1, world.now)
    second = world.provider.take_notices()

    assert len(first) == 1
    assert "`used_up`" in first[0]
    assert second == ["Submissions are running again."]
    assert world.provider.take_notices() == []


def test_an_answered_look_does_not_end_a_pause(world: World) -> None:
    world.provider.account_refused(1, BROKE)

    world.provider.looked()

    assert world.provider.is_paused


def test_an_accepted_submission_ends_pause_outage_and_backoff(world: World) -> None:
    world.provider.account_refused(1, BROKE)
    world.provider.submit_failed(DOWN)
    world.provider.submit_failed(busy(60))

    world.provider.accepted(1, world.now)

    assert (world.provider.is_down, world.provider.is_paused) == (False, False)
    assert (world.provider.look_at(), world.provider.submit_at()) == (None, None)


@pytest.mark.parametrize("seconds", [0.5, 7, 600])
def test_retry_after_is_honoured_for_submissions_and_looks(world: World, seconds: float) -> None:
    asked = timedelta(seconds=seconds)
    world.provider.submit_failed(busy(seconds))
    world.provider.look_failed(busy(seconds))

    for at in (world.provider.submit_at(), world.provider.look_at()):
        assert at is not None
        assert asked <= at - NOW <= asked + timedelta(seconds=1)


def test_being_busy_is_no_outage(world: World) -> None:
    world.provider.submit_failed(busy(None))
    world.provider.look_failed(busy(None))

    assert not world.provider.is_down


def test_without_retry_after_each_refusal_waits_longer(world: World) -> None:
    waits: list[timedelta] = []
    for _ in range(8):
        world.provider.submit_failed(busy(None))
        at = world.provider.submit_at()
        assert at is not None
        waits.append(at - world.now)
        world.wait(waits[-1])

    assert waits[0] >= PACE.poll_interval * 2 / 3
    assert waits[3] > 3 * waits[0]
    assert max(waits) <= timedelta(minutes=5)


def test_the_backoff_starts_afresh_after_an_accepted_submission(world: World) -> None:
    for _ in range(6):
        world.provider.submit_failed(busy(None))
    world.provider.accepted(1, world.now)

    world.provider.submit_failed(busy(None))

    at = world.provider.submit_at()
    assert at is not None
    assert at - NOW <= PACE.poll_interval


errors = st.sampled_from([DOWN, BROKE, busy(None), busy(30), AnswerLost("no answer")])
events = st.lists(
    st.tuples(
        st.sampled_from(["submit_failed", "look_failed", "looked", "accepted", "begin_look", "begin_submission"]),
        errors,
    ),
    max_size=30,
)


@given(events, st.timedeltas(timedelta(0), timedelta(minutes=2)))
def test_whatever_happens_no_wait_is_longer_than_the_longest_interval(
    happened: list[tuple[str, ProviderError]], step: timedelta
) -> None:
    world = World()
    for name, error in happened:
        if name == "submit_failed":
            submission_failed(world.provider, error)
        elif name == "look_failed":
            world.provider.look_failed(error)
        elif name == "accepted":
            world.provider.accepted(1, world.now)
        else:
            getattr(world.provider, name)()
        world.wait(step)

    longest = world.now + PACE.probe_interval
    assert all(at is None or world.now < at <= longest for at in (world.provider.look_at(), world.provider.submit_at()))


@pytest.mark.parametrize("refusal", [BROKE, RateLimited("slow down", retry_after=timedelta(seconds=60))], ids=str)
def test_an_older_submission_that_is_accepted_takes_no_newer_refusal_back(world: World, refusal: ProviderError) -> None:
    sent_at = world.now
    world.wait(timedelta(seconds=1))
    submission_failed(world.provider, refusal)
    waits_until = world.provider.submit_at()

    world.provider.accepted(1, sent_at)

    assert world.provider.submit_at() == waits_until
    assert world.provider.is_paused is (refusal is BROKE)

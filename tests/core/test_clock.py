"""The bot's time goes on evenly, whatever the machine's clock does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from runtime.clock import SteadyClock, elapsed
from tests.core.values import NOW

DAY = timedelta(days=1)


@dataclass
class Machine:
    wall: float = NOW.timestamp()
    passed: float = 1_000.0

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.passed += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine: Machine) -> SteadyClock:
    return SteadyClock(lambda: machine.wall, lambda: machine.passed)


def test_it_starts_at_the_machines_time_in_utc(clock: SteadyClock) -> None:
    assert clock.now() == NOW
    assert clock.now().utcoffset() == timedelta(0)


def test_it_goes_on_with_the_time_that_passes(clock: SteadyClock, machine: Machine) -> None:
    machine.wait(90.5)

    assert clock.now() == NOW + timedelta(seconds=90.5)


@pytest.mark.parametrize("jump", [DAY, -DAY, timedelta(hours=1), 400 * DAY])
def test_a_jump_of_the_machines_clock_moves_nothing(clock: SteadyClock, machine: Machine, jump: timedelta) -> None:
    machine.wait(10)
    machine.wall += jump.total_seconds()

    assert clock.now() == NOW + timedelta(seconds=10)


def test_a_slept_through_night_counts_as_passed(clock: SteadyClock, machine: Machine) -> None:
    machine.wait(8 * 3600)

    assert clock.now() == NOW + timedelta(hours=8)


def test_the_real_clock_agrees_with_the_system_and_never_goes_back() -> None:
    clock = SteadyClock()

    first, second = clock.now(), clock.now()

    assert first <= second
    assert abs(datetime.now(UTC) - second) < timedelta(seconds=1)
    assert elapsed() <= elapsed()

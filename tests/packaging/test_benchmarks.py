"""The benchmarks run from the checkout and print figures."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache

import pytest

from tests.packaging.project import ROOT


@cache
def _printed() -> str:
    command = [sys.executable, "-m", "benchmarks", "--size", "10", "--rounds", "2", "--past", "300", "--line", "50"]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.mark.parametrize("benchmark", ["a look at 10 running jobs", "10 requests recorded", "10 batch answers of 50"])
def test_each_benchmark_shows_both_ways_in_figures(benchmark: str) -> None:
    lines = [line for line in _printed().splitlines() if line.startswith(benchmark)]

    figures = [[float(found) for found in re.findall(r"\d+\.\d+", line)] for line in lines]

    assert [len(found) for found in figures] == [3, 3]
    assert all(found > 0 for of_a_way in figures for found in of_a_way)
    assert figures[1][2] == 1, "the simpler way is what the other is measured by"


@pytest.mark.parametrize(
    "benchmark",
    [
        "a start, 300 finished",
        "a request answered, 300 finished",
        "request to submission, 300 finished",
        "CPU of a video, 300 finished",
        "CPU of a video, 50 waiting",
    ],
)
def test_a_long_past_and_a_long_line_stand_beside_an_empty_database(benchmark: str) -> None:
    with_them, empty = [line for line in _printed().splitlines() if line.startswith(benchmark)]

    assert re.search(r"with them +\d+\.\d+ +\d+\.\d+ +\d+\.\d+  at most 1\.[25]$", with_them)
    assert re.search(r"empty database +\d+\.\d+ +\d+\.\d+ +1\.00$", empty)


def test_the_table_says_how_many_requests_a_look_takes() -> None:
    requests = re.findall(r"(\d+) requests a look", _printed())

    assert requests == ["1", "10"]

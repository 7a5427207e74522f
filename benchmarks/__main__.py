"""Runs the benchmarks and prints their table."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.flatness import compare_flatness
from benchmarks.looking import compare_looking
from benchmarks.measure import Comparison, surroundings, table
from benchmarks.reading import compare_reading
from benchmarks.recording import compare_recording

# In so many looks no job becomes slow, which would be looked at less often.
_MOST_ROUNDS = 50


async def _compare(size: int, rounds: int, past: int, line: int) -> list[Comparison]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        return [
            await compare_looking(folder, size, rounds),
            await compare_recording(folder, size, rounds),
            compare_reading(size, rounds),
            *await compare_flatness(folder, size, rounds, past, line),
        ]


def main() -> int:
    """Measure and print; the databases are in a temporary folder and gone afterwards."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Figures beside a simpler way each.")
    parser.add_argument("--size", type=int, default=500, help="how many jobs, requests and answers (500)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; the middle one counts (3)")
    parser.add_argument("--past", type=int, default=1_000_000, help="how many finished jobs are a long past (1000000)")
    parser.add_argument("--line", type=int, default=10_000, help="how many waiting jobs are a long line (10000)")
    wanted = parser.parse_args()
    if min(wanted.size, wanted.past, wanted.line) < 1 or not 1 <= wanted.rounds <= _MOST_ROUNDS:
        parser.error(f"sizes from 1 and rounds from 1 to {_MOST_ROUNDS}")
    print(f"{surroundings()}; the middle of {wanted.rounds} rounds\n")
    print(table(asyncio.run(_compare(wanted.size, wanted.rounds, wanted.past, wanted.line))))
    print('\n"beside it" is the time, with the simpler way, or an empty database, as 1.')
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The same work with an empty database, with a long past and with a long line: what a person and the process notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.measure import Comparison, Way
from benchmarks.past import make_past
from benchmarks.quick import NoImages, QuickApi, QuickFiles, QuickPosts
from benchmarks.stock import LIMITS
from runtime.clock import SteadyClock
from veo_core.domain.actors import Actor, Place
from veo_core.domain.catalog import Catalog
from veo_core.domain.images import VideoRequest
from veo_core.domain.timing import Timing
from veo_core.provider.status import Provider
from veo_core.services.studio import Studio
from veo_core.store import Store
from veo_core.worker.deliverer import Deliverer
from veo_core.worker.poller import Poller
from veo_core.worker.reconciler import Reconciler
from veo_core.worker.submitter import Submitter
from veo_core.workshop import Workshop

_PACE = Timing(poll_interval=timedelta(milliseconds=20), submit_interval=timedelta(0))
_MAX_RUNNING = 20
_MOST = 200
_STARTS = 15
_FIRST_PERSON = 10**6
_MAX_SECONDS = 120


@dataclass(slots=True)
class Figures:
    """What was measured with one database, a value a round, in seconds."""

    start: list[float] = field(default_factory=list[float])
    answer: list[float] = field(default_factory=list[float])
    submitted: list[float] = field(default_factory=list[float])
    cpu: list[float] = field(default_factory=list[float])


async def compare_flatness(folder: Path, size: int, rounds: int, past: int, line: int) -> list[Comparison]:
    """`size` videos, at most 200, from the request to the delivery, `rounds` times with each database, in turns."""
    size = min(size, _MOST)
    now = datetime.now(UTC)
    empty, long_past, long_line = (folder / f"{name}.sqlite3" for name in ("empty", "past", "line"))
    make_past(empty, now)
    make_past(long_past, now, finished=past)
    make_past(long_line, now, waiting=line)
    found = {path: Figures() for path in (empty, long_past, long_line)}
    for number in range(-1, rounds):
        for path, figures in found.items():
            # The first round warms everything up and does not count.
            await _measure(path, size, number, figures if number >= 0 else Figures())
    none, much, queued = (found[path] for path in (empty, long_past, long_line))
    return [
        _beside(f"a start, {past} finished", 1, much.start, none.start, "at most 1.2"),
        _beside(f"a request answered, {past} finished", 1, much.answer, none.answer, "at most 1.2"),
        _beside(f"request to submission, {past} finished", 1, much.submitted, none.submitted, "at most 1.2"),
        _beside(f"CPU of a video, {past} finished", 1, much.cpu, none.cpu, "at most 1.2"),
        _beside(f"CPU of a video, {line} waiting", 1, queued.cpu, none.cpu, "at most 1.5"),
    ]


def _beside(name: str, count: int, ours: list[float], empty: list[float], aim: str) -> Comparison:
    return Comparison(name, count, Way("with them", tuple(ours), aim), Way("empty database", tuple(empty)))


async def _measure(path: Path, size: int, number: int, figures: Figures) -> None:
    clock = SteadyClock()
    figures.start.append(_middle([await _start(path, clock) for _ in range(_STARTS)]))
    async with Store.open(path) as store:
        api = QuickApi()
        workshop = Workshop(
            api, store, Provider(_PACE, clock.now), Catalog.of(), _PACE, LIMITS, _MAX_RUNNING, now=clock.now
        )
        studio = Studio(workshop, NoImages(), "veo31-fast")
        posts = QuickPosts(studio, first_message=10**14 + number * 10**9, wanted=size)
        async with _at_work(workshop, posts):
            await _let_through(studio, api, posts, size, number, figures)


async def _start(path: Path, clock: SteadyClock) -> float:
    began = perf_counter()
    async with Store.open(path) as store:
        await store.queue.recover(clock.now())
        return perf_counter() - began


@asynccontextmanager
async def _at_work(workshop: Workshop, posts: QuickPosts) -> AsyncGenerator[None]:
    """The four loops, until the end of the round."""
    submitter = Submitter(workshop)
    reconciler = Reconciler(workshop, submitter)
    loops = (submitter, reconciler, Poller(workshop), Deliverer(workshop, QuickFiles(), posts))
    workshop.changed.connect(*loops)
    runners = [asyncio.create_task(loop.run()) for loop in loops]
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
        await asyncio.gather(*runners)


async def _let_through(
    studio: Studio, api: QuickApi, posts: QuickPosts, size: int, number: int, figures: Figures
) -> None:
    """Ask for so many videos and wait until as many were delivered."""
    cpu = process_time()
    asked: dict[str, float] = {}
    answers: list[float] = []
    for n in range(size):
        await posts.room.acquire()
        prompt = f"A lighthouse in round {number}, storm {n}, at {cpu}"
        asked[prompt] = perf_counter()
        person = Actor(_FIRST_PERSON + (number + 1) * size + n)
        await studio.request(person, VideoRequest(prompt, "veo31-fast"), Place(10, 20))
        answers.append(perf_counter() - asked[prompt])
    async with asyncio.timeout(_MAX_SECONDS):
        await posts.enough.wait()
    figures.cpu.append((process_time() - cpu) / size)
    figures.answer.append(_middle(answers))
    figures.submitted.append(_middle([at - asked[prompt] for prompt, at in api.sent.items() if prompt in asked]))


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0

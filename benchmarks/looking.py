"""A poller's turn over many running jobs, beside one request and one write transaction a job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Comparison, Way
from benchmarks.stock import LIMITS, Clock, RunningTasks, wishes
from veo_core.domain.catalog import Catalog
from veo_core.domain.polling import Reschedule, after_poll
from veo_core.domain.timing import Timing
from veo_core.provider.status import Provider
from veo_core.store import Store
from veo_core.worker.poller import Poller
from veo_core.workshop import Workshop

PACE = Timing()


async def compare_looking(folder: Path, size: int, rounds: int) -> Comparison:
    """Look at `size` running jobs `rounds` times in each way; the provider answers at once."""
    clock = Clock()
    async with Store.open(folder / "looking.sqlite3") as store:
        await _let_run(store, clock, size)
        poller_api, naive_api = RunningTasks(), RunningTasks()
        workshop = Workshop(
            poller_api, store, Provider(PACE, clock.now), Catalog.of(), PACE, LIMITS, max_running=size, now=clock.now
        )
        poller = Poller(workshop)
        # In turns, so that a machine that is busy for a while is so for both.
        ours: list[float] = []
        naive: list[float] = []
        for _ in range(rounds):
            ours.append(await _timed(clock, poller.turn))
            naive.append(await _timed(clock, lambda: _one_by_one(store, naive_api, clock)))
    return Comparison(
        f"a look at {size} running jobs",
        size,
        Way("the poller's turn", tuple(ours), f"{poller_api.requests // rounds} requests a look"),
        Way("one fetch, one write a job", tuple(naive), f"{naive_api.requests // rounds} requests a look"),
    )


async def _let_run(store: Store, clock: Clock, size: int) -> None:
    for wish in wishes(size):
        await store.requests.record(wish, LIMITS, clock.now())
        job = await store.queue.claim(clock.now(), max_running=size, running_per_user=LIMITS.running_per_user)
        if job is None:
            raise RuntimeError("a request that was just recorded may not go")
        await store.queue.mark_running(job.job_id, f"task-{job.job_id}", now=clock.now(), due_at=clock.now())


async def _timed(clock: Clock, look: Callable[[], Awaitable[object]]) -> float:
    clock.advance(PACE.poll_interval)
    began = perf_counter()
    await look()
    return perf_counter() - began


async def _one_by_one(store: Store, api: RunningTasks, clock: Clock) -> None:
    now = clock.now()
    for job in await store.watch.due(now):
        report = await api.fetch_one(job.task_id or "")
        decision = after_poll(job, report, now=now, pace=PACE, watched=PACE.poll_interval)
        if isinstance(decision, Reschedule):
            await store.watch.reschedule({job.job_id: decision}, now)

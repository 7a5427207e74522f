"""What moderators decide and see, in their own server only."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.core.bench import PLENTY, new_job
from tests.core.fakes import START
from veo_core.domain.actors import Place
from veo_core.reasons import Reason
from veo_core.store import Store


async def test_a_block_holds_in_its_server_only_until_it_is_taken_back(store: Store) -> None:
    await store.people.block(1, 50, by_user_id=9, now=START)

    assert await store.people.is_blocked(1, 50)
    assert not await store.people.is_blocked(2, 50)
    assert not await store.people.is_blocked(1, 51)
    assert await store.people.unblock(1, 50)
    assert not await store.people.is_blocked(1, 50)
    assert not await store.people.unblock(1, 50)


async def test_a_block_of_any_server_holds_where_there_is_no_server(store: Store) -> None:
    await store.people.block(1, 50, by_user_id=9, now=START)

    assert await store.people.is_blocked(None, 50)
    assert not await store.people.is_blocked(None, 51)
    assert await store.people.unblock(1, 50)
    assert not await store.people.is_blocked(None, 50)


async def test_blocking_twice_is_blocking_once(store: Store) -> None:
    await asyncio.gather(*(store.people.block(1, 50, by_user_id=n, now=START) for n in range(5)))

    assert (await store.people.overview(1, START)).blocked == (50,)


async def test_the_overview_counts_one_server_since_then(store: Store) -> None:
    here, elsewhere = Place(1, 10), Place(2, 20)
    for user_id, place, at in ((5, here, 0), (5, here, 1), (6, here, 2), (5, elsewhere, 2), (5, here, -60)):
        await store.requests.record(new_job(user_id, place=place), PLENTY, START + timedelta(seconds=at))
    for job_id in (1, 2, 3):
        await store.watch.fail(job_id, Reason.MODERATED if job_id != 3 else Reason.LOST, now=START)
    await store.people.block(1, 50, by_user_id=9, now=START)
    await store.people.block(1, 51, by_user_id=9, now=START + timedelta(seconds=1))
    await store.people.block(2, 52, by_user_id=9, now=START)

    overview = await store.people.overview(1, START)

    assert overview.states == {"failed": 3}
    assert overview.refused_prompts == {5: 2}
    assert overview.blocked == (51, 50)

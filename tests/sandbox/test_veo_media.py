"""The stand-in's files: served whole, sized on demand, made once, and broken in every way a download can break."""

from __future__ import annotations

import threading

import aiohttp
import pytest

from sandbox.veo import (
    ClipOrder,
    CutShort,
    Endless,
    ImageMode,
    Partial,
    Redirect,
    Route,
    Settings,
    StandInVeo,
    Trickle,
    WrongBytes,
    error_answer,
    html_answer,
)
from tests.sandbox.caller import Caller

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


async def done(caller: Caller, **fields: object) -> str:
    task_id = await caller.accepted(**fields)
    caller.veo.finish(task_id)
    return task_id


async def test_a_finished_video_downloads_whole(caller: Caller) -> None:
    task_id = await done(caller)

    async with caller.session.get(caller.veo.video_url(task_id)) as response:
        body = await response.read()

    assert (response.status, response.content_type, response.content_length) == (200, "video/mp4", len(body))
    assert body == await caller.veo.media_bytes(task_id)
    assert body[4:8] == b"ftyp"
    assert [(hit.task_id, hit.status) for hit in caller.veo.media_hits] == [(task_id, 200)]


async def test_two_videos_differ_in_their_bytes(caller: Caller) -> None:
    first, second = await done(caller), await done(caller)

    assert await caller.veo.media_bytes(first) != await caller.veo.media_bytes(second)


async def test_a_gif_is_a_gif(caller: Caller) -> None:
    task_id = await done(caller, resolution="gif")

    async with caller.session.get(caller.veo.video_url(task_id)) as response:
        body = await response.read()

    assert caller.veo.video_url(task_id).endswith(".gif")
    assert (response.content_type, body[:4]) == ("image/gif", b"GIF8")


async def test_there_is_no_file_before_the_end_nor_for_strangers(caller: Caller) -> None:
    task_id = await caller.accepted()

    for url in (caller.veo.video_url(task_id), f"{caller.veo.base_url}/media/nobody.mp4"):
        async with caller.session.get(url) as response:
            assert response.status == 404


@pytest.mark.parametrize("resolution", [None, "gif"])
async def test_a_file_can_have_any_size(caller: Caller, resolution: str | None) -> None:
    task_id = await done(caller, resolution=resolution)
    caller.veo.resize(task_id, 1_500_001)

    async with caller.session.get(caller.veo.video_url(task_id)) as response:
        body = await response.read()

    assert len(body) == response.content_length == 1_500_001


async def test_a_missing_file_and_a_page_instead_of_a_video(caller: Caller) -> None:
    task_id = await done(caller)
    caller.veo.faults.add(Route.MEDIA, error_answer("no_api"))
    caller.veo.faults.add(Route.MEDIA, html_answer(200))

    seen: list[tuple[int, str]] = []
    for _ in range(2):
        async with caller.session.get(caller.veo.video_url(task_id)) as response:
            seen.append((response.status, response.content_type))

    assert seen == [(404, "application/json"), (200, "text/html")]


async def test_wrong_first_bytes_under_the_right_type(caller: Caller) -> None:
    task_id = await done(caller)
    caller.veo.faults.add(Route.MEDIA, WrongBytes())

    async with caller.session.get(caller.veo.video_url(task_id)) as response:
        body = await response.read()

    assert (response.content_type, body[:2]) == ("video/mp4", b"MZ")


@pytest.mark.parametrize("size", [None, 2_000_000])
async def test_a_download_cut_in_the_middle(caller: Caller, size: int | None) -> None:
    task_id = await done(caller)
    if size is not None:
        caller.veo.resize(task_id, size)
    caller.veo.faults.add(Route.MEDIA, CutShort())

    async with caller.session.get(caller.veo.video_url(task_id)) as response:
        assert response.content_length == len(await caller.veo.media_bytes(task_id))
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


@pytest.mark.parametrize(("kept", "size"), [(32, 32), (None, 1_000_000), (1_999_999, 1_999_999)])
async def test_a_part_of_a_file_served_as_if_it_were_all(caller: Caller, kept: int | None, size: int) -> None:
    task_id = await done(caller)
    caller.veo.resize(task_id, 2_000_000)
    caller.veo.faults.add(Route.MEDIA, Partial(kept))

    async with caller.session.get(caller.veo.video_url(task_id)) as response:
        body = await response.read()

    assert (response.content_length, len(body)) == (size, size)
    assert (await caller.veo.media_bytes(task_id)).startswith(body)


async def test_an_endless_body_announces_nothing_and_stops_at_its_bound(caller: Caller) -> None:
    task_id = await done(caller)
    caller.veo.faults.add(Route.MEDIA, Endless(3_000_000))

    async with caller.session.get(caller.veo.video_url(task_id)) as response:
        body = await response.read()

    assert (response.content_length, len(body)) == (None, 3_000_000)
    assert body[4:8] == b"ftyp"


async def test_an_endless_body_stops_when_the_client_does(caller: Caller) -> None:
    task_id = await done(caller)
    caller.veo.faults.add(Route.MEDIA, Endless(1 << 40))

    async with caller.session.get(caller.veo.video_url(task_id)) as response:
        assert len(await response.content.readexactly(100_000)) == 100_000


async def test_a_redirect_points_where_told(caller: Caller) -> None:
    task_id = await done(caller)
    caller.veo.faults.add(Route.MEDIA, Redirect("https://elsewhere.example/v.mp4"))

    async with caller.session.get(caller.veo.video_url(task_id), allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "https://elsewhere.example/v.mp4")


async def test_a_slow_file_outlasts_the_clients_patience_in_the_middle_of_the_body(caller: Caller) -> None:
    task_id = await done(caller)
    caller.veo.faults.add(Route.MEDIA, Trickle(10))
    patience = aiohttp.ClientTimeout(total=0.2)

    async with caller.session.get(caller.veo.video_url(task_id), timeout=patience) as response:
        assert await response.content.readexactly(8)
        with pytest.raises(TimeoutError):
            await response.read()


async def test_a_file_host_that_is_down_leaves_the_api_up(caller: Caller) -> None:
    task_id = await done(caller)
    caller.veo.switches.media_down = True

    with pytest.raises(aiohttp.ClientError):
        await caller.session.get(caller.veo.video_url(task_id))

    assert (await caller.retrieve(task_id))["id"] == task_id
    assert caller.veo.media_hits[0].status is None


async def test_a_clip_is_made_once_off_the_event_loop_from_what_was_asked(session: aiohttp.ClientSession) -> None:
    orders: list[tuple[ClipOrder, bool]] = []

    def render(order: ClipOrder) -> bytes:
        orders.append((order, threading.current_thread() is threading.main_thread()))
        return b"\x00\x00\x00\x18ftypisom"

    async with StandInVeo(renderer=render) as veo:
        task_id = await Caller(veo, session).accepted(prompt="A kite", aspect_ratio="9:16")
        bodies = [await veo.media_bytes(task_id) for _ in range(2)]

    assert bodies == [b"\x00\x00\x00\x18ftypisom"] * 2
    assert orders == [(ClipOrder("A kite", "veo31-fast", "text2video", "720p", "9:16"), False)]


async def test_an_upscales_clip_shows_what_its_source_shows(session: aiohttp.ClientSession) -> None:
    orders: list[ClipOrder] = []

    def render(order: ClipOrder) -> bytes:
        orders.append(order)
        return b"clip"

    async with StandInVeo(renderer=render) as veo:
        caller = Caller(veo, session)
        source = await caller.accepted(prompt="A kite")
        await veo.media_bytes(
            await caller.accepted(action="get1080p", prompt=None, video_id=veo.tasks[source].video_id)
        )

    assert orders == [ClipOrder("A kite", "veo31-fast", "text2video", "1080p", "16:9")]


async def test_images_are_fetched_from_loopback_and_given_to_the_clip(
    session: aiohttp.ClientSession, caller: Caller
) -> None:
    source = await done(caller)
    caller.veo.faults.add(Route.MEDIA, WrongBytes(PNG))
    urls = [caller.veo.video_url(source), "https://cdn.example/b.png"]
    orders: list[ClipOrder] = []

    def render(order: ClipOrder) -> bytes:
        orders.append(order)
        return b"clip"

    async with StandInVeo(Settings(images=ImageMode.LENIENT), renderer=render) as veo:
        task_id = await Caller(veo, session).accepted(action="image2video", image_urls=urls)
        await veo.media_bytes(task_id)

    assert orders[0].images == (PNG,)


@pytest.mark.parametrize("url", ["https://cdn.example/b.png", "http://127.0.0.1:1/a.png", None])
async def test_strict_images_fail_the_task_that_points_at_none(
    session: aiohttp.ClientSession, caller: Caller, url: str | None
) -> None:
    no_image = caller.veo.video_url(await done(caller))

    async with StandInVeo(Settings(images=ImageMode.STRICT, delay=90)) as veo:
        strict = Caller(veo, session)
        task_id = await strict.accepted(action="image2video", image_urls=[url or no_image])
        record = await strict.retrieve(task_id)

    assert record["response"]["error"]["code"] == "bad_request"


async def test_strict_images_let_a_good_one_pass(session: aiohttp.ClientSession, caller: Caller) -> None:
    url = caller.veo.video_url(await done(caller))
    caller.veo.faults.add(Route.MEDIA, WrongBytes(PNG))

    async with StandInVeo(Settings(images=ImageMode.STRICT)) as veo:
        strict = Caller(veo, session)
        task_id = await strict.accepted(action="image2video", image_urls=[url])
        record = await strict.retrieve(task_id)

    assert record["response"]["success"] is True

"""Files from elsewhere: only as much as allowed, redirects hop by hop, and nothing is left behind."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.veo import (
    CutShort,
    Endless,
    Fault,
    Hang,
    Partial,
    Redirect,
    Reset,
    Route,
    Settings,
    StandInVeo,
    Trickle,
    WrongBytes,
    html_answer,
)
from veo_core.errors import MediaError, MediaUnavailable, MediaUnusable
from veo_core.media.download import MediaReader
from veo_core.media.hosts import Hosts
from veo_core.media.session import media_session

CDN = Hosts(("cdn.acedata.cloud",))
PLENTY = 10_000_000
POSTED = {"action": "text2video", "model": "veo31-fast", "prompt": "A lighthouse in a storm", "async": True}


@pytest.fixture
async def veo() -> AsyncIterator[StandInVeo]:
    async with StandInVeo(Settings(delay=0)) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with media_session() as opened:
        yield opened


@pytest.fixture
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine's folder for temporary files, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def reader(session: aiohttp.ClientSession, veo: StandInVeo, temp: Path) -> MediaReader:
    quick = timedelta(seconds=0.3)
    return MediaReader(session, Hosts((veo.media_host,)), stall=quick, total=4 * quick)


@pytest.fixture
def url(veo: StandInVeo) -> str:
    """The address of a finished video."""
    return veo.video_url(veo.plant(POSTED).task_id)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def failure_of(reader: MediaReader, url: str, max_bytes: int = PLENTY) -> MediaError:
    with pytest.raises(MediaError) as caught:
        async with reader.video(url, max_bytes):
            pytest.fail("there is no file to use")
    return caught.value


async def test_a_video_comes_whole_at_its_beginning_and_leaves_nothing(
    reader: MediaReader, veo: StandInVeo, url: str, temp: Path
) -> None:
    expected = await veo.media_bytes(next(iter(veo.tasks)))

    async with reader.video(url, PLENTY) as media:
        content = media.content.read()

    assert (content, media.size, media.extension) == (expected, len(expected), "mp4")
    assert media.content.closed
    assert names(temp) == []


async def test_a_gif_is_told_from_an_mp4(reader: MediaReader, veo: StandInVeo) -> None:
    task = veo.plant({**POSTED, "resolution": "gif"})

    async with reader.video(veo.video_url(task.task_id), PLENTY) as media:
        assert media.extension == "gif"


async def test_a_file_of_exactly_the_greatest_size_is_taken(reader: MediaReader, veo: StandInVeo, url: str) -> None:
    veo.resize(next(iter(veo.tasks)), 300_000)

    async with reader.video(url, 300_000) as media:
        assert media.size == 300_000


async def test_one_byte_too_much_without_an_announcement_is_refused(
    reader: MediaReader, veo: StandInVeo, url: str, temp: Path
) -> None:
    veo.faults.add(Route.MEDIA, Endless(300_001))

    assert isinstance(await failure_of(reader, url, 300_000), MediaUnusable)
    assert names(temp) == []


async def test_what_announces_too_much_is_not_even_read(
    reader: MediaReader, veo: StandInVeo, url: str, temp: Path
) -> None:
    veo.resize(next(iter(veo.tasks)), 300_001)

    error = await failure_of(reader, url, 300_000)

    assert isinstance(error, MediaUnusable)
    assert "300001" in str(error)
    assert names(temp) == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Endless(), MediaUnusable),
        (WrongBytes(), MediaUnavailable),
        (WrongBytes(b"<html><body>Please come back later</body></html>"), MediaUnavailable),
        (WrongBytes(b""), MediaUnavailable),
        (WrongBytes(b"\x00\x00\x00\x18ftypheic" + bytes(500)), MediaUnavailable),
        (CutShort(), MediaUnavailable),
        (Partial(), MediaUnavailable),
        (Partial(32), MediaUnavailable),
        (Partial(999_999), MediaUnavailable),
        (Reset(), MediaUnavailable),
        (Hang(), MediaUnavailable),
        (Trickle(30), MediaUnavailable),
        (html_answer(200), MediaUnavailable),
        (html_answer(403), MediaUnavailable),
        (html_answer(404), MediaUnavailable),
        (html_answer(500), MediaUnavailable),
        (html_answer(302), MediaUnavailable),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, type) else value.__name__,
)
async def test_what_goes_wrong_with_a_download_is_named_and_leaves_nothing(
    reader: MediaReader, veo: StandInVeo, url: str, temp: Path, fault: Fault, expected: type[MediaError]
) -> None:
    veo.resize(next(iter(veo.tasks)), 1_000_000)
    veo.faults.add(Route.MEDIA, fault, times=None)

    error = await failure_of(reader, url)

    assert type(error) is expected
    assert names(temp) == []


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/a.mp4",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:1/a.mp4",
        "http://cdn.acedata.cloud/a.mp4",
        "//evil.example/a.mp4",
        "file:///etc/passwd",
        "http://127.0.0.1@evil.example/a.mp4",
        "http://[",
        "http://127.0.0.1:99999/a.mp4",
    ],
)
async def test_a_redirect_off_the_hosts_is_refused(reader: MediaReader, veo: StandInVeo, url: str, target: str) -> None:
    veo.faults.add(Route.MEDIA, Redirect(target))

    assert isinstance(await failure_of(reader, url), MediaUnusable)


async def test_a_redirect_within_the_hosts_is_followed(reader: MediaReader, veo: StandInVeo, url: str) -> None:
    veo.faults.add(Route.MEDIA, Redirect(url))
    veo.faults.add(Route.MEDIA, Redirect(url.removeprefix(veo.base_url)))

    async with reader.video(url, PLENTY) as media:
        assert media.size > 0
    assert [hit.status for hit in veo.media_hits] == [302, 302, 200]


async def test_redirects_in_a_circle_come_to_an_end(reader: MediaReader, veo: StandInVeo, url: str) -> None:
    veo.faults.add(Route.MEDIA, Redirect(url), times=None)

    assert isinstance(await failure_of(reader, url), MediaUnusable)
    assert len(veo.media_hits) <= 5


async def test_a_foreign_address_is_never_asked(session: aiohttp.ClientSession, veo: StandInVeo, url: str) -> None:
    assert isinstance(await failure_of(MediaReader(session, CDN), url), MediaUnusable)
    assert not veo.media_hits


@pytest.mark.parametrize(
    "host",
    [
        "ß.cdn.acedata.cloud",
        "cdn。acedata。cloud",
        "..cdn.acedata.cloud",
        f"{'a' * 70}.cdn.acedata.cloud",
        "\x00.cdn.acedata.cloud",
    ],
    ids=ascii,
)
async def test_a_host_that_no_resolver_takes_is_a_media_error(
    session: aiohttp.ClientSession, temp: Path, host: str
) -> None:
    error = await failure_of(MediaReader(session, CDN), f"https://{host}/a.mp4")

    assert isinstance(error, MediaUnavailable | MediaUnusable)


async def test_the_users_own_error_passes_through_and_leaves_nothing(reader: MediaReader, url: str, temp: Path) -> None:
    with pytest.raises(KeyError):
        async with reader.video(url, PLENTY):
            raise KeyError("posting failed")

    assert names(temp) == []


async def test_an_image_comes_as_bytes_within_its_limit(
    reader: MediaReader, veo: StandInVeo, url: str, temp: Path
) -> None:
    expected = await veo.media_bytes(next(iter(veo.tasks)))

    assert await reader.image(url, len(expected)) == expected
    with pytest.raises(MediaUnusable):
        await reader.image(url, len(expected) - 1)
    assert names(temp) == []


@pytest.mark.parametrize("fault", [CutShort(), Reset(), html_answer(404)])
async def test_an_image_that_cannot_be_read_is_unavailable(
    reader: MediaReader, veo: StandInVeo, url: str, fault: Fault
) -> None:
    veo.faults.add(Route.MEDIA, fault, times=None)

    with pytest.raises(MediaUnavailable):
        await reader.image(url, PLENTY)


async def test_an_allowed_name_that_turned_private_is_a_media_error_and_not_asked(
    session: aiohttp.ClientSession, veo: StandInVeo, monkeypatch: pytest.MonkeyPatch, temp: Path
) -> None:
    def getaddrinfo(_: str, port: int, *__: object, **___: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    port = veo.base_url.rpartition(":")[2]

    error = await failure_of(MediaReader(session, CDN), f"https://platform.cdn.acedata.cloud:{port}/a.mp4")

    assert isinstance(error, MediaUnavailable)
    assert not veo.media_hits


@pytest.mark.parametrize(
    ("fault", "works"),
    [(CutShort(), True), (Trickle(30), True), (Partial(), False), (Partial(32), False), (html_answer(404), False)],
)
async def test_a_link_works_where_only_the_way_here_was_cut(
    reader: MediaReader, veo: StandInVeo, url: str, fault: Fault, works: bool
) -> None:
    veo.resize(next(iter(veo.tasks)), 1_000_000)
    veo.faults.add(Route.MEDIA, fault, times=None)

    error = await failure_of(reader, url)

    assert isinstance(error, MediaUnavailable)
    assert error.link_works is works


async def test_a_page_that_is_too_large_is_no_video_that_is_too_large(
    reader: MediaReader, veo: StandInVeo, url: str
) -> None:
    veo.faults.add(Route.MEDIA, WrongBytes(b"<html>" + bytes(400_000)))

    assert isinstance(await failure_of(reader, url, 300_000), MediaUnavailable)


@pytest.mark.parametrize("cut", [1, 8, 100, 500])
async def test_a_gif_that_lost_its_end_is_read_again(reader: MediaReader, veo: StandInVeo, cut: int) -> None:
    task = veo.plant({**POSTED, "resolution": "gif"})
    size = len(await veo.media_bytes(task.task_id))
    veo.faults.add(Route.MEDIA, Partial(max(13, size - cut)))

    assert isinstance(await failure_of(reader, veo.video_url(task.task_id)), MediaUnavailable)


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("https://cdn.acedata.cloud/a.mp4", True),
        ("https://videos.example.com/a.mp4", True),
        ("http://127.0.0.1:7/a.mp4", True),
        ("http://127.0.0.1:7/a.mp4?token=abc", False),
        ("http://127.0.0.1:8/a.mp4", False),
        ("http://cdn.acedata.cloud/a.mp4", False),
        ("https://user@cdn.acedata.cloud/a.mp4", False),
        ("https://cdn.acedata.cloud/a.mp4?X-Amz-Signature=abc", False),
        ("https://10.0.0.1/a.mp4", False),
        ("not an address", False),
    ],
)
async def test_an_address_goes_out_only_when_it_is_public_or_of_a_listed_host(
    session: aiohttp.ClientSession, address: str, may: bool
) -> None:
    reader = MediaReader(session, Hosts(("cdn.acedata.cloud", "127.0.0.1:7")))

    assert reader.may_link(address) is may

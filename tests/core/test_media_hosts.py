"""Where files may come from: the listed hosts and those below them, and no name that points inwards."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.veo import (
    TINY_MP4,
)
from veo_core.media.download import video_extension
from veo_core.media.hosts import Hosts
from veo_core.media.resolver import PublicResolver

CDN = Hosts(("cdn.acedata.cloud",))
PLENTY = 10_000_000
POSTED = {"action": "text2video", "model": "veo31-fast", "prompt": "A lighthouse in a storm", "async": True}


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.acedata.cloud/a.mp4",
        "https://platform.cdn.acedata.cloud/veo/a.mp4?x=1#y",
        "https://platform2.cdn.acedata.cloud/a.mp4",
        "https://CDN.AceData.Cloud/a.mp4",
        "https://cdn.acedata.cloud./a.mp4",
        "https://cdn.acedata.cloud:443/a.mp4",
    ],
)
def test_the_hosts_and_those_below_them_are_permitted(url: str) -> None:
    assert CDN.permit(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evilcdn.acedata.cloud.example/a.mp4",
        "https://notcdn.acedata.cloud/a.mp4",
        "https://acedata.cloud/a.mp4",
        "https://cdn.acedata.cloud.evil.example/a.mp4",
        "https://cdn-acedata.cloud/a.mp4",
        "https://cdn.acedata.cloud@evil.example/a.mp4",
        "https://cdn.acedata.cloud:443@evil.example/a.mp4",
        "https://user:password@cdn.acedata.cloud/a.mp4",
        "https://:password@cdn.acedata.cloud/a.mp4",
        "https://user@cdn.acedata.cloud/a.mp4",
        "https://evil.example/cdn.acedata.cloud",
        "https://evil.example/.cdn.acedata.cloud",
        "https://evil.example#.cdn.acedata.cloud",
        "https://evil.example?.cdn.acedata.cloud",
        "https://evil.example\\.cdn.acedata.cloud/",
        "https://evil.example\\@cdn.acedata.cloud/",
        "http://cdn.acedata.cloud/a.mp4",
        "ftp://cdn.acedata.cloud/a.mp4",
        "file:///etc/passwd",
        "file://cdn.acedata.cloud/etc/passwd",
        "data:video/mp4;base64,AAAA",
        "//cdn.acedata.cloud/a.mp4",
        "cdn.acedata.cloud/a.mp4",
        "https:cdn.acedata.cloud/a.mp4",
        "https:///cdn.acedata.cloud/a.mp4",
        "https://",
        "",
        "https://[::1]/a.mp4",
        "https://[cdn.acedata.cloud]/a.mp4",
        "https://cdn.acedata.cloud:99999/a.mp4",
        "https://cdn.acedata.cloud:x/a.mp4",
        "https://127.0.0.1/a.mp4",
        "https://127.1/a.mp4",
        "https://2130706433/a.mp4",
        "https://0x7f000001/a.mp4",
        "https://169.254.169.254/latest/meta-data",
        "https://93.184.216.34/a.mp4",
        "https://[::ffff:127.0.0.1]/a.mp4",
        "https://[fe80::1%25eth0]/a.mp4",
        "https://localhost/a.mp4",
        "https://localhost.cdn.acedata.cloud.localhost/a.mp4",
    ],
)
def test_every_other_address_is_refused(url: str) -> None:
    assert not CDN.permit(url)


@pytest.mark.parametrize("listed", ["10.0.0.5", "169.254.169.254", "93.184.216.34", "", ".", "*"])
def test_listing_an_address_or_nothing_permits_no_address(listed: str) -> None:
    hosts = Hosts((listed,))

    assert not any(hosts.permit(f"https://{host}/a.mp4") for host in ("10.0.0.5", "93.184.216.34", "evil.example"))


def test_a_host_may_be_listed_with_a_leading_dot_and_in_capitals() -> None:
    hosts = Hosts((".CDN.Acedata.cloud",))

    assert hosts.permit("https://platform.cdn.acedata.cloud/a.mp4")
    assert not hosts.permit("https://notcdn.acedata.cloud/a.mp4")


@pytest.mark.parametrize(
    ("listed", "permitted"),
    [("127.0.0.1", True), ("127.0.0.1:8080", True), ("127.0.0.1:9090", False), ("127.0.0.2", False)],
)
def test_loopback_is_permitted_only_where_it_is_listed_itself(listed: str, permitted: bool) -> None:
    assert Hosts((listed,)).permit("http://127.0.0.1:8080/a.mp4") is permitted


@given(
    st.from_regex(r"[a-z0-9.\-]{0,12}", fullmatch=True), st.sampled_from([".example", ".cloud", "", ".acedata.cloud"])
)
def test_a_permitted_name_is_the_host_or_ends_in_a_dot_and_the_host(before: str, after: str) -> None:
    for middle in ("cdn.acedata.cloud", "acedata.cloud"):
        host = f"{before}{middle}{after}"

        allowed = CDN.permit(f"https://{host}/a.mp4")

        assert not allowed or f".{host.rstrip('.')}".endswith(".cdn.acedata.cloud")


@given(st.text())
def test_no_text_at_all_breaks_the_check(text: str) -> None:
    assert CDN.permit(text) in {True, False}
    assert CDN.permit(f"https://{text}") in {True, False}


@pytest.mark.parametrize(
    ("head", "extension"),
    [
        (TINY_MP4[:16], "mp4"),
        (b"\x00\x00\x00\x18ftypisom", "mp4"),
        (b"GIF89a\x01\x00", "gif"),
        (b"GIF87a\x01\x00", "gif"),
        (b"<html><head>", None),
        (b"ftyp\x00\x00\x00\x18", None),
        (b"MZ\x90\x00", None),
        (b"GIF", None),
        (b"", None),
    ],
)
def test_the_first_bytes_say_what_a_file_is(head: bytes, extension: str | None) -> None:
    assert video_extension(head) == extension


Answered = Callable[..., list[tuple[Any, ...]]]


def answering(*addresses: str) -> Answered:
    """A name server that knows one answer to everything."""

    def getaddrinfo(_: str, port: int, *__: object, **___: object) -> list[tuple[Any, ...]]:
        families = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (
                families[ipaddress.ip_address(address).version],
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (address, port) if ipaddress.ip_address(address).version == 4 else (address, port, 0, 0),
            )
            for address in addresses
        ]

    return getaddrinfo


@pytest.mark.parametrize(
    "addresses",
    [
        ("10.0.0.5",),
        ("127.0.0.1",),
        ("169.254.169.254",),
        ("192.168.1.1",),
        ("172.16.0.1",),
        ("100.64.0.1",),
        ("0.0.0.7",),
        ("::1",),
        ("fd00::1",),
        ("fe80::1",),
        ("::ffff:10.0.0.5",),
        ("93.184.216.34", "10.0.0.5"),
    ],
    ids=str,
)
async def test_a_name_that_points_at_a_private_address_is_not_resolved(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering(*addresses))

    with pytest.raises(OSError, match="private"):
        await PublicResolver().resolve("platform.cdn.acedata.cloud", 443)


async def test_a_public_name_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering("93.184.216.34"))

    found = await PublicResolver().resolve("platform.cdn.acedata.cloud", 443)

    assert [entry["host"] for entry in found] == ["93.184.216.34"]


async def test_localhost_is_the_one_name_that_may_be_private() -> None:
    found = await PublicResolver().resolve("localhost", 80, socket.AF_INET)

    assert [entry["host"] for entry in found] == ["127.0.0.1"]

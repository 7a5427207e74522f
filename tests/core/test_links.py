"""An address goes to people only when anybody can open it and nothing secret is in it."""

from __future__ import annotations

import pytest

from veo_core.domain.links import is_public_link, shown_link


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.acedata.cloud/veo/abc.mp4",
        "https://cdn.acedata.cloud./veo/abc.mp4",
        "https://cdn.example.com:8443/a.mp4?ex=65f&x-oss-process=video",
        "https://8.8.8.8/a.mp4",
    ],
)
def test_a_public_address_is_shown(url: str) -> None:
    assert is_public_link(url)
    assert shown_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a",
        "http://cdn.acedata.cloud/a.mp4",
        "ftp://cdn.acedata.cloud/a.mp4",
        "javascript:alert(1)",
        "https://user:secret@cdn.acedata.cloud/a.mp4",
        "https://user@cdn.acedata.cloud/a.mp4",
        "https://:secret@cdn.acedata.cloud/a.mp4",
        "https://bucket.s3.amazonaws.com/a.mp4?X-Amz-Credential=AKIA&X-Amz-Signature=1",
        "https://storage.googleapis.com/a.mp4?GoogleAccessId=a&Signature=b",
        "https://a.blob.core.windows.net/a.mp4?sv=2024&sig=abc",
        "https://cdn.example.com/a.mp4?auth_key=1-0-0-abc",
        "https://cdn.example.com/a.mp4?api_key=abc",
        "https://cdn.example.com/a.mp4?TOKEN=abc",
        "https://10.1.2.3/a.mp4",
        "https://192.168.0.1/a.mp4",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/a.mp4",
        "https://[::ffff:10.0.0.1]/a.mp4",
        "https://intranet/a.mp4",
        "https://files.internal/a.mp4",
        "https://nas.local/a.mp4",
        "https://2130706433/a.mp4",
        "https://0x7f.0.0.1/a.mp4",
        "https://cdn.example.com/" + "a" * 800,
        "https://cdn.example.com/a b.mp4",
        "https://cdn.example.com/\u202e.mp4",
        "https://[",
        "https://cdn.example.com:99999/a.mp4",
    ],
)
def test_a_private_dead_or_secret_address_is_not(url: str) -> None:
    assert not is_public_link(url)
    assert shown_link(url) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/a.mp4", "http://localhost/a.mp4", "https://[::1]/a.mp4"])
def test_an_address_of_this_machine_is_not_public(url: str) -> None:
    assert not is_public_link(url)


def test_an_address_of_this_machine_is_never_shown_with_a_secret() -> None:
    assert shown_link("http://me:secret@127.0.0.1/a.mp4") is None

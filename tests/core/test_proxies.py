"""Which proxy the environment names for which address."""

from __future__ import annotations

import pytest
from yarl import URL

from veo_core.domain.proxies import Proxies
from veo_core.errors import ConfigError

BOTH = {"HTTPS_PROXY": "http://secure:3128", "HTTP_PROXY": "http://plain:3128"}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://discord.com/api/v10", "secure"),
        ("wss://gateway.discord.gg/?v=10", "secure"),
        ("http://api.example", "plain"),
        ("ws://gateway.example", "plain"),
    ],
)
def test_the_scheme_decides_also_for_websockets(address: str, expected: str) -> None:
    proxy = Proxies.of(BOTH).for_url(URL(address))

    assert proxy is not None
    assert proxy.host == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]", "localhost"])
@pytest.mark.parametrize("scheme", ["http", "https", "ws", "wss"])
def test_this_machine_is_always_reached_directly(scheme: str, host: str) -> None:
    assert Proxies.of(BOTH).for_url(URL(f"{scheme}://{host}:8080/x")) is None


@pytest.mark.parametrize(
    ("excepted", "direct"),
    [
        ("discord.com", True),
        ("com", True),
        (".discord.com", True),
        ("*.discord.com", True),
        ("a.example, DISCORD.com ", True),
        ("discord.com:443", True),
        ("*", True),
        ("discord.com:8443", False),
        ("iscord.com", False),
        ("api.discord.com", False),
        ("", False),
        (" , ", False),
    ],
)
def test_no_proxy_excepts_a_name_and_all_below_it(excepted: str, direct: bool) -> None:
    proxies = Proxies.of({**BOTH, "NO_PROXY": excepted})

    assert (proxies.for_url(URL("https://discord.com/api")) is None) is direct


def test_without_the_variables_everything_is_reached_directly() -> None:
    assert Proxies.of({}).for_url(URL("https://discord.com")) is None
    assert Proxies.of({"HTTP_PROXY": "http://plain:1"}).for_url(URL("https://discord.com")) is None


def test_the_small_spelling_wins_and_a_scheme_may_be_left_out() -> None:
    proxies = Proxies.of({"HTTPS_PROXY": "http://big:1", "https_proxy": "small:2"})

    assert proxies.https == URL("http://small:2")


@pytest.mark.parametrize("value", ["socks5://user:hush@proxy:1080", "http://", "http://user:hush@proxy:99999"])
def test_what_can_be_no_proxy_is_one_line_that_does_not_show_it(value: str) -> None:
    with pytest.raises(ConfigError, match="HTTPS_PROXY") as caught:
        Proxies.of({"HTTPS_PROXY": value})

    assert "hush" not in str(caught.value)
    assert "http://host:port" in str(caught.value)


def test_a_password_is_a_secret_in_both_spellings() -> None:
    proxies = Proxies.of({"HTTPS_PROXY": "http://user:h%40sh@proxy:3128"})

    assert set(proxies.secrets) == {"h@sh", "h%40sh"}

"""The real process behind an outgoing proxy: everything it asks of others goes through it."""

from __future__ import annotations

import pytest

from tests.forward_proxy import ForwardProxy
from tests.process.house import House

pytestmark = pytest.mark.process


def elsewhere(address: str, name: str) -> str:
    """The same server under a name that only the proxy knows."""
    return address.replace("127.0.0.1", name)


async def test_a_video_is_made_through_a_proxy_that_alone_knows_the_names(house: House) -> None:
    house.configure(
        {
            "discord": {"api_base": elsewhere(house.discord.api_base, "discord.test")},
            "veo": {"api_base": elsewhere(house.veo.base_url, "veo.test")},
        }
    )
    house.discord.gateway.url = elsewhere(house.discord.gateway.url, "gateway.test")
    async with ForwardProxy() as proxy:
        await house.start(HTTP_PROXY=proxy.url)
        job_id = await house.order(house.person("anna"), "far away")
        jobs = await house.settled()
        posted = await house.result(job_id)
        await house.stop()

    assert jobs[job_id]["state"] == "succeeded"
    assert posted.attachments
    assert proxy.hosts() == {"discord.test", "gateway.test", "veo.test"}


async def test_check_goes_through_the_proxy_and_says_when_it_refuses(house: House) -> None:
    house.configure({"discord": {"api_base": "https://discord.test/api/v10"}, "veo": {"api_base": "https://veo.test"}})
    async with ForwardProxy() as proxy:
        code, text = await house.answered("check", HTTPS_PROXY=proxy.url)

    assert code == 1
    assert text.count("the proxy refuses it") == 2
    assert set(proxy.asked) == {"CONNECT veo.test:443", "CONNECT discord.test:443"}


async def test_a_proxy_that_can_be_none_ends_the_start_in_one_line(house: House) -> None:
    code, text = await house.answered("run", HTTPS_PROXY="socks5://user:hush@proxy:1080")

    assert (code, len(text.splitlines())) == (1, 1)
    assert "HTTPS_PROXY" in text
    assert "hush" not in text

"""Both sessions and discord.py's connector go through the proxy that is named, and this machine never does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web

from tests.forward_proxy import ForwardProxy
from veo_core.domain.proxies import Proxies
from veo_core.errors import MediaUnavailable
from veo_core.media.download import MediaReader
from veo_core.media.hosts import Hosts
from veo_core.media.session import media_session
from veo_core.network import discord_connector, failure_words
from veo_core.provider.session import api_session


def discord_session(proxies: Proxies) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=discord_connector(proxies))


SESSIONS = [api_session, media_session, discord_session]
Session = Callable[[Proxies], aiohttp.ClientSession]


@pytest.fixture
async def proxy() -> AsyncIterator[ForwardProxy]:
    async with ForwardProxy() as one:
        yield one


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server that answers with the host it was asked for, and with a websocket that says the same."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=request.url.host or "")

    async def socket(request: web.Request) -> web.WebSocketResponse:
        found = web.WebSocketResponse()
        await found.prepare(request)
        await found.send_str("hello")
        await found.close()
        return found

    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/socket", socket)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


def through(proxy: ForwardProxy, **more: str) -> Proxies:
    return Proxies.of({"HTTP_PROXY": proxy.url, "HTTPS_PROXY": proxy.url, **more})


@pytest.mark.parametrize("session", SESSIONS)
async def test_a_name_that_only_the_proxy_knows_is_reached(session: Session, proxy: ForwardProxy, port: int) -> None:
    async with session(through(proxy)) as one, one.get(f"http://far.test:{port}/") as response:
        text = await response.text()

    assert text == "far.test"
    assert proxy.asked == [f"GET http://far.test:{port}/"]


async def test_a_websocket_goes_through_it_too(proxy: ForwardProxy, port: int) -> None:
    async with discord_session(through(proxy)) as one, one.ws_connect(f"ws://far.test:{port}/socket") as socket:
        said = await socket.receive_str()

    assert said == "hello"


@pytest.mark.parametrize("session", SESSIONS)
async def test_https_asks_for_a_tunnel_by_name(session: Session, proxy: ForwardProxy) -> None:
    async with session(through(proxy)) as one:
        with pytest.raises(aiohttp.ClientHttpProxyError) as caught:
            await one.get("https://far.test/")

    assert proxy.asked == ["CONNECT far.test:443"]
    assert failure_words(caught.value) == "the proxy refuses it"


async def test_a_gateway_asks_for_a_tunnel_too(proxy: ForwardProxy) -> None:
    async with discord_session(through(proxy)) as one:
        with pytest.raises(aiohttp.ClientHttpProxyError):
            await one.ws_connect("wss://gateway.test/")

    assert proxy.asked == ["CONNECT gateway.test:443"]


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_is_reached_directly(session: Session, host: str, proxy: ForwardProxy, port: int) -> None:
    async with session(through(proxy)) as one, one.get(f"http://{host}:{port}/") as response:
        assert await response.text() == host

    assert proxy.asked == []


async def test_the_password_goes_to_the_proxy_and_nowhere_else(proxy: ForwardProxy, port: int) -> None:
    proxies = Proxies.of({"HTTP_PROXY": proxy.url.replace("//", "//user:hush@")})
    async with api_session(proxies) as one, one.get(f"http://far.test:{port}/") as response:
        assert response.status == 200

    assert len(proxy.credentials) == 1
    assert "user" not in "".join(proxy.asked)


async def test_a_file_host_that_is_not_allowed_is_not_even_asked_for_at_the_proxy(proxy: ForwardProxy) -> None:
    async with media_session(through(proxy)) as one:
        reader = MediaReader(one, Hosts(("cdn.test",)))
        with pytest.raises(MediaUnavailable):
            await reader.image("https://cdn.test/a.png", 1000)
        await asyncio.gather(
            *(reader.image(url, 1000) for url in ("https://evil.test/a.png", "https://10.0.0.1/a.png")),
            return_exceptions=True,
        )

    assert proxy.asked == ["CONNECT cdn.test:443"]


async def test_a_proxy_that_is_not_there_is_named_as_the_trouble() -> None:
    async with api_session(Proxies.of({"HTTPS_PROXY": "http://127.0.0.1:9"})) as one:
        with pytest.raises(aiohttp.ClientProxyConnectionError) as caught:
            await one.get("https://api.test/")

    assert "HTTPS_PROXY" in failure_words(caught.value)


async def test_a_private_proxy_is_trusted_by_name_while_private_hosts_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with media_session(Proxies.of({"HTTPS_PROXY": "http://proxy.internal:3128"})) as one:
        connector = one.connector
        assert isinstance(connector, aiohttp.TCPConnector)
        resolver = connector._resolver  # pyright: ignore[reportPrivateUsage] # which one it is shows nowhere else

        async def private(*_: object, **__: object) -> list[dict[str, object]]:
            return [{"hostname": "x", "host": "10.0.0.7", "port": 1, "family": 2, "proto": 0, "flags": 0}]

        monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", private)
        assert len(await resolver.resolve("proxy.internal", 3128)) == 1
        with pytest.raises(OSError, match="private"):
            await resolver.resolve("cdn.test", 443)

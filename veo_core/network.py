"""The HTTP connections of the process, through a proxy where the environment names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from aiohttp.connector import Connection

from veo_core.domain.proxies import DIRECT, Proxies

if TYPE_CHECKING:
    from aiohttp.tracing import Trace


# Whatever a connection can die of; discord.py lets these through as they are.
NETWORK_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)
Connector = aiohttp.BaseConnector


class ProxyConnector(aiohttp.TCPConnector):
    """Decides for each address by itself: a session's own setting would be the same for all of them.

    aiohttp's `trust_env` knows no websockets and reads `.netrc` too. discord.py hands its requests on to a connector.
    """

    proxies = DIRECT

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp passes it under this name
    ) -> Connection:
        """Send the request on its way."""
        proxy = self.proxies.for_url(req.url)
        if proxy is not None:
            # aiohttp takes user and password out of the address and sends them to the proxy alone.
            req.update_proxy(proxy, None, None)
        return await super().connect(req, traces, timeout)


def discord_connector(proxies: Proxies = DIRECT) -> Connector:
    """For discord.py, REST and gateway."""
    return through(proxies, ProxyConnector(limit=0))


def through(proxies: Proxies, connector: ProxyConnector) -> ProxyConnector:
    """The connector, told which proxies to use."""
    connector.proxies = proxies
    return connector


_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientHttpProxyError, "the proxy refuses it"),
    (aiohttp.ClientProxyConnectionError, "the proxy of HTTPS_PROXY or HTTP_PROXY does not answer"),
    (aiohttp.ClientConnectorDNSError, "its name is not known"),
    (aiohttp.ClientSSLError, "its certificate is not trusted"),
    (TimeoutError, "it did not answer in time"),
    (aiohttp.ClientConnectorError, "nobody answers there"),
)


def failure_words(error: BaseException) -> str:
    """Why a connection failed, for the operator: a few words without the name of a class."""
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "the connection broke")

"""The session for files."""

from __future__ import annotations

import aiohttp

from veo_core.domain.proxies import DIRECT, Proxies
from veo_core.media.resolver import PublicResolver
from veo_core.network import ProxyConnector, through


def media_session(proxies: Proxies = DIRECT) -> aiohttp.ClientSession:
    """For files: never resolves a name to a private address; whoever reads bounds how many at a time.

    Through a proxy it is the proxy that resolves the names; what then holds is the list of allowed hosts.
    """
    connector = through(proxies, ProxyConnector(resolver=PublicResolver(proxies.hosts), limit=0, force_close=True))
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)

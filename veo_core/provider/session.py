"""The session for the Veo API."""

from __future__ import annotations

import aiohttp

from veo_core.domain.proxies import DIRECT, Proxies
from veo_core.network import ProxyConnector, through


def api_session(proxies: Proxies = DIRECT) -> aiohttp.ClientSession:
    """For the Veo API: a fresh connection each time; whoever opens the session closes it.

    A submission over a kept connection that the other side has just closed would look like a lost answer.
    """
    connector = through(proxies, ProxyConnector(force_close=True))
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

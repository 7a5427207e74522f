"""The two HTTP sessions of the process; whoever opens one closes it."""

from __future__ import annotations

import aiohttp

from veo_core.media import PublicResolver

# Whatever a connection can die of; discord.py lets these through as they are.
NETWORK_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)


def api_session() -> aiohttp.ClientSession:
    """For the Veo API: a fresh connection each time.

    A submission over a kept connection that the other side has just closed would look like a lost answer.
    """
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True), cookie_jar=aiohttp.DummyCookieJar())


def media_session() -> aiohttp.ClientSession:
    """For files: never resolves a name to a private address; whoever reads bounds how many at a time."""
    connector = aiohttp.TCPConnector(resolver=PublicResolver(), limit=0, force_close=True)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)

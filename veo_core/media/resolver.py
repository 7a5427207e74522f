"""Looks up names, and refuses what leads to a private address."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

import aiohttp
from aiohttp.abc import ResolveResult

from veo_core.domain.links import is_loopback


class PublicResolver(aiohttp.ThreadedResolver):
    """Never resolves to a private address: an allowed name may point anywhere by tomorrow.

    `trusted` are the operator's own proxies, which may be private.
    """

    def __init__(self, trusted: Collection[str] = ()) -> None:
        super().__init__()
        self._trusted = trusted

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """Look a host up; raises OSError when it is private."""
        found = await super().resolve(host, port, family)  # pyright: ignore[reportArgumentType]
        is_free = is_loopback(host) or host in self._trusted
        if not is_free and any(not ipaddress.ip_address(entry["host"]).is_global for entry in found):
            raise OSError(f"{host} is a private address")
        return found

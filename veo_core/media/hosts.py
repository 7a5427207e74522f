"""The hosts that files may come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yarl import URL

from veo_core.domain.links import is_address, is_loopback


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts files may come from: by suffix over https, loopback only where it is listed itself."""

    allowed: Sequence[str]

    def permit(self, url: str) -> bool:
        """Whether this address may be read."""
        try:
            parts = URL(url)
            host, port = (parts.host or "").lower().rstrip("."), parts.port
        except ValueError:
            return False
        if not host or parts.user is not None or parts.password is not None:
            return False
        if is_loopback(host):
            listed = {entry.lower() for entry in self.allowed}
            return parts.scheme in {"http", "https"} and bool(listed & {host, f"{host}:{port}"})
        if parts.scheme != "https" or is_address(host):
            return False
        return any(host == entry or host.endswith(f".{entry}") for entry in map(_plain, self.allowed))


def _plain(entry: str) -> str:
    return entry.lower().lstrip(".")

"""Pure: which outgoing proxy the environment names for an address (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from yarl import URL

from veo_core.errors import ConfigError

_SECURE = frozenset({"https", "wss"})


@dataclass(frozen=True, slots=True)
class Proxies:
    """None where addresses are reached directly; `excepted` is what NO_PROXY says."""

    http: URL | None = None
    https: URL | None = None
    excepted: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Proxies:
        """What the environment says; the small spelling wins, as in curl.

        Raises ConfigError for what can be no proxy, without showing it: it may hold a password.
        """
        return cls(
            _address(environment, "HTTP_PROXY"), _address(environment, "HTTPS_PROXY"), _value(environment, "NO_PROXY")
        )

    def for_url(self, url: URL) -> URL | None:
        """The proxy for this address; what runs on this machine is always reached directly."""
        host = url.host or ""
        if _is_local(host) or any(_excepts(entry, host, url.port) for entry in self.excepted.split(",")):
            return None
        return self.https if url.scheme in _SECURE else self.http

    @property
    def hosts(self) -> frozenset[str]:
        """The machines of the proxies themselves."""
        return frozenset(one.host for one in (self.http, self.https) if one is not None and one.host is not None)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Passwords in the addresses, also as they are written there."""
        found = [one for one in (self.http, self.https) if one is not None]
        return tuple(text for one in found for text in (one.password, one.raw_password) if text)


DIRECT = Proxies()


def _value(environment: Mapping[str, str], name: str) -> str:
    return (environment.get(name.lower()) or environment.get(name) or "").strip()


def _address(environment: Mapping[str, str], name: str) -> URL | None:
    value = _value(environment, name)
    if not value:
        return None
    try:
        url = URL(value if "://" in value else f"http://{value}")
        if url.scheme in {"http", "https"} and url.host and url.port:
            return url
    except ValueError:
        # The library's words repeat the value, which may hold a password.
        raise _unusable(name) from None
    raise _unusable(name)


def _unusable(name: str) -> ConfigError:
    return ConfigError(f"environment: {name} is no proxy that can be used; write it as http://host:port")


def _excepts(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of NO_PROXY is about this host: `*`, a name and all below it, an address; a port or not."""
    name, wanted = entry.strip().lower(), ""
    if name.count(":") == 1:
        name, _, wanted = name.partition(":")
    if not name or (wanted and wanted != str(port)):
        return False
    name = name.removeprefix("*.").lstrip(".")
    return name == "*" or f".{host.lower()}".endswith(f".{name}")


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Which addresses may be shown to people; pure."""

from __future__ import annotations

import ipaddress

from yarl import URL

LONGEST_LINK = 800
"""Characters. Longer ones do not fit into a message beside a prompt."""

_CREDENTIALS = (
    *("signature", "credential", "token", "secret", "password", "passwd", "auth"),
    *("apikey", "api_key", "api-key", "accesskey", "key-pair", "security"),
)
_CREDENTIAL_NAMES = frozenset({"sig", "sign", "key", "pwd", "policy", "q-ak", "hmac"})
_INTERNAL = (".local", ".localhost", ".internal", ".lan", ".home", ".corp", ".test", ".invalid", ".home.arpa")


def is_public_link(url: str) -> bool:
    """Whether anybody can open this address and nothing secret is in it: https, a public host, no credentials."""
    parts = _parts(url)
    return parts is not None and parts.scheme == "https" and is_public_host(parts.host or "")


def shown_link(url: str) -> str | None:
    """The address if it may be shown.

    An address of this machine is shown too: it only gets here where the operator listed it as a host of files.
    """
    parts = _parts(url)
    if parts is None:
        return None
    return url if is_public_link(url) or is_loopback(parts.host or "") else None


def carries_credentials(url: URL) -> bool:
    """Whether a name, a password, a key or a signature is part of the address."""
    if url.user is not None or url.password is not None:
        return True
    names = [name.lower() for name in url.query]
    return any(name in _CREDENTIAL_NAMES or any(part in name for part in _CREDENTIALS) for name in names)


def is_public_host(host: str) -> bool:
    """Whether this is a name or an address of the internet, as far as it can be told without asking."""
    host = host.lower().rstrip(".")
    if is_address(host):
        return ipaddress.ip_address(host).is_global
    return "." in host and not host.endswith(_INTERNAL) and not host.rpartition(".")[2].isdecimal()


def is_address(host: str) -> bool:
    """Whether this is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether this is the machine itself."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def _parts(url: str) -> URL | None:
    """The address taken apart; None for what is no clean web address of a bearable length without credentials."""
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_LINK:
        return None
    try:
        parts = URL(url, encoded=True)
        usable = parts.scheme in {"http", "https"} and bool(parts.host) and not carries_credentials(parts)
    except ValueError:
        return None
    return parts if usable else None

"""One request to Discord: sent once, never slept on, never repeated.

discord.py's own `HTTPClient.request` sleeps for limits and repeats after errors while it holds the message's file; a
request that is cancelled while it sleeps for a global limit blocks all later ones for ever (2.7.1). The gate decides
about all of that instead, so this module only speaks.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

import aiohttp
import discord
from discord.http import HTTPClient, Route, json_or_text

from cogs.rest.foreign_answers import OLD_EDITS, ForeignAnswer

# Seconds, and the slowest line that an upload is waited for: one megabit a second.
_TIMEOUT = 30.0
_BYTES_A_SECOND = 125_000
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_LARGE, _TOO_MANY, _SERVER_ERROR = 401, 403, 404, 413, 429, 500
_DEAD_INTERACTION = 50027
_USUAL_WAIT, _WAIT_OF_PROXY, _LONGEST_WAIT = 5.0, 60.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    response: aiohttp.ClientResponse
    data: Any

    @property
    def status(self) -> int:
        """HTTP's status."""
        return self.response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, found in any spelling of upper and lower case."""
        return self.response.headers


@dataclass(frozen=True, slots=True)
class Told:
    """A 429: wait so many seconds, with this kind of request or with everything."""

    seconds: float
    everything: bool


async def exchange(
    http: HTTPClient,
    route: Route,
    files: Sequence[discord.File],
    form: Iterable[Mapping[str, Any]] | None,
    options: Mapping[str, object],
) -> Answer:
    """Send the request as discord.py would; raises only what the network raises."""
    given = _prepared(http, form, dict(options))
    # aiohttp counts an upload as silence, so that only the whole can be limited.
    given["timeout"] = aiohttp.ClientTimeout(total=longest(sum(map(_rewound, files))), sock_connect=10)
    session: aiohttp.ClientSession = vars(http)["_HTTPClient__session"]
    async with session.request(route.method, route.url, **given) as response:
        return Answer(response, await json_or_text(response))


def longest(upload: int) -> float:
    """How many seconds a request with so many bytes of files may take; pure."""
    return _TIMEOUT + upload / _BYTES_A_SECOND


def refuses_the_token(answer: Answer) -> bool:
    """Whether any request would be refused as this one; 50027 is about the token of an interaction."""
    code = (_json_object(answer.data) or {}).get("code")
    return answer.status == _UNAUTHORIZED and code != _DEAD_INTERACTION


def told_to_wait(status: int, headers: Mapping[str, str], data: object) -> Told | None:
    """What a 429 asks for, None for any other answer and for one about the edits of an old message alone; pure.

    One without JSON, or without any word of a limit, comes from the proxy in front of Discord, which means the address
    of the whole bot.
    """
    if status != _TOO_MANY:
        return None
    body = _json_object(data)
    if body is None or _is_ban(headers, body):
        return Told(_seconds(headers.get("Retry-After"), _WAIT_OF_PROXY), everything=True)
    if body.get("code") == OLD_EDITS:
        return None
    everything = bool(body.get("global")) or headers.get("X-RateLimit-Scope") == "global"
    asked = body.get("retry_after", headers.get("Retry-After"))
    return Told(_seconds(asked, _USUAL_WAIT), everything or "X-RateLimit-Global" in headers)


def _is_ban(headers: Mapping[str, str], body: Mapping[str, object]) -> bool:
    """Whether the address is refused: `{"message": "You are being blocked…", "code": 0}` names no limit."""
    return not body.get("code") and "retry_after" not in body and "X-RateLimit-Scope" not in headers


def failure(answer: Answer) -> discord.HTTPException:
    """The exception that discord.py has for an answer; ForeignAnswer for a page that does not say "too large"."""
    if answer.status < _SERVER_ERROR and answer.status != _TOO_LARGE and _json_object(answer.data) is None:
        return ForeignAnswer(answer.response, answer.data)
    known = {_FORBIDDEN: discord.Forbidden, _NOT_FOUND: discord.NotFound}
    usual = discord.DiscordServerError if answer.status >= _SERVER_ERROR else discord.HTTPException
    return known.get(answer.status, usual)(answer.response, answer.data)


def _prepared(http: HTTPClient, form: Iterable[Mapping[str, Any]] | None, options: dict[str, Any]) -> dict[str, Any]:
    headers = {"User-Agent": http.user_agent}
    if http.token is not None:
        headers["Authorization"] = f"Bot {http.token}"
    if "json" in options:
        headers["Content-Type"] = "application/json"
        options["data"] = json.dumps(options.pop("json"), separators=(",", ":"))
    if reason := options.pop("reason", None):
        headers["X-Audit-Log-Reason"] = quote(reason, safe="/ ")
    if form is not None:
        options["data"] = _form(form)
    proxy = {"proxy": http.proxy, "proxy_auth": http.proxy_auth}
    used = {name: value for name, value in proxy.items() if value is not None}
    return {**options, **used, "headers": headers}


def _rewound(file: discord.File) -> int:
    """Let the file be read from its beginning; its size in bytes."""
    size = file.fp.seek(0, os.SEEK_END)
    file.reset(seek=True)
    return size


def _form(parts: Iterable[Mapping[str, Any]]) -> aiohttp.FormData:
    # Discord does not know quoted names of fields.
    data = aiohttp.FormData(quote_fields=False)
    for part in parts:
        data.add_field(**part)
    return data


def _json_object(data: object) -> dict[str, object] | None:
    """The body as an object; discord.py leaves it as text where the content type says more than JSON."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            return None
    return cast("dict[str, object]", data) if isinstance(data, dict) else None


def _seconds(asked: object, usual: float) -> float:
    try:
        seconds = float(str(asked))
    except ValueError:
        return usual
    return min(max(seconds, 0.0), _LONGEST_WAIT) if math.isfinite(seconds) else usual

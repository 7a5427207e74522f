"""Pure: what people paste where a token belongs, and secrets taken out of what is printed."""

from __future__ import annotations

import re
from collections.abc import Collection

HIDDEN = "[hidden]"
# Nothing that short is a token; hiding it would only tear words apart.
SHORTEST_SECRET = 5
# Blanks, the byte order mark, characters without width, and the quotes that editors and shells leave.
_AROUND = " \t\r\n\v\f\u00a0\ufeff\u200b\u200c\u200d\u2060\"'`\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00ab\u00bb"
_PREFIX = re.compile(r"(bearer|bot)\s+", re.IGNORECASE)
_ACCOUNT_TOKEN = re.compile(r"platform-", re.IGNORECASE)
# A token of Discord, an account token and an API key of Ace Data Cloud; docs of both, 2026.
_SHAPES = re.compile(
    r"(?<![\w-])(?:[\w-]{23,}\.[\w-]{6,}\.[\w-]{27,}|platform-v\d+-[0-9a-z]+|[0-9a-f]{32})(?![\w-])", re.IGNORECASE
)


def bare_token(pasted: str) -> str:
    """The token without what people paste around it: blanks, quotes, "Bearer " and "Bot "."""
    found = pasted.strip(_AROUND)
    while prefix := _PREFIX.match(found):
        found = found[prefix.end() :].strip(_AROUND)
    return "" if found.lower() in {"bearer", "bot"} else found


def token_problem(token: str) -> str | None:
    """Why this cannot be a token, without showing it; None for what can be one."""
    if not token.isascii() or not token.isprintable() or " " in token:
        return "cannot be a token: it has spaces, line breaks or letters that tokens never have; copy it again"
    return None


def key_problem(token: str) -> str | None:
    """Why this cannot be an API key of Ace Data Cloud."""
    if _ACCOUNT_TOKEN.match(token):
        return (
            "is an account token (`platform-…`), which cannot make videos; an API key has 32 hex digits: "
            "make one on the service's page at https://platform.acedata.cloud"
        )
    return token_problem(token)


def token_shaped(text: str) -> tuple[str, ...]:
    """The parts of a text that look like somebody's token."""
    return tuple(_SHAPES.findall(text))


def without_secrets(text: str, secrets: Collection[str] = ()) -> str:
    """The text without these secrets and without anything that looks like one, in whatever key it was pasted."""
    return _SHAPES.sub(HIDDEN, without_known(text, secrets))


def without_known(text: str, secrets: Collection[str]) -> str:
    """The text without these secrets, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return text

"""Other people's words inside the bot's messages: they cannot ping, format, link or turn the text around; pure."""

from __future__ import annotations

import re
import unicodedata

_NOTHING = "\u200b"
_MARKDOWN = re.compile(r"([\\*_~`|\[\]()])")
_AUTOLINK = re.compile(r"(?i)(discord(?:app)?\.(?:gg|com|me|io|gift))|(:)(?=//)")
_JOINERS = "\u200c\u200d"


def one_line(text: str) -> str:
    """White space collapsed, control and bidirectional characters gone."""
    kept = (
        c if c in _JOINERS or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} else " " for c in text
    )
    return " ".join("".join(kept).split())


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def quoted(text: str, limit: int) -> str:
    """A prompt or name for a message: at most about three times `limit` characters after escaping."""
    plain = shorten(one_line(text), limit)
    escaped = _MARKDOWN.sub(r"\\\1", plain)
    broken = escaped.replace("@", f"@{_NOTHING}").replace("<", f"<{_NOTHING}").replace("#", f"#{_NOTHING}")
    return _AUTOLINK.sub(lambda found: f"{found.group(0)}{_NOTHING}", broken) or "…"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    teen = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"

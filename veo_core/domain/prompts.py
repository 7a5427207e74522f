"""The prompt as it is stored and sent; pure.

Every range is written out: Python's own tables of Unicode differ between its versions and are older than people's
phones, and the same prompt must buy the same video on every Python.
"""

from __future__ import annotations

import re

# Control characters but tab and line feed, halves of a surrogate pair, and overrides of direction.
_REPLACED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_LINE_BREAK = re.compile("\r\n?")
# White space, what Unicode calls ignorable by default (joiners, fillers, selectors, tags), and the empty braille cell.
_SHOWS_NOTHING = re.compile(
    "[\\s\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    "\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]*",
    re.ASCII,
)
_BLANKS = " \t"


def clean_prompt(prompt: str) -> str:
    """Every character that a person can type, without blanks at the ends of lines.

    Control characters, lone surrogates and overrides of direction become blanks.
    """
    kept = _REPLACED.sub(" ", _LINE_BREAK.sub("\n", prompt))
    return "\n".join(line.strip(_BLANKS) for line in kept.split("\n")).strip("\n")


def shows_nothing(prompt: str) -> bool:
    """Whether a cleaned prompt has nothing that can be seen."""
    return _SHOWS_NOTHING.fullmatch(prompt) is not None

"""Other people's words inside the bot's messages: whatever they are, they can do nothing."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cogs.kit.escape import one_line, ordinal, quoted, shorten
from tests.cogs.prompts import prompts

JOINTS = "\u200b\u200c\u200d"
EMAIL = re.compile(r"<[^\s<>\u200b]+@[^\s<>\u200b]+>")
BRACKETS = re.compile(r"<(@[!&]?|#|/|:|a:|id:|t:|\+|https?:|mailto:|tel:)")


def assert_harmless(text: str) -> None:
    """No mention, link, formatting or turned text is left in other people's words."""
    assert "@everyone" not in text
    assert "@here" not in text
    assert not BRACKETS.search(text)
    assert not EMAIL.search(text)
    assert "://" not in text
    assert not re.search(r"(?i)discord(app)?\.(gg|com|me|io|gift)/", text)
    assert not re.search(r"(?<!\\)(\\\\)*[*_~`|\[\]]", text)
    assert not re.search(r"(?<!\\)(\\\\)*\\$", text)
    assert all(c in JOINTS or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text)


@given(prompts, st.integers(5, 500))
@example("_discord.gg/abc", 100)
@example("1discord.gg/abc", 100)
@example("\\", 100)
@example("a" * 99 + "\\", 100)
@example("<@1001>", 100)
def test_other_peoples_words_can_do_nothing(text: str, limit: int) -> None:
    shown = quoted(text, limit)

    assert_harmless(shown)
    assert 0 < len(shown) <= 3 * limit


@given(prompts)
def test_other_peoples_words_do_not_end_the_bold_around_them(text: str) -> None:
    line = f"**{quoted(text, 250)}**"

    bold = re.fullmatch(r"\*\*((?:\\[\s\S]|[^\\*])+)\*\*", line)

    assert bold is not None


@given(st.text())
def test_one_line_is_one_line_and_stays_as_it_is(text: str) -> None:
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert one_line(line) == line


@given(st.text(), st.integers(2, 300))
def test_shortening_never_goes_over_the_limit_and_says_that_something_is_missing(text: str, limit: int) -> None:
    short = shorten(text, limit)

    assert len(short) <= limit
    assert short == text or short.endswith("…")
    assert len(text) > limit or short == text


def test_plain_words_of_any_script_are_shown_as_they_were_written() -> None:
    prompt = "Ein Leuchtturm im Sturm, 灯台, منارة, 👩\u200d🚀 50% – “quoted”!"

    assert quoted(prompt, 250) == prompt


def test_nothing_to_show_is_shown_as_dots() -> None:
    assert quoted(" \n\u202e ", 50) == "…"


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (111, "111th"),
        (122, "122nd"),
    ],
)
def test_places_in_line_are_counted_in_words(number: int, word: str) -> None:
    assert ordinal(number) == word

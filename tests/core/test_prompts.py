"""A prompt keeps every character a person can type, and one that shows nothing is none, on every Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_core.domain.prompts import clean_prompt, shows_nothing

OVERRIDES = [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]
CONTROLS = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0)) if chr(n) not in "\t\n\r"]


@given(st.text())
def test_cleaning_a_prompt_twice_changes_nothing_more(prompt: str) -> None:
    once = clean_prompt(prompt)

    assert clean_prompt(once) == once


@given(st.text(st.characters(codec=None)))
def test_a_cleaned_prompt_can_be_stored_and_sent(prompt: str) -> None:
    cleaned = clean_prompt(prompt)

    assert cleaned.encode() is not None
    assert not set(cleaned) & {*OVERRIDES, *CONTROLS, "\r"}
    assert len(cleaned) <= len(prompt)


def test_every_other_character_of_unicode_is_kept() -> None:
    replaced = {*OVERRIDES, *CONTROLS, *"\r\n\t "}
    others = "".join(chr(n) for n in range(0x110000) if not 0xD800 <= n <= 0xDFFF and chr(n) not in replaced)

    assert clean_prompt(f"a{others}z") == f"a{others}z"


@pytest.mark.parametrize(
    "prompt",
    [
        "a fox\u00a0and a\u202fdog",
        "\u3000\u56db\u89d2\u3044\u3000\u7a7a",
        "soft\u00adhyphen and zero\u200bwidth space",
        "right\u200f to left\u200e marks \u061c",
        "\U0001f469\u200d\U0001f680 \u2764\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "an emoji of a later Unicode \U0001fae9 \U0001fadf",
        "a private use \ue000 and a letter of tomorrow \U000323b0",
        "a paragraph separator\u2029goes on",
    ],
)
def test_what_a_person_can_type_is_sent_as_it_is(prompt: str) -> None:
    assert clean_prompt(prompt) == prompt


@pytest.mark.parametrize("bad", [*OVERRIDES, "\x00", "\x1b", "\x7f", "\x85", "\x0b", "\x0c", "\ud83d"])
def test_controls_lone_surrogates_and_overrides_become_blanks(bad: str) -> None:
    assert clean_prompt(f"a{bad}cat") == "a cat"


def test_joined_emoji_lines_and_scripts_survive_cleaning() -> None:
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"

    assert clean_prompt(f"  👩\u200d🚀 {persian}\r\n\r\n  two \r") == f"👩\u200d🚀 {persian}\n\ntwo"


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " \n\t ",
        "\u200d\u200c \u200d",
        "\u200b",
        "\u00a0\u3000",
        "\u3164",
        "\u2800\u2800",
        "\u2060\ufeff",
        "\ufe0f",
        "\U000e0067\U000e007f",
        "\u00ad",
        "\u2028\u2029\u1680\u205f",
    ],
)
def test_a_prompt_that_shows_nothing_is_recognised(prompt: str) -> None:
    assert shows_nothing(clean_prompt(prompt))


@pytest.mark.parametrize("prompt", [".", "\u200da", "\u0301", "\U0001fae9", "\ue000", "\u4e00", "-"])
def test_a_prompt_of_one_visible_character_is_a_prompt(prompt: str) -> None:
    assert not shows_nothing(clean_prompt(prompt))

"""The provider's words, once the person's own are taken out of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_core.domain.phrases import ECHO, fault_in, speaks_of_account, spoken
from veo_core.reasons import Reason


def test_words_are_folded_and_sentences_kept_apart() -> None:
    assert spoken("The Model\nVeo-3.0 IS gone. Sorry!", "") == "the model veo 3 0 is gone | sorry |"


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("bad prompt: The balance of the bank is used up", f"bad prompt | {ECHO}"),
        ("bad prompt: the balance of the b...", f"bad prompt | {ECHO} |"),
        ("bad prompt: THE BALANCE   OF THE BANK is used up!", f"bad prompt | {ECHO} |"),
        ("bad prompt: “used up” is not good", f"bad prompt | {ECHO} is not good"),
        ("&quot;balance&quot; cannot be shown", f"{ECHO} cannot be shown"),
        ("your balance is low", "your balance is low"),
    ],
)
def test_the_prompt_is_taken_out_however_it_is_spelled(message: str, left: str) -> None:
    assert spoken(message, "The balance of the bank is used up") == left


def test_a_short_prompt_is_taken_out_as_whole_words_only() -> None:
    assert spoken("your balances: balance used up", "balance") == f"your balances | {ECHO} used up"


@given(st.text(min_size=1, max_size=300))
def test_a_prompt_alone_never_speaks_of_the_account(prompt: str) -> None:
    for said in (prompt, prompt.upper(), json.dumps(prompt), json.dumps(json.dumps(prompt))):
        words = spoken(f"cannot use {said}", f"api key invalid {prompt}")
        assert not speaks_of_account(words.replace("api key invalid", ""))


@given(st.text(max_size=500), st.text(max_size=100))
def test_no_message_is_too_odd_to_be_read(message: str, prompt: str) -> None:
    fault_in(spoken(message, prompt), has_images=True)


@pytest.mark.parametrize(
    "words",
    [
        "For model veo3 the resolution 4k is not supported",
        "resolution 4k for model veo31 is not supported",
        "model veo31: image_urls is invalid when generate videos",
        "aspect_ratio is invalid for this model",
        "action is not supported by the model",
        "resolution is not supported by the model",
        "model veo3 is available",
        "the channel for this model is busy",
    ],
)
def test_words_about_something_else_retire_no_model(words: str) -> None:
    assert fault_in(spoken(words, ""), has_images=False) is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("model veo3 is not supported (prompt: a cat in a hat)", Reason.MODEL_RETIRED),
        ("model 'a cat in a hat' is not supported", None),
        ("model is a cat in a hat not supported", None),
    ],
)
def test_beside_the_prompt_the_providers_own_words_still_count_and_none_is_read_across_it(
    message: str, reason: Reason | None
) -> None:
    assert fault_in(spoken(message, "a cat in a hat"), has_images=False) is reason

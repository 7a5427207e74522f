"""What people paste around a token is taken away, what can be none is said, and secrets leave every text."""

from __future__ import annotations

import pytest

from runtime.config.tokens import HIDDEN, bare_token, key_problem, token_problem, without_secrets

KEY = "0123456789abcdef0123456789ABCDEF"
ACCOUNT = f"platform-v1-{KEY}{KEY}".lower()
DISCORD = "MTE5ODc2NTQzMjEwOTg3NjU0Mw.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"


@pytest.mark.parametrize(
    "pasted",
    [
        KEY,
        f"  {KEY}\n",
        f"\ufeff{KEY}",
        f"\u200b{KEY}\u00a0",
        f'"{KEY}"',
        f"'{KEY}'",
        f"\u201c{KEY}\u201d",
        f"Bearer {KEY}",
        f"bearer  {KEY}\r\n",
        f"Bot {KEY}",
        f'"Bearer {KEY}"',
        f"Bearer '{KEY}'",
        f"Bearer Bearer {KEY}",
    ],
)
def test_what_is_pasted_around_a_token_is_taken_away(pasted: str) -> None:
    assert bare_token(pasted) == KEY


@pytest.mark.parametrize("pasted", ["", " ", '""', "Bearer", "Bearer  ", "'Bot '"])
def test_nothing_but_what_stands_around_a_token_is_no_token(pasted: str) -> None:
    assert bare_token(pasted) == ""


@pytest.mark.parametrize("token", ["Bottle-1", "bearer-token", "bot_x"])
def test_a_token_that_begins_like_a_prefix_stays_whole(token: str) -> None:
    assert bare_token(token) == token


@pytest.mark.parametrize("token", ["a b", "a\nb", "a\tb", "a\u00e9", "a\u200bb", "a\x00b"])
def test_what_cannot_be_a_token_is_said_with_a_way_out_and_without_it(token: str) -> None:
    problem = token_problem(token)

    assert problem is not None
    assert "copy it again" in problem
    assert token not in problem


def test_an_account_token_is_refused_by_name_with_the_way_out() -> None:
    problem = key_problem(ACCOUNT)

    assert problem is not None
    assert "account token" in problem
    assert "32 hex digits" in problem
    assert "platform.acedata.cloud" in problem
    assert ACCOUNT not in problem


@pytest.mark.parametrize("token", [KEY, "veo-secret-0f5d2a77"])
def test_other_keys_are_tried(token: str) -> None:
    assert key_problem(token) is None


@pytest.mark.parametrize("secret", [KEY, ACCOUNT, DISCORD])
@pytest.mark.parametrize(
    "text", ["{}", "a line with {} in it", "https://api.acedata.cloud/{}/x", "veo.{}: no such key"]
)
def test_what_looks_like_a_token_leaves_a_text_wherever_it_stands(secret: str, text: str) -> None:
    assert without_secrets(text.format(secret)) == text.format(HIDDEN)


def test_a_known_secret_leaves_a_text_whole_also_when_another_is_a_part_of_it() -> None:
    assert without_secrets("my-long-secret and my-long", ("my-long", "my-long-secret")) == f"{HIDDEN} and {HIDDEN}"


def test_ordinary_words_and_paths_stay() -> None:
    text = f"/var/lib/docker/volumes/{KEY}{KEY}/veobot.sqlite3 is in use; see config.example.toml"

    assert without_secrets(text, ("", "abc")) == text

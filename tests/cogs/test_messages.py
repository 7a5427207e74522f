"""Whatever people write, the bot's messages stay within Discord's limits and say only what the bot means to say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.delivery.texts import (
    ALT_TEXT_LIMIT,
    alt_text,
    failure_text,
    is_status_line,
    link_text,
    result_text,
    state_words,
    status_line,
)
from cogs.kit.texts import CONTENT_LIMIT, failure_words, jump_link, video_link
from cogs.library.texts import show_text
from tests.cogs.prompts import PLACE, large, prompts
from tests.core.values import NOW, job
from veo_core.domain.catalog import BUILT_IN
from veo_core.domain.expectation import QueuePlace
from veo_core.domain.jobs import Job, JobKind, JobState
from veo_core.domain.prompts import clean_prompt
from veo_core.domain.requests import MAX_PROMPT_LENGTH
from veo_core.reasons import Reason

JUMP = f"https://discord.com/channels/{2**63}/{2**63}/{2**63}"
LINK = "https://platform.cdn.acedata.cloud/veo/"
worst = pytest.mark.parametrize(
    "character", ["*", "\\", "@", "<", "#", "[", "://", "discord.gg/", "😀", "\u200d", "ﷺ", "x", "/", "|"]
)


STATUSES = ["awaiting_review", "queued", "running", "slow", "done", "failed", "cancelled", "rejected"]


def line_of(found: Job, wanted: str = "queued", *, paused: bool = False, link: str | None = None) -> str:
    shown = replace(found, status_wanted=wanted)
    return status_line(shown, state_words(shown, PLACE, paused=paused, link=link))


one_job_texts: list[Callable[[Job], str]] = [
    *(partial(line_of, wanted=wanted, paused=paused, link=JUMP) for wanted in STATUSES for paused in (False, True)),
    result_text,
    partial(result_text, beside_link=True),
    partial(failure_text, words=None),
    partial(show_text, models=BUILT_IN),
]


@given(prompts, st.sampled_from(one_job_texts), st.sampled_from(JobKind), st.sampled_from(Reason))
def test_every_text_about_a_job_fits_into_a_message(
    prompt: str, text_of: Callable[[Job], str], kind: JobKind, reason: Reason
) -> None:
    text = text_of(large(prompt=prompt, kind=kind, reason=reason, state=JobState.FAILED))

    assert 0 < len(text) <= CONTENT_LIMIT


@worst
@pytest.mark.parametrize("text_of", one_job_texts)
def test_the_longest_prompts_fit_into_a_message_too(character: str, text_of: Callable[[Job], str]) -> None:
    found = large(prompt=character * (MAX_PROMPT_LENGTH // len(character)), reason=Reason.EXPIRED)

    assert len(text_of(found)) <= CONTENT_LIMIT


@worst
@pytest.mark.parametrize("length", [100, 800, 801, 5000])
def test_a_link_that_is_shown_is_shown_whole_beside_any_prompt(character: str, length: int) -> None:
    url = LINK + "a" * (length - len(LINK))
    found = large(prompt=character * 1500, kind=JobKind.UPSCALE, state=JobState.SUCCEEDED, video_url=url)

    text = f"{result_text(found, beside_link=True)}\n{link_text(found)}"

    assert len(text) <= CONTENT_LIMIT
    assert text.endswith(f" {url}") is (length <= 800)
    assert (LINK in text) is (length <= 800)


@worst
@pytest.mark.parametrize("reason", Reason)
def test_a_failure_that_no_embed_explains_fits_into_a_message(character: str, reason: Reason) -> None:
    found = large(prompt=character * 1500, state=JobState.FAILED, reason=reason)

    text = failure_text(found, failure_words(found, BUILT_IN))

    assert len(text) <= CONTENT_LIMIT
    assert failure_words(found, BUILT_IN).title in text


@worst
@pytest.mark.parametrize("length", [100, 800, 5000])
def test_showing_a_video_that_was_never_posted_fits_whatever_its_address(character: str, length: int) -> None:
    found = large(prompt=character * 1500, state=JobState.SUCCEEDED, video_url=LINK + "a" * length, kept_at=NOW)

    assert len(show_text(found, BUILT_IN)) <= CONTENT_LIMIT


@pytest.mark.parametrize(
    "url",
    [None, "", "ftp://a.example/x", "javascript:alert(1)", "https://a.example/x y", "https://a.example/\u202e", "a"],
)
def test_an_address_that_is_no_link_is_not_shown(url: str | None) -> None:
    assert video_link(job(video_url=url)) is None


def test_a_link_whose_file_cannot_be_read_is_shown_nowhere_until_the_deliverer_gives_it_out() -> None:
    waiting = job(state=JobState.SUCCEEDED, video_url=LINK, file_tries=3, file_failed_at=NOW)
    out = replace(waiting, delivered_at=NOW, message_id=1, message_deleted_at=NOW)

    assert video_link(waiting) is None
    assert LINK not in show_text(waiting, BUILT_IN)
    assert link_text(waiting).endswith(LINK)
    assert video_link(out) == LINK


@given(prompts, st.sampled_from(one_job_texts))
def test_every_text_about_a_job_holds_only_the_bots_own_mentions_and_links(
    prompt: str, text_of: Callable[[Job], str]
) -> None:
    text = text_of(large(prompt=prompt))

    plain = text_of(large(prompt="plain"))
    found = re.compile(r"<(?:@[!&]?|#|/|id:|a?:)[^\s>]*>|https?://\S+|@everyone|@here|<t:\d+:R>|\]\(")
    assert found.findall(text) == found.findall(plain)


@given(prompts, st.sampled_from(STATUSES))
def test_a_status_line_is_found_again_and_never_taken_for_another_jobs(prompt: str, wanted: str) -> None:
    found = job(prompt=prompt)

    line = line_of(found, wanted)

    assert "\n" not in line
    assert is_status_line(line, found)
    assert not is_status_line(line, job(job_id=1))
    assert not is_status_line(line, job(user_id=1))


@given(prompts)
def test_a_result_is_not_taken_for_a_status_line(prompt: str) -> None:
    assert not is_status_line(result_text(job(prompt=prompt)), job())


@pytest.mark.parametrize(
    ("wanted", "paused", "words"),
    [
        ("awaiting_review", False, "waiting for a moderator · #12 · nothing is counted if it's declined"),
        ("queued", False, "queued · #12 · 3rd in line · ready {ready}"),
        ("queued", True, "queued · #12 · paused by the operator, it goes on by itself"),
        ("slow", False, "running · #12 · slower than usual, I keep looking"),
        ("done", False, "done · #12 · `/veo show` has it"),
        ("failed", False, "failed · #12 · the video could not be made, not counted"),
        ("cancelled", False, "cancelled · #12 · not counted"),
        ("rejected", False, "declined · #12 · not counted"),
    ],
)
def test_the_status_line_is_the_fixed_one(wanted: str, paused: bool, words: str) -> None:
    ready = f"<t:{int(PLACE.ready_at.timestamp())}:R>"

    line = line_of(job(), wanted, paused=paused)

    assert line == f"**A lighthouse in a storm** - <@1001> ({words.format(ready=ready)})"


def test_far_back_in_the_line_no_number_and_no_single_time_is_invented() -> None:
    soon, late = NOW + timedelta(minutes=9), NOW + timedelta(hours=2)
    said = {
        by: state_words(
            job(status_wanted="queued"), QueuePlace(None, soon, is_far=True, ready_by=by), paused=False, link=None
        )
        for by in (late, None)
    }

    first = f"queued · #12 · more than 20 are before it · ready <t:{int(soon.timestamp())}:R> at the earliest"
    assert said == {late: f"{first}, <t:{int(late.timestamp())}:R> at the latest", None: first}


def test_the_result_mentions_the_requester_once() -> None:
    assert result_text(job(prompt="<@1001> <@1001>")).count("<@1001>") == 1


@given(prompts)
def test_without_the_prompt_none_of_it_is_repeated(prompt: str) -> None:
    found, other = large(prompt=prompt), large(prompt="plain")

    assert result_text(found, with_prompt=False) == result_text(other, with_prompt=False)
    assert failure_text(found, None, with_prompt=False) == failure_text(other, None, with_prompt=False)


@given(prompts)
def test_the_alt_text_is_one_line_within_its_limit(prompt: str) -> None:
    text = alt_text(job(prompt=clean_prompt(prompt)))

    assert len(text) <= ALT_TEXT_LIMIT
    assert "\n" not in text
    assert not any(unicodedata.bidirectional(c) in {"RLO", "LRO", "RLI", "LRI", "PDF", "PDI"} for c in text)


@pytest.mark.parametrize(
    ("changes", "link"),
    [
        ({"message_id": None}, None),
        ({"message_id": 9, "delivered_guild_id": 2002}, "https://discord.com/channels/2002/3003/9"),
        ({"message_id": 9, "delivered_guild_id": None}, "https://discord.com/channels/@me/3003/9"),
        ({"message_id": 9, "delivered_guild_id": 2002, "message_deleted_at": NOW}, None),
    ],
)
def test_the_link_leads_where_the_message_is(changes: dict[str, Any], link: str | None) -> None:
    assert jump_link(job(delivered_channel_id=3003, **changes)) == link

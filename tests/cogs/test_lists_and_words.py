"""Lists, tables and refusals fit, and name what they leave out."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.account.texts import HELP_TEXT, allowance_text, models_text
from cogs.delivery.texts import state_words, status_line
from cogs.kit.reasons import WORDS, refusal_words
from cogs.kit.texts import CONTENT_LIMIT, accepted_text, already_text, cancelled_text, failure_words
from cogs.library.texts import active_text, history_text, show_text
from tests.cogs.prompts import PLACE, large, prompts
from tests.core.values import NOW, job
from veo_core.domain.catalog import BUILT_IN
from veo_core.domain.jobs import JobState
from veo_core.domain.quota import QuotaStatus
from veo_core.reasons import Reason
from veo_core.services.studio import Accepted, Allowance

TITLE_LIMIT, DESCRIPTION_LIMIT = 256, 4096


@given(st.lists(prompts, max_size=40))
def test_lists_fit_and_say_what_they_leave_out(texts: list[str]) -> None:
    jobs = [large(prompt=prompt, job_id=10**15 + number) for number, prompt in enumerate(texts)]

    history = history_text(jobs)
    active = active_text([Accepted(found, PLACE, is_new=True) for found in jobs], paused=True)

    for text in (history, active):
        assert 0 < len(text) <= CONTENT_LIMIT
        left_out = re.search(r"… and (\d+) more", text)
        shown = len(re.findall(r"^\*\*#\d+\*\*", text, re.MULTILINE))
        assert shown + int(left_out[1] if left_out else 0) == len(jobs)


def test_empty_lists_say_how_to_begin() -> None:
    assert "/veo create" in history_text([])
    assert "/veo create" in active_text([], paused=False)


def test_tables_and_help_fit() -> None:
    rows = [type(row)(f"{'m' * 45}{number}", row.speed, row.cost) for number in range(25) for row in BUILT_IN[:1]]
    quota = QuotaStatus(10**6, 10**6, NOW)

    assert len(models_text(rows, rows[0].name, frozenset(row.name for row in rows))) <= CONTENT_LIMIT
    assert len(HELP_TEXT) <= CONTENT_LIMIT
    assert len(allowance_text(Allowance(quota, quota), 10**6)) <= CONTENT_LIMIT


def test_every_model_of_the_table_is_shown_with_what_it_takes() -> None:
    text = models_text(BUILT_IN, "veo31-fast", frozenset({"veo2"}))

    assert [line.split("**")[1] for line in text.splitlines()[::2]] == [row.name for row in BUILT_IN]
    assert "**veo31-fast** · fast · default" in text
    assert "**veo2** · quality · **not available right now**" in text
    assert "needs 1–3 images" in text


def test_the_list_of_models_counts_images_as_the_operator_set_them() -> None:
    rows = [replace(row, max_images=2) for row in BUILT_IN if row.name == "veo31"]

    text = models_text(rows, "veo31", frozenset())

    assert "text, 1 image as first frame, 2 as first and last frame · 720p, 1080p, 4k without images, gif" in text


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("is_new", [False, True])
def test_the_private_answer_names_the_video(paused: bool, private: bool, is_new: bool) -> None:
    accepted_job = Accepted(job(private=private), PLACE, is_new=is_new)

    assert "**#12**" in accepted_text(accepted_job, paused=paused)
    assert "**#12**" in cancelled_text(job())


def test_a_second_wish_is_shown_the_first_ones_message() -> None:
    found = job(message_id=9, delivered_channel_id=3003, delivered_guild_id=2002)

    assert "https://discord.com/channels/2002/3003/9" in already_text(found)
    assert "**#12**" in already_text(job())


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_that_fit_an_embed(reason: Reason) -> None:
    words = WORDS[reason]

    assert 0 < len(words.title) <= TITLE_LIMIT
    assert words.text


names = st.sampled_from(
    ["filename", "model", "models", "resolution", "supported", "others", "missing", "limit", "length"]
)
details = st.dictionaries(names, prompts | st.integers(0, 10**9) | st.none())


@given(st.sampled_from(Reason), details)
def test_a_refusal_reads_well_whatever_its_details_are(reason: Reason, found: dict[str, Any]) -> None:
    words = refusal_words(reason, found)

    assert words.title.startswith(WORDS[reason].title.partition("{")[0])
    assert len(words.title) <= TITLE_LIMIT
    assert 0 < len(words.text) <= DESCRIPTION_LIMIT
    for text in (words.title, words.text):
        assert "@everyone" not in text
        assert "://" not in text
        assert "](" not in text


def test_a_refusal_says_when_the_next_place_frees() -> None:
    moment = datetime(2026, 10, 6, tzinfo=UTC)

    words = refusal_words(Reason.DAILY_LIMIT, {"limit": 5, "frees_at": moment})

    assert words.text == (
        f"You have used all 5 videos of the last 24 hours. The next place frees <t:{int(moment.timestamp())}:R>."
    )


ENDED = [
    Reason.MODERATED,
    Reason.IMAGE_REFUSED,
    Reason.SOUND_REFUSED,
    Reason.PROMPT_TOO_LONG,
    Reason.IMAGE_UNREADABLE,
    Reason.UPSCALE_REFUSED,
    Reason.MODEL_RETIRED,
    Reason.PROVIDER_REFUSED,
    Reason.PROVIDER_FAILED,
    Reason.NO_OUTPUT,
    Reason.LOST,
    Reason.EXPIRED,
    Reason.IMAGES_EXPIRED,
]


@pytest.mark.parametrize("reason", ENDED)
def test_a_failed_job_is_told_in_words_without_open_places(reason: Reason) -> None:
    found = job(state=JobState.FAILED, reason=reason, status_wanted="failed")

    words = failure_words(found, BUILT_IN)

    line = status_line(found, state_words(found, PLACE, paused=False, link=None))
    assert words.title == WORDS[reason].title
    assert len(words.text) <= DESCRIPTION_LIMIT
    assert not re.search(r"[{}]", f"{words.text} {show_text(found, BUILT_IN)} {line}")


@pytest.mark.parametrize("reason", [reason for reason in ENDED if reason is not Reason.IMAGES_EXPIRED])
def test_a_recorded_job_that_ended_without_a_video_is_said_not_to_count(reason: Reason) -> None:
    words = failure_words(job(state=JobState.FAILED, reason=reason), BUILT_IN)

    assert "does not count" in words.text


@pytest.mark.parametrize("limit", [None, 20])
def test_a_prompt_too_long_for_the_provider_names_no_limit_that_nobody_told(limit: int | None) -> None:
    words = failure_words(
        job(state=JobState.FAILED, reason=Reason.PROMPT_TOO_LONG, prompt="a cat " * 5, reason_limit=limit), BUILT_IN
    )

    assert re.findall(r"\d+", words.text) == ["30", *([] if limit is None else [str(limit)])]


@pytest.mark.parametrize(
    ("trace_id", "reference"), [("abc-1", "`abc-1`"), (None, "`#12`"), ("`<@1>`" + "x" * 5000, f"`<@1>{'x' * 59}…`")]
)
def test_the_reference_of_a_refused_request_is_the_providers_or_ours(trace_id: str | None, reference: str) -> None:
    words = failure_words(job(state=JobState.FAILED, reason=Reason.PROVIDER_REFUSED, trace_id=trace_id), BUILT_IN)

    assert words.text.endswith(f"this reference: {reference}.")


def test_without_a_working_model_none_is_named() -> None:
    words = failure_words(job(state=JobState.FAILED, reason=Reason.MODEL_RETIRED), [])

    assert "These models work: none at the moment." in words.text


def test_a_job_of_a_dropped_model_is_told_which_models_work() -> None:
    words = failure_words(job(state=JobState.FAILED, reason=Reason.MODEL_RETIRED), BUILT_IN[:2])

    assert "`veo31-fast`, `veo31`" in words.text

"""What is taken away from a message, step by step, for each answer of Discord: a table, as the code is one."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import aiohttp
import discord
import pytest

from cogs.delivery.destinations import postponed
from cogs.delivery.fallbacks import (
    Draft,
    NextPlace,
    Parent,
    after_refusal,
    blocks_words,
    closes_place,
    is_given_up,
    is_passing,
)
from cogs.rest.foreign_answers import ForeignAnswer
from cogs.rest.gate import Held


def refused(status: int, code: int) -> discord.HTTPException:
    """What discord.py raises for this answer."""
    response = cast("aiohttp.ClientResponse", SimpleNamespace(status=status, reason="no"))
    kind = {403: discord.Forbidden, 404: discord.NotFound}.get(status, discord.HTTPException)
    return kind(response, {"code": code, "message": "no"})


def steps(status: int, code: int) -> list[Draft | Parent | NextPlace]:
    """Every answer to the same refusal, until the place is given up."""
    found: list[Draft | Parent | NextPlace] = []
    draft = Draft()
    while not found or isinstance(found[-1], Draft):
        found.append(after_refusal(draft, refused(status, code)))
        draft = found[-1] if isinstance(found[-1], Draft) else draft
    return found


@pytest.mark.parametrize(
    ("error", "asked", "was_sent"),
    [
        (Held(3), timedelta(seconds=3), False),
        (discord.RateLimited(3), timedelta(seconds=3), True),
        (refused(503, 0), None, True),
    ],
    ids=["certainly not taken", "perhaps taken before", "an error"],
)
def test_the_deliverer_is_told_how_long_to_wait_and_whether_a_message_may_exist(
    error: Exception, asked: timedelta | None, *, was_sent: bool
) -> None:
    told = postponed(error)

    assert (told.retry_after, told.was_sent) == (asked, was_sent)


@pytest.mark.parametrize(("status", "code"), [(413, 40005), (413, 0), (400, 50045)])
def test_what_is_too_large_goes_without_its_file(status: int, code: int) -> None:
    assert steps(status, code) == [Draft(with_file=False), NextPlace()]


@pytest.mark.parametrize("code", [50001, 50013])
def test_a_missing_permission_takes_the_file_and_then_the_embed(code: int) -> None:
    bare = Draft(with_file=False, with_embed=False)

    assert steps(403, code) == [Draft(with_file=False), bare, NextPlace()]


@pytest.mark.parametrize(("status", "code"), [(400, 200000), (403, 200001), (400, 240000)])
def test_refused_words_are_left_out(status: int, code: int) -> None:
    assert steps(status, code) == [Draft(with_prompt=False), NextPlace()]
    assert blocks_words(refused(status, code))
    assert not closes_place(refused(status, code))


@pytest.mark.parametrize("code", [160005, 50083])
def test_a_locked_thread_gives_way_to_its_channel_once(code: int) -> None:
    assert after_refusal(Draft(), refused(400, code)) == Parent()
    assert after_refusal(Draft(at_parent=True), refused(400, code)) == NextPlace()


@pytest.mark.parametrize("code", [160005, 50083])
def test_a_locked_thread_is_a_closed_place_only_where_its_channel_takes_nothing(code: int) -> None:
    assert not closes_place(refused(400, code))
    assert closes_place(refused(400, code), without_parent=True)


@pytest.mark.parametrize("draft", [Draft(), Draft(at_parent=True, with_reference=False)])
def test_a_channel_of_the_wrong_kind_is_left_at_once_and_remembered(draft: Draft) -> None:
    assert after_refusal(draft, refused(400, 50024)) == NextPlace()
    assert closes_place(refused(400, 50024))


@pytest.mark.parametrize(
    ("status", "minutes", "tries", "given_up"),
    [
        (500, 60, 5, True),
        (503, 600, 50, True),
        (500, 59, 50, False),
        (500, 600, 4, False),
        (429, 600, 50, False),
        (403, 600, 50, False),
    ],
)
def test_a_place_that_fails_for_an_hour_and_several_tries_is_given_up(
    status: int, minutes: int, tries: int, given_up: bool
) -> None:
    assert is_given_up(refused(status, 0), timedelta(minutes=minutes), tries) is given_up


def test_a_lost_network_is_no_fault_of_a_place() -> None:
    assert not is_given_up(ConnectionResetError(), timedelta(days=1), 50)


@pytest.mark.parametrize(("status", "code"), [(404, 10003), (404, 10004), (403, 40007), (403, 50007)])
def test_a_place_that_is_gone_is_left_at_once_and_remembered(status: int, code: int) -> None:
    assert steps(status, code) == [NextPlace()]
    assert closes_place(refused(status, code))


def test_an_unknown_refusal_ends_with_next_to_nothing_left() -> None:
    found = steps(400, 50035)

    assert found[-2:] == [Draft(with_file=False, with_prompt=False, with_reference=False), NextPlace()]


@pytest.mark.parametrize(
    ("status", "code"), [(500, 0), (502, 0), (503, 0), (429, 30046), (429, 0), (401, 0), (400, 130000), (403, 40333)]
)
def test_what_passes_by_itself_is_tried_again_as_it_is(status: int, code: int) -> None:
    error = refused(status, code)

    assert is_passing(error)
    with pytest.raises(discord.HTTPException):
        after_refusal(Draft(), error)


def test_a_broken_connection_passes_and_a_mistake_of_ours_does_not() -> None:
    assert is_passing(aiohttp.ServerDisconnectedError())
    assert is_passing(ConnectionResetError())
    assert not is_passing(TypeError())


@pytest.mark.parametrize("status", [400, 403, 404, 407])
def test_a_page_of_something_in_front_of_discord_passes_for_an_hour(status: int) -> None:
    response = cast("aiohttp.ClientResponse", SimpleNamespace(status=status, reason="no"))
    page = ForeignAnswer(response, "<html>blocked</html>")

    assert is_passing(page)
    assert not is_given_up(page, timedelta(minutes=59), 50)
    assert is_given_up(page, timedelta(hours=1), 5)

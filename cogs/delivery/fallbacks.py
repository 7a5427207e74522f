"""What to do when Discord refuses a message; pure. The table is the one of Discord's error codes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import discord

from cogs.rest.foreign_answers import OLD_EDITS, ForeignAnswer
from veo_core.network import NETWORK_FAILURES


@dataclass(frozen=True, slots=True)
class Draft:
    """How much of a message is still in it."""

    with_file: bool = True
    with_prompt: bool = True
    with_reference: bool = True
    with_embed: bool = True
    at_parent: bool = False


@dataclass(frozen=True, slots=True)
class NextPlace:
    """This place will not take it in any form."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The thread is locked: its channel may take it."""


_TOO_LARGE = frozenset({40005, 50045})
_WORDS_BLOCKED = frozenset({200000, 200001, 240000})
_NOT_ALLOWED = frozenset({50001, 50013})
_THREAD_CLOSED = frozenset({160005, 50083})
# The channel is of a kind that takes no messages, such as the forum above a post.
_NO_MESSAGES = 50024
# How long a place may answer with errors of its own before the next one is tried, and how often at least.
_PATIENCE, _LEAST_TRIES = timedelta(hours=1), 5
# 40333: the proxy in front of Discord refused the request.
_OVERLOADED = frozenset({130000, OLD_EDITS, 40333})
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_LARGE_STATUS, _TOO_MANY, _SERVER_ERROR = 401, 403, 404, 413, 429, 500


def is_passing(error: BaseException) -> bool:
    """Whether the same attempt may work later."""
    if isinstance(error, discord.HTTPException):
        busy = error.status >= _SERVER_ERROR or error.status in {_TOO_MANY, _UNAUTHORIZED}
        return busy or isinstance(error, ForeignAnswer) or error.code in _OVERLOADED
    return isinstance(error, (discord.RateLimited, *NETWORK_FAILURES))


def blocks_words(error: discord.HTTPException) -> bool:
    """Whether AutoMod or the link filter refuses the text."""
    return error.code in _WORDS_BLOCKED


def is_given_up(error: BaseException, waited: timedelta, tries: int) -> bool:
    """Whether a place that fails by itself has had its time: `waited` since the job's end, `tries` in all its lives."""
    fails = isinstance(error, discord.HTTPException) and error.status >= _SERVER_ERROR
    fails = fails or isinstance(error, ForeignAnswer)
    return fails and waited >= _PATIENCE and tries >= _LEAST_TRIES


def closes_place(error: BaseException, *, without_parent: bool = False) -> bool:
    """Whether the place itself refuses, so that everybody's next message there would be refused as well.

    A locked thread is one only `without_parent`: else its channel may take the message.
    """
    if not isinstance(error, discord.HTTPException) or blocks_words(error):
        return False
    if error.code == _NO_MESSAGES or (without_parent and error.code in _THREAD_CLOSED):
        return True
    return error.status in {_FORBIDDEN, _NOT_FOUND} and error.code not in _TOO_LARGE


def after_refusal(draft: Draft, error: discord.HTTPException) -> Draft | Parent | NextPlace:
    """The next, lighter form of the message.

    Raises the error itself when it is passing.
    """
    if is_passing(error):
        raise error
    if error.status == _TOO_LARGE_STATUS or error.code in _TOO_LARGE:
        return replace(draft, with_file=False) if draft.with_file else NextPlace()
    if error.code in _NOT_ALLOWED:
        return _barer(draft)
    if error.code in _WORDS_BLOCKED:
        return replace(draft, with_prompt=False) if draft.with_prompt else NextPlace()
    if error.code in _THREAD_CLOSED:
        return NextPlace() if draft.at_parent else Parent()
    if error.status in {_FORBIDDEN, _NOT_FOUND} or error.code == _NO_MESSAGES:
        return NextPlace()
    return _lighter(draft)


def _barer(draft: Draft) -> Draft | NextPlace:
    """A permission is missing: perhaps only the one for files, or the one for embeds."""
    if draft.with_file:
        return replace(draft, with_file=False)
    return replace(draft, with_embed=False) if draft.with_embed else NextPlace()


def _lighter(draft: Draft) -> Draft | NextPlace:
    """A 400 of an unknown kind: take away what is least needed first."""
    if draft.with_reference:
        return replace(draft, with_reference=False)
    if draft.with_file:
        return replace(draft, with_file=False)
    return replace(draft, with_prompt=False) if draft.with_prompt else NextPlace()

"""The one place that turns an exception into what the user reads."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping

import discord
from discord import app_commands

from cogs.kit.interaction import answer, problem_embed, refusal_embed
from cogs.kit.reasons import WORDS, UserMessage
from veo_core.errors import Refusal, StorageError
from veo_core.network import NETWORK_FAILURES
from veo_core.reasons import Reason

_log = logging.getLogger(__name__)


async def answer_error(interaction: discord.Interaction[discord.Client], error: BaseException) -> None:
    """Tell the asker; what is not their doing goes to the operator's log under a reference."""
    await answer(interaction, None, error_embed(_cause(error)))


def error_embed(error: BaseException) -> discord.Embed:
    """What an exception looks like to the person who met it."""
    if isinstance(error, Refusal):
        return refusal_embed(error)
    if isinstance(error, StorageError):
        # The database has told the log, once for all who meet it.
        return problem_embed(WORDS[Reason.STORAGE_TROUBLE])
    if isinstance(error, (discord.HTTPException, discord.RateLimited, *NETWORK_FAILURES)):
        _log.warning("Discord did not do what was asked", extra={"error": str(error)})
        return problem_embed(_NO_ANSWER)
    known = next((words for kind, words in _COMMAND_ERRORS.items() if isinstance(error, kind)), None)
    return problem_embed(known or _unforeseen(error))


_NO_ANSWER = UserMessage("Discord didn't let me", "Please try again in a moment. If it stays, ask a moderator.")
_CHANGED = UserMessage("My commands have changed", "Type `/veo` once more; Discord then shows the new ones.")
_COMMAND_ERRORS: Mapping[type[app_commands.AppCommandError], UserMessage] = {
    app_commands.CommandNotFound: _CHANGED,
    app_commands.CommandSignatureMismatch: _CHANGED,
    app_commands.TransformerError: UserMessage(
        "One of the options can't be used", "Please choose it from Discord's list."
    ),
    app_commands.NoPrivateMessage: WORDS[Reason.SERVER_ONLY],
    app_commands.CheckFailure: UserMessage("You can't use this here", "Ask a moderator if you think you should."),
}


def _unforeseen(error: BaseException) -> UserMessage:
    reference = secrets.token_hex(4)
    _log.error("An interaction failed", exc_info=error, extra={"reference": reference})
    return UserMessage(
        "Something went wrong", f"It's on my side. If it stays, tell a moderator this reference: `{reference}`."
    )


def _cause(error: BaseException) -> BaseException:
    return error.original if isinstance(error, app_commands.CommandInvokeError) else error

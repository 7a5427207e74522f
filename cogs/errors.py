"""The one place that turns an exception into what the user reads."""

from __future__ import annotations

import logging
import secrets

import discord
from discord import app_commands

from cogs.ui.base import answer, problem_embed, refusal_embed
from cogs.ui.words import WORDS, Words
from veo_core.errors import Refusal, StorageError
from veo_core.reasons import Reason

_log = logging.getLogger(__name__)


async def answer_error(interaction: discord.Interaction[discord.Client], error: BaseException) -> None:
    """Tell the asker; what is not their doing goes to the operator's log under a reference."""
    await answer(interaction, None, error_embed(_cause(error)))


def error_embed(error: BaseException) -> discord.Embed:
    """What an exception looks like to the person who met it."""
    match error:
        case Refusal():
            return refusal_embed(error)
        case StorageError():
            _log.error("The database refused", exc_info=error)
            return problem_embed(WORDS[Reason.STORAGE_TROUBLE])
        case app_commands.NoPrivateMessage():
            return problem_embed(WORDS[Reason.SERVER_ONLY])
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return problem_embed(
                Words("My commands have changed", "Type `/veo` once more; Discord then shows the new ones.")
            )
        case app_commands.TransformerError():
            return problem_embed(
                Words("One of the options can't be used", "Please choose it from the list Discord shows.")
            )
        case app_commands.CheckFailure():
            return problem_embed(Words("You can't use this here", "Ask a moderator if you think you should."))
        case _:
            reference = secrets.token_hex(4)
            _log.error("An interaction failed", exc_info=error, extra={"reference": reference})
            return problem_embed(
                Words(
                    "Something went wrong",
                    f"It's on my side. If it stays, tell a moderator this reference: `{reference}`.",
                )
            )


def _cause(error: BaseException) -> BaseException:
    return error.original if isinstance(error, app_commands.CommandInvokeError) else error

"""Words for whoever runs the bot."""

from __future__ import annotations

import logging

import discord
from discord.abc import Messageable

from cogs.delivery.destinations import FAILURES, error_line, given, postponed
from cogs.delivery.fallbacks import is_passing
from cogs.kit.interaction import NO_MENTIONS

_log = logging.getLogger(__name__)


class Operator:
    """The configured channel, or the owner of the application."""

    def __init__(self, bot: discord.Client, channel_id: int) -> None:
        self._bot = bot
        self._channel_id = channel_id

    async def tell(self, text: str, *, nonce: str | None = None) -> None:
        """Tell the configured channel, else the owner of the application; the log has it anyway.

        With a nonce Discord takes a repeat within minutes for the same message. Raises DeliveryPostponed.
        """
        _log.warning("For the operator", extra={"notice": text})
        for destination in (self._channel, self._owner) if self._channel_id else (self._owner,):
            try:
                await (await destination()).send(text, allowed_mentions=NO_MENTIONS, **given(nonce=nonce))
            except FAILURES as error:
                _log.warning("The operator could not be told", extra={"error": error_line(error)})
                if is_passing(error):
                    raise postponed(error) from error
            else:
                return

    async def _channel(self) -> Messageable:
        return self._bot.get_partial_messageable(self._channel_id)

    async def _owner(self) -> Messageable:
        application = self._bot.application or await self._bot.application_info()
        owner = application.team.owner if application.team else application.owner
        if owner is None:
            raise discord.ClientException("the application has no owner")
        return await self._bot.create_dm(discord.Object(owner.id))

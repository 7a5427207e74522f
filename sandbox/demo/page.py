"""The page on which somebody tries the bot: simcord's preview of a channel, kept up to date while the world goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

from simcord.actors import MemberActor
from simcord.backend.errors import SetupError
from simcord.builders import ChannelHandle
from simcord.preview import Preview

from sandbox.demo.world import SimulatedEnv

_COUNT_BY = 5
"""Seconds; a message with a time that counts down is drawn anew that often, and a press must fit in between."""


class LivePage(Preview):
    """A preview that shares the world with the pump: whoever acts holds `turn`.

    simcord allows one operation at a time and refuses a second one. Here a press on the page waits its turn instead.
    """

    def __init__(
        self, env: SimulatedEnv, channel: ChannelHandle, viewers: Sequence[MemberActor], *, port: int | None
    ) -> None:
        super().__init__(
            env,
            channel,
            tuple(viewers),
            layout="channel",
            display="responsive",
            width=1100,
            height=760,
            locale="en-US",
            timezone="UTC",
            presentation_time=None,
            assets=None,
            port=port or 0,
        )
        self.turn = asyncio.Lock()

    @property
    def is_up(self) -> bool:
        """Whether the page is served; somebody may end it from the browser."""
        return self._active and not self._closed

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def _action(self, context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do what was pressed or typed on the page, when it is its turn.

        The page asks for news twice a second, so it may be one publication behind through no fault of its user.
        The control itself is looked up again in any case.
        """
        async with self.turn:
            if "published_revision" in body:
                body = {**body, "published_revision": self._get_page(context_id).revision}
            return await super()._action(context_id, body)

    def _page_payload(self, page: Any) -> dict[str, Any]:
        """Answer the page with times like "in 2 minutes" as they are when it asks, not when it was published."""
        payload = super()._page_payload(page)
        counting = [message for message in payload["messages"].values() if _counts(message)]
        if counting:
            now = self.env.now()
            moment = now.replace(second=now.second - now.second % _COUNT_BY, microsecond=0).isoformat()
            payload["profile"]["presentationTime"] = moment
            for message in counting:
                # The page draws a message again only when something in it changed.
                message["shownAt"] = moment
        return payload

    async def _prepare_asset(
        self,
        context_id: str | None,
        asset_id: str,
        *,
        download: bool = False,
        capture: bool = False,
        poster: bool = False,
        media_time: float | None = None,
    ) -> tuple[str, bytes, str]:
        """Serve an mp4 as the bot posted it.

        simcord would make a WebM of it first, which takes seconds and, at 1080p, more memory than it allows itself.
        """
        _, asset, _ = self._authorized_asset(context_id, asset_id)
        if asset.contentType != "video/mp4" or capture:
            return await super()._prepare_asset(
                context_id, asset_id, download=download, capture=capture, poster=poster, media_time=media_time
            )
        if poster:
            raise SetupError("the browser shows the first frame by itself")
        return await super()._prepare_asset(context_id, asset_id, download=True)


def _counts(message: Mapping[str, Any]) -> bool:
    return '"style": "R"' in json.dumps(message)

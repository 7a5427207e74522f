"""A user's action as the test sees it: what was sent to the bot and how the bot answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from .message import EPHEMERAL
from .payloads import user_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from .jsons import Json
    from .message import Message
    from .world import World

T = TypeVar("T")

COMMAND = 2
COMPONENT = 3
AUTOCOMPLETE = 4
MODAL_SUBMIT = 5

MESSAGE = 4
DEFERRED_MESSAGE = 5
DEFERRED_UPDATE = 6
UPDATE = 7
CHOICES = 8
MODAL = 9

CHAT_COMMAND_ANSWER = 20
CONTEXT_MENU_ANSWER = 23
REPLY = 19
PATIENCE = 10.0
"""Seconds that a wait takes at most, where the test does not say."""


@dataclass(frozen=True)
class Ack:
    """The bot's callback: `type` and `data` as sent, `after` the action."""

    type: int
    data: Json
    at: datetime
    after: timedelta

    @property
    def flags(self) -> int:
        """Message flags of the callback."""
        return int(self.data.get("flags") or 0)

    @property
    def ephemeral(self) -> bool:
        """Only the user sees the answer."""
        return bool(self.flags & EPHEMERAL)

    @property
    def content(self) -> str:
        """Text of an immediate answer."""
        return str(self.data.get("content") or "")


@dataclass
class Interaction:
    """One action; `payload` is the INTERACTION_CREATE that the bot got."""

    world: World = field(repr=False)
    id: int
    token: str
    kind: int
    user_id: int
    channel_id: int
    guild_id: int | None
    created_at: datetime
    owners: dict[str, str]
    command_kind: int = 1
    source: Message | None = None
    parent: Interaction | None = field(default=None, repr=False)
    payload: Json = field(default_factory=dict[str, object], repr=False)
    ack: Ack | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list["Message"])

    @property
    def answers(self) -> list[Message]:
        """Messages that the bot made in answer: not the component's own message, not one still "thinking"."""
        own = [self.original] if self.original is not None and self.original is not self.source else []
        return [one for one in own + self.followups if not one.loading and not one.deleted]

    @property
    def modal(self) -> Json | None:
        """The form the bot opened."""
        return self.ack.data if self.ack is not None and self.ack.type == MODAL else None

    @property
    def choices(self) -> list[Json]:
        """What an autocomplete was answered with."""
        return list(self.ack.data.get("choices") or []) if self.ack is not None else []

    @property
    def answer_kind(self) -> int:
        """Type of the messages that answer this interaction."""
        if self.kind == COMMAND:
            return CHAT_COMMAND_ANSWER if self.command_kind == 1 else CONTEXT_MENU_ANSWER
        return REPLY if self.source is not None else 0

    async def wait_ack(self, within: float = PATIENCE) -> Ack:
        """Wait for the bot's callback."""
        return await self._wait("no callback", lambda: self.ack, within)

    async def wait_answer(
        self,
        accept: Callable[[Message], bool] = lambda _message: True,
        within: float = PATIENCE,
    ) -> Message:
        """Wait for a finished answer or follow-up that `accept` likes; an edited answer is asked again."""
        return await self._wait("no such answer", lambda: next(filter(accept, self.answers), None), within)

    async def wait_original(
        self,
        accept: Callable[[Message], bool] = lambda message: not message.loading,
        within: float = PATIENCE,
    ) -> Message:
        """Wait until the original response (for buttons: maybe their own message) is as `accept` wants it."""

        def look() -> Message | None:
            return self.original if self.original is not None and accept(self.original) else None

        return await self._wait("the original response is not so", look, within)

    async def wait_followup(
        self,
        accept: Callable[[Message], bool] = lambda _message: True,
        within: float = PATIENCE,
    ) -> Message:
        """Wait for a follow-up message that `accept` likes."""
        return await self._wait("no such follow-up", lambda: next(filter(accept, self.followups), None), within)

    async def _wait(self, what: str, look: Callable[[], T | None], seconds: float) -> T:
        return await self.world.changes.wait_for(look, seconds, lambda: f"{what} after {seconds} s: {self}")

    def metadata_json(self) -> Json:
        """Return the `interaction_metadata` of messages that answer this interaction."""
        body: Json = {
            "id": str(self.id),
            "type": self.kind,
            "user": user_json(self.world.users[self.user_id]),
            "authorizing_integration_owners": self.owners,
        }
        if self.kind == COMPONENT and self.source is not None:
            body["interacted_message_id"] = str(self.source.id)
        if self.kind == MODAL_SUBMIT and self.parent is not None:
            body["triggering_interaction_metadata"] = self.parent.metadata_json()
        return body

"""One message of the stand-in's world: what the bot sent, kept whole, with its earlier versions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from .jsons import Json

SUPPRESS_EMBEDS = 1 << 2
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
COMPONENTS_V2 = 1 << 15

BUTTON = 2
LINK_STYLE = 5
USER_MENTION = re.compile(r"<@!?(\d+)>")


@dataclass(frozen=True)
class Upload:
    """A file on the stand-in's CDN."""

    id: int
    filename: str
    content_type: str
    data: bytes
    url: str
    description: str | None = None
    ephemeral: bool = False


@dataclass(frozen=True)
class Revision:
    """What a message said before an edit."""

    content: str
    embeds: list[Json]
    components: list[Json]
    until: datetime


@dataclass
class Message:
    """A message in a channel; the fields are as sent, ids are integers."""

    id: int
    channel_id: int
    author_id: int
    created_at: datetime
    content: str = ""
    embeds: list[Json] = field(default_factory=list[Any])
    components: list[Json] = field(default_factory=list[Any])
    attachments: list[Upload] = field(default_factory=list[Upload])
    flags: int = 0
    kind: int = 0
    tts: bool = False
    nonce: str | int | None = None
    reference: Json | None = None
    allowed_mentions: Json | None = None
    edited_at: datetime | None = None
    deleted: bool = False
    ephemeral_for: int | None = None
    interaction_id: int | None = None
    via_webhook: bool = False
    revisions: list[Revision] = field(default_factory=list[Revision])

    @property
    def ephemeral(self) -> bool:
        """Only one user sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Discord shows "thinking…"."""
        return bool(self.flags & LOADING)

    @property
    def reply_to(self) -> int | None:
        """Id of the message this one answers."""
        return None if self.reference is None else int(self.reference["message_id"])

    @property
    def buttons(self) -> list[Json]:
        """Every button, in order."""
        return [component for component in walk(self.components) if component["type"] == BUTTON]

    @property
    def labels(self) -> list[str]:
        """Labels of the buttons, in order."""
        return [str(button.get("label", "")) for button in self.buttons]

    @property
    def text(self) -> str:
        """Everything readable: content, embeds and text displays."""
        parts = [self.content]
        for embed in self.embeds:
            parts += [str(embed.get("title", "")), str(embed.get("description", ""))]
            parts += [f"{one['name']}\n{one['value']}" for one in embed.get("fields", [])]
            parts.append(str(embed.get("footer", {}).get("text", "")))
        parts += [str(one["content"]) for one in walk(self.components) if "content" in one]
        return "\n".join(part for part in parts if part)

    @property
    def pinged(self) -> set[int]:
        """Users whom this message notified by a mention, after `allowed_mentions`."""
        mentioned = {int(user) for user in USER_MENTION.findall(self.content)}
        if self.allowed_mentions is None or "users" in self.allowed_mentions.get("parse", []):
            return mentioned
        return mentioned & {int(user) for user in self.allowed_mentions.get("users", [])}

    def button(self, which: str) -> Json:
        """Return the button of that custom id or label.

        Raises:
            LookupError: the message has none.
        """
        for button in self.buttons:
            if which in (button.get("custom_id"), button.get("label"), button.get("url")):
                return button
        text = f"no button {which!r} on message {self.id}; it has {self.labels}"
        raise LookupError(text)

    def keep_revision(self, now: datetime) -> None:
        """Remember what the message said until now."""
        self.revisions.append(Revision(self.content, self.embeds, self.components, now))


def walk(components: list[Json]) -> Iterator[Json]:
    """Return every component of a tree, parents first."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        for single in ("accessory", "component"):
            if isinstance(component.get(single), dict):
                yield from walk([component[single]])

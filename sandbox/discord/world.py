"""What exists on the stand-in's Discord: guilds, channels, people, messages. It outlives the bot's process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from .clock import Changes, Clock, Snowflakes
from .errors import ApiError, ErrorCode
from .message import Message, Upload
from .permissions import BOT, EVERYTHING, MEMBER, Permission

if TYPE_CHECKING:
    from collections.abc import Callable

    from .interaction import Interaction
    from .jsons import Json

T = TypeVar("T")

MEGABYTE = 1024 * 1024
DEFAULT_UPLOAD_LIMIT = 10 * MEGABYTE
TIER_LIMITS = {2: 50 * MEGABYTE, 3: 100 * MEGABYTE}
FEATURE_LIMITS = {f"MAX_FILE_SIZE_{size}_MB": size * MEGABYTE for size in (50, 100, 250)}
ATTACHMENT_LIFE = timedelta(hours=24)

TEXT = 0
DIRECT = 1
PUBLIC_THREAD = 11
FORUM = 15


@dataclass(frozen=True)
class Event:
    """Something that happened, for the gateway to tell: `guild_id` picks the shard, `intent` who gets it."""

    name: str
    data: Json
    guild_id: int | None
    intent: int = 0


@dataclass
class User:
    """A person, or the bot."""

    id: int
    name: str
    bot: bool = False
    locale: str = "en-US"
    permissions: int = MEMBER
    dm_open: bool = True
    roles: dict[int, list[int]] = field(default_factory=dict[int, list[int]])


@dataclass
class Guild:
    """A server; `installed` tells whether the bot is a member."""

    id: int
    name: str
    owner_id: int
    locale: str = "en-US"
    installed: bool = True
    premium_tier: int = 0
    features: list[str] = field(default_factory=list[str])
    roles: dict[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])


@dataclass
class Channel:
    """A text channel, thread or direct-message channel; `permissions` are the bot's."""

    id: int
    name: str
    guild_id: int | None
    kind: int = TEXT
    permissions: int = BOT
    recipient_id: int | None = None
    parent_id: int | None = None
    archived: bool = False
    locked: bool = False


class World:
    """The state of the stand-in; builders return ids."""

    def __init__(self, clock: Clock) -> None:
        """Make an empty Discord with the bot's own account."""
        self.clock = clock
        self.ids = Snowflakes(clock)
        self.changes = Changes()
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.uploads: dict[int, Upload] = {}
        self.interactions: dict[int, Interaction] = {}
        self.nonces: dict[tuple[int, str], int] = {}
        self.automod_words: set[str] = set()
        self.blocked_links: set[str] = set()
        self.message_content = False
        self.default_upload_limit = DEFAULT_UPLOAD_LIMIT
        self.cdn_base = ""
        self.application_id = self.ids.new()
        self.users[self.application_id] = User(self.application_id, "Veo", bot=True)
        self.owner_id = self.ids.new()
        self.users[self.owner_id] = User(self.owner_id, "owner")
        self.publish: Callable[[Event], None] = lambda _event: None

    def dm_channel(self, user_id: int) -> int:
        """Return the direct-message channel of the bot and a user, made on first use."""
        for channel in self.channels.values():
            if channel.recipient_id == user_id:
                return channel.id
        channel = Channel(self.ids.new(), "", None, DIRECT, EVERYTHING, user_id)
        self.channels[channel.id] = channel
        return channel.id

    def user(self, user_id: int) -> User:
        """Return a user, or refuse with 10013."""
        return _known(self.users, user_id, ErrorCode.UNKNOWN_USER)

    def guild(self, guild_id: int) -> Guild:
        """Return a guild the bot is in, or refuse with 10004."""
        guild = _known(self.guilds, guild_id, ErrorCode.UNKNOWN_GUILD)
        if not guild.installed:
            raise ApiError(ErrorCode.UNKNOWN_GUILD)
        return guild

    def channel(self, channel_id: int) -> Channel:
        """Return a channel the bot can see, or refuse with 10003 or 50001."""
        channel = _known(self.channels, channel_id, ErrorCode.UNKNOWN_CHANNEL)
        absent = channel.guild_id is not None and not self.guilds[channel.guild_id].installed
        if absent or not channel.permissions & Permission.VIEW_CHANNEL:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        return channel

    def message(self, channel_id: int, message_id: int) -> Message:
        """Return a message that a bot's token can reach in that channel, or refuse with 10008."""
        message = _known(self.messages, message_id, ErrorCode.UNKNOWN_MESSAGE)
        if message.channel_id != channel_id or message.deleted or message.ephemeral:
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        return message

    def upload_limit(self, guild_id: int | None) -> int:
        """Bytes that one file may have in that guild, or in a direct message."""
        guild = None if guild_id is None else self.guilds.get(guild_id)
        if guild is None:
            return self.default_upload_limit
        bigger = [limit for feature, limit in FEATURE_LIMITS.items() if feature in guild.features]
        return max(self.default_upload_limit, TIER_LIMITS.get(guild.premium_tier, 0), *bigger)

    def store_upload(
        self, data: bytes, filename: str, content_type: str, *, description: str | None = None, ephemeral: bool = False
    ) -> Upload:
        """Put a file on the CDN under an URL that ends after 24 hours."""
        upload_id = self.ids.new()
        kind = "ephemeral-attachments" if ephemeral else "attachments"
        expires = int((self.clock.now() + ATTACHMENT_LIFE).timestamp())
        url = f"{self.cdn_base}/{kind}/{self.application_id}/{upload_id}/{filename}?ex={expires:x}&hm={upload_id:x}"
        upload = Upload(upload_id, filename, content_type, data, url, description, ephemeral)
        self.uploads[upload_id] = upload
        return upload

    def add_message(self, message: Message) -> Message:
        """Keep a message and wake the waiting."""
        self.messages[message.id] = message
        self.changes.notify()
        return message

    def in_channel(self, channel_id: int) -> list[Message]:
        """Messages that stand in a channel, oldest first, without ephemeral ones."""
        every = self.messages.values()
        return [one for one in every if one.channel_id == channel_id and not one.deleted and not one.ephemeral]


def _known(things: dict[int, T], key: int, code: ErrorCode) -> T:
    try:
        return things[key]
    except KeyError:
        raise ApiError(code) from None

"""Building and changing the stand-in's world: guilds, channels, people, rights; the bot hears of it as from Discord."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .message import Message
from .payloads import attachment_json, channel_json, guild_create_json, guild_json, message_json
from .permissions import BOT, MEMBER
from .world import DIRECT, FORUM, PUBLIC_THREAD, Channel, Event, Guild, User

if TYPE_CHECKING:
    from .jsons import Json
    from .world import World

GUILDS_INTENT = 1 << 0
GUILD_MESSAGES_INTENT = 1 << 9
DIRECT_MESSAGES_INTENT = 1 << 12


class Builders:
    """What a test arranges; every method takes and returns integer ids."""

    def __init__(self, world: World) -> None:
        """Build in `world`."""
        self.world = world

    def add_user(self, name: str, *, permissions: int = MEMBER, locale: str = "en-US") -> int:
        """Add a person; `permissions` hold in every guild unless an action says otherwise."""
        user = User(self.world.ids.new(), name, permissions=permissions, locale=locale)
        self.world.users[user.id] = user
        return user.id

    def add_guild(
        self, name: str, *, premium_tier: int = 0, features: tuple[str, ...] = (), installed: bool = True
    ) -> int:
        """Add a server; not `installed`: the bot is no member, users brought the app along."""
        owner = self.world.owner_id
        guild = Guild(self.world.ids.new(), name, owner, "en-US", installed, premium_tier, list(features))
        guild.roles[guild.id] = ("@everyone", MEMBER)
        self.world.guilds[guild.id] = guild
        if installed:
            self._announce("GUILD_CREATE", guild_create_json(self.world, guild), guild.id)
        return guild.id

    def remove_guild(self, guild_id: int, *, unavailable: bool = False) -> None:
        """Throw the bot out of a server; `unavailable`: an outage, the bot stays a member."""
        self.world.guilds[guild_id].installed = unavailable
        body: Json = {"id": str(guild_id), "unavailable": True} if unavailable else {"id": str(guild_id)}
        self._announce("GUILD_DELETE", body, guild_id)

    def set_premium_tier(self, guild_id: int, tier: int) -> None:
        """Change a server's boosts, and with them its upload limit."""
        guild = self.world.guilds[guild_id]
        guild.premium_tier = tier
        self._announce("GUILD_UPDATE", guild_json(guild), guild_id)

    def add_role(self, guild_id: int, name: str, permissions: int = 0) -> int:
        """Add a role."""
        role_id = self.world.ids.new()
        self.world.guilds[guild_id].roles[role_id] = (name, permissions)
        self._announce("GUILD_UPDATE", guild_json(self.world.guilds[guild_id]), guild_id)
        return role_id

    def give_role(self, guild_id: int, user_id: int, role_id: int) -> None:
        """Give a role to a member."""
        self.world.users[user_id].roles.setdefault(guild_id, []).append(role_id)

    def add_channel(self, guild_id: int, name: str, *, permissions: int = BOT) -> int:
        """Add a text channel where the bot has exactly `permissions`."""
        channel = Channel(self.world.ids.new(), name, guild_id, permissions=int(permissions))
        return self._add_channel(channel, "CHANNEL_CREATE")

    def add_forum(self, guild_id: int, name: str) -> int:
        """Add a forum, which takes no messages; its posts are threads."""
        channel = Channel(self.world.ids.new(), name, guild_id, kind=FORUM, permissions=int(BOT))
        return self._add_channel(channel, "CHANNEL_CREATE")

    def add_thread(self, channel_id: int, name: str, *, archived: bool = False, locked: bool = False) -> int:
        """Add a public thread under a channel."""
        parent = self.world.channels[channel_id]
        thread = replace(parent, id=self.world.ids.new(), name=name, kind=PUBLIC_THREAD, parent_id=parent.id)
        return self._add_channel(replace(thread, archived=archived, locked=locked), "THREAD_CREATE")

    def _add_channel(self, channel: Channel, event: str) -> int:
        self.world.channels[channel.id] = channel
        self._announce(event, channel_json(self.world, channel), channel.guild_id)
        return channel.id

    def delete_channel(self, channel_id: int) -> None:
        """Delete a channel with its messages: 10003 from now on."""
        channel = self.world.channels.pop(channel_id)
        for message in self.world.in_channel(channel_id):
            message.deleted = True
        event = "THREAD_DELETE" if channel.kind == PUBLIC_THREAD else "CHANNEL_DELETE"
        self._announce(event, channel_json(self.world, channel), channel.guild_id)

    def set_permissions(self, channel_id: int, permissions: int) -> None:
        """Give the bot exactly `permissions` in a channel."""
        channel = self.world.channels[channel_id]
        channel.permissions = int(permissions)
        self._announce("CHANNEL_UPDATE", channel_json(self.world, channel), channel.guild_id)

    def deny(self, channel_id: int, permissions: int) -> None:
        """Take rights from the bot in a channel: 50013, or 50001 without VIEW_CHANNEL."""
        self.set_permissions(channel_id, self.world.channels[channel_id].permissions & ~int(permissions))

    def close_dms(self, user_id: int, *, closed: bool = True) -> None:
        """Let a user refuse direct messages: 50007."""
        self.world.users[user_id].dm_open = not closed

    def dm_channel(self, user_id: int) -> int:
        """Return the direct-message channel of the bot and a user."""
        return self.world.dm_channel(user_id)

    def block_words(self, *words: str) -> None:
        """Let AutoMod refuse public messages that contain one of these: 200000."""
        self.world.automod_words.update(words)

    def block_links(self, *hosts: str) -> None:
        """Let the link filter refuse public messages that contain one of these: 240000."""
        self.world.blocked_links.update(hosts)

    def upload(self, data: bytes, filename: str, content_type: str) -> Json:
        """Upload a file as a user does for a command's option; returns the attachment object."""
        return attachment_json(self.world.store_upload(data, filename, content_type, ephemeral=True))

    def expire(self, attachment: Json) -> None:
        """Let a file vanish from the CDN, as an option's attachment does after a day."""
        del self.world.uploads[int(attachment["id"])]

    def post(self, user_id: int, channel_id: int, content: str, attachments: tuple[Json, ...] = ()) -> Message:
        """Let a user write a message."""
        message_id, now = self.world.ids.new(), self.world.clock.now()
        files = [self.world.uploads[int(one["id"])] for one in attachments]
        message = Message(message_id, channel_id, user_id, now, content, attachments=files)
        self.world.add_message(message)
        channel = self.world.channels[channel_id]
        intent = DIRECT_MESSAGES_INTENT if channel.kind == DIRECT else GUILD_MESSAGES_INTENT
        body = message_json(self.world, message)
        if channel.guild_id is not None:
            body["guild_id"] = str(channel.guild_id)
        self.world.publish(Event("MESSAGE_CREATE", body, channel.guild_id, intent))
        return message

    def delete_message(self, message: Message) -> None:
        """Let a moderator delete a message: 10008 from now on."""
        message.deleted = True
        self.world.changes.notify()

    def _announce(self, name: str, data: Json, guild_id: int | None) -> None:
        self.world.publish(Event(name, data, guild_id, GUILDS_INTENT))
        self.world.changes.notify()

"""The JSON objects of Discord's API, made from the stand-in's world (shapes: Discord's reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .message import USER_MENTION
from .permissions import EVERYTHING
from .world import DIRECT, PUBLIC_THREAD

if TYPE_CHECKING:
    from .jsons import Json
    from .message import Message, Upload
    from .world import Channel, Guild, User, World

JOINED = "2024-01-01T00:00:00+00:00"


def user_json(user: User) -> Json:
    """Return a user object."""
    return {
        "id": str(user.id),
        "username": user.name,
        "discriminator": "0000" if user.bot else "0",
        "global_name": None if user.bot else user.name.title(),
        "avatar": None,
        "avatar_decoration_data": None,
        "clan": None,
        "primary_guild": None,
        "public_flags": 0,
        "bot": user.bot,
    }


def own_user_json(user: User) -> Json:
    """Return the bot's own user object."""
    return user_json(user) | {"verified": True, "mfa_enabled": True, "flags": 0, "email": None, "locale": user.locale}


def member_json(user: User, guild_id: int, permissions: int | None = None) -> Json:
    """Return a member object; in interactions it carries the permissions in that channel."""
    body: Json = {
        "user": user_json(user),
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": [str(role) for role in user.roles.get(guild_id, [])],
        "joined_at": JOINED,
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }
    return body if permissions is None else body | {"permissions": str(int(permissions))}


def role_json(role_id: int, name: str, permissions: int) -> Json:
    """Return a role object."""
    return {
        "id": str(role_id),
        "name": name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": 0 if name == "@everyone" else 1,
        "permissions": str(int(permissions)),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def channel_json(world: World, channel: Channel) -> Json:
    """Return a channel object: text, thread or direct message."""
    body: Json = {"id": str(channel.id), "type": channel.kind, "last_message_id": None, "flags": 0}
    if channel.kind == DIRECT:
        recipients = [world.users[channel.recipient_id]] if channel.recipient_id is not None else []
        return body | {"recipients": [user_json(one) for one in recipients]}
    body |= {"guild_id": str(channel.guild_id), "name": channel.name, "rate_limit_per_user": 0}
    if channel.kind == PUBLIC_THREAD:
        return body | _thread_fields(world, channel)
    overwrite = {
        "id": str(world.application_id),
        "type": 1,
        "allow": str(int(channel.permissions)),
        "deny": str(EVERYTHING & ~int(channel.permissions)),
    }
    fields: Json = {"position": 0, "nsfw": False, "topic": None, "parent_id": None, "last_pin_timestamp": None}
    return body | fields | {"permission_overwrites": [overwrite]}


def _thread_fields(world: World, channel: Channel) -> Json:
    metadata = {
        "archived": channel.archived,
        "locked": channel.locked,
        "auto_archive_duration": 1440,
        "archive_timestamp": JOINED,
        "create_timestamp": JOINED,
    }
    counts = {"message_count": len(world.in_channel(channel.id)), "member_count": 1, "total_message_sent": 0}
    return counts | {"parent_id": str(channel.parent_id), "owner_id": str(world.owner_id), "thread_metadata": metadata}


def guild_json(guild: Guild) -> Json:
    """Return a guild object without its channels."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": str(guild.owner_id),
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 1,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "roles": [role_json(role_id, *role) for role_id, role in guild.roles.items()],
        "emojis": [],
        "stickers": [],
        "features": guild.features,
        "mfa_level": 0,
        "nsfw_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "vanity_url_code": None,
        "premium_tier": guild.premium_tier,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": guild.locale,
        "region": "deprecated",
        "incidents_data": None,
    }


def guild_create_json(world: World, guild: Guild) -> Json:
    """Return the body of GUILD_CREATE as a bot without the members intent gets it."""
    mine = [channel for channel in world.channels.values() if channel.guild_id == guild.id]
    return guild_json(guild) | {
        "joined_at": JOINED,
        "large": False,
        "unavailable": False,
        "member_count": len(world.users),
        "members": [member_json(world.users[world.application_id], guild.id)],
        "channels": [channel_json(world, one) for one in mine if one.kind != PUBLIC_THREAD],
        "threads": [channel_json(world, one) for one in mine if one.kind == PUBLIC_THREAD and not one.archived],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def attachment_json(upload: Upload) -> Json:
    """Return an attachment object."""
    body: Json = {
        "id": str(upload.id),
        "filename": upload.filename,
        "size": len(upload.data),
        "url": upload.url,
        "proxy_url": upload.url,
        "content_type": upload.content_type,
    }
    if upload.description is not None:
        body["description"] = upload.description
    return body | {"ephemeral": True} if upload.ephemeral else body


def message_json(world: World, message: Message, *, nested: bool = False) -> Json:
    """Return a message object; `nested` ones do not carry the message they answer."""
    mentioned = [int(one) for one in USER_MENTION.findall(message.content)]
    body: Json = {
        "id": str(message.id),
        "type": message.kind,
        "channel_id": str(message.channel_id),
        "author": user_json(world.users[message.author_id]),
        "content": message.content,
        "timestamp": message.created_at.isoformat(),
        "edited_timestamp": None if message.edited_at is None else message.edited_at.isoformat(),
        "tts": message.tts,
        "mention_everyone": False,
        "mentions": [user_json(world.users[one]) for one in dict.fromkeys(mentioned) if one in world.users],
        "mention_roles": [],
        "attachments": [attachment_json(one) for one in message.attachments],
        "embeds": message.embeds,
        "components": message.components,
        "pinned": False,
        "flags": message.flags,
    }
    if message.nonce is not None:
        body["nonce"] = message.nonce
    return body | _origin_fields(world, message) | ({} if nested else _reference_fields(world, message))


def _origin_fields(world: World, message: Message) -> Json:
    fields: Json = {}
    if message.author_id == world.application_id:
        fields["application_id"] = str(world.application_id)
    if message.via_webhook:
        fields["webhook_id"] = str(world.application_id)
    interaction = world.interactions.get(message.interaction_id or 0)
    if interaction is not None:
        fields["interaction_metadata"] = interaction.metadata_json()
    return fields


def _reference_fields(world: World, message: Message) -> Json:
    if message.reference is None:
        return {}
    answered = world.messages.get(int(message.reference["message_id"]))
    gone = answered is None or answered.deleted
    shown = None if gone or answered is None else message_json(world, answered, nested=True)
    return {"message_reference": message.reference, "referenced_message": shown}

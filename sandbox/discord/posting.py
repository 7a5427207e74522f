"""Turning a checked body into a message, or refusing it as Discord does: rights, limits, filters, nonces."""

from __future__ import annotations

import mimetypes
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING

from .checks import COMMON_FLAGS, check_message, check_not_empty
from .errors import ApiError, ErrorCode, FormErrors
from .jsons import as_list
from .message import COMPONENTS_V2, EPHEMERAL, LOADING, SUPPRESS_EMBEDS, Message, walk
from .permissions import Permission
from .world import DIRECT, FORUM, PUBLIC_THREAD

if TYPE_CHECKING:
    from .body import Body, File
    from .interaction import Interaction
    from .jsons import Json
    from .message import Upload
    from .world import Channel, World

NONCE_MEMORY = timedelta(minutes=5)
REPLY = 19
SHOWN = ("content", "embeds", "components", "attachments")
EDIT_FLAGS = SUPPRESS_EMBEDS | COMPONENTS_V2


def post_in_channel(world: World, channel: Channel, body: Body) -> Message:
    """Create a message with the bot's token, or return the first one of a repeated enforced nonce."""
    data = _object(body)
    check_message(data, body.files, kept=set())
    check_not_empty(data, body.files)
    _check_rights(world, channel, data, body.files)
    _check_reference(world, channel, data)
    first = _first_of_nonce(world, channel, data)
    if first is not None:
        return first
    message = _build(world, channel, data, body.files)
    if message.nonce is not None:
        world.nonces[channel.id, str(message.nonce)] = message.id
    channel.archived = False
    return world.add_message(message)


def answer(world: World, interaction: Interaction, body: Body, *, loading: bool = False) -> Message:
    """Create a message as an interaction's answer or follow-up; a `loading` one is still empty."""
    data = _object(body)
    check_message(data, body.files, kept=set(), flags=COMMON_FLAGS | EPHEMERAL)
    if not loading:
        check_not_empty(data, body.files)
    message = _build(world, world.channels[interaction.channel_id], data, body.files)
    message.via_webhook = True
    message.interaction_id = interaction.id
    message.kind = interaction.answer_kind
    message.flags |= LOADING if loading else 0
    message.ephemeral_for = interaction.user_id if message.ephemeral else None
    return world.add_message(message)


def edit(world: World, message: Message, body: Body) -> Message:
    """Change a message; fields that are absent stay."""
    data = _object(body)
    if message.loading:
        data = {key: value for key, value in data.items() if key != "flags"} | _loading_flags(data)
    kept = {one.id for one in message.attachments}
    check_message(data, body.files, kept=kept, flags=EDIT_FLAGS, v2=bool(message.flags & COMPONENTS_V2))
    check_not_empty({key: data.get(key, getattr(message, key)) for key in SHOWN}, body.files)
    channel = world.channels[message.channel_id]
    _check_filters(world, channel, data, ephemeral=message.ephemeral)
    message.keep_revision(world.clock.now())
    _apply_edit(world, message, data, _store(world, channel, data, body.files))
    world.changes.notify()
    return message


def check_editable(world: World, channel: Channel, message: Message) -> None:
    """Demand that the bot may edit this message with its token.

    Raises:
        ApiError: 50005 or 50083.
    """
    if message.author_id != world.application_id:
        raise ApiError(ErrorCode.NOT_THE_AUTHOR)
    if channel.archived:
        raise ApiError(ErrorCode.THREAD_ARCHIVED)


def _object(body: Body) -> Json:
    if not isinstance(body.json, dict) and not body.files:
        raise ApiError(ErrorCode.INVALID_JSON)
    return body.object


def _loading_flags(data: Json) -> Json:
    return {"flags": int(data["flags"]) & ~EPHEMERAL} if data.get("flags") else {}


def _apply_edit(world: World, message: Message, data: Json, uploads: dict[int, Upload]) -> None:
    if "content" in data:
        message.content = data["content"] or ""
    if "embeds" in data:
        message.embeds = _rich(data["embeds"])
    if "components" in data:
        message.components = numbered(data["components"])
    if "allowed_mentions" in data:
        message.allowed_mentions = data["allowed_mentions"]
    if "flags" in data:
        message.flags = (message.flags & ~SUPPRESS_EMBEDS) | int(data["flags"] or 0)
    if "attachments" in data:
        listed = [int(entry["id"]) for entry in as_list(data["attachments"])]
        message.attachments = [one for one in message.attachments if one.id in listed]
    message.attachments += uploads.values()
    if message.loading:
        message.flags &= ~LOADING
    else:
        message.edited_at = world.clock.now()


def _build(world: World, channel: Channel, data: Json, files: dict[int, File]) -> Message:
    flags = int(data.get("flags") or 0)
    _check_filters(world, channel, data, ephemeral=bool(flags & EPHEMERAL))
    reference: Json | None = data.get("message_reference")
    uploads = _store(world, channel, data, files)
    return Message(
        id=world.ids.new(),
        channel_id=channel.id,
        author_id=world.application_id,
        created_at=world.clock.now(),
        content=data.get("content") or "",
        embeds=_rich(data.get("embeds")),
        components=numbered(data.get("components")),
        attachments=list(uploads.values()),
        flags=flags,
        kind=REPLY if reference else 0,
        tts=bool(data.get("tts")),
        nonce=data.get("nonce"),
        reference=_stored_reference(channel, reference),
        allowed_mentions=data.get("allowed_mentions"),
    )


def _stored_reference(channel: Channel, reference: Json | None) -> Json | None:
    if reference is None:
        return None
    stored: Json = {"type": 0, "channel_id": str(channel.id), "message_id": str(reference["message_id"])}
    return stored if channel.guild_id is None else stored | {"guild_id": str(channel.guild_id)}


def _store(world: World, channel: Channel, data: Json, files: dict[int, File]) -> dict[int, Upload]:
    limit = world.upload_limit(channel.guild_id)
    if any(len(one.data) > limit for one in files.values()):
        raise ApiError(ErrorCode.REQUEST_TOO_LARGE)
    entries: dict[int, Json] = {int(one["id"]): one for one in as_list(data.get("attachments"))}
    uploads: dict[int, Upload] = {}
    for number, one in sorted(files.items()):
        entry = entries.get(number, {})
        name = str(entry.get("filename") or one.filename)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        uploads[number] = world.store_upload(one.data, name, kind, description=entry.get("description"))
    return uploads


def _rich(embeds: list[Json] | None) -> list[Json]:
    return [{"type": "rich"} | embed for embed in embeds or []]


def numbered(components: list[Json] | None) -> list[Json]:
    """Give every component its number, as Discord does."""
    tree = deepcopy(components or [])
    for number, component in enumerate(walk(tree), start=1):
        component.setdefault("id", number)
    return tree


def _first_of_nonce(world: World, channel: Channel, data: Json) -> Message | None:
    if not data.get("enforce_nonce"):
        return None
    first = world.messages.get(world.nonces.get((channel.id, str(data["nonce"])), 0))
    fresh = first is not None and world.clock.now() - first.created_at < NONCE_MEMORY
    return first if fresh else None


def _check_rights(world: World, channel: Channel, data: Json, files: dict[int, File]) -> None:
    if channel.kind == DIRECT:
        if channel.recipient_id is None or not world.users[channel.recipient_id].dm_open:
            raise ApiError(ErrorCode.CANNOT_MESSAGE_USER)
        return
    if channel.kind == FORUM:
        raise ApiError(ErrorCode.WRONG_CHANNEL_TYPE)
    in_thread = channel.kind == PUBLIC_THREAD
    needed = Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES
    needed |= Permission.EMBED_LINKS if data.get("embeds") else Permission(0)
    needed |= Permission.ATTACH_FILES if files else Permission(0)
    if channel.permissions & needed != needed:
        raise ApiError(ErrorCode.MISSING_PERMISSIONS)
    if channel.locked and not channel.permissions & Permission.MANAGE_THREADS:
        raise ApiError(ErrorCode.THREAD_LOCKED)
    if data.get("message_reference") and not channel.permissions & Permission.READ_MESSAGE_HISTORY:
        raise ApiError(ErrorCode.REPLY_NEEDS_HISTORY)


def _check_reference(world: World, channel: Channel, data: Json) -> None:
    reference: Json | None = data.get("message_reference")
    if reference is None:
        return
    answered = world.messages.get(int(reference["message_id"]))
    if answered is not None and answered.channel_id == channel.id and not answered.deleted and not answered.ephemeral:
        return
    if reference.get("fail_if_not_exists", True):
        errors = FormErrors()
        errors.add("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        errors.raise_if_any()
    data.pop("message_reference")


def _check_filters(world: World, channel: Channel, data: Json, *, ephemeral: bool) -> None:
    if ephemeral or channel.guild_id is None:
        return
    said = str([data.get("content"), data.get("embeds"), data.get("components")]).lower()
    if any(word.lower() in said for word in world.automod_words):
        raise ApiError(ErrorCode.BLOCKED_BY_AUTOMOD)
    if any(host.lower() in said for host in world.blocked_links):
        raise ApiError(ErrorCode.BLOCKED_LINK)

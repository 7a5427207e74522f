"""REST routes of channels and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .builders import DIRECT_MESSAGES_INTENT, GUILD_MESSAGES_INTENT
from .errors import ApiError, ErrorCode, FormErrors
from .jsons import Json
from .payloads import channel_json, message_json
from .permissions import Permission
from .posting import check_editable, edit, post_in_channel
from .rest import API, Answer, body_of, number, route
from .world import DIRECT, Event

if TYPE_CHECKING:
    from aiohttp import web

    from .message import Message
    from .world import Channel, World

PAGE = 50
PAGE_MOST = 100


class MessageRoutes:
    """Channels and messages, with the bot's token."""

    def __init__(self, world: World) -> None:
        """Serve `world`."""
        self._world = world

    def register(self, app: web.Application) -> None:
        """Add the routes."""
        channel = f"{API}/channels/{{channel_id}}"
        one = f"{channel}/messages/{{message_id}}"
        app.router.add_post(f"{API}/users/@me/channels", route(self._open_dm))
        app.router.add_get(channel, route(self._get_channel))
        app.router.add_post(f"{channel}/typing", route(self._typing))
        app.router.add_get(f"{channel}/messages", route(self._history))
        app.router.add_post(f"{channel}/messages", route(self._create))
        app.router.add_get(one, route(self._get))
        app.router.add_patch(one, route(self._edit))
        app.router.add_delete(one, route(self._delete))

    async def _open_dm(self, _request: web.Request) -> Answer:
        user = self._world.user(int(body_of().object.get("recipient_id", 0)))
        return channel_json(self._world, self._world.channels[self._world.dm_channel(user.id)])

    async def _get_channel(self, request: web.Request) -> Answer:
        return channel_json(self._world, self._channel(request))

    async def _typing(self, request: web.Request) -> Answer:
        self._channel(request)
        return None

    async def _create(self, request: web.Request) -> Answer:
        channel = self._channel(request)
        last = len(self._world.messages)
        message = post_in_channel(self._world, channel, body_of())
        if len(self._world.messages) > last:
            self._tell("MESSAGE_CREATE", channel, message_json(self._world, message))
        return message_json(self._world, message)

    async def _get(self, request: web.Request) -> Answer:
        channel = self._channel(request)
        if not channel.permissions & Permission.READ_MESSAGE_HISTORY:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        return self._shown(channel, self._world.message(channel.id, number(request, "message_id")))

    async def _edit(self, request: web.Request) -> Answer:
        channel = self._channel(request)
        message = self._world.message(channel.id, number(request, "message_id"))
        check_editable(self._world, channel, message)
        edit(self._world, message, body_of())
        self._tell("MESSAGE_UPDATE", channel, message_json(self._world, message))
        return message_json(self._world, message)

    async def _delete(self, request: web.Request) -> Answer:
        channel = self._channel(request)
        message = self._world.message(channel.id, number(request, "message_id"))
        own = message.author_id == self._world.application_id
        if not own and not channel.permissions & Permission.MANAGE_MESSAGES:
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)
        message.deleted = True
        self._tell("MESSAGE_DELETE", channel, {"id": str(message.id), "channel_id": str(channel.id)})
        return None

    async def _history(self, request: web.Request) -> Answer:
        channel = self._channel(request)
        if not channel.permissions & Permission.READ_MESSAGE_HISTORY:
            return []
        every = self._world.in_channel(channel.id)
        return [self._shown(channel, one) for one in reversed(_page(every, dict(request.query)))]

    def _channel(self, request: web.Request) -> Channel:
        return self._world.channel(number(request, "channel_id"))

    def _shown(self, channel: Channel, message: Message) -> Json:
        """Return a message as the bot may read it: others' content is a privileged intent."""
        body = message_json(self._world, message)
        mine = message.author_id == self._world.application_id or f"<@{self._world.application_id}>" in message.content
        if self._world.message_content or mine or channel.kind == DIRECT:
            return body
        return body | {"content": "", "embeds": [], "attachments": [], "components": []}

    def _tell(self, name: str, channel: Channel, body: Json) -> None:
        intent = DIRECT_MESSAGES_INTENT if channel.kind == DIRECT else GUILD_MESSAGES_INTENT
        data = body if channel.guild_id is None else body | {"guild_id": str(channel.guild_id)}
        self._world.publish(Event(name, data, channel.guild_id, intent))
        self._world.changes.notify()


def _page(every: list[Message], query: dict[str, str]) -> list[Message]:
    """Return one page of history, oldest first."""
    limit = _limit(query)
    if "before" in query:
        return [one for one in every if one.id < int(query["before"])][-limit:]
    if "after" in query:
        return [one for one in every if one.id > int(query["after"])][:limit]
    if "around" in query:
        middle = int(query["around"])
        older = [one for one in every if one.id < middle][-(limit // 2) :]
        return (older + [one for one in every if one.id >= middle])[:limit]
    return every[-limit:]


def _limit(query: dict[str, str]) -> int:
    errors = FormErrors()
    text = query.get("limit", str(PAGE))
    errors.number("limit", int(text) if text.isdigit() else text, low=1, high=PAGE_MOST)
    if sum(key in query for key in ("before", "after", "around")) > 1:
        errors.add("before", "MUTUALLY_EXCLUSIVE", "Only one of before, after, around.")
    errors.raise_if_any()
    return int(text)

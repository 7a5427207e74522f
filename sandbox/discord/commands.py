"""The registered application commands, and a user's input turned into an interaction's `data`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .check_commands import CHAT_INPUT, GROUP, SUB_COMMAND, check_commands
from .errors import ApiError, ErrorCode
from .jsons import Json, as_list, as_object
from .payloads import attachment_json, channel_json, member_json, role_json, user_json

if TYPE_CHECKING:
    from .world import World

STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)

LONGEST_TEXT = 6000


class CannotDoError(Exception):
    """Discord's client would not let a user do this: the test itself is wrong, or the bot's message is."""


class Commands:
    """Global commands under the scope None, guild commands under the guild's id."""

    def __init__(self, world: World) -> None:
        """Register nothing yet."""
        self._world = world
        self._scopes: dict[int | None, list[Json]] = {}

    def registered(self, scope: int | None = None) -> list[Json]:
        """Return the commands of one scope."""
        return self._scopes.get(scope, [])

    def put(self, scope: int | None, commands: list[Json] | None) -> list[Json]:
        """Replace all commands of one scope; a command keeps its id under the same name and type.

        Raises:
            ApiError: 50035 when one breaks a limit; nothing is replaced then.
        """
        if not isinstance(commands, list):
            raise ApiError(ErrorCode.INVALID_JSON)
        check_commands(commands)
        known = {(one["name"], one["type"]): one["id"] for one in self.registered(scope)}
        self._scopes[scope] = [self._stored(scope, one, known) for one in commands]
        return self._scopes[scope]

    def _stored(self, scope: int | None, command: Json, known: dict[tuple[str, int], str]) -> Json:
        kind = command.get("type", CHAT_INPUT)
        stored: Json = {"description": "", "options": [], "nsfw": False, "default_member_permissions": None}
        stored |= {"contexts": None, "integration_types": [0]} | command
        if stored["default_member_permissions"] is not None:
            stored["default_member_permissions"] = str(stored["default_member_permissions"])
        stored["id"] = known.get((command["name"], kind)) or str(self._world.ids.new())
        stored |= {"type": kind, "application_id": str(self._world.application_id), "version": stored["id"]}
        return stored if scope is None else stored | {"guild_id": str(scope)}

    def find(self, name: str, kind: int, guild_id: int | None) -> Json:
        """Return the command a user would see under that name.

        Raises:
            CannotDoError: there is none.
        """
        offered = [*self._scopes.get(guild_id, []), *self.registered()] if guild_id else self.registered()
        for command in offered:
            if command["name"] == name and command["type"] == kind:
                return command
        text = f"no command {name!r} of type {kind}; there are {[(one['name'], one['type']) for one in offered]}"
        raise CannotDoError(text)

    def slash_data(
        self, line: str, values: Json, guild_id: int | None, *, focused: str | None = None
    ) -> tuple[Json, Json]:
        """Return the command and the `data` of typing it, for example `veo create`, with options by name.

        Raises:
            CannotDoError: unknown command or option, a missing or unfit value.
        """
        name, *path = line.split()
        command = self.find(name, CHAT_INPUT, guild_id)
        leaf, kinds = command, list[int]()
        for part in path:
            leaf = _child(leaf, part)
            kinds.append(leaf["type"])
        if any(one["type"] in (SUB_COMMAND, GROUP) for one in as_list(leaf.get("options"))):
            text = f"/{line} is not a whole command"
            raise CannotDoError(text)
        resolved: Json = {}
        options = [
            {"name": key, "type": STRING, "value": value, "focused": True}
            if key == focused
            else self._option(leaf, key, value, guild_id, resolved)
            for key, value in values.items()
        ]
        _check_complete(leaf, values, typing=focused is not None)
        for part, kind in zip(reversed(path), reversed(kinds), strict=True):
            options = [{"name": part, "type": kind, "options": options}]
        data: Json = {"id": command["id"], "name": name, "type": CHAT_INPUT, "options": options}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return command, data | ({"resolved": resolved} if resolved else {})

    def _option(self, leaf: Json, name: str, value: Any, guild_id: int | None, resolved: Json) -> Json:
        option = _child(leaf, name)
        kind = option["type"]
        if kind in (USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT):
            value = self._resolve(kind, value, guild_id, resolved)
        else:
            _check_value(option, value)
        return {"name": name, "type": kind, "value": value}

    def _resolve(self, kind: int, value: Any, guild_id: int | None, resolved: Json) -> str:
        key = str(as_object(value).get("id") or value)
        world = self._world
        if kind == ATTACHMENT:
            resolved.setdefault("attachments", {})[key] = attachment_json(world.uploads[int(key)])
        elif kind == CHANNEL:
            resolved.setdefault("channels", {})[key] = channel_json(world, world.channels[int(key)]) | {
                "permissions": "0"
            }
        elif kind == ROLE and guild_id is not None:
            role = world.guilds[guild_id].roles[int(key)]
            resolved.setdefault("roles", {})[key] = role_json(int(key), *role)
        else:
            resolve_user(world, int(key), guild_id, resolved)
        return key


def resolve_user(world: World, user_id: int, guild_id: int | None, resolved: Json) -> None:
    """Add a user, and their membership, to an interaction's `resolved`."""
    user = world.users[user_id]
    resolved.setdefault("users", {})[str(user_id)] = user_json(user)
    if guild_id is not None:
        member = member_json(user, guild_id, user.permissions)
        resolved.setdefault("members", {})[str(user_id)] = {
            key: value for key, value in member.items() if key not in ("user", "deaf", "mute")
        }


def _child(node: Json, name: str) -> Json:
    options: list[Json] = node.get("options") or []
    for option in options:
        if option["name"] == name:
            return option
    text = f"{node['name']!r} has no option {name!r}; it has {[one['name'] for one in options]}"
    raise CannotDoError(text)


def _check_complete(leaf: Json, values: Json, *, typing: bool) -> None:
    options: list[Json] = leaf.get("options") or []
    missing = [one["name"] for one in options if one.get("required") and one["name"] not in values]
    if missing and not typing:
        text = f"required options are missing: {missing}"
        raise CannotDoError(text)


def _check_value(option: Json, value: Any) -> None:
    right = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: (int, float)}[option["type"]]
    choices = [one["value"] for one in as_list(option.get("choices"))]
    size = len(value) if isinstance(value, str) else value
    lowest = option.get("min_length" if isinstance(value, str) else "min_value")
    highest = option.get("max_length", LONGEST_TEXT) if isinstance(value, str) else option.get("max_value")
    unfit = (lowest is not None and size < lowest) or (highest is not None and size > highest)
    if not isinstance(value, right) or (choices and value not in choices) or unfit:
        text = f"{value!r} does not fit option {option}"
        raise CannotDoError(text)

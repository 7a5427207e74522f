"""Users at work: commands, buttons, forms. Every action gives the handle of its interaction."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from .commands import CannotDoError, resolve_user
from .interaction import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction
from .jsons import Json
from .message import BUTTON, LINK_STYLE, Message, walk
from .payloads import channel_json, member_json, message_json, user_json
from .world import DIRECT, Event

if TYPE_CHECKING:
    from .commands import Commands
    from .world import Channel, World

USER_COMMAND = 2
MESSAGE_COMMAND = 3
TEXT_INPUT = 4
LABEL = 18
GUILD_CONTEXT = 0
BOT_DM_CONTEXT = 1
DEFAULT_TEXT_MOST = 4000


class People:
    """What users do; `permissions` stand for the user's own in that channel."""

    def __init__(self, world: World, commands: Commands) -> None:
        """Act in `world` on the registered `commands`."""
        self.world = world
        self.commands = commands

    async def slash(
        self, user_id: int, channel_id: int, line: str, options: Json | None = None, *, permissions: int | None = None
    ) -> Interaction:
        """Use a slash command: `line` is for example `veo create`, attachments come from `upload`.

        Raises:
            CannotDoError: Discord's client would not send that, or does not offer the command to this user.
        """
        guild_id = self.world.channels[channel_id].guild_id
        command, data = self.commands.slash_data(line, options or {}, guild_id)
        self._check_offered(command, user_id, guild_id, permissions)
        return self._act(self._new(COMMAND, user_id, channel_id), data, permissions)

    async def autocomplete(
        self, user_id: int, channel_id: int, line: str, option: str, typed: str, *, others: Json | None = None
    ) -> Interaction:
        """Type in an option; the answer is in `choices` after `wait_ack`."""
        guild_id = self.world.channels[channel_id].guild_id
        values = (others or {}) | {option: typed}
        _command, data = self.commands.slash_data(line, values, guild_id, focused=option)
        return self._act(self._new(AUTOCOMPLETE, user_id, channel_id), data, None)

    async def message_command(
        self, user_id: int, message: Message, name: str, *, permissions: int | None = None
    ) -> Interaction:
        """Use a context menu's command on a message."""
        channel = self.world.channels[message.channel_id]
        command = self.commands.find(name, MESSAGE_COMMAND, channel.guild_id)
        self._check_offered(command, user_id, channel.guild_id, permissions)
        resolved: Json = {"messages": {str(message.id): message_json(self.world, message)}}
        data = _menu_data(command, message.id, resolved)
        return self._act(self._new(COMMAND, user_id, channel.id, command_kind=MESSAGE_COMMAND), data, permissions)

    async def user_command(
        self, user_id: int, channel_id: int, target_id: int, name: str, *, permissions: int | None = None
    ) -> Interaction:
        """Use a context menu's command on a user."""
        guild_id = self.world.channels[channel_id].guild_id
        command = self.commands.find(name, USER_COMMAND, guild_id)
        self._check_offered(command, user_id, guild_id, permissions)
        resolved: Json = {}
        resolve_user(self.world, target_id, guild_id, resolved)
        data = _menu_data(command, target_id, resolved)
        return self._act(self._new(COMMAND, user_id, channel_id, command_kind=USER_COMMAND), data, permissions)

    async def click(self, user_id: int, message: Message, which: str, *, permissions: int | None = None) -> Interaction:
        """Press the button of that custom id or label.

        Raises:
            CannotDoError: the user does not see the message, or the button cannot be pressed.
            LookupError: the message has no such button.
        """
        button = message.button(which)
        if button.get("disabled") or button["style"] == LINK_STYLE:
            text = f"button {which!r} cannot be pressed: {button}"
            raise CannotDoError(text)
        data: Json = {"component_type": BUTTON, "custom_id": button["custom_id"], "id": button["id"]}
        return self._use(user_id, message, data, permissions)

    async def select(
        self, user_id: int, message: Message, custom_id: str, values: list[str], *, permissions: int | None = None
    ) -> Interaction:
        """Choose in a string select menu.

        Raises:
            CannotDoError: a value is not offered, or the user does not see the message.
        """
        menu = next(one for one in walk(message.components) if one.get("custom_id") == custom_id)
        offered = [one["value"] for one in menu.get("options", [])]
        if menu.get("disabled") or any(value not in offered for value in values):
            text = f"{values} cannot be chosen of {offered}"
            raise CannotDoError(text)
        data: Json = {"component_type": menu["type"], "custom_id": custom_id, "id": menu["id"], "values": values}
        return self._use(user_id, message, data, permissions)

    async def submit_modal(self, opened: Interaction, values: dict[str, str]) -> Interaction:
        """Fill in the form that `opened` was answered with; `values` by custom id or label, the rest as preset.

        Raises:
            CannotDoError: there is no form, no such field, or a value that the form does not take.
        """
        modal = opened.modal
        if modal is None:
            text = f"no form was opened: {opened}"
            raise CannotDoError(text)
        unknown = dict(values)
        components = [_filled(part, unknown) for part in modal["components"]]
        if unknown:
            text = f"the form has no field {list(unknown)}: {modal}"
            raise CannotDoError(text)
        interaction = self._new(MODAL_SUBMIT, opened.user_id, opened.channel_id)
        interaction.source, interaction.parent = opened.source, opened
        return self._act(interaction, {"custom_id": modal["custom_id"], "components": components}, None)

    def _use(self, user_id: int, message: Message, data: Json, permissions: int | None) -> Interaction:
        if message.deleted or message.ephemeral_for not in (None, user_id):
            text = f"user {user_id} does not see message {message.id}"
            raise CannotDoError(text)
        interaction = self._new(COMPONENT, user_id, message.channel_id)
        interaction.source = message
        return self._act(interaction, data, permissions)

    def _check_offered(self, command: Json, user_id: int, guild_id: int | None, permissions: int | None) -> None:
        needed = int(command["default_member_permissions"] or 0)
        held = self.world.users[user_id].permissions if permissions is None else int(permissions)
        contexts = command["contexts"]
        here = GUILD_CONTEXT if guild_id is not None else BOT_DM_CONTEXT
        if (guild_id is not None and held & needed != needed) or (contexts is not None and here not in contexts):
            text = f"Discord does not offer {command['name']!r} there to user {user_id}"
            raise CannotDoError(text)

    def _new(self, kind: int, user_id: int, channel_id: int, *, command_kind: int = 1) -> Interaction:
        guild_id = self.world.channels[channel_id].guild_id
        installed = guild_id is not None and self.world.guilds[guild_id].installed
        return Interaction(
            world=self.world,
            id=self.world.ids.new(),
            token=secrets.token_urlsafe(96),
            kind=kind,
            user_id=user_id,
            channel_id=channel_id,
            guild_id=guild_id,
            created_at=self.world.clock.now(),
            owners={"0": str(guild_id)} if installed else {"1": str(user_id)} if guild_id else {"0": "0"},
            command_kind=command_kind,
        )

    def _act(self, interaction: Interaction, data: Json, permissions: int | None) -> Interaction:
        interaction.payload = self._payload(interaction, data, permissions)
        self.world.interactions[interaction.id] = interaction
        self.world.publish(Event("INTERACTION_CREATE", interaction.payload, interaction.guild_id))
        return interaction

    def _payload(self, interaction: Interaction, data: Json, permissions: int | None) -> Json:
        channel = self.world.channels[interaction.channel_id]
        user = self.world.users[interaction.user_id]
        held = user.permissions if permissions is None else int(permissions)
        payload: Json = {
            "id": str(interaction.id),
            "application_id": str(self.world.application_id),
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "data": data,
            "channel_id": str(channel.id),
            "channel": channel_json(self.world, channel) | {"permissions": str(held)},
            "app_permissions": str(int(channel.permissions)),
            "locale": user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": interaction.owners,
            "context": BOT_DM_CONTEXT if channel.kind == DIRECT else GUILD_CONTEXT,
            "attachment_size_limit": self.world.upload_limit(channel.guild_id),
        }
        if interaction.source is not None:
            payload["message"] = message_json(self.world, interaction.source)
        if channel.guild_id is None:
            return payload | {"user": user_json(user)}
        return payload | self._guild_fields(channel, channel.guild_id, member_json(user, channel.guild_id, held))

    def _guild_fields(self, channel: Channel, guild_id: int, member: Json) -> Json:
        guild = self.world.guilds[guild_id]
        return {
            "guild_id": str(channel.guild_id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": guild.features},
            "guild_locale": guild.locale,
            "member": member,
        }


def _menu_data(command: Json, target_id: int, resolved: Json) -> Json:
    data: Json = {key: command[key] for key in ("id", "name", "type", "guild_id") if key in command}
    return data | {"target_id": str(target_id), "resolved": resolved}


def _filled(part: Json, values: dict[str, str]) -> Json:
    """Return one part of a submitted form; used values are taken out of `values`."""
    if part["type"] == LABEL:
        item = part["component"] | {"label": part["label"]}
        return {"type": LABEL, "id": part.get("id", 0), "component": _filled_input(item, values)}
    if "components" in part:
        items = [_filled_input(item, values) for item in part["components"]]
        return {"type": part["type"], "id": part.get("id", 0), "components": items}
    return {"type": part["type"], "id": part.get("id", 0)}


def _filled_input(item: Json, values: dict[str, str]) -> Json:
    preset: Any = item.get("value") or ""
    value = values.pop(item["custom_id"], None) or values.pop(str(item.get("label")), None) or preset
    filled: Json = {"type": item["type"], "id": item.get("id", 0), "custom_id": item["custom_id"]}
    if item["type"] != TEXT_INPUT:
        return filled | {"values": [value] if value else []}
    longest = item.get("max_length") or DEFAULT_TEXT_MOST
    too_short = len(value) < max(item.get("min_length") or 0, int(item.get("required", True)))
    if len(value) > longest or (too_short and (value or item.get("required", True))):
        text = f"{value!r} does not fit field {item}"
        raise CannotDoError(text)
    return filled | {"value": value}

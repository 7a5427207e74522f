"""REST routes of interactions: the callback within three seconds, then the token's webhook for fifteen minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from .check_commands import CHOICES as CHOICES_MOST
from .check_commands import check_choice
from .check_components import check_modal
from .errors import ApiError, ErrorCode, FormErrors
from .interaction import (
    AUTOCOMPLETE,
    CHOICES,
    COMMAND,
    COMPONENT,
    DEFERRED_MESSAGE,
    DEFERRED_UPDATE,
    MESSAGE,
    MODAL,
    MODAL_SUBMIT,
    UPDATE,
    Ack,
    Interaction,
)
from .jsons import Json, as_object
from .payloads import message_json
from .posting import answer, edit
from .rest import API, Answer, body_of, json_answer, number, route

if TYPE_CHECKING:
    from aiohttp import web

    from .body import Body
    from .message import Message
    from .world import World

ACK_WINDOW = timedelta(seconds=3)
TOKEN_LIFE = timedelta(minutes=15)
USER_INSTALL_FOLLOWUPS = 5
ALLOWED_CALLBACKS = {
    COMMAND: (MESSAGE, DEFERRED_MESSAGE, MODAL),
    COMPONENT: (MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL_SUBMIT: (MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE),
}
ON_A_MESSAGE = (DEFERRED_UPDATE, UPDATE)
ORIGINAL = "@original"


class InteractionRoutes:
    """Callbacks and interaction webhooks; they need no bot token."""

    def __init__(self, world: World) -> None:
        """Serve `world`."""
        self._world = world
        self.ack_window = ACK_WINDOW

    def register(self, app: web.Application) -> None:
        """Add the routes."""
        hook = f"{API}/webhooks/{{application_id}}/{{token}}"
        one = f"{hook}/messages/{{message_id}}"
        app.router.add_post(f"{API}/interactions/{{interaction_id}}/{{token}}/callback", self._callback)
        app.router.add_post(hook, route(self._follow_up))
        app.router.add_get(one, route(self._get))
        app.router.add_patch(one, route(self._edit))
        app.router.add_delete(one, route(self._delete))

    async def _callback(self, request: web.Request) -> web.Response:
        interaction = self._waiting(number(request, "interaction_id"), request.match_info["token"])
        body = body_of()
        kind = _callback_type(interaction, body)
        data = as_object(body.object.get("data"))
        now = self._world.clock.now()
        self._act(interaction, kind, replace(body, json=data))
        interaction.ack = Ack(kind, data, now, now - interaction.created_at)
        self._world.changes.notify()
        wanted = request.query.get("with_response", "").lower() in ("1", "true")
        return json_answer(self._callback_json(interaction, kind) if wanted else None)

    def _waiting(self, interaction_id: int, token: str) -> Interaction:
        interaction = self._world.interactions.get(interaction_id)
        if interaction is None or interaction.token != token:
            raise ApiError(ErrorCode.UNKNOWN_INTERACTION)
        if interaction.ack is not None:
            raise ApiError(ErrorCode.ALREADY_ACKNOWLEDGED)
        if self._world.clock.now() - interaction.created_at > self.ack_window:
            raise ApiError(ErrorCode.UNKNOWN_INTERACTION)
        return interaction

    def _act(self, interaction: Interaction, kind: int, body: Body) -> None:
        match kind:
            case 4:
                interaction.original = answer(self._world, interaction, body)
            case 5:
                interaction.original = answer(self._world, interaction, body, loading=True)
            case 6:
                interaction.original = interaction.source
            case 7 if interaction.source is not None:
                interaction.original = edit(self._world, interaction.source, body)
            case 8:
                _check_choices(body.json)
            case _:
                errors = FormErrors()
                check_modal(errors, body.json)
                errors.raise_if_any()

    def _callback_json(self, interaction: Interaction, kind: int) -> Json:
        about: Json = {"id": str(interaction.id), "type": interaction.kind}
        resource: Json = {"type": kind}
        shown = interaction.original
        if shown is not None:
            about |= {
                "response_message_id": str(shown.id),
                "response_message_loading": shown.loading,
                "response_message_ephemeral": shown.ephemeral,
            }
            if kind in (MESSAGE, UPDATE):
                resource["message"] = message_json(self._world, shown)
        return {"interaction": about, "resource": resource}

    def _alive(self, request: web.Request) -> Interaction:
        token = request.match_info["token"]
        every = self._world.interactions.values()
        interaction = next((one for one in every if one.token == token and one.ack is not None), None)
        if interaction is None or number(request, "application_id") != self._world.application_id:
            raise ApiError(ErrorCode.UNKNOWN_WEBHOOK)
        if self._world.clock.now() - interaction.created_at > TOKEN_LIFE:
            raise ApiError(ErrorCode.INVALID_WEBHOOK_TOKEN)
        return interaction

    def _message(self, request: web.Request) -> Message:
        interaction = self._alive(request)
        key = request.match_info["message_id"]
        reachable = [interaction.original, *interaction.followups]
        for one in reachable[:1] if key == ORIGINAL else reachable:
            if one is not None and not one.deleted and key in (ORIGINAL, str(one.id)):
                return one
        raise ApiError(ErrorCode.UNKNOWN_MESSAGE)

    async def _follow_up(self, request: web.Request) -> Answer:
        interaction = self._alive(request)
        first = interaction.original
        if first is not None and first.loading:
            return message_json(self._world, edit(self._world, first, body_of()))
        if "0" not in interaction.owners and len(interaction.followups) >= USER_INSTALL_FOLLOWUPS:
            raise ApiError(ErrorCode.TOO_MANY_FOLLOWUPS)
        message = answer(self._world, interaction, body_of())
        interaction.followups.append(message)
        self._world.changes.notify()
        return message_json(self._world, message)

    async def _get(self, request: web.Request) -> Answer:
        return message_json(self._world, self._message(request))

    async def _edit(self, request: web.Request) -> Answer:
        return message_json(self._world, edit(self._world, self._message(request), body_of()))

    async def _delete(self, request: web.Request) -> Answer:
        self._message(request).deleted = True
        self._world.changes.notify()
        return None


def _callback_type(interaction: Interaction, body: Body) -> int:
    kind = body.object.get("type")
    placeless = kind in ON_A_MESSAGE and interaction.source is None
    if kind not in ALLOWED_CALLBACKS[interaction.kind] or placeless:
        errors = FormErrors()
        errors.add("type", "BASE_TYPE_CHOICES", f"Callback {kind!r} does not answer type {interaction.kind}.")
        errors.raise_if_any()
    return int(kind or 0)


def _check_choices(data: Json) -> None:
    errors = FormErrors()
    for index, choice in enumerate(errors.items("data.choices", data.get("choices"), high=CHOICES_MOST)):
        check_choice(errors, f"data.choices.{index}", choice)
    errors.raise_if_any()

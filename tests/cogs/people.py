"""What people do in the tests of the Discord side, and how a test looks at what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import discord
import pytest
from simcord.actors import MemberActor
from simcord.backend.serializers import message_payload
from simcord.builders import ChannelHandle
from simcord.enums import InteractionType
from simcord.interactions import base_payload
from simcord.results import InteractionResult

from runtime.config.loader import Settings
from sandbox.demo.settings import demo_settings
from sandbox.demo.world import Surroundings, World
from sandbox.veo import StandInVeo
from tests.simulated import texts, videos

Option: TypeAlias = "str | bool | int | tuple[str, bytes] | MemberActor"
"""What somebody may give for an option of a slash command."""
LONG_ENOUGH = 11
"""Seconds after which a new job is looked at and delivered, whatever its model's usual time."""
FOREVER = None
"""How often a fault of the simulated Discord strikes."""
_CHAT_INPUT, _SUBCOMMAND, _STRING, _ATTACHMENT = 1, 1, 3, 11


def settings(**sections: Mapping[str, object]) -> pytest.MarkDecorator:
    """Decorate a test whose bot is configured differently: `@settings(quota={"videos_per_day": 5})`."""

    def configured(surroundings: Surroundings) -> Settings:
        usual = demo_settings(surroundings)
        changed = {name: getattr(usual, name).model_copy(update=values) for name, values in sections.items()}
        return usual.model_copy(update=changed)

    return pytest.mark.parametrize("configured", [configured], ids=["-".join(sections)])


async def asks(world: World, who: MemberActor | None = None, /, **options: Option) -> InteractionResult:
    """Somebody (Ann) asks for a video (of a fox) in #films."""
    return await (who or world.people.ann).slash(world.films, "veo create", **{"prompt": "a fox", **options})


async def finished(world: World, veo: StandInVeo) -> None:
    """The provider ends all it works on, and the bot finds out."""
    for task in veo.tasks.values():
        if not task.ended(world.env.now().timestamp()):
            veo.finish(task.task_id)
    await world.env.advance_time(LONG_ENOUGH)


async def made(world: World, veo: StandInVeo, who: MemberActor | None = None, /, **options: Option) -> discord.Message:
    """A video, from the question to its message."""
    await asks(world, who, **options)
    await finished(world, veo)
    return videos(world)[-1]


def stranger(world: World, name: str = "bob") -> MemberActor:
    """Another member without any rights."""
    return world.guild.add_member(world.env.create_user(name, global_name=name.title()))


def said(result: InteractionResult) -> str:
    """The words of the bot's only answer, which the asker alone sees."""
    assert result.response is not None, "the person got no answer"
    assert (result.response.ephemeral, result.followups) == (True, [])
    embeds = [f"{embed.title}\n{embed.description}" for embed in result.response.embeds]
    return "\n".join([*filter(None, [result.response.content]), *embeds])


def refusal(result: InteractionResult) -> tuple[str, str]:
    """The title and the next step of a refusal: one embed, for the asker alone."""
    assert result.response is not None, "the person got no answer"
    assert (result.response.ephemeral, result.response.content, result.followups) == (True, "", [])
    (embed,) = result.response.embeds
    assert embed.title
    assert embed.description
    return embed.title, embed.description


async def reads(world: World, command: str, who: MemberActor | None = None, /, **options: Option) -> str:
    """What a command of the group /veo answers to somebody (Ann)."""
    return said(await (who or world.people.ann).slash(world.films, f"veo {command}", **options))


async def costs_nothing(world: World, veo: StandInVeo, who: MemberActor | None = None) -> bool:
    """Whether nothing was submitted, nothing posted and no place of the quota taken."""
    quota = await reads(world, "quota", who)
    return not veo.submissions and not texts(world) and "**Videos**: 0 of" in quota


def status_lines(world: World, channel: ChannelHandle | None = None) -> list[discord.Message]:
    """The public lines about jobs, oldest first."""
    return [message for message in (channel or world.films).history() if message.content.startswith("**")]


def direct_messages(who: MemberActor) -> list[str]:
    """What the bot wrote to a person alone, oldest first."""
    return [message.content for message in who.user.dm_channel.history()]


def labels(message: discord.Message) -> list[str]:
    """The buttons under a message."""
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return [child.label or "" for row in rows for child in row.children if isinstance(child, discord.Button)]


def actions(veo: StandInVeo) -> list[str]:
    """The actions of everything that was submitted, in order."""
    return [str(submission.payload["action"]) for submission in veo.submissions]


def all_that_was_sent(world: World) -> str:
    """Every word that the bot ever sent to Discord."""
    return "\n".join(str(entry.json) for entry in world.env.http_requests)


async def presses_forged(
    world: World, who: MemberActor, custom_id: str, channel: ChannelHandle | None = None
) -> InteractionResult:
    """Somebody presses a button of the bot that carries an id of their own making."""
    place = channel or world.films
    button = {"type": 2, "style": 1, "label": "1080p", "custom_id": custom_id}
    row = [{"type": 1, "components": [button]}]
    world.env.backend.create_message(place.id, world.env.backend.bot_user.id, "an old video", components=row)
    message = place.history()[-1]
    result = await who.click(message, custom_id=custom_id)
    world.env.backend.delete_message(place.id, message.id)
    return result


def presses_at_once(world: World, people: Sequence[MemberActor], message: discord.Message, custom_id: str) -> None:
    """Several people press the same button, and none of it is worked on yet: `world.env.settle()` does that."""
    backend = world.env.backend
    stored = backend.get_message(message.channel.id, message.id)
    for who in people:
        _, payload = base_payload(
            backend,
            type=InteractionType.MESSAGE_COMPONENT,
            channel_id=message.channel.id,
            guild_id=world.guild.id,
            user_id=who.id,
            data={"custom_id": custom_id, "component_type": 2},
        )
        payload["message"] = dict(message_payload(backend, stored))
        backend.emit("INTERACTION_CREATE", payload)


def sends(
    world: World, who: MemberActor, attachment: Mapping[str, object] | None = None, /, **values: str
) -> InteractionResult:
    """A /veo create as no Discord client sends it, not yet worked on: `world.env.settle()` does that."""
    backend = world.env.backend
    root = backend.find_command("veo", world.guild.id)
    assert root is not None
    options: list[dict[str, object]] = [{"name": key, "type": _STRING, "value": value} for key, value in values.items()]
    resolved: dict[str, object] = {}
    if attachment is not None:
        options.append({"name": "image1", "type": _ATTACHMENT, "value": attachment["id"]})
        resolved = {"attachments": {attachment["id"]: dict(attachment)}}
    data = {
        "id": root["id"],
        "name": "veo",
        "type": _CHAT_INPUT,
        "options": [{"name": "create", "type": _SUBCOMMAND, "options": options}],
        "resolved": resolved,
    }
    record, payload = base_payload(
        backend,
        type=InteractionType.APPLICATION_COMMAND,
        channel_id=world.films.id,
        guild_id=world.guild.id,
        user_id=who.id,
        data=data,
    )
    backend.emit("INTERACTION_CREATE", payload)
    return InteractionResult(world.env, record)


def refuse(
    world: World, status: int, code: int, *, times: int | None = 1, channel: ChannelHandle | None = None
) -> None:
    """Let the next posts to a channel fail."""
    place = channel or world.films
    world.env.inject_error("POST", f"/channels/{place.id}/messages", status=status, code=code, times=times)


def results(world: World) -> list[discord.Message]:
    """The messages in #films that are no status lines."""
    return [message for message in world.films.history() if not message.content.startswith("**")]

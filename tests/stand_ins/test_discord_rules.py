"""The payload check: what Discord refuses, the stand-in refuses."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from sandbox.discord import DiscordStandIn
from tests.stand_ins.house import Caller, Place

Json = dict[str, Any]


def row(*buttons: Json) -> Json:
    return {"type": 1, "components": list(buttons)}


def button(custom_id: str = "b", label: str = "B", **more: object) -> Json:
    return {"type": 2, "style": 1, "custom_id": custom_id, "label": label, **more}


def link(url: str) -> Json:
    return {"type": 2, "style": 5, "label": "L", "url": url}


FITTING: list[Json] = [
    {"content": "x" * 2000},
    {"embeds": [{"title": "t" * 256, "description": "d" * 4096, "fields": [{"name": "n", "value": "v"}] * 25}]},
    {"content": "x", "components": [row(*(button(f"{r}{c}") for c in range(5))) for r in range(5)]},
    {"content": "x", "components": [row(button("i" * 100, "l" * 80), link("https://a.example/" + "u" * 494))]},
    {"content": "x", "nonce": "n" * 25, "enforce_nonce": True},
    {"content": "x", "allowed_mentions": {"parse": [], "users": ["1"], "replied_user": False}},
    {"content": "x", "flags": 4 | 4096},
    {"flags": 1 << 15, "components": [{"type": 10, "content": "c" * 4000}]},
]

BREAKING: list[tuple[str, Json]] = [
    ("content", {"content": "x" * 2001}),
    ("embeds", {"embeds": [{"title": "t"}] * 11}),
    ("embeds", {"embeds": [{"title": "t" * 257}]}),
    ("embeds", {"embeds": [{"description": "d" * 4000}, {"description": "d" * 2001}]}),
    ("embeds", {"embeds": [{"fields": [{"name": "n", "value": "v" * 1025}]}]}),
    ("embeds", {"embeds": [{"fields": [{"name": "", "value": "v"}]}]}),
    ("embeds", {"embeds": [{"footer": {"text": "f" * 2049}}]}),
    ("embeds", {"embeds": [{"title": "t", "image": {"url": "ftp://a/b"}}]}),
    ("embeds", {"embeds": [{"title": "t", "image": {"url": "attachment://absent.png"}}]}),
    ("components", {"content": "x", "components": [row(button(str(n))) for n in range(6)]}),
    ("components", {"content": "x", "components": [row(*(button(str(n)) for n in range(6)))]}),
    ("components", {"content": "x", "components": [row()]}),
    ("components", {"content": "x", "components": [row(button("same"), button("same"))]}),
    ("components", {"content": "x", "components": [row(button("i" * 101))]}),
    ("components", {"content": "x", "components": [row(button(label="l" * 81))]}),
    ("components", {"content": "x", "components": [row(button(label=""))]}),
    ("components", {"content": "x", "components": [row(link("https://a.example/" + "u" * 495))]}),
    ("components", {"content": "x", "components": [row(link("javascript:alert(1)"))]}),
    ("components", {"content": "x", "components": [{"type": 10, "content": "c"}]}),
    ("components", {"flags": 1 << 15, "components": [{"type": 10, "content": "c" * 4001}]}),
    ("components", {"flags": 1 << 15, "components": [{"type": 10, "content": "c"}] * 41}),
    ("content", {"flags": 1 << 15, "content": "x", "components": [{"type": 10, "content": "c"}]}),
    ("nonce", {"content": "x", "nonce": "n" * 26}),
    ("nonce", {"content": "x", "enforce_nonce": True}),
    ("allowed_mentions", {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}),
    ("allowed_mentions", {"content": "x", "allowed_mentions": {"parse": ["all"]}}),
    ("flags", {"content": "x", "flags": 64}),
    ("message_reference", {"content": "x", "message_reference": {"message_id": "1"}}),
    ("attachments", {"content": "x", "attachments": [{"id": 0, "filename": "a.mp4"}]}),
]


@pytest.mark.parametrize("body", FITTING)
async def test_a_message_at_the_limits_is_taken(caller: Caller, place: Place, body: Json) -> None:
    assert (await caller("POST", place.messages, body))[0] == 200


@pytest.mark.parametrize(("field", "body"), BREAKING)
async def test_a_message_over_a_limit_is_refused_with_the_field(
    world: DiscordStandIn, caller: Caller, place: Place, field: str, body: Json
) -> None:
    status, answer = await caller("POST", place.messages, body)

    assert (status, answer["code"]) == (400, 50035)
    assert list(answer["errors"]) == [field]
    assert [one.errors for one in world.traffic.refused] == [answer["errors"]]
    assert world.messages(place.channel) == []


async def test_an_empty_message_is_refused(caller: Caller, place: Place) -> None:
    assert (await caller("POST", place.messages, {"content": ""}))[1]["code"] == 50006


async def test_an_edit_cannot_leave_nothing(caller: Caller, place: Place) -> None:
    _status, sent = await caller("POST", place.messages, {"content": "x"})

    assert (await caller("PATCH", f"{place.messages}/{sent['id']}", {"content": ""}))[1]["code"] == 50006


async def test_only_the_bots_own_messages_can_be_edited(world: DiscordStandIn, caller: Caller, place: Place) -> None:
    message = world.post(place.anna, place.channel, "mine")

    status, body = await caller("PATCH", f"{place.messages}/{message.id}", {"content": "yours"})

    assert (status, body["code"]) == (403, 50005)


def form(payload: Json, *names: str) -> aiohttp.FormData:
    made = aiohttp.FormData(quote_fields=False)
    made.add_field("payload_json", json.dumps(payload))
    for number, name in enumerate(names):
        made.add_field(f"files[{number}]", b"bytes", filename=name, content_type="application/octet-stream")
    return made


async def test_files_are_kept_with_name_kind_and_description(
    world: DiscordStandIn, caller: Caller, place: Place
) -> None:
    payload = {"attachments": [{"id": 0, "filename": "cat.mp4", "description": "a cat"}]}
    status, body = await caller("POST", place.messages, form=form(payload, "cat.mp4"))

    [attachment] = body["attachments"]
    assert status == 200
    assert (attachment["content_type"], attachment["size"], attachment["description"]) == ("video/mp4", 5, "a cat")
    assert await caller("GET", attachment["url"]) == (200, b"bytes")
    world.advance(timedelta(days=2))
    assert (await caller("GET", attachment["url"]))[0] == 404
    _status, fresh = await caller("POST", "/attachments/refresh-urls", {"attachment_urls": [attachment["url"]]})
    assert (await caller("GET", fresh["refreshed_urls"][0]["refreshed"]))[0] == 200


async def test_a_description_has_its_limit(caller: Caller, place: Place) -> None:
    payload = {"attachments": [{"id": 0, "filename": "cat.mp4", "description": "d" * 1025}]}

    assert (await caller("POST", place.messages, form=form(payload, "cat.mp4")))[1]["code"] == 50035


def command(**more: object) -> Json:
    return {"name": "veo", "description": "Videos", "type": 1, **more}


def option(name: str = "o", **more: object) -> Json:
    return {"name": name, "description": "An option", "type": 3, **more}


BAD_COMMANDS: list[list[Json]] = [
    [command(name="Veo")],
    [command(name="v" * 33)],
    [command(name="two words")],
    [command(description="")],
    [command(description="d" * 101)],
    [command(description_localizations={"de": "d" * 101})],
    [command(options=[option(f"o{n}") for n in range(26)])],
    [command(options=[option(choices=[{"name": str(n), "value": str(n)} for n in range(26)])])],
    [command(options=[option("a"), option("b", required=True)])],
    [command(options=[option("a"), option("a")])],
    [
        command(
            options=[
                option(
                    f"o{n}",
                    choices=[{"name": "n" * 99 + chr(65 + m), "value": "v" * 99} for m in range(2)],
                    description="d" * 100,
                )
                for n in range(20)
            ]
        )
    ],
    [command(), command()],
    [command(name=f"c{n}") for n in range(101)],
    [{"name": f"c{n}", "type": 3} for n in range(16)],
    [command(contexts=[3])],
]


@pytest.mark.parametrize("commands", BAD_COMMANDS)
async def test_commands_over_a_limit_are_refused_whole(
    world: DiscordStandIn, caller: Caller, commands: list[Json]
) -> None:
    path = f"/applications/{world.application_id}/commands"
    await caller("PUT", path, [command(name="before")])

    status, body = await caller("PUT", path, commands)

    assert (status, body["code"]) == (400, 50035)
    assert [one["name"] for one in (await caller("GET", path))[1]] == ["before"]


async def test_a_command_keeps_its_id_as_long_as_its_name(world: DiscordStandIn, caller: Caller) -> None:
    path = f"/applications/{world.application_id}/commands"
    _status, first = await caller("PUT", path, [command()])
    _status, second = await caller("PUT", path, [command(description="Other"), command(name="new")])

    assert second[0]["id"] == first[0]["id"]
    assert second[1]["id"] != first[0]["id"]


async def test_an_unknown_route_is_not_found_and_noted(world: DiscordStandIn, caller: Caller) -> None:
    assert await caller("GET", "/nothing") == (404, {"message": "404: Not Found", "code": 0})
    assert [one.path for one in world.traffic.refused] == ["/nothing"]


async def test_the_callback_has_three_seconds_and_one_try(world: DiscordStandIn, caller: Caller, place: Place) -> None:
    await caller("PUT", f"/applications/{world.application_id}/commands", [command()])
    prompt = await world.slash(place.anna, place.channel, "veo")
    late = await world.slash(place.anna, place.channel, "veo")
    path = f"/interactions/{prompt.id}/{prompt.token}/callback"

    first = await caller("POST", path, {"type": 5, "data": {"flags": 64}})
    second = await caller("POST", path, {"type": 5})
    world.advance(timedelta(seconds=3.1))
    third = await caller("POST", f"/interactions/{late.id}/{late.token}/callback", {"type": 5})

    assert first[0] == 204
    assert (second[0], second[1]["code"]) == (400, 40060)
    assert (third[0], third[1]["code"]) == (404, 10062)


async def test_a_deferred_answer_is_filled_by_the_first_follow_up_and_stays_ephemeral(
    world: DiscordStandIn, caller: Caller, place: Place
) -> None:
    await caller("PUT", f"/applications/{world.application_id}/commands", [command()])
    asked = await world.slash(place.anna, place.channel, "veo")
    hook = f"/webhooks/{world.application_id}/{asked.token}"
    before = await caller("PATCH", f"{hook}/messages/@original", {"content": "early"})
    await caller("POST", f"/interactions/{asked.id}/{asked.token}/callback", {"type": 5, "data": {"flags": 64}})

    await caller("POST", hook, {"content": "filled"})
    await caller("POST", hook, {"content": "second", "flags": 64})
    await caller("DELETE", f"{hook}/messages/@original")

    assert (before[0], before[1]["code"]) == (404, 10015)
    assert asked.original is not None
    assert (asked.original.content, asked.original.ephemeral, asked.original.deleted) == ("filled", True, True)
    assert [one.content for one in asked.answers] == ["second"]


async def test_a_form_is_no_answer_to_a_form(world: DiscordStandIn, caller: Caller, place: Place) -> None:
    await caller("PUT", f"/applications/{world.application_id}/commands", [command()])
    asked = await world.slash(place.anna, place.channel, "veo")
    field = {"type": 4, "custom_id": "p", "label": "Prompt", "style": 1, "max_length": 5}
    modal = {"title": "Edit", "custom_id": "m", "components": [row(field)]}
    await caller("POST", f"/interactions/{asked.id}/{asked.token}/callback", {"type": 9, "data": modal})
    sent = await world.submit_modal(asked, {"p": "cat"})

    status, body = await caller("POST", f"/interactions/{sent.id}/{sent.token}/callback", {"type": 9, "data": modal})

    assert (status, body["code"]) == (400, 50035)
    assert sent.payload["data"]["components"][0]["components"][0]["value"] == "cat"

"""/veo quota, models and help; and what people read when the bot itself is in trouble."""

from __future__ import annotations

import logging
import re
import sqlite3
from contextlib import closing
from typing import cast

import pytest

from cogs.gateway import VeoBot
from sandbox.demo.settings import demo_settings
from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import asks, made, presses_forged, reads, refusal, said, settings
from veo_core.errors import VeoBotError


@settings(quota={"videos_per_day": 3, "upscales_per_day": 1, "running_per_user": 2})
async def test_quota_tells_used_left_and_when_the_next_place_frees(world: World, veo: StandInVeo) -> None:
    fresh = await reads(world, "quota")
    first_at = int(world.env.now().timestamp())
    original = await made(world, veo)
    await asks(world)
    pressed_at = int(world.env.now().timestamp())
    await world.people.ann.click(original, label="1080p")

    assert fresh.splitlines() == [
        "Your quota",
        "**Videos**: 0 of 3 used in 24 hours, 3 left",
        "**1080p versions**: 0 of 1 used in 24 hours, 1 left",
        "At most 2 of yours run at once; more wait in line.",
    ]
    assert (await reads(world, "quota")).splitlines()[1:3] == [
        f"**Videos**: 2 of 3 used in 24 hours, 1 left · the next place frees <t:{first_at + 86_400}:R>",
        f"**1080p versions**: 1 of 1 used in 24 hours, 0 left · the next place frees <t:{pressed_at + 86_400}:R>",
    ]


async def test_models_shows_what_each_can_do(world: World) -> None:
    shown = await reads(world, "models")

    names = re.findall(r"^\*\*(.+?)\*\*", shown, re.MULTILINE)
    assert names == ["veo31-fast", "veo31", "veo31-fast-ingredients", "veo3-fast", "veo3", "veo2-fast", "veo2"]
    assert "**veo31-fast** · fast · default" in shown
    assert (shown.count("4k"), shown.count("4k without images")) == (1, 1)
    assert "needs 1–3 images, which it fuses" in shown


async def test_help_names_every_command_there_is(world: World) -> None:
    shown = await reads(world, "help")

    ours = [name for name in world.people.ann.available_commands(world.films) if name != "veo help"]
    assert ours
    assert [name for name in ours if f"/{name}" not in shown] == []


async def test_an_unforeseen_error_is_answered_with_a_reference_that_the_log_has(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def surprised(*_: object) -> None:
        raise VeoBotError("the token is hunter2")

    studio = cast("VeoBot", world.bot).studio
    monkeypatch.setattr(studio, "allowance", surprised)
    monkeypatch.setattr(studio, "cancel", surprised)

    answers = [
        refusal(await world.people.ann.slash(world.films, "veo quota")),
        refusal(await presses_forged(world, world.people.ann, "veo:1:cancel:1")),
    ]

    assert [title for title, _ in answers] == ["Something went wrong"] * 2
    assert "hunter2" not in str(answers)
    logged = [vars(record).get("reference") for record in caplog.records if record.levelno == logging.ERROR]
    assert len(set(logged)) == len(answers)
    assert [f"`{reference}`" in step for reference, (_, step) in zip(logged, answers, strict=True)] == [True, True]


async def test_a_database_that_refuses_starts_nothing_and_says_so(world: World, veo: StandInVeo) -> None:
    _tell_database(world, "CREATE TRIGGER trouble BEFORE INSERT ON jobs BEGIN INSERT INTO gone VALUES (1); END")

    refused = await asks(world)

    assert refusal(refused) == (
        "I couldn't write that down",
        "Nothing was started and nothing was counted. Please try again in a few minutes.",
    )
    assert not veo.submissions
    assert "**Videos**: 0 of" in await reads(world, "quota")
    _tell_database(world, "DROP TRIGGER trouble")
    assert "Your video is" in said(await asks(world))


def _tell_database(world: World, statement: str) -> None:
    """Change the database under the running bot."""
    with closing(sqlite3.connect(demo_settings(world.surroundings).storage.path, isolation_level=None)) as outside:
        outside.execute(statement)

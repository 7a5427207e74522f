"""The environment wins over the file, the table of models can be changed, and waits follow the poll interval."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from runtime.config.loader import load
from tests.core.configuration.reading import EXAMPLE, SECRET, Load, complaint, keys
from veo_core.domain.budgets import Budget, Budgets
from veo_core.domain.catalog import BUILT_IN, Speed
from veo_core.domain.quota import Limits
from veo_core.domain.shapes import Resolution


@pytest.mark.parametrize(
    ("variable", "value", "name", "expected"),
    [
        ("VEOBOT_QUOTA__VIDEOS_PER_DAY", "3", "quota.videos_per_day", 3),
        ("veobot_quota__videos_per_day", "3", "quota.videos_per_day", 3),
        ("VEOBOT_VEO__POLL_INTERVAL", "0.25", "veo.poll_interval", 0.25),
        ("VEOBOT_VEO__MEDIA_HOSTS", "a.example, b.example", "veo.media_hosts", ("a.example", "b.example")),
        ("VEOBOT_VEO__MEDIA_HOSTS", "a.example", "veo.media_hosts", ("a.example",)),
        ("VEOBOT_VEO__MEDIA_HOSTS", '["a.example"]', "veo.media_hosts", ("a.example",)),
        ("VEOBOT_VEO__MEDIA_HOSTS", "127.0.0.1:8080,", "veo.media_hosts", ("127.0.0.1:8080",)),
        ("VEOBOT_DISCORD__CDN_HOSTS", "a.example,b.example", "discord.cdn_hosts", ("a.example", "b.example")),
        ("VEOBOT_DISCORD__DIRECT_MESSAGES", "true", "discord.direct_messages", True),
        ("VEOBOT_STORAGE__PATH", "/data/bot.sqlite3", "storage.path", Path("/data/bot.sqlite3")),
        ("VEOBOT_VEO__API_TOKEN", SECRET, "veo.api_token", SECRET),
        ("VEOBOT_DISCORD__TOKEN", SECRET, "discord.token", SECRET),
        ("VEOBOT_DISCORD__TOKEN", "123456", "discord.token", "123456"),
        ("DISCORD_TOKEN", SECRET, "discord.token", SECRET),
        ("ACEDATACLOUD_API_TOKEN", SECRET, "veo.api_token", SECRET),
        ("DISCORD_TOKEN", "123456", "discord.token", "123456"),
        ("VEOBOT_LOG__FORMAT", "json", "log.format", "json"),
        ("VEOBOT_SERVER__HOST", "10.1.2.3", "server.host", "10.1.2.3"),
    ],
)
def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str, expected: object
) -> None:
    monkeypatch.setenv(variable, value)

    assert dict(keys(load(EXAMPLE)))[name] == expected


def test_a_variable_changes_its_key_and_no_other(monkeypatch: pytest.MonkeyPatch, load_text: Load) -> None:
    monkeypatch.setenv("VEOBOT_QUOTA__VIDEOS_PER_DAY", "3")

    settings = load_text("[quota]\nvideos_per_day = 9\nupscales_per_day = 4")

    assert settings.limits == Limits(3, 4, 2)


def test_the_bots_own_variable_wins_over_the_well_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "common")
    monkeypatch.setenv("VEOBOT_DISCORD__TOKEN", "own")

    assert load(None).discord.token.get_secret_value() == "own"


@pytest.mark.parametrize("variable", ["DISCORD_TOKEN", "ACEDATACLOUD_API_TOKEN"])
def test_an_empty_token_variable_leaves_the_files_token(
    monkeypatch: pytest.MonkeyPatch, load_text: Load, variable: str
) -> None:
    monkeypatch.setenv(variable, "")

    settings = load_text("[discord]\ntoken = 'a'\n[veo]\napi_token = 'b'")

    assert settings.secrets == ("a", "b")


@pytest.mark.parametrize(
    "variable", ["VEOBOT_", "VEOBOT_FOO", "VEOBOT_DISCORD_TOKEN", "VEOBOT_QUOTAS__X", "veobot_foo__bar"]
)
def test_an_unknown_variable_of_ours_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, SECRET)

    line = complaint(lambda: load(None))

    assert variable in line
    assert SECRET not in line


@pytest.mark.parametrize(
    ("variable", "named"),
    [
        ("VEOBOT_QUOTA__VIDEOS_A_DAY", "quota.videos_a_day: no such key"),
        ("VEOBOT_QUOTA__VIDEOS_PER_DAY", "quota.videos_per_day"),
        ("VEOBOT_VEO__POLL_INTERVAL", "veo.poll_interval"),
        ("VEOBOT_QUOTA", "quota"),
        ("VEOBOT_DISCORD", "discord"),
        ("VEOBOT_VEO", "veo"),
        ("VEOBOT_VEO__MODELS", "veo.models"),
    ],
)
def test_a_mistake_in_the_environment_is_one_line_without_its_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, named: str
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "fine")
    monkeypatch.setenv("ACEDATACLOUD_API_TOKEN", "fine")
    monkeypatch.setenv(variable, SECRET)

    line = complaint(lambda: load(None))

    assert named in line
    assert SECRET not in line


def test_an_override_changes_what_it_names_and_nothing_else(load_text: Load) -> None:
    text = "[veo.models.veo31]\ncredits = 12.5\nmax_images = 2\nresolutions = ['720p']\nusual = 200"

    row = load_text(text).catalog.models["veo31"]

    built_in = next(row for row in BUILT_IN if row.name == "veo31")
    assert (row.cost, row.max_images, row.resolutions) == (12_500, 2, (Resolution.P720,))
    assert row.usual == timedelta(seconds=200)
    assert (row.speed, row.usual_shortest, row.image_actions) == (
        built_in.speed,
        built_in.usual_shortest,
        built_in.image_actions,
    )


def test_a_new_model_joins_the_table_behind_the_built_in_ones(load_text: Load) -> None:
    text = "[veo]\ndefault_model = 'veo4-fast'\n[veo.models.veo4-fast]\nimage_actions = ['ingredients2video']"

    settings = load_text(text)

    row = settings.catalog.offered[-1]
    assert (row.name, row.speed, row.actions(1)) == ("veo4-fast", Speed.FAST, ("ingredients2video",))
    assert [model.name for model in settings.catalog.offered[:-1]] == [model.name for model in BUILT_IN]


def test_a_model_can_be_switched_off(load_text: Load) -> None:
    catalog = load_text("[veo.models.veo2]\nenabled = false").catalog

    assert catalog.get("veo2") is None
    assert catalog.known("veo2") is not None


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("ENABLED", "false", False),
        ("RESOLUTIONS", '["720p"]', (Resolution.P720,)),
        ("RESOLUTIONS", "720p, 4k", (Resolution.P720, Resolution.P4K)),
        ("TEXT_ONLY_RESOLUTIONS", "[]", ()),
        ("TEXT_ONLY_RESOLUTIONS", "gif, 4k", (Resolution.GIF, Resolution.P4K)),
        ("IMAGE_ACTIONS", "image2video,ingredients2video", ("image2video", "ingredients2video")),
    ],
)
def test_a_model_can_be_changed_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str, expected: object
) -> None:
    monkeypatch.setenv(f"VEOBOT_VEO__MODELS__VEO31__{key}", value)

    assert getattr(load(None).catalog.models["veo31"], key.lower()) == expected


def test_a_models_price_can_be_changed_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEOBOT_VEO__MODELS__VEO31__CREDITS", "2.5")

    assert load(None).catalog.models["veo31"].cost == 2_500


def test_budgets_and_servers_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEOBOT_DISCORD__SERVERS", "123456789012345678, 7")
    monkeypatch.setenv("VEOBOT_QUOTA__CREDITS_PER_DAY", "0.1")
    monkeypatch.setenv("VEOBOT_QUOTA__SERVERS__7__VIDEOS_PER_DAY_TOTAL", "3")

    settings = load(None)

    assert settings.discord.servers == (123456789012345678, 7)
    assert settings.budgets == Budgets({Budget.CREDITS_PER_DAY: 100}, {7: {Budget.VIDEOS_PER_DAY: 3}})


def test_waits_follow_the_poll_interval_unless_they_are_named(load_text: Load) -> None:
    quick = load_text("[veo]\npoll_interval = 0.5").pace
    named = load_text("[veo]\npoll_interval = 0.5\nslow_interval = 7\nunknown_grace = 3").pace

    assert quick.slow_interval == timedelta(seconds=6)
    assert quick.submit_interval == timedelta(seconds=0.05)
    assert quick.probe_interval == timedelta(seconds=30)
    assert (named.slow_interval, named.unknown_grace) == (timedelta(seconds=7), timedelta(seconds=3))


def test_limits_are_told_in_bytes() -> None:
    discord = load(None).discord

    assert (discord.upload_limit, discord.image_limit) == (10 * 1024 * 1024, 8_000_000)

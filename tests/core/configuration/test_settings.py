"""The shipped example is the defaults, and a mistake is one line without secrets."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from runtime.config.loader import load, require_tokens
from tests.core.configuration.reading import DEFAULTS, EXAMPLE, SECRET, Load, complaint, flat, keys
from veo_core.domain.budgets import Budget, Budgets
from veo_core.domain.catalog import BUILT_IN
from veo_core.domain.money import shown
from veo_core.domain.timing import Timing


def test_the_example_loads_and_every_key_in_it_is_the_default() -> None:
    shown, defaults = dict(keys(load(EXAMPLE))), dict(keys(DEFAULTS))

    named = {name for name, value in defaults.items() if value is not None}
    assert {name: shown[name] for name in named} == {name: defaults[name] for name in named}


def test_the_waits_that_the_example_names_are_those_that_follow_from_the_poll_interval() -> None:
    assert load(EXAMPLE).pace == DEFAULTS.pace == Timing()


def test_every_key_of_the_settings_is_in_the_example() -> None:
    written = set(flat(tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))))

    unset = {"quota.credits_per_day", "quota.credits_per_month", "quota.videos_per_day_total"}
    assert written == {name for name, _ in keys(DEFAULTS)} - {"veo.models", "quota.servers"} - unset
    text = EXAMPLE.read_text(encoding="utf-8")
    assert all(f"\n# {name.removeprefix('quota.')} = " in text for name in unset)
    assert "[veo.models." in text
    assert "[quota.servers." in text


def test_the_examples_commented_models_load_when_they_are_switched_on(load_text: Load) -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("# [veo.models.")]
    models = [line.removeprefix("# ") for line in lines[starts[0] : lines.index("[storage]")] if line.startswith("# ")]

    settings = load_text("\n".join(models))

    assert len(settings.veo.models) == len(starts)


def test_the_examples_commented_budgets_load_when_they_are_switched_on(load_text: Load) -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    money = lines[lines.index("[quota]") : lines.index("[discord]")]
    bare = [line.removeprefix("# ") for line in money if line.startswith(("# [", "# credits_", "# videos_", "["))]

    budgets = load_text("\n".join(bare)).budgets

    assert [len(account.ceilings) for account in budgets.accounts] == [3, 3]


def test_the_example_begins_with_who_may_spend_and_the_built_in_prices() -> None:
    beginning = EXAMPLE.read_text(encoding="utf-8")[:2000]

    prices = {shown(row.cost) for row in BUILT_IN}
    assert all(price in beginning for price in prices)
    assert "credits_per_month" in beginning


@pytest.mark.parametrize("amount", ["0.1", "'0.1'", "0.100"])
def test_credits_are_read_exactly(load_text: Load, amount: str) -> None:
    assert load_text(f"[quota]\ncredits_per_day = {amount}").budgets.bot == {Budget.CREDITS_PER_DAY: 100}


def test_what_is_left_out_limits_nothing_and_zero_is_a_limit() -> None:
    assert load(None).budgets == Budgets()
    assert load(None).discord.servers == ()


def test_a_servers_budgets_are_read_by_its_id(load_text: Load) -> None:
    text = "[quota.servers.123456789012345678]\ncredits_per_month = 100\nvideos_per_day_total = 0"

    assert load_text(text).budgets.servers == {
        123456789012345678: {Budget.CREDITS_PER_MONTH: 100_000, Budget.VIDEOS_PER_DAY: 0}
    }


def test_without_file_and_environment_the_defaults_hold() -> None:
    assert dict(keys(load(None))) == dict(keys(DEFAULTS))


def test_the_fixed_defaults_are_those_that_users_rely_on() -> None:
    settings = load(None)

    assert settings.discord.api_base == "https://discord.com/api/v10"
    assert settings.veo.api_base == "https://api.acedata.cloud"
    assert settings.veo.media_hosts == ("cdn.acedata.cloud",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[quota]\nvideos_a_day = 5", "quota.videos_a_day: no such key"),
        ("[quotas]\nvideos_per_day = 5", "quotas: no such key"),
        ("videos_per_day = 5", "videos_per_day: no such key"),
        ("[veo.models.veo2]\ncolour = 1", "veo.models.veo2.colour: no such key"),
        ("[quota]\nvideos_per_day = 'many'", "quota.videos_per_day"),
        ("[quota]\nvideos_per_day = -1", "quota.videos_per_day"),
        ("[quota]\nvideos_per_day = 1.5", "quota.videos_per_day"),
        ("[quota]\nvideos_per_day = true", "quota.videos_per_day"),
        ("[quota]\nrunning_per_user = 0", "quota.running_per_user"),
        ("quota = 5", "quota"),
        ("[veo]\npoll_interval = 0", "veo.poll_interval"),
        ("[veo]\npoll_interval = true", "veo.poll_interval"),
        ("[veo.models.veo3]\nresolutions = []", "veo.models.veo3"),
        ("[veo.models.veo3]\nresolutions = ['1080p']", "veo.models.veo3"),
        ("[veo.models.veo3]\nimage_actions = ['']", "veo.models.veo3"),
        ("[veo.models.veo3]\ntext_only_resolutions = ['720p']", "veo.models.veo3"),
        ("[veo]\npoll_interval = nan", "veo.poll_interval"),
        ("[veo]\npoll_interval = inf", "veo.poll_interval"),
        ("[veo]\npoll_interval = '5 seconds'", "veo.poll_interval"),
        ("[veo]\nmax_running = 0", "veo.max_running"),
        ("[veo]\nslow_after = -1", "veo.slow_after"),
        ("[veo]\nsearch_window = 0", "veo.search_window"),
        ("[veo]\nmedia_hosts = [1, 2]", "veo.media_hosts"),
        ("[veo]\ndefault_model = 'veo99'", "veo.default_model"),
        ("[veo]\napi_base = 'api.acedata.cloud'", "veo.api_base"),
        ("[veo]\napi_base = 'ftp://api.acedata.cloud'", "veo.api_base"),
        ("[veo]\napi_base = 'https://user:pass@api.acedata.cloud'", "veo.api_base"),
        ("[veo]\napi_base = 'https://api.acedata.cloud:99999'", "veo.api_base"),
        ("[veo]\napi_base = 'https://[::1'", "veo.api_base"),
        ("[veo]\napi_base = ''", "veo.api_base"),
        ("[discord]\nupload_limit_mb = 0", "discord.upload_limit_mb"),
        ("[discord]\nupload_limit_mb = nan", "discord.upload_limit_mb"),
        ("[discord]\noperator_channel_id = -4", "discord.operator_channel_id"),
        ("[discord]\nservers = ['films']", "discord.servers"),
        ("[discord]\nservers = [0]", "discord.servers"),
        ("[discord]\nservers = 5", "discord.servers"),
        ("[quota]\ncredits_per_day = -1", "quota.credits_per_day"),
        ("[quota]\ncredits_per_day = 0.0001", "quota.credits_per_day"),
        ("[quota]\ncredits_per_day = true", "quota.credits_per_day"),
        ("[quota]\ncredits_per_day = inf", "quota.credits_per_day"),
        ("[quota]\nvideos_per_day_total = 1.5", "quota.videos_per_day_total"),
        ("[quota.servers.films]\ncredits_per_day = 1", "quota.servers"),
        ("[quota.servers.7]\nvideos_per_day = 1", "quota.servers.7.videos_per_day: no such key"),
        ("[server]\nport = 70000", "server.port"),
        ("[log]\nlevel = 'loud'", "log.level"),
        ("[veo.models.veo2]\nmax_images = 9", "veo.models.veo2.max_images"),
        ("[veo.models.veo2]\nmin_images = 3\nmax_images = 1", "veo.models.veo2"),
        ("[veo.models.veo2]\nresolutions = ['8k']", "veo.models.veo2.resolutions"),
        ("[veo.models.veo2]\nimage_actions = []", "veo.models.veo2.image_actions"),
        ("[veo.models.'Veo 2']\nenabled = true", "veo.models"),
        ("[veo.models.veo31-fast]\nenabled = false", "veo.default_model"),
        ("[quota", "config.toml"),
        ("a = 1\na = 2", "config.toml"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(load_text: Load, text: str, named: str) -> None:
    assert named in complaint(lambda: load_text(text))


@pytest.mark.parametrize(
    "text",
    [
        f"[discord]\ntoken = ['{SECRET}']",
        f"[discord]\ntokem = '{SECRET}'",
        f"[veo]\napi_token = {{ value = '{SECRET}' }}",
        f"[quota]\nvideos_per_day = '{SECRET}'",
        f"[log]\nlevel = '{SECRET}'",
        f"[veo]\napi_base = 'https://{SECRET}@api.acedata.cloud'",
        f"[veo]\ndefault_model = '{SECRET}'",
        f"[veo.models.veo2]\nspeed = '{SECRET}'",
        f"discord = '{SECRET}'",
        f"[discord]\ntoken = '{SECRET}",
        f"[discord]\ntoken = {SECRET}",
    ],
)
def test_no_complaint_shows_a_value(load_text: Load, text: str) -> None:
    assert SECRET not in complaint(lambda: load_text(text))


def test_a_file_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    line = complaint(lambda: load(tmp_path / "config.toml"))

    assert str(tmp_path / "config.toml") in line
    assert "config.example.toml" in line


def test_a_file_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00[quota]")

    assert str(path) in complaint(lambda: load(path))


def test_two_mistakes_are_said_together(load_text: Load) -> None:
    line = complaint(lambda: load_text("[quota]\nvideos_per_day = -1\n[server]\nport = -1"))

    assert "quota.videos_per_day" in line
    assert "server.port" in line


def test_more_models_than_discord_can_show_are_refused(load_text: Load) -> None:
    text = "\n".join(f"[veo.models.veo{number}]\ncredits = 1" for number in range(100, 119))

    assert "25" in complaint(lambda: load_text(text))


@pytest.mark.parametrize("table", ["discord", "veo"])
def test_a_missing_token_names_the_setting_and_its_variable(load_text: Load, table: str) -> None:
    key = {"discord": "token", "veo": "api_token"}
    variable = {"discord": "DISCORD_TOKEN", "veo": "ACEDATACLOUD_API_TOKEN"}
    text = "\n".join(f"[{name}]\n{key[name]} = 'there'" for name in key if name != table)

    line = complaint(lambda: require_tokens(load_text(text)))

    assert f"{table}.{key[table]}" in line
    assert variable[table] in line


@pytest.mark.parametrize("wrong", ["{} {}", "{}\\n{}", "{}\\t{}", "{}\\u00e9", "{}\\u200b{}", "\\u0000{}"])
@pytest.mark.parametrize("table", ["discord", "veo"])
def test_what_cannot_be_a_token_is_refused_without_showing_it(load_text: Load, wrong: str, table: str) -> None:
    tokens = {"discord": "fine", "veo": "fine"} | {table: wrong.format(SECRET, SECRET)}
    text = f'[discord]\ntoken = "{tokens["discord"]}"\n[veo]\napi_token = "{tokens["veo"]}"'

    line = complaint(lambda: require_tokens(load_text(text)))

    assert f"{table}." in line
    assert SECRET not in line


def test_good_tokens_pass_and_are_never_printed(load_text: Load) -> None:
    settings = load_text(f"[discord]\ntoken = '{SECRET}'\n[veo]\napi_token = '{SECRET}2'")

    require_tokens(settings)

    assert settings.secrets == (SECRET, f"{SECRET}2")
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"

"""What the documents say is there: links, commands, settings, permissions, packages, files."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from discord import app_commands

from cogs.gateway import veo_group
from cogs.kit.permissions import NEEDED, invite_link
from cogs.moderation.commands import admin_group
from runtime.arguments import parse_arguments
from runtime.config.loader import Settings, load
from tests.packaging.project import PRODUCT, ROOT, declared, declared_for_development, sources
from veo_core.domain.catalog import BUILT_IN
from veo_core.services.studio import Studio

EXAMPLE = ROOT / "config.example.toml"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _prose(document: Path) -> str:
    """A document without its blocks of code."""
    return _FENCED.sub("", document.read_text(encoding="utf-8"))


def _commands(document: Path) -> Iterator[str]:
    """What a reader may type: lines of shell blocks, without comments, and what stands in backticks."""
    blocks = _FENCED.findall(document.read_text(encoding="utf-8"))
    for line in "\n".join(block for language, block in blocks if language == "sh").splitlines():
        yield line.partition("#")[0].strip()
    yield from _INLINE.findall(_prose(document))


def _section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level."""
    return re.split(r"^## ", text.partition(f"\n## {heading}\n")[2], flags=re.MULTILINE)[0]


def _rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, without the lines under the headers."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _anchors(document: Path) -> set[str]:
    """The names that a page's headings get when it is shown."""
    headings = _HEADING.findall(_prose(document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(document: Path) -> None:
    links = [link for link in _LINK.findall(_prose(document)) if "://" not in link]

    broken: list[str] = []
    for link in links:
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        if not target.is_file() or (anchor and anchor not in _anchors(target)):
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_that_is_named_exists(document: Path) -> None:
    tops = {path.name for path in ROOT.iterdir() if path.is_dir()}

    named = [code for code in _INLINE.findall(_prose(document)) if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", code)]
    gone = [code for code in named if "/" in code and code.partition("/")[0] in tops and not (ROOT / code).exists()]

    assert gone == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = re.search(r"^\.PHONY: (.*)$", _text("Makefile"), re.MULTILINE)

    words = [shlex.split(command) for document in DOCUMENTS for command in _commands(document) if "make" in command]
    named = {word for line in words if line[0] == "make" for word in line[1:] if "=" not in word}

    assert targets is not None
    assert {"demo", "test", "check"} <= named <= set(targets[1].split())


def test_every_way_to_start_the_bot_that_is_named_is_one() -> None:
    starts = {command for document in DOCUMENTS for command in _commands(document) if "python bot.py" in command}

    read = [parse_arguments(shlex.split(start.partition("bot.py")[2])).command for start in starts]

    assert {"check", "run"} <= set(read)


def _bots_commands() -> dict[str, app_commands.Command[Any, ..., Any] | app_commands.Group]:
    studio = cast("Studio", SimpleNamespace(models=BUILT_IN))
    groups = (veo_group(studio), admin_group())
    return {command.qualified_name: command for group in groups for command in group.commands}


def test_the_readme_has_a_row_for_each_of_the_bots_commands() -> None:
    first_cells = [row[0] for row in _rows(_section(_text("README.md"), "Commands"))[1:]]

    assert sorted(first_cells) == sorted(f"`/{name}`" for name in _bots_commands())


def test_the_readme_names_every_option_of_create() -> None:
    create = cast("app_commands.Command[Any, ..., Any]", _bots_commands()["veo create"])
    row = next(row for row in _rows(_section(_text("README.md"), "Commands")) if row[0] == "`/veo create`")

    assert {option.name for option in create.parameters} == set(_INLINE.findall(row[1]))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_is_named_is_the_bots(document: Path) -> None:
    codes = _INLINE.findall(_prose(document))
    named = {code.removeprefix("/") for code in codes if code.startswith(("/veo ", "/veo-admin "))}

    assert named <= _bots_commands().keys()


def test_the_invite_link_asks_for_exactly_what_the_bot_needs() -> None:
    links = re.findall(r"https://discord\.com/oauth2/\S+", _text("README.md"))

    assert links == [invite_link(7).replace("client_id=7", "client_id=YOUR_APPLICATION_ID")]
    assert links[0].endswith(f"permissions={NEEDED.value}")


def test_every_package_has_its_line_in_the_architecture() -> None:
    lines = _rows(_section(_text("docs/architecture.md"), "Dependencies"))
    named = {code for row in lines for code in _INLINE.findall(row[0])}

    assert named == {one.name for one in [*declared(), *declared_for_development()]}


def test_every_room_of_the_product_has_its_row_in_the_architecture() -> None:
    named = {
        code for row in _rows(_section(_text("docs/architecture.md"), "The rooms")) for code in _INLINE.findall(row[0])
    }
    rooms = {f"{file.parent.relative_to(ROOT)}/" for file in sources(*PRODUCT) if file.parent != ROOT}

    assert named == rooms


@pytest.fixture
def defaults(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of somebody who configured nothing, whatever the environment of the tests says."""
    for section in ("DISCORD", "VEO", "STORAGE", "QUOTA", "SERVER", "LOG"):
        for key in _known_keys()[section.lower()]:
            monkeypatch.delenv(f"VEOBOT_{section}__{key.upper()}", raising=False)
    for name in ("DISCORD_TOKEN", "ACEDATACLOUD_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return load(None)


# Keys that the example shows in a comment only.
_WITHOUT_DEFAULT = {
    "veo": {"models"},
    "quota": {"credits_per_day", "credits_per_month", "videos_per_day_total", "servers"},
}


def _known_keys() -> dict[str, set[str]]:
    sections = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {name: set(cast("Any", section).model_fields) for name, section in sections.items()}


def _example() -> dict[str, dict[str, object]]:
    return tomllib.loads(_text("config.example.toml"))


def test_the_example_configuration_is_the_default(defaults: Settings) -> None:
    example = load(EXAMPLE)

    derived = {name: None for name, value in defaults.veo if value is None}
    as_left_out = example.model_copy(update={"veo": example.veo.model_copy(update=derived)})
    assert dict(as_left_out) == dict(defaults)
    assert example.pace == defaults.pace


def test_the_example_configuration_holds_every_key(defaults: Settings) -> None:
    shown = {section: set(keys) for section, keys in _example().items()}

    assert {name: keys | _WITHOUT_DEFAULT.get(name, set()) for name, keys in shown.items()} == _known_keys()


def test_the_models_in_the_example_configuration_load_without_their_marks(defaults: Settings, tmp_path: Path) -> None:
    block = _text("config.example.toml").partition("# [veo.models.")[2].partition("\n[storage]")[0]
    bare = "\n".join(line.removeprefix("# ") for line in f"[veo.models.{block}".splitlines() if line != "#")
    (tmp_path / "config.toml").write_text(bare, encoding="utf-8")

    catalog = load(tmp_path / "config.toml").catalog

    assert catalog.get("veo2") is None
    assert [row.name for row in catalog.offered if row not in defaults.catalog.offered] == ["veo4-fast"]


def _shown(value: object) -> str:
    """A value as the README's table shows it."""
    if isinstance(value, list):
        return ", ".join(map(str, cast("list[object]", value)))
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_the_readme_lists_every_key_of_the_example_configuration_with_its_value() -> None:
    listed: dict[str, dict[str, str]] = {}
    for key, default, _ in _rows(_section(_text("README.md"), "Settings"))[1:]:
        if section := re.fullmatch(r"\*\*`\[(\w+)\]`\*\*", key):
            listed[section[1]] = {}
        else:
            listed[list(listed)[-1]][key.strip("`")] = default

    assert {listed[name].pop(key) for name, keys in _WITHOUT_DEFAULT.items() for key in keys} == {""}
    assert listed == {name: {key: _shown(value) for key, value in keys.items()} for name, keys in _example().items()}

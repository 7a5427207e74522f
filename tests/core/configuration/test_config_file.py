"""A configuration is read as people save it, and what it is instead gets named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.config.loader import load, veo_token_problem
from tests.core.configuration.reading import complaint

TEXT = '[quota]\nvideos_per_day = 3\n[discord]\ntoken = "München"\n'
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_saved_on_windows_is_read(path: Path, encoding: str, newline: str) -> None:
    path.write_text(TEXT, encoding=encoding, newline=newline)

    assert load(path).quota.videos_per_day == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named_with_the_way_out(path: Path, encoding: str) -> None:
    path.write_text(TEXT, encoding=encoding)

    line = complaint(lambda: load(path))

    assert "UTF-16" in line
    assert "save it as UTF-8" in line


def test_another_encoding_is_named_with_its_line(path: Path) -> None:
    path.write_text(TEXT, encoding="cp1252")

    line = complaint(lambda: load(path))

    assert "line 4 is not UTF-8" in line


@pytest.mark.parametrize("quotes", ["\u201c\u201d", "\u201e\u201c", "\u2018\u2019", "\u00ab\u00bb"])
def test_typographic_quotes_are_named_with_their_line(path: Path, quotes: str) -> None:
    path.write_text(f"[veo]\n# a comment\napi_token = {quotes[0]}{SECRET}{quotes[1]}\n", encoding="utf-8")

    line = complaint(lambda: load(path))

    assert "line 3 has typographic quotes" in line
    assert SECRET not in line


def test_typographic_quotes_inside_plain_ones_are_text(path: Path) -> None:
    path.write_text('[veo]\napi_token = "\u201cabc\u201d"\n', encoding="utf-8")

    assert load(path).veo.api_token.get_secret_value() == "abc"


@pytest.mark.parametrize(
    "text",
    [
        f"[veo]\n{SECRET} = 1",
        f"['{SECRET}']\nx = 1",
        f"[veo.models.'{SECRET}']\nmin_images = 3\nmax_images = 1",
        f"[veo.models.x]\nspeed = '{SECRET}'",
        f"[discord]\noperator_channel_id = '{SECRET}'",
        f"[server]\nport = '{SECRET}'",
        f"[veo]\napi_base = '{SECRET}'",
        f"a = 1\n['{SECRET}']\n['{SECRET}']",
    ],
)
def test_no_complaint_shows_a_token_that_stands_in_the_wrong_place(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")

    assert SECRET not in complaint(lambda: load(path))


def test_a_folder_instead_of_a_file_is_one_line_with_a_next_step(tmp_path: Path) -> None:
    assert "--config" in complaint(lambda: load(tmp_path))


def test_a_token_in_a_wrong_key_is_a_secret_too(path: Path) -> None:
    path.write_text(f"[veo]\napi_base = 'https://api.acedata.cloud/{SECRET}'", encoding="utf-8")

    assert SECRET in load(path).secrets


def test_a_blank_variable_leaves_the_files_token(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(f"[veo]\napi_token = 'Bearer {SECRET}'", encoding="utf-8")
    monkeypatch.setenv("ACEDATACLOUD_API_TOKEN", '  ""\n')

    settings = load(path)

    assert settings.veo.api_token.get_secret_value() == SECRET
    assert veo_token_problem(settings) is None


@pytest.mark.parametrize("variable", ["ACEDATACLOUD_API_TOKEN", "VEOBOT_VEO__API_TOKEN"])
def test_a_token_of_the_environment_is_cleaned_too(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, f'"Bearer {SECRET}"\r\n')

    assert load(None).veo.api_token.get_secret_value() == SECRET

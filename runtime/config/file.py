"""config.toml as people save it: UTF-8 with or without the mark of Windows; what else it is gets named."""

from __future__ import annotations

import codecs
import tomllib
from pathlib import Path
from typing import Any

from veo_core.errors import ConfigError

_TYPOGRAPHIC = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00ab\u00bb"


def read_config(path: Path) -> dict[str, Any]:
    """The tables of a configuration.

    Raises ConfigError with one line that says what to do and never shows a value.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; copy config.example.toml to it") from None
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be read: {error.strerror}; name a file with --config") from None
    text = _text(path, raw)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {_words(text, error)}") from None


def _text(path: Path, raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in raw[:200]:
        raise ConfigError(f"{path}: it is saved as UTF-16; save it as UTF-8 (in Notepad: Save as, Encoding UTF-8)")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}: line {line} is not UTF-8; save the file as UTF-8") from None


def _words(text: str, error: tomllib.TOMLDecodeError) -> str:
    """What is wrong; quotes of a text program are the likeliest reason, and TOML's own message does not name them."""
    for number, line in enumerate(text.splitlines(), start=1):
        if _has_typographic_quote(line):
            return f"line {number} has typographic quotes; write plain ones: \" or '"
    message = " ".join(str(error).split())
    return f"{message[:1].lower()}{message[1:]}; compare it with config.example.toml"


def _has_typographic_quote(line: str) -> bool:
    """Around a value, where TOML needs a plain one."""
    _, sign, value = line.partition("=")
    return bool(sign) and value.strip()[:1] in set(_TYPOGRAPHIC) and value.strip() != ""

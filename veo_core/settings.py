"""config.toml and the environment; unknown keys are refused, secrets are never printed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar, cast

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from veo_core.catalog import BUILT_IN, Catalog, Model, Speed
from veo_core.errors import ConfigError
from veo_core.models import Resolution
from veo_core.pace import Pace
from veo_core.quota import Limits
from veo_core.sections import DiscordSection, LogSection, QuotaSection, ServerSection, StorageSection, VeoSection

PREFIX = "VEOBOT_"
_TOKENS = {"DISCORD_TOKEN": "discord", "ACEDATACLOUD_API_TOKEN": "veo"}
_TOKEN_KEYS = {"discord": "token", "veo": "api_token"}


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )
    toml_file: ClassVar[Path | None] = None

    discord: DiscordSection = DiscordSection()
    veo: VeoSection = VeoSection()
    storage: StorageSection = StorageSection()
    quota: QuotaSection = QuotaSection()
    server: ServerSection = ServerSection()
    log: LogSection = LogSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; dotenv and secret files are not read."""
        del env_settings, dotenv_settings, file_secret_settings
        file = TomlConfigSettingsSource(settings_cls, cls.toml_file) if cls.toml_file else None
        return (init_settings, _Environment(settings_cls), *([file] if file else []))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be printed."""
        return (self.discord.token.get_secret_value(), self.veo.api_token.get_secret_value())

    @property
    def catalog(self) -> Catalog:
        """The capability table with the operator's rows."""
        rows = {row.name: row for row in BUILT_IN}
        for name, changes in self.veo.models.items():
            rows[name] = changes.over(rows.get(name) or Model(name, Speed.FAST, 1.0))
        return Catalog.of(rows.values())

    @property
    def limits(self) -> Limits:
        """The quota of one person."""
        return Limits(self.quota.videos_per_day, self.quota.upscales_per_day, self.quota.running_per_user)

    @property
    def pace(self) -> Pace:
        """How patient the loops are."""
        return self.veo.pace


class _Environment(EnvSettingsSource):
    """VEOBOT_<SECTION>__<KEY>, plus the two tokens under the names everybody uses."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
        """JSON where it is JSON; a plain list with commas is split by the section."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value

    def __call__(self) -> dict[str, Any]:
        """The values found in the environment."""
        values = super().__call__()
        for variable, section in _TOKENS.items():
            token = os.environ.get(variable)
            known = values.setdefault(section, {}) if token else None
            if isinstance(known, dict):
                cast("dict[str, object]", known).setdefault(_TOKEN_KEYS[section], token)
        return values


def load(path: Path | None) -> Settings:
    """Read the settings; `path` None means the environment alone.

    Raises ConfigError with one readable line that never shows a value.
    """
    _refuse_unknown_sections()
    if path is not None and not path.is_file():
        raise ConfigError(f"{path}: there is no such file; copy config.example.toml to it")
    loader = type("FileSettings", (Settings,), {"toml_file": path})
    try:
        settings: Settings = loader()
    except ValidationError as error:
        raise ConfigError(f"{path or 'environment'}: {_one_line(error)}") from None
    except (ValueError, OSError, SettingsError) as error:
        raise ConfigError(f"{path or 'environment'}: {' '.join(str(error).split())}") from None
    _check_whole(settings)
    return settings


def require_tokens(settings: Settings) -> None:
    """Raises ConfigError with one line when a token is missing or cannot be one."""
    for section, variable, token in (
        ("discord.token", "DISCORD_TOKEN", settings.discord.token),
        ("veo.api_token", "ACEDATACLOUD_API_TOKEN", settings.veo.api_token),
    ):
        value = token.get_secret_value()
        if not value:
            raise ConfigError(f"{section} is missing: set it in the configuration or as {variable}")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ConfigError(f"{section} cannot be a token: it has spaces or characters that tokens never have")


def _refuse_unknown_sections() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for variable in os.environ:
        if variable.upper().startswith(PREFIX) and variable.upper().partition("__")[0] not in known:
            raise ConfigError(f"environment: {variable} is no setting of this bot")


def _check_whole(settings: Settings) -> None:
    catalog = settings.catalog
    if catalog.get(settings.veo.default_model) is None:
        offered = ", ".join(row.name for row in catalog.offered)
        raise ConfigError(f"veo.default_model: no such model is enabled; there are: {offered}")
    if len(catalog.offered) > _MOST_CHOICES:
        raise ConfigError(f"veo.models: Discord shows at most {_MOST_CHOICES} models; disable some")
    for row in catalog.models.values():
        if Resolution.P720 not in row.resolutions:
            raise ConfigError(f"veo.models.{row.name}: resolutions need 720p, which is what people get by default")
        if Resolution.P720 in row.text_only_resolutions:
            raise ConfigError(
                f"veo.models.{row.name}: text_only_resolutions cannot have 720p, which images get by default"
            )
        if not all(action.isidentifier() for action in row.image_actions):
            raise ConfigError(f"veo.models.{row.name}: image_actions has a word that can be no action")
        if row.min_images > row.max_images:
            raise ConfigError(f"veo.models.{row.name}: min_images is over max_images")


_MOST_CHOICES = 25


def _one_line(error: ValidationError) -> str:
    found = (f"{'.'.join(map(str, item['loc']))}: {_plain_words(item['type'], item['msg'])}" for item in error.errors())
    return "; ".join(found)


def _plain_words(kind: str, message: str) -> str:
    return "no such key" if kind == "extra_forbidden" else message[:1].lower() + message[1:]

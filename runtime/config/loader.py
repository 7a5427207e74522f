"""config.toml and the environment; unknown keys are refused, secrets are never printed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from runtime.config.file import read_config
from runtime.config.sections import DiscordSection, LogSection, QuotaSection, ServerSection, StorageSection, VeoSection
from runtime.config.tokens import bare_token, key_problem, token_problem, token_shaped, without_secrets
from veo_core.domain.budgets import Budgets
from veo_core.domain.catalog import BUILT_IN, Catalog, Speed, new_row
from veo_core.domain.proxies import Proxies
from veo_core.domain.quota import Limits
from veo_core.domain.shapes import Resolution
from veo_core.domain.timing import Timing
from veo_core.errors import ConfigError

PREFIX = "VEOBOT_"
_TOKENS = {"DISCORD_TOKEN": "discord", "ACEDATACLOUD_API_TOKEN": "veo"}
_TOKEN_KEYS = {"discord": "token", "veo": "api_token"}


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )
    file_values: ClassVar[Mapping[str, Any]] = {}

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
        file = InitSettingsSource(settings_cls, dict(cls.file_values))
        return (init_settings, _Environment(settings_cls), file)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be printed: the tokens, the proxies' passwords, and tokens pasted into another key."""
        tokens = (self.discord.token.get_secret_value(), self.veo.api_token.get_secret_value())
        return (*tokens, *self.proxies.secrets, *token_shaped(self.model_dump_json()))

    @property
    def proxies(self) -> Proxies:
        """The outgoing proxies, which the environment alone names."""
        return Proxies.of(os.environ)

    @property
    def catalog(self) -> Catalog:
        """The capability table with the operator's rows."""
        rows = {row.name: row for row in BUILT_IN}
        for name, changes in self.veo.models.items():
            rows[name] = changes.over(rows.get(name) or new_row(name, changes.speed or Speed.FAST))
        return Catalog.of(rows.values())

    @property
    def limits(self) -> Limits:
        """The quota of one person."""
        return Limits(self.quota.videos_per_day, self.quota.upscales_per_day, self.quota.running_per_user)

    @property
    def budgets(self) -> Budgets:
        """What the whole bot and each server may spend."""
        servers = {guild_id: section.ceilings for guild_id, section in self.quota.servers.items()}
        return Budgets(self.quota.ceilings, servers)

    @property
    def pace(self) -> Timing:
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
            token = bare_token(os.environ.get(variable, ""))
            known = values.setdefault(section, {}) if token else None
            if isinstance(known, dict):
                cast("dict[str, object]", known).setdefault(_TOKEN_KEYS[section], token)
        return values


def load(path: Path | None) -> Settings:
    """Read the settings; `path` None means the environment alone.

    Raises ConfigError with one readable line that never shows a value.
    """
    try:
        return _loaded(path)
    except ConfigError as error:
        raise ConfigError(without_secrets(str(error))) from None


def _loaded(path: Path | None) -> Settings:
    _refuse_unknown_sections()
    found = {} if path is None else read_config(path)
    loader = type("FileSettings", (Settings,), {"file_values": found})
    try:
        settings: Settings = loader()
    except ValidationError as error:
        raise ConfigError(f"{path or 'environment'}: {_one_line(error)}") from None
    except (ValueError, SettingsError) as error:
        raise ConfigError(f"{path or 'environment'}: {' '.join(str(error).split())}") from None
    _check_whole(settings)
    return settings


def discord_token_problem(settings: Settings) -> str | None:
    """Why the bot cannot log in with this setting, in one line; `check` and `run` ask the same."""
    token = settings.discord.token.get_secret_value()
    if not token:
        return "discord.token is missing: set it in the configuration or as DISCORD_TOKEN"
    problem = token_problem(token)
    return None if problem is None else f"discord.token {problem}"


def veo_token_problem(settings: Settings) -> str | None:
    """Why no video can be made with this setting, in one line; `check` and `run` ask the same."""
    token = settings.veo.api_token.get_secret_value()
    if not token:
        return "veo.api_token is missing: set it in the configuration or as ACEDATACLOUD_API_TOKEN"
    problem = key_problem(token)
    return None if problem is None else f"veo.api_token {problem}"


def require_tokens(settings: Settings) -> None:
    """Raises ConfigError with one line when a token is missing or cannot be one."""
    problems = [problem for ask in (discord_token_problem, veo_token_problem) if (problem := ask(settings))]
    if problems:
        raise ConfigError("; ".join(problems))


def _refuse_unknown_sections() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for variable in os.environ:
        if variable.upper().startswith(PREFIX) and variable.upper().partition("__")[0] not in known:
            raise ConfigError(f"environment: {variable} is no setting of this bot")


def _check_whole(settings: Settings) -> None:
    # The address of a proxy that cannot be one ends the start here, in one line.
    _ = settings.proxies
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

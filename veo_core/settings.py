"""config.toml and the environment; unknown keys are refused, secrets are never printed."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)
from yarl import URL

from veo_core.catalog import BUILT_IN, Catalog, Model, Speed
from veo_core.errors import ConfigError
from veo_core.models import Resolution
from veo_core.pace import Pace
from veo_core.quota import Limits

PREFIX = "VEOBOT_"
_TOKENS = {"DISCORD_TOKEN": "discord", "ACEDATACLOUD_API_TOKEN": "veo"}
_TOKEN_KEYS = {"discord": "token", "veo": "api_token"}


def _no_flag(value: object) -> object:
    """`true` is no number, though Python takes it for one."""
    if isinstance(value, bool):
        raise ValueError("input should be a number")  # noqa: TRY004 - pydantic words a ValueError, not a TypeError
    return value


def _reachable(value: str) -> str:
    """What the pattern lets through may still be no address, such as a port of 99999."""
    parts = URL(value)
    if parts.host is None or parts.port is None:
        raise ValueError("input should be an address")
    return value


Count = Annotated[int, BeforeValidator(_no_flag), Field(ge=0, le=1_000_000)]
Positive = Annotated[int, BeforeValidator(_no_flag), Field(ge=1, le=1_000_000)]
Seconds = Annotated[float, BeforeValidator(_no_flag), Field(gt=0, le=7 * 86_400, allow_inf_nan=False)]
Address = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"), AfterValidator(_reachable)]


class Section(BaseModel):
    """One table of config.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _split(value: object) -> object:
    """In the environment a list is written with commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class DiscordSection(Section):
    """`[discord]`: how to reach Discord, and what people may do."""

    token: SecretStr = SecretStr("")
    api_base: Address = "https://discord.com/api/v10"
    cdn_hosts: tuple[str, ...] = ("cdn.discordapp.com", "media.discordapp.net")
    upload_limit_mb: Annotated[float, Field(gt=0, le=500)] = 10
    image_limit_mb: Annotated[float, Field(gt=0, le=50)] = 8
    anyone_may_upscale: bool = False
    direct_messages: bool = False
    operator_channel_id: Annotated[int, Field(ge=0, lt=2**63)] = 0

    _split_hosts = field_validator("cdn_hosts", mode="before")(_split)

    @property
    def upload_limit(self) -> int:
        """In bytes, as Discord counts them."""
        return int(self.upload_limit_mb * 1024 * 1024)

    @property
    def image_limit(self) -> int:
        """In bytes."""
        return int(self.image_limit_mb * 1_000_000)


class ModelSection(Section):
    """`[veo.models.<name>]`: what differs from the built-in row, or a whole new row."""

    speed: Speed | None = None
    credits: Annotated[float, Field(ge=0, le=10_000)] | None = None
    min_images: Annotated[int, Field(ge=0, le=3)] | None = None
    max_images: Annotated[int, Field(ge=0, le=3)] | None = None
    fusion: bool | None = None
    resolutions: tuple[Resolution, ...] | None = None
    image_actions: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    usual_shortest: Seconds | None = None
    usual: Seconds | None = None
    enabled: bool | None = None

    _split_lists = field_validator("resolutions", "image_actions", mode="before")(_split)

    def over(self, row: Model) -> Model:
        """The row with these differences."""
        changes: dict[str, Any] = {name: value for name, value in self if value is not None}
        for name in ("usual_shortest", "usual"):
            if name in changes:
                changes[name] = timedelta(seconds=changes[name])
        return replace(row, **changes)


class VeoSection(Section):
    """`[veo]`; waits that are left out follow from the poll interval."""

    api_token: SecretStr = SecretStr("")
    api_base: Address = "https://api.acedata.cloud"
    poll_interval: Annotated[float, BeforeValidator(_no_flag), Field(ge=0.05, le=3600, allow_inf_nan=False)] = 5
    max_running: Annotated[int, Field(ge=1, le=1000)] = 5
    media_hosts: tuple[str, ...] = ("cdn.acedata.cloud",)
    default_model: str = "veo31-fast"
    submit_interval: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] | None = None
    submit_timeout: Seconds = 1200
    slow_after: Seconds = 900
    give_up_after: Seconds = 10_800
    search_window: Seconds | None = None
    unknown_grace: Seconds | None = None
    slow_interval: Seconds | None = None
    probe_interval: Seconds | None = None
    models: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,49}$")], ModelSection] = {}

    _split_hosts = field_validator("media_hosts", mode="before")(_split)


class StorageSection(Section):
    """`[storage]`: where everything is kept."""

    path: Path = Path("veobot.sqlite3")


class QuotaSection(Section):
    """`[quota]`: for one person."""

    videos_per_day: Count = 10
    upscales_per_day: Count = 10
    running_per_user: Positive = 2


class ServerSection(Section):
    """`[server]`: health; port 0 switches it off."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    public_url: Annotated[str, Field(pattern=r"^(https?://[^\s]+)?$")] = ""


class LogSection(Section):
    """`[log]`: what the operator sees."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


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
        veo, poll = self.veo, self.veo.poll_interval
        return Pace(
            poll_interval=timedelta(seconds=poll),
            submit_interval=timedelta(
                seconds=min(0.5, poll / 10) if veo.submit_interval is None else veo.submit_interval
            ),
            slow_after=timedelta(seconds=veo.slow_after),
            slow_interval=timedelta(seconds=veo.slow_interval or 12 * poll),
            give_up_after=timedelta(seconds=veo.give_up_after),
            search_window=timedelta(seconds=veo.search_window or max(30.0, 24 * poll)),
            unknown_grace=timedelta(seconds=veo.unknown_grace or max(30.0, 24 * poll)),
            patience=timedelta(seconds=min(20.0, max(2.0, 4 * poll))),
            probe_interval=timedelta(seconds=veo.probe_interval or min(300.0, max(5.0, 60 * poll))),
            submit_timeout=timedelta(seconds=veo.submit_timeout),
            media_patience=timedelta(seconds=min(120.0, max(10.0, 24 * poll))),
        )


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

"""The tables of config.toml: every key, its type, its range and its default."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator
from yarl import URL

from runtime.config.tokens import bare_token
from veo_core.domain.budgets import Budget, Ceilings
from veo_core.domain.catalog import Model, Speed
from veo_core.domain.money import milli
from veo_core.domain.shapes import Resolution
from veo_core.domain.timing import Timing


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
Credits = Annotated[Decimal, BeforeValidator(_no_flag), Field(ge=0, le=1_000_000, decimal_places=3)]
ServerId = Annotated[int, BeforeValidator(_no_flag), Field(ge=1, lt=2**63)]
Seconds = Annotated[float, BeforeValidator(_no_flag), Field(gt=0, le=7 * 86_400, allow_inf_nan=False)]
Address = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"), AfterValidator(_reachable)]


def _bare(value: object) -> object:
    """Without what people paste around a token."""
    return bare_token(value) if isinstance(value, str) else value


Token = Annotated[SecretStr, BeforeValidator(_bare)]


class Section(BaseModel):
    """One table of config.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _split(value: object) -> object:
    """In the environment a list is written with commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class DiscordSection(Section):
    """`[discord]`: how to reach Discord, and what people may do."""

    token: Token = SecretStr("")
    api_base: Address = "https://discord.com/api/v10"
    cdn_hosts: tuple[str, ...] = ("cdn.discordapp.com", "media.discordapp.net")
    upload_limit_mb: Annotated[float, Field(gt=0, le=500)] = 10
    image_limit_mb: Annotated[float, Field(gt=0, le=50)] = 8
    anyone_may_upscale: bool = False
    direct_messages: bool = False
    operator_channel_id: Annotated[int, Field(ge=0, lt=2**63)] = 0
    servers: tuple[ServerId, ...] = ()

    _split_lists = field_validator("cdn_hosts", "servers", mode="before")(_split)

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
    credits: Annotated[Credits, Field(le=10_000)] | None = None
    min_images: Annotated[int, Field(ge=0, le=3)] | None = None
    max_images: Annotated[int, Field(ge=0, le=3)] | None = None
    fusion: bool | None = None
    resolutions: tuple[Resolution, ...] | None = None
    text_only_resolutions: tuple[Resolution, ...] | None = None
    image_actions: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    usual_shortest: Seconds | None = None
    usual: Seconds | None = None
    enabled: bool | None = None

    _split_lists = field_validator("resolutions", "text_only_resolutions", "image_actions", mode="before")(_split)

    def over(self, row: Model) -> Model:
        """The row with these differences."""
        changes: dict[str, Any] = {name: value for name, value in self if value is not None}
        for name in ("usual_shortest", "usual"):
            if name in changes:
                changes[name] = timedelta(seconds=changes[name])
        if self.credits is not None:
            changes["cost"] = milli(changes.pop("credits"))
        return replace(row, **changes)


class VeoSection(Section):
    """`[veo]`; waits that are left out follow from the poll interval."""

    api_token: Token = SecretStr("")
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
    file_patience: Seconds | None = None
    slow_interval: Seconds | None = None
    probe_interval: Seconds | None = None
    models: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,49}$")], ModelSection] = {}

    _split_hosts = field_validator("media_hosts", mode="before")(_split)

    @property
    def pace(self) -> Timing:
        """How patient the loops are."""
        poll = self.poll_interval
        return Timing(
            poll_interval=timedelta(seconds=poll),
            submit_interval=timedelta(
                seconds=min(0.5, poll / 10) if self.submit_interval is None else self.submit_interval
            ),
            slow_after=timedelta(seconds=self.slow_after),
            slow_interval=timedelta(seconds=self.slow_interval or 12 * poll),
            give_up_after=timedelta(seconds=self.give_up_after),
            search_window=timedelta(seconds=self.search_window or max(30.0, 24 * poll)),
            unknown_grace=timedelta(seconds=self.unknown_grace or max(30.0, 24 * poll)),
            patience=timedelta(seconds=min(20.0, max(2.0, 4 * poll))),
            probe_interval=timedelta(seconds=self.probe_interval or min(300.0, max(5.0, 60 * poll))),
            submit_timeout=timedelta(seconds=self.submit_timeout),
            file_patience=timedelta(seconds=self.file_patience or (6 * 3600 if poll >= 1 else max(10.0, 24 * poll))),
        )


class StorageSection(Section):
    """`[storage]`: where everything is kept."""

    path: Path = Path("veobot.sqlite3")


class CeilingSection(Section):
    """`[quota.servers.<id>]`: what one server may spend; a key that is left out limits nothing."""

    credits_per_day: Credits | None = None
    credits_per_month: Credits | None = None
    videos_per_day_total: Count | None = None

    @property
    def ceilings(self) -> Ceilings:
        """The budgets that are set: credits in milli-credits."""
        credits_of = {Budget.CREDITS_PER_DAY: self.credits_per_day, Budget.CREDITS_PER_MONTH: self.credits_per_month}
        found = {budget: milli(amount) for budget, amount in credits_of.items() if amount is not None}
        if self.videos_per_day_total is not None:
            found[Budget.VIDEOS_PER_DAY] = self.videos_per_day_total
        return found


class QuotaSection(CeilingSection):
    """`[quota]`: for one person, and for the whole bot."""

    videos_per_day: Count = 10
    upscales_per_day: Count = 10
    running_per_user: Positive = 2
    servers: dict[ServerId, CeilingSection] = {}


class ServerSection(Section):
    """`[server]`: health; port 0 switches it off."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    public_url: Annotated[str, Field(pattern=r"^(https?://[^\s]+)?$")] = ""


class LogSection(Section):
    """`[log]`: what the operator sees."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"

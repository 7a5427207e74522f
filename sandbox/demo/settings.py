"""What the bot is told in the demo instead of what an operator would configure."""

from __future__ import annotations

from pydantic import SecretStr

from runtime.config.loader import Settings
from runtime.config.sections import DiscordSection, ModelSection, QuotaSection, StorageSection, VeoSection
from sandbox.demo.world import Surroundings
from veo_core.domain.catalog import BUILT_IN

_POLL = 2.0
_USUAL = 10.0, 20.0
"""Seconds a video takes in the demo, from the shortest to the usual."""


def demo_settings(world: Surroundings) -> Settings:
    """Settings for a bot in a simulated world; the environment and its real tokens have no say in them."""
    shortest, usual = _USUAL
    return Settings.model_construct(
        discord=DiscordSection(cdn_hosts=world.hosts),
        veo=VeoSection(
            api_token=SecretStr(world.veo_api_token),
            api_base=world.veo_api_base,
            media_hosts=world.hosts,
            poll_interval=_POLL,
            models={row.name: ModelSection(usual_shortest=shortest, usual=usual) for row in BUILT_IN},
        ),
        storage=StorageSection(path=world.directory / "demo.sqlite3"),
        quota=QuotaSection(videos_per_day=50, upscales_per_day=50),
    )

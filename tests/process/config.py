"""The configuration that the process tests run the bot with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from sandbox.discord import DiscordStandIn
from sandbox.veo import StandInVeo

Config = Mapping[str, Mapping[str, object]]


def written_config(tables: Config) -> str:
    """Tables as TOML: its strings, numbers, booleans and lists are written as JSON writes them."""
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        for name, keys in tables.items()
    )


def usual_config(discord: DiscordStandIn, veo: StandInVeo, database: Path) -> dict[str, dict[str, object]]:
    """Tables of config.toml for both stand-ins, with waits of a test's length."""
    return {
        "discord": {"api_base": discord.api_base, "cdn_hosts": ["127.0.0.1"]},
        "veo": {
            "api_base": veo.base_url,
            "media_hosts": ["127.0.0.1"],
            "poll_interval": 0.1,
            "max_running": 50,
            "search_window": 1.5,
            "unknown_grace": 3,
            "slow_interval": 0.3,
            "probe_interval": 0.5,
        },
        "veo.models.veo31-fast": {"usual_shortest": 0.1},
        "storage": {"path": str(database)},
        "quota": {"videos_per_day": 1000, "upscales_per_day": 1000, "running_per_user": 50},
    }

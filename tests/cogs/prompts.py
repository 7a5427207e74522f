"""Prompts that try everything (mentions, links, formatting, control characters, length), and the largest jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.core.values import NOW, job
from veo_core.domain.expectation import QueuePlace
from veo_core.domain.jobs import Job
from veo_core.domain.requests import MAX_PROMPT_LENGTH

PLACE = QueuePlace(3, NOW + timedelta(minutes=2))

pieces = st.sampled_from(
    [
        "@everyone",
        "@here",
        "<@1001>",
        "<@!1001>",
        "<@&1001>",
        "<#1001>",
        "</veo create:1>",
        "<id:customize>",
        "<t:0:R>",
        "<a:x:1001>",
        "<mailto:a@b.example>",
        "<+15551234>",
        "[words](https://evil.example)",
        "](https://evil.example)",
        "[a]",
        "https://evil.example/",
        "HTTPS://evil.example",
        "http://",
        "steam://run",
        "discord.gg/abc",
        "xdiscord.gg/abc",
        "_discord.gg/abc",
        "DISCORD.COM/invite/abc",
        "discordapp.com/invite/abc",
        "**",
        "*",
        "***",
        "__",
        "_",
        "~~",
        "||",
        "`",
        "```",
        "```py\n",
        "\\",
        "\\\\",
        "# ",
        "-# ",
        "> ",
        ">>> ",
        "- ",
        "1. ",
        "\n",
        "\r\n",
        "\u2028",
        "\u202e",
        "\u2066",
        "\u200f",
        "\u200b",
        "\u200d",
        "\x00",
        "\x1b[31m",
        "\ud83d",
        "(queued · #1 ·",
        "{reason}",
        "%s",
        "x" * 300,
        "👩\u200d🚀",
    ]
)
prompts = st.lists(pieces | st.text(max_size=8), max_size=12).map("".join) | st.text(max_size=MAX_PROMPT_LENGTH)


def large(**changes: Any) -> Job:
    """A job whose numbers are as long as Discord's can be."""
    numbers = {"job_id": 10**15, "user_id": 2**63, "channel_id": 2**63, "guild_id": 2**63}
    return job(**(numbers | changes))

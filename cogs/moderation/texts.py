"""What moderators read; pure."""

from __future__ import annotations

from veo_core.domain.usage import Overview


def overview_text(overview: Overview, *, paused: bool) -> str:
    """What moderators see of their server."""
    states = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(overview.states.items()))
    refused = [f"<@{user_id}>: {count}" for user_id, count in overview.refused_prompts.items()]
    blocked = " ".join(f"<@{user_id}>" for user_id in overview.blocked)
    lines = [
        f"**Videos**: {states or 'none'}",
        f"**Prompts refused by the provider's content rules**: {', '.join(refused) or 'none'}",
        f"**Blocked**: {blocked or 'nobody'}",
    ]
    return "\n".join([*lines, *(["**Submissions are paused by the operator.**"] if paused else [])])

"""What `check` says of models that the provider seems to have retired."""

from __future__ import annotations

from pathlib import Path

from veo_core.domain.retirement import ModelTrouble
from veo_core.store.model_troubles import read_troubles


def doubted_models(path: Path) -> list[str]:
    """A line for each model that people cannot choose.

    Raises StorageError.
    """
    return [_line(trouble) for trouble in read_troubles(path) if trouble.doubtful_at is not None]


def _line(trouble: ModelTrouble) -> str:
    since = f"{trouble.doubtful_at:%Y-%m-%d}"
    retry = f"; one video tries it again from {trouble.retry_at:%Y-%m-%d %H:%M} UTC on" if trouble.retry_at else ""
    return f"model {trouble.model}: the provider has not offered it since {since}, people cannot choose it{retry}"

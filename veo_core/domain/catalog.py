"""The capability table: one row a Veo model.

Defaults follow the table "Model Summary" of the provider's guide; what newer documents say otherwise is an
operator's override in `[veo.models.<name>]`, never code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from veo_core.domain.shapes import GET1080P, IMAGE2VIDEO, INGREDIENTS2VIDEO, TEXT2VIDEO, Resolution
from veo_core.domain.submissions import Submission


class Speed(StrEnum):
    """The guide's two classes of models."""

    FAST = "fast"
    QUALITY = "quality"


class ImageUse(StrEnum):
    """What the images of a request mean to the model."""

    FIRST_FRAME = "first frame"
    FIRST_AND_LAST_FRAME = "first and last frame"
    FUSION = "fusion"


@dataclass(frozen=True, slots=True)
class Model:
    """What one Veo model can do.

    With images the API takes a request for one of the `text_only_resolutions` and fails minutes later.
    `image_actions` are in order of preference: the next one is tried when the API refuses the action itself.
    `cost` is the estimate for one clip in milli-credits. `usual_shortest` is how long a clip takes at least,
    `usual` how long it takes mostly.
    """

    name: str
    speed: Speed
    cost: int
    min_images: int = 0
    max_images: int = 3
    fusion: bool = False
    resolutions: tuple[Resolution, ...] = (Resolution.P720, Resolution.P1080, Resolution.GIF)
    text_only_resolutions: tuple[Resolution, ...] = (Resolution.P4K,)
    image_actions: tuple[str, ...] = (IMAGE2VIDEO,)
    usual_shortest: timedelta = timedelta(seconds=45)
    usual: timedelta = timedelta(seconds=100)
    enabled: bool = True

    def image_use(self, count: int) -> ImageUse | None:
        """What `count` images mean; None without images."""
        if count == 0:
            return None
        if self.fusion:
            return ImageUse.FUSION
        return ImageUse.FIRST_FRAME if count == 1 else ImageUse.FIRST_AND_LAST_FRAME

    def makes(self, image_count: int) -> tuple[Resolution, ...]:
        """The resolutions that it can make of so many images."""
        return tuple(one for one in self.resolutions if not image_count or one not in self.text_only_resolutions)

    def takes(self, image_count: int) -> bool:
        """Whether a request may have so many images."""
        return self.min_images <= image_count <= self.max_images

    def actions(self, image_count: int) -> tuple[str, ...]:
        """The actions to send, in order of preference."""
        return self.image_actions if image_count else (TEXT2VIDEO,)


# The provider's list prices of October 2026, in milli-credits.
_COSTS = {Speed.FAST: 720, Speed.QUALITY: 7640}
_GET1080P_COST = 160
_QUALITY_SHORTEST = timedelta(seconds=60)
_QUALITY_USUAL = timedelta(seconds=150)
_WITH_4K = (Resolution.P720, Resolution.P1080, Resolution.P4K, Resolution.GIF)


def new_row(name: str, speed: Speed) -> Model:
    """A row that nothing is known of but its class."""
    return Model(name, speed, _COSTS[speed])


def _quality(name: str, resolutions: tuple[Resolution, ...] | None = None) -> Model:
    row = replace(new_row(name, Speed.QUALITY), usual_shortest=_QUALITY_SHORTEST, usual=_QUALITY_USUAL)
    return row if resolutions is None else replace(row, resolutions=resolutions)


BUILT_IN: tuple[Model, ...] = (
    new_row("veo31-fast", Speed.FAST),
    _quality("veo31", _WITH_4K),
    Model(
        "veo31-fast-ingredients",
        Speed.FAST,
        _COSTS[Speed.FAST],
        min_images=1,
        fusion=True,
        image_actions=(INGREDIENTS2VIDEO, IMAGE2VIDEO),
    ),
    new_row("veo3-fast", Speed.FAST),
    _quality("veo3"),
    replace(new_row("veo2-fast", Speed.FAST), max_images=1),
    _quality("veo2"),
)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The models by name, in the order people are shown them."""

    models: Mapping[str, Model]

    @classmethod
    def of(cls, rows: Iterable[Model] = BUILT_IN) -> Catalog:
        """A catalogue of these rows."""
        return cls(MappingProxyType({row.name: row for row in rows}))

    def get(self, name: str) -> Model | None:
        """The row of a model that people may choose, or None."""
        row = self.models.get(name)
        return row if row is not None and row.enabled else None

    def known(self, name: str) -> Model | None:
        """The row of a model, chosen or not: jobs outlive an operator's change of the table."""
        return self.models.get(name)

    def cost(self, submission: Submission) -> int:
        """The estimate for one submission, in milli-credits; a model that left the table costs what its class may."""
        if submission.action == GET1080P:
            return _GET1080P_COST
        row = self.known(submission.model)
        return row.cost if row is not None else _COSTS[Speed.QUALITY]

    @property
    def offered(self) -> tuple[Model, ...]:
        """The rows that people may choose from."""
        return tuple(row for row in self.models.values() if row.enabled)

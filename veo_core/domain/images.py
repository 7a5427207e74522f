"""What a person asked for before it is recorded, its images, and a downloaded result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from veo_core.domain.shapes import Resolution


@dataclass(frozen=True, slots=True)
class Image:
    """An attached picture as Discord describes it; `size` in bytes. Its declared type decides nothing."""

    url: str
    filename: str
    size: int


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Width and height of a picture in pixels, as a person sees it."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """What a person asked for, before it is recorded.

    `images` are in the order of the command's options, which is that of the frames; None is an option left out before
    another one. Without an `aspect_ratio` the first image's own shape decides.
    """

    prompt: str
    model: str
    images: tuple[Image | None, ...] = ()
    aspect_ratio: str | None = None
    resolution: str = Resolution.P720
    translate: bool = False

    @property
    def attached(self) -> tuple[Image, ...]:
        """The images that were given, in order."""
        return tuple(image for image in self.images if image is not None)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A downloaded result on disk, first bytes checked, at its beginning; `size` in bytes."""

    content: BinaryIO
    size: int
    extension: str

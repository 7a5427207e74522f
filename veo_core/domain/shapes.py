"""The API's words: actions, resolutions and aspect ratios."""

from __future__ import annotations

from enum import StrEnum

TEXT2VIDEO = "text2video"
IMAGE2VIDEO = "image2video"
INGREDIENTS2VIDEO = "ingredients2video"
GET1080P = "get1080p"


class Resolution(StrEnum):
    """Resolutions of the API; 720p is sent by leaving the field out."""

    P720 = "720p"
    P1080 = "1080p"
    P4K = "4k"
    GIF = "gif"


class AspectRatio(StrEnum):
    """The two ratios every version of the API accepts."""

    LANDSCAPE = "16:9"
    PORTRAIT = "9:16"

"""Is this request valid for that model, and what does it become; pure.

The provider's status page shows a third to a half of Veo calls ending as client errors, so everything that can be
known is checked here, before anything is sent or counted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import replace

from veo_core.domain.catalog import Catalog, Model
from veo_core.domain.images import Image, PictureSize, VideoRequest
from veo_core.domain.jobs import Job, JobKind, JobState
from veo_core.domain.prompts import clean_prompt, shows_nothing
from veo_core.domain.shapes import GET1080P, AspectRatio, Resolution
from veo_core.domain.submissions import Submission
from veo_core.errors import Refusal
from veo_core.reasons import Reason

MAX_PROMPT_LENGTH = 2000
MAX_PIXELS = 40_000_000


def check_request(
    request: VideoRequest, catalog: Catalog, *, unavailable: Collection[str] = (), max_image_bytes: int
) -> Submission:
    """Turn a request into the submission it stands for.

    Raises Refusal with the first thing that is wrong.
    """
    prompt = clean_prompt(request.prompt)
    _check_prompt(prompt)
    model = _check_model(request.model, catalog, unavailable)
    images = request.attached
    _check_image_count(model, len(images))
    _check_first_image(request, model)
    _check_aspect_ratio(request)
    _check_resolution(request.resolution, len(images), model, catalog, unavailable)
    for image in images:
        check_image(image, max_image_bytes)
    return Submission(
        action=model.actions(len(images))[0],
        model=model.name,
        prompt=prompt,
        image_urls=tuple(image.url for image in images),
        aspect_ratio=AspectRatio(request.aspect_ratio or AspectRatio.LANDSCAPE),
        resolution=Resolution(request.resolution),
        translate=request.translate,
    )


def own_shape(size: PictureSize) -> AspectRatio:
    """The ratio that suits a picture best; a square suits both, so it gets the default."""
    return AspectRatio.PORTRAIT if size.height > size.width else AspectRatio.LANDSCAPE


def request_key(submission: Submission, request: VideoRequest) -> str:
    """What tells one request of a person from another: the same digest for the same prompt, options and images.

    Discord gives a picture a new address each time it is attached, so a picture is known by its name and size.
    """
    asked = str(replace(submission, image_urls=()))
    pictures = [(image.filename, image.size) for image in request.attached]
    return hashlib.sha256(json.dumps([asked, request.aspect_ratio, pictures]).encode()).hexdigest()


def check_upscale(source: Job) -> Submission:
    """The submission that asks for the 1080p version of a delivered video.

    Raises Refusal when there is nothing to make larger.
    """
    ended_well = source.state is JobState.SUCCEEDED and source.video_id is not None
    if not ended_well or source.kind is not JobKind.CREATE or source.resolution != Resolution.P720:
        raise Refusal(Reason.UPSCALE_IMPOSSIBLE, job_id=source.job_id)
    return Submission(action=GET1080P, model=source.model, video_id=source.video_id, resolution=Resolution.P1080)


def check_image(image: Image, max_bytes: int) -> None:
    """What Discord's description of an attachment tells already; the bytes are looked at later.

    The declared type decides nothing: it comes from the file's name. Raises Refusal.
    """
    if image.size <= 0:
        raise Refusal(Reason.IMAGE_EMPTY, filename=image.filename)
    if image.size > max_bytes:
        raise Refusal(
            Reason.IMAGE_TOO_LARGE,
            filename=image.filename,
            limit_mb=megabytes(max_bytes),
            megapixels=MAX_PIXELS // 1_000_000,
        )


def megabytes(count: int) -> str:
    """Bytes as people read them."""
    return f"{count / 1_000_000:g}"


def _check_prompt(prompt: str) -> None:
    if shows_nothing(prompt):
        raise Refusal(Reason.PROMPT_MISSING)
    if len(prompt) > MAX_PROMPT_LENGTH:
        raise Refusal(Reason.PROMPT_TOO_LONG, length=len(prompt), limit=MAX_PROMPT_LENGTH)


def _check_model(name: str, catalog: Catalog, unavailable: Collection[str]) -> Model:
    model = catalog.get(name)
    offered = ", ".join(row.name for row in catalog.offered if row.name not in unavailable) or "none at the moment"
    if model is None:
        raise Refusal(Reason.MODEL_UNKNOWN, model=name[:100], models=offered)
    if name in unavailable:
        raise Refusal(Reason.MODEL_UNAVAILABLE, model=name, models=offered)
    return model


def _check_image_count(model: Model, count: int) -> None:
    if count < model.min_images:
        raise Refusal(Reason.IMAGE_NEEDED, model=model.name, needed=model.min_images)
    if count > model.max_images:
        raise Refusal(Reason.TOO_MANY_IMAGES, model=model.name, limit=model.max_images)


def _check_first_image(request: VideoRequest, model: Model) -> None:
    """A frame without the one before it would become another frame; images that are combined have no such order."""
    given = [number for number, image in enumerate(request.images, 1) if image is not None]
    if given and given[0] > 1 and not model.fusion:
        raise Refusal(Reason.FIRST_IMAGE_MISSING, attached=f"image{given[0]}")


def _check_aspect_ratio(request: VideoRequest) -> None:
    if request.aspect_ratio is not None and request.aspect_ratio not in set(AspectRatio):
        raise Refusal(Reason.ASPECT_RATIO_UNSUPPORTED, aspect_ratio=request.aspect_ratio[:20])


def _check_resolution(
    resolution: str, image_count: int, model: Model, catalog: Catalog, unavailable: Collection[str]
) -> None:
    """The way out names the models that can do it with the same images, or else without any."""
    if resolution in set(model.makes(image_count)):
        return
    rows = [row for row in catalog.offered if row.name not in unavailable]
    with_images = [row.name for row in rows if row.takes(image_count) and resolution in set(row.makes(image_count))]
    without = [row.name for row in rows if row.takes(0) and resolution in set(row.makes(0))]
    raise Refusal(
        Reason.RESOLUTION_UNSUPPORTED,
        model=model.name,
        resolution=resolution[:20],
        supported=", ".join(model.makes(image_count)),
        others=", ".join(with_images or without),
        without_images=not with_images,
    )

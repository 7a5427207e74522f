"""What quota, models and help say; pure."""

from __future__ import annotations

from collections.abc import Iterable

from cogs.kit.reasons import relative
from cogs.kit.texts import fitting
from veo_core.domain.catalog import Model
from veo_core.domain.money import shown
from veo_core.domain.quota import QuotaStatus
from veo_core.services.studio import Allowance


def allowance_text(allowance: Allowance, running_per_user: int) -> str:
    """Used, left, and when the next place frees."""
    lines = [
        _quota_line("Videos", allowance.videos),
        _quota_line("1080p versions", allowance.upscales),
        f"At most {running_per_user} of yours run at once; more wait in line.",
    ]
    if allowance.server_percent is not None:
        lines.append(f"This server has used {allowance.server_percent} % of its budget.")
    return "\n".join(lines)


def _quota_line(name: str, answer: QuotaStatus) -> str:
    frees = f" · the next place frees {relative(answer.frees_at)}" if answer.frees_at is not None else ""
    return f"**{name}**: {answer.used} of {answer.limit} used in 24 hours, {answer.remaining} left{frees}"


def models_text(models: Iterable[Model], default: str, unavailable: frozenset[str]) -> str:
    """The capability table, readable on a phone."""
    return fitting([_model_line(model, default, unavailable) for model in models])


def _model_line(model: Model, default: str, unavailable: frozenset[str]) -> str:
    marks = " · default" if model.name == default else ""
    marks += " · **not available right now**" if model.name in unavailable else ""
    return (
        f"**{model.name}** · {model.speed}{marks}\n"
        f"{_image_words(model)} · {_resolution_words(model)} · about {shown(model.cost)} credits"
    )


def _resolution_words(model: Model) -> str:
    makes = model.makes(model.max_images)
    return ", ".join(one if one in makes else f"{one} without images" for one in model.resolutions)


_PAIR = 2


def _image_words(model: Model) -> str:
    if model.max_images == 0:
        return "text only"
    if model.fusion:
        return f"needs {model.min_images}–{model.max_images} images, which it fuses"
    counts = "2" if model.max_images == _PAIR else f"{_PAIR}–{model.max_images}"
    several = f", {counts} as {model.image_use(model.max_images)}" if model.max_images > 1 else ""
    return f"text, 1 image as {model.image_use(1)}{several}"


HELP_TEXT = (
    "I make videos from your words with Veo.\n"
    "**/veo create** – a prompt, and images if you like: one is the first frame, two are the first and the last.\n"
    "**/veo status** – what is under way, and its place in line\n"
    "**/veo cancel** – take back a video that hasn't begun\n"
    "**/veo history**, **/veo show** – your videos, also those that couldn't be posted\n"
    "**/veo quota** – what you have left today\n"
    "**/veo models** – what each model can do\n"
    "The **1080p** button under a video makes it larger. A video that fails is never counted."
)

"""What the provider accepts and how it refuses: the Veo API's published rules, as pure functions over parsed JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = "dict[str, JsonValue]"
Payload: TypeAlias = "Mapping[str, JsonValue]"

MODELS = ("veo2", "veo2-fast", "veo3", "veo3-fast", "veo31", "veo31-fast", "veo31-fast-ingredients")
FUSION_MODEL = "veo31-fast-ingredients"
SERVER_DEFAULT_MODEL = "veo3-fast"
ACTIONS = ("text2video", "image2video", "ingredients2video", "get1080p")
IMAGE_ACTIONS = ("image2video", "ingredients2video")
RATIOS = ("16:9", "9:16")
OLD_RATIOS = ("1:1", "4:3", "3:4")
RESOLUTIONS = ("1080p", "4k", "gif")
IMAGES_INVALID = "image_urls is invalid when generate videos"
DEFAULT_BATCH_LIMIT = 12

_BALANCE = "Your balance is not sufficient for current request, please buy more in Ace Data Cloud."
_DISABLED = "Your application has been disabled by Ace Data Cloud due to abnormal usage behavior."

ERRORS: Mapping[str, tuple[int, str]] = {
    "bad_request": (400, "model is invalid."),
    "no_token": (400, "No token specified for the request."),
    "token_mismatched": (400, "The specified token is not matched with API."),
    "api_not_implemented": (400, "The API is not implemented."),
    "busy": (400, "The service is busy, please try again later."),
    "disabled": (403, _DISABLED),
    "not_applied": (403, "You have not applied for this API, please apply first."),
    "permission_denied": (403, "This credential has no permission to use the API."),
    "invalid_token": (401, "The specified token is invalid or wrong."),
    "token_expired": (401, "token expired."),
    "used_up": (403, _BALANCE),
    "forbidden": (403, "The prompt was refused by content moderation."),
    "no_api": (404, "API does not exist, please make sure url is correct."),
    "too_many_requests": (429, "You have exceeded the rate limit."),
    "api_error": (500, "Internal server error."),
    "timeout": (504, "The request timed out."),
}
"""Code → usual HTTP status and message; `disabled` is also seen with 400, `token_mismatched` with 401."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the provider refuses a request before any task exists."""

    code: str
    message: str
    status: int

    @classmethod
    def of(cls, code: str, message: str | None = None) -> Refusal:
        """Build a refusal with the code's usual status; raises KeyError for a code that the provider does not have."""
        status, usual = ERRORS[code]
        return cls(code, message or usual, status)


@dataclass(slots=True)
class Terms:
    """The rules in force now: the provider changed them several times, so a test may change them too."""

    unsupported_models: set[str] = field(default_factory=set[str])
    """Answered with 400 `model is not supported`, as veo2 and veo2-fast are since July 2026."""
    unsupported_actions: set[str] = field(default_factory=set[str])
    """Answered with 400 `action is invalid.`, as ingredients2video was before it existed."""
    max_images: int = 3
    """Images allowed to the first-and-last-frame models: 3 in the source's table, 2 in newer guides."""
    old_ratios: bool = False
    """Whether 1:1, 4:3 and 3:4 still pass validation."""
    moderated_words: tuple[str, ...] = ()
    """A prompt that contains one of these (any case) is refused with 403 forbidden."""


def refusal_for(payload: Payload, terms: Terms) -> Refusal | None:
    """Say why `POST /veo/videos` refuses this body, or None; whether a `video_id` exists is not looked at here."""
    problem = _action_problem(payload, terms) or _model_problem(payload, terms) or _shape_problem(payload, terms)
    if problem is None:
        problem = _upscale_problem(payload) if payload["action"] == "get1080p" else _generation_problem(payload, terms)
    if problem is not None:
        return Refusal.of("bad_request", problem)
    return Refusal.of("forbidden") if _moderated(payload, terms) else None


def model_of(payload: Payload) -> str:
    """Name the model that would really run: the server has a default, and fusion forces its own model."""
    if payload.get("action") == "ingredients2video":
        return FUSION_MODEL
    model = payload.get("model")
    return model if isinstance(model, str) else SERVER_DEFAULT_MODEL


def images_of(payload: Payload) -> tuple[str, ...]:
    """Return the request's image addresses in order; none when the key is absent."""
    urls = payload.get("image_urls")
    return tuple(str(url) for url in urls) if isinstance(urls, list) else ()


def doomed(payload: Payload) -> bool:
    """Tell whether the request passes validation but its task fails later: 4k on anything but veo31 without images."""
    return payload.get("resolution") == "4k" and (model_of(payload) != "veo31" or bool(images_of(payload)))


def _action_problem(payload: Payload, terms: Terms) -> str | None:
    action = payload.get("action")
    return "action is invalid." if action not in ACTIONS or action in terms.unsupported_actions else None


def _model_problem(payload: Payload, terms: Terms) -> str | None:
    if "model" in payload and payload["model"] not in MODELS:
        return "model is invalid."
    return "model is not supported" if model_of(payload) in terms.unsupported_models else None


def _shape_problem(payload: Payload, terms: Terms) -> str | None:
    ratios = RATIOS + OLD_RATIOS if terms.old_ratios else RATIOS
    callback = payload.get("callback_url", "http://")
    checks = {
        "aspect_ratio is invalid.": payload.get("aspect_ratio", "16:9") in ratios,
        "resolution is invalid.": payload.get("resolution", "1080p") in RESOLUTIONS,
        "translation is invalid.": isinstance(payload.get("translation", False), bool),
        "async is invalid.": isinstance(payload.get("async", False), bool),
        "callback_url is invalid.": isinstance(callback, str) and callback.startswith(("http://", "https://")),
    }
    return next((message for message, fine in checks.items() if not fine), None)


def _upscale_problem(payload: Payload) -> str | None:
    video_id = payload.get("video_id")
    return None if isinstance(video_id, str) and video_id else "video_id is required."


def _generation_problem(payload: Payload, terms: Terms) -> str | None:
    prompt = payload.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        return "prompt is required."
    return None if _images_fit(payload, terms) else IMAGES_INVALID


def _images_fit(payload: Payload, terms: Terms) -> bool:
    if payload["action"] not in IMAGE_ACTIONS:
        return "image_urls" not in payload and model_of(payload) != FUSION_MODEL
    urls = payload.get("image_urls")
    if not isinstance(urls, list) or not 1 <= len(urls) <= _most_images(model_of(payload), terms):
        return False
    return all(isinstance(url, str) and url.startswith(("http://", "https://")) for url in urls)


def _most_images(model: str, terms: Terms) -> int:
    if model == FUSION_MODEL:
        return 3
    return 1 if model == "veo2-fast" else terms.max_images


def _moderated(payload: Payload, terms: Terms) -> bool:
    prompt = str(payload.get("prompt", "")).casefold()
    return any(word.casefold() in prompt for word in terms.moderated_words)

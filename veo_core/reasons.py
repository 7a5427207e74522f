"""Why something was refused or failed: the closed list that the words for people are keyed by."""

from enum import StrEnum


class Reason(StrEnum):
    """One stable word for each thing a person can be told; cogs.ui.messages has the text."""

    # Refused before anything is recorded
    PROMPT_MISSING = "prompt_missing"
    PROMPT_TOO_LONG = "prompt_too_long"
    MODEL_UNKNOWN = "model_unknown"
    MODEL_UNAVAILABLE = "model_unavailable"
    IMAGE_NEEDED = "image_needed"
    TOO_MANY_IMAGES = "too_many_images"
    RESOLUTION_UNSUPPORTED = "resolution_unsupported"
    ASPECT_RATIO_UNSUPPORTED = "aspect_ratio_unsupported"
    NOT_AN_IMAGE = "not_an_image"
    IMAGE_TOO_LARGE = "image_too_large"
    IMAGE_EMPTY = "image_empty"
    IMAGE_UNREADABLE = "image_unreadable"
    DAILY_LIMIT = "daily_limit"
    UPSCALE_LIMIT = "upscale_limit"
    NOT_FOUND = "not_found"
    NOT_YOURS = "not_yours"
    TOO_LATE_TO_CANCEL = "too_late_to_cancel"
    NOTHING_TO_CANCEL = "nothing_to_cancel"
    UPSCALE_IMPOSSIBLE = "upscale_impossible"
    SERVER_ONLY = "server_only"
    CANNOT_POST_HERE = "cannot_post_here"
    STORAGE_TROUBLE = "storage_trouble"
    BLOCKED = "blocked"
    NOT_BLOCKED = "not_blocked"
    NOT_ADMIN = "not_admin"

    # A recorded job that ended without a video
    MODERATED = "moderated"
    MODEL_RETIRED = "model_retired"
    UPSCALE_REFUSED = "upscale_refused"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_FAILED = "provider_failed"
    NO_OUTPUT = "no_output"
    LOST = "lost"
    EXPIRED = "expired"
    IMAGES_EXPIRED = "images_expired"

"""The words for each reason: a short stable title and one next step; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cogs.kit.escape import quoted
from veo_core.reasons import Reason


@dataclass(frozen=True, slots=True)
class UserMessage:
    """A title and a text."""

    title: str
    text: str


_UNREAD = "I could not read this image"
_SAVE_AGAIN = "Save {filename} as PNG or JPEG and attach it again."
_NO_LONGER_OFFERED = "The provider no longer offers {model}. These models work: {models}."
_NO_VIDEO = "The provider had a problem and made no video. It does not count. You can try again."

WORDS: Mapping[Reason, UserMessage] = {
    Reason.PROMPT_MISSING: UserMessage(
        "A prompt is needed", "Describe your video in a sentence or two and send it again."
    ),
    Reason.PROMPT_TOO_LONG: UserMessage(
        "This prompt is too long", "It has {length} characters; {limit} are possible. Send a shorter one."
    ),
    Reason.MODEL_UNKNOWN: UserMessage("I don't know that model", "Choose one of: {models}."),
    Reason.MODEL_UNAVAILABLE: UserMessage("This model is not available", _NO_LONGER_OFFERED),
    Reason.IMAGE_NEEDED: UserMessage(
        "That model needs an image",
        "`{model}` makes videos from images. Attach at least {needed}, or choose another model.",
    ),
    Reason.TOO_MANY_IMAGES: UserMessage(
        "Too many images for that model", "`{model}` takes at most {limit}. Leave some out, or choose another model."
    ),
    Reason.FIRST_IMAGE_MISSING: UserMessage(
        "The first image is missing", "You attached {attached} without image1. Put the first frame into image1."
    ),
    Reason.RESOLUTION_UNSUPPORTED: UserMessage(
        "This model cannot make {resolution}", "{model} can make {supported}. {way_out}"
    ),
    Reason.ASPECT_RATIO_UNSUPPORTED: UserMessage("That aspect ratio isn't supported", "Choose 16:9 or 9:16."),
    Reason.NOT_AN_IMAGE: UserMessage("This file is not an image I can use", _SAVE_AGAIN),
    Reason.IMAGE_TOO_LARGE: UserMessage(
        "This image is too large", "{filename} may have at most {limit_mb} MB and {megapixels} megapixels."
    ),
    Reason.IMAGE_TOO_SMALL: UserMessage(
        "This image is too small or too narrow",
        "Each side of {filename} needs at least {pixels} pixels, and no side may be more than {ratio} times the other.",
    ),
    Reason.IMAGE_EMPTY: UserMessage(_UNREAD, "Discord did not give me {filename}. Attach it again."),
    Reason.IMAGE_UNREADABLE: UserMessage(_UNREAD, "Discord did not give me {filename}. Attach it again."),
    Reason.IMAGE_BROKEN: UserMessage(_UNREAD, _SAVE_AGAIN),
    Reason.DAILY_LIMIT: UserMessage(
        "Daily limit reached", "You have used all {limit} videos of the last 24 hours. {frees}"
    ),
    Reason.UPSCALE_LIMIT: UserMessage(
        "Daily limit reached", "You have used all {limit} 1080p versions of the last 24 hours. {frees}"
    ),
    Reason.VIDEOS_OFF: UserMessage(
        "Videos are switched off here", "The people who run this bot do not allow videos here."
    ),
    Reason.SWITCHED_OFF: UserMessage("This is switched off", "The people who run this bot have switched {action} off."),
    Reason.MODEL_NOT_OFFERED: UserMessage("This is not offered here", "{models} can be used here."),
    Reason.BUDGET_REACHED: UserMessage(
        "The budget is used up", "This server's budget for videos is used up until {until}."
    ),
    Reason.BOT_BUDGET_REACHED: UserMessage("No more videos for now", "No more videos can be made until {until}."),
    Reason.TOO_MANY_TRIES: UserMessage("Too many tries", "Please wait until {until} and try again."),
    Reason.NOT_FOUND: UserMessage(
        "I can't find that video", "It isn't one of this server's. `/veo history` lists yours."
    ),
    Reason.NOT_YOURS: UserMessage(
        "That's not yours to change", "Only the person who asked for video #{job_id} and the moderators can do this."
    ),
    Reason.TOO_LATE_TO_CANCEL: UserMessage(
        "It's too late to cancel", "Video #{job_id} is already being made or has ended."
    ),
    Reason.NOTHING_TO_CANCEL: UserMessage(
        "There is nothing to cancel", "None of your videos is waiting. `/veo status` shows what is under way."
    ),
    Reason.UPSCALE_IMPOSSIBLE: UserMessage(
        "There is no 1080p version of this", "Only a finished 720p video can be made larger."
    ),
    Reason.SERVER_ONLY: UserMessage(
        "Please use this in a server", "Videos are made in a server's channels. Ask there once more."
    ),
    Reason.SERVER_NOT_ALLOWED: UserMessage(
        "This server is not set up", "The people who run this bot have not allowed it here."
    ),
    Reason.CANNOT_POST_HERE: UserMessage(
        "I cannot post here",
        "I need the permission {missing} in this channel. Ask a moderator, or use another channel.",
    ),
    Reason.STORAGE_TROUBLE: UserMessage(
        "I couldn't write that down", "Nothing was started and nothing was counted. Please try again in a few minutes."
    ),
    Reason.NOT_BLOCKED: UserMessage("Nothing to take back", "This person isn't blocked here."),
    Reason.NOT_ADMIN: UserMessage("That's for this server's managers", "It needs the permission Manage Server."),
    Reason.BLOCKED: UserMessage(
        "You cannot make videos here", "A moderator has blocked you from making videos in {where}."
    ),
    Reason.MODERATED: UserMessage(
        "Prompt refused",
        "The content rules of the provider do not allow this prompt. Write it in another way. It does not count.",
    ),
    Reason.IMAGE_REFUSED: UserMessage(
        "Image refused", "The content rules do not allow one of the images. Use another one. It does not count."
    ),
    Reason.SOUND_REFUSED: UserMessage(
        "Sound refused", "The sound was refused; the same prompt may work if you try again. It does not count."
    ),
    Reason.MODEL_RETIRED: UserMessage("This model is not available", f"{_NO_LONGER_OFFERED} It does not count."),
    Reason.UPSCALE_REFUSED: UserMessage(
        "There is no 1080p version of this video", "The provider cannot make it. It does not count."
    ),
    Reason.PROVIDER_REFUSED: UserMessage(
        "The provider did not accept this request",
        "It does not count. If it happens again, tell a moderator this reference: `{reference}`.",
    ),
    Reason.PROVIDER_FAILED: UserMessage("The video could not be made", _NO_VIDEO),
    Reason.NO_OUTPUT: UserMessage("The video could not be made", _NO_VIDEO),
    Reason.VIDEO_GONE: UserMessage(
        "The video file is gone",
        "The provider made this video, but its file cannot be read any more. It does not count.",
    ),
    Reason.LOST: UserMessage(
        "The request was lost", "The provider does not know it. It does not count. You can try again."
    ),
    Reason.EXPIRED: UserMessage(
        "This took too long", "No video came for hours, so I stopped waiting. It does not count."
    ),
    Reason.IMAGES_EXPIRED: UserMessage(
        "The images are gone",
        "Discord keeps attached images for a day only. Nothing was counted. Please ask again with them.",
    ),
}

_TOO_LONG = WORDS[Reason.PROMPT_TOO_LONG].title
# What the provider found out itself, in a job that was recorded before.
_TOO_LONG_WITH_LIMIT = UserMessage(
    _TOO_LONG, "It has {length} characters; {limit} are possible with this model. It does not count."
)
_FOUND_BY_PROVIDER: Mapping[Reason, UserMessage] = {
    Reason.PROMPT_TOO_LONG: UserMessage(
        _TOO_LONG, "It has {length} characters, and the provider takes fewer. Send a shorter one. It does not count."
    ),
    Reason.IMAGE_UNREADABLE: UserMessage(
        "I could not read this image",
        "The provider could not read one of the images. Attach it again, as PNG or JPEG. It does not count.",
    ),
}


def words_of_end(reason: Reason, details: Mapping[str, str]) -> UserMessage:
    """The words for a recorded job that ended without a video; `details` are ready to be shown."""
    words = _FOUND_BY_PROVIDER.get(reason, WORDS[reason])
    if reason is Reason.PROMPT_TOO_LONG and "limit" in details:
        words = _TOO_LONG_WITH_LIMIT
    return UserMessage(words.title, words.text.format_map(_Lenient(details)))


def refusal_words(reason: Reason, details: Mapping[str, str | int | datetime | None]) -> UserMessage:
    """The words for a refusal, with its details filled in; names that people chose are made harmless."""
    values = {name: _shown(value) for name, value in details.items()}
    frees_at = details.get("frees_at")
    until = details.get("until")
    values["until"] = clock_time(until) if isinstance(until, datetime) else "later"
    values["frees"] = f"The next place frees {relative(frees_at)}." if isinstance(frees_at, datetime) else ""
    values["way_out"] = _way_out(values) if details.get("others") else ""
    words = WORDS[reason]
    short = _Lenient({name: _shown(value, _IN_A_TITLE) for name, value in details.items()})
    return UserMessage(words.title.format_map(short), words.text.format_map(_Lenient(values)).strip())


# A title is short; what stands in one is a resolution.
_IN_A_TITLE = 40


def _way_out(values: Mapping[str, str]) -> str:
    without_images = " without images" if values.get("without_images") == str(True) else ""
    return f"For {values.get('resolution')} choose {values['others']}{without_images}."


def relative(moment: datetime) -> str:
    """A time that Discord counts down by itself."""
    return f"<t:{int(moment.timestamp())}:R>"


def clock_time(moment: datetime) -> str:
    """A time of day in the reader's zone, with the date: true however late it is read."""
    return f"<t:{int(moment.timestamp())}:f>"


def _shown(value: str | int | datetime | None, limit: int = 300) -> str:
    return quoted(value, limit) if isinstance(value, str) else str(value)


class _Lenient(dict[str, str]):
    """A detail that a caller left out must not turn a refusal into a crash."""

    def __missing__(self, key: str) -> str:
        return "it"

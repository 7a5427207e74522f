"""The rules a message's JSON must keep, as Discord's reference states them; a fault is answered with 50035."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .check_components import check_components
from .errors import ApiError, ErrorCode, FormErrors
from .jsons import as_list, as_object
from .message import COMPONENTS_V2, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS

if TYPE_CHECKING:
    from .body import File
    from .jsons import Json

CONTENT = 2000
EMBEDS = 10
EMBED_TOTAL = 6000
FIELDS = 25
FILES = 10
DESCRIPTION = 1024
SHOWING = ("content", "embeds", "components", "attachments", "sticker_ids", "poll")
NONCE = 25
MENTIONS = 100
COMMON_FLAGS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2
EMBED_TEXTS = {"title": 256, "description": 4096}
EMBED_PARTS = {"footer": ("text", 2048), "author": ("name", 256)}
EMBED_URLS = ("url", "image.url", "thumbnail.url", "author.url", "author.icon_url", "footer.icon_url")


def check_message(
    body: Json, files: dict[int, File], *, kept: set[int], flags: int = COMMON_FLAGS, v2: bool = False
) -> None:
    """Demand a well-formed message or edit.

    `kept` are the attachments it has, `flags` the bits it may set, `v2` tells that it already has such components.

    Raises:
        ApiError: 50035 with every fault.
    """
    errors = FormErrors()
    v2 = v2 or bool((body.get("flags") or 0) & COMPONENTS_V2)
    errors.text("content", body.get("content"), high=CONTENT)
    _check_flags(errors, body, flags)
    _check_nonce(errors, body)
    _check_mentions(errors, body.get("allowed_mentions"))
    check_embeds(errors, body.get("embeds"))
    names = _check_attachments(errors, body, files, kept)
    check_components(errors, body.get("components"), v2=v2)
    _check_v2_alone(errors, body, v2=v2)
    _check_attachment_urls(errors, body, names)
    errors.raise_if_any()


def check_not_empty(body: Json, files: dict[int, File]) -> None:
    """Demand that a new message shows something.

    Raises:
        ApiError: 50006.
    """
    if not files and not any(body.get(key) for key in SHOWING):
        raise ApiError(ErrorCode.EMPTY_MESSAGE)


def _check_flags(errors: FormErrors, body: Json, allowed: int) -> None:
    flags = body.get("flags")
    errors.number("flags", flags, low=0, high=(1 << 31) - 1)
    if isinstance(flags, int) and flags & ~allowed:
        errors.add("flags", "INVALID_BITWISE_FLAG", f"Flags {flags & ~allowed} cannot be set here.")
    if not isinstance(body.get("tts", False), bool):
        errors.add("tts", "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")


def _check_nonce(errors: FormErrors, body: Json) -> None:
    nonce = body.get("nonce")
    if nonce is not None and not isinstance(nonce, int):
        errors.text("nonce", nonce, high=NONCE, low=1)
    if body.get("enforce_nonce") and nonce is None:
        errors.add("nonce", "BASE_TYPE_REQUIRED", "enforce_nonce needs a nonce.")


def _check_mentions(errors: FormErrors, mentions: Any) -> None:
    if mentions is None:
        return
    parse = errors.items("allowed_mentions.parse", mentions.get("parse"), high=3)
    for kind in parse:
        if kind not in ("roles", "users", "everyone"):
            errors.add("allowed_mentions.parse", "BASE_TYPE_CHOICES", f"{kind!r} is no kind of mention.")
    for kind in ("users", "roles"):
        listed = errors.items(f"allowed_mentions.{kind}", mentions.get(kind), high=MENTIONS)
        if listed and kind in parse:
            text = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            errors.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text)
        errors.unique(f"allowed_mentions.{kind}", listed, "SET_TYPE_ALREADY_CONTAINS_VALUE")


def check_embeds(errors: FormErrors, value: object) -> None:
    """Demand embeds within Discord's limits (reference, "Embed Limits")."""
    embeds = errors.items("embeds", value, high=EMBEDS)
    for index, embed in enumerate(embeds):
        _check_embed(errors, f"embeds.{index}", embed)
    if sum(_embed_size(embed) for embed in embeds) > EMBED_TOTAL:
        errors.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_TOTAL}")


def _check_embed(errors: FormErrors, path: str, embed: Json) -> None:
    for key, high in EMBED_TEXTS.items():
        errors.text(f"{path}.{key}", embed.get(key), high=high)
    for key, (inner, high) in EMBED_PARTS.items():
        if embed.get(key) is not None:
            errors.text(f"{path}.{key}.{inner}", embed[key].get(inner), high=high, low=key == "author")
    for index, one in enumerate(errors.items(f"{path}.fields", embed.get("fields"), high=FIELDS)):
        errors.text(f"{path}.fields.{index}.name", one.get("name"), high=256, low=1)
        errors.text(f"{path}.fields.{index}.value", one.get("value"), high=1024, low=1)
    errors.number(f"{path}.color", embed.get("color"), low=0, high=0xFFFFFF)
    for dotted in EMBED_URLS:
        _check_url(errors, f"{path}.{dotted}", _dig(embed, dotted), with_attachment="." in dotted)


def _check_url(errors: FormErrors, path: str, url: object, *, with_attachment: bool) -> None:
    if url is None:
        return
    parts = urlsplit(str(url))
    schemes = ("http", "https", "attachment") if with_attachment else ("http", "https")
    if parts.scheme not in schemes or not parts.netloc:
        errors.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    errors.text(path, url, high=2048)


def _dig(tree: Json, dotted: str) -> object:
    node: object = tree
    for part in dotted.split("."):
        node = as_object(node).get(part)
    return node


def _embed_size(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [_dig(embed, "footer.text"), _dig(embed, "author.name")]
    texts += [text for one in as_list(embed.get("fields")) for text in (one.get("name"), one.get("value"))]
    return sum(len(str(text)) for text in texts if text)


def _check_attachments(errors: FormErrors, body: Json, files: dict[int, File], kept: set[int]) -> set[str]:
    listed = errors.items("attachments", body.get("attachments"), high=FILES)
    if len(files) > FILES:
        errors.add("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")
    names = {one.filename for one in files.values()}
    for index, entry in enumerate(listed):
        path = f"attachments.{index}"
        number = int(entry.get("id", -1))
        if number not in files and number not in kept:
            errors.add(path, "ATTACHMENT_NOT_FOUND", f"Attachment {number} is neither uploaded nor on the message.")
        errors.text(f"{path}.filename", entry.get("filename"), high=1024)
        errors.text(f"{path}.description", entry.get("description"), high=DESCRIPTION)
        names.add(str(entry.get("filename")))
    errors.unique("attachments", [str(entry.get("id")) for entry in listed], "SET_TYPE_ALREADY_CONTAINS_VALUE")
    return names


def _check_attachment_urls(errors: FormErrors, body: Json, names: set[str]) -> None:
    for key in ("embeds", "components"):
        for url in _attachment_urls(body.get(key)):
            if url.removeprefix("attachment://") not in names:
                errors.add(key, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", f"{url} was not uploaded.")


def _attachment_urls(tree: object) -> list[str]:
    if isinstance(tree, str):
        return [tree] if tree.startswith("attachment://") else []
    return [url for child in [*as_list(tree), *as_object(tree).values()] for url in _attachment_urls(child)]


def _check_v2_alone(errors: FormErrors, body: Json, *, v2: bool) -> None:
    if not v2:
        return
    for key in ("content", "embeds", "sticker_ids", "poll"):
        if body.get(key):
            errors.add(key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Not with IS_COMPONENTS_V2.")

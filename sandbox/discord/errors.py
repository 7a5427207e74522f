"""Discord's refusals: the error table and the exception that carries one to the HTTP answer."""

from __future__ import annotations

from enum import Enum
from typing import Any

from .jsons import Json, as_list


class ErrorCode(Enum):
    """One refusal of Discord: HTTP status, JSON code, message (Discord's table of JSON error codes)."""

    UNAUTHORIZED = (401, 0, "401: Unauthorized")
    NOT_FOUND = (404, 0, "404: Not Found")
    UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
    UNKNOWN_GUILD = (404, 10004, "Unknown Guild")
    UNKNOWN_MEMBER = (404, 10007, "Unknown Member")
    UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
    UNKNOWN_USER = (404, 10013, "Unknown User")
    UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
    UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
    UNKNOWN_COMMAND = (404, 10063, "Unknown application command")
    OLD_EDITS = (429, 30046, "Maximum number of edits to messages older than 1 hour reached. Try again later")
    REQUEST_TOO_LARGE = (413, 40005, "Request entity too large")
    BANNED_FROM_GUILD = (403, 40007, "The user is banned from this guild")
    ALREADY_ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
    TOO_MANY_FOLLOWUPS = (400, 40094, "This interaction has reached its follow-up message limit")
    MISSING_ACCESS = (403, 50001, "Missing Access")
    NOT_THE_AUTHOR = (403, 50005, "Cannot edit a message authored by another user")
    EMPTY_MESSAGE = (400, 50006, "Cannot send an empty message")
    WRONG_CHANNEL_TYPE = (400, 50024, "Cannot execute action on this channel type")
    CANNOT_MESSAGE_USER = (403, 50007, "Cannot send messages to this user")
    MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
    INVALID_WEBHOOK_TOKEN = (401, 50027, "Invalid Webhook Token")
    INVALID_FORM = (400, 50035, "Invalid Form Body")
    FILE_TOO_LARGE = (400, 50045, "File uploaded exceeds the maximum size")
    THREAD_ARCHIVED = (400, 50083, "Thread is archived")
    INVALID_JSON = (400, 50109, "The request body contains invalid JSON.")
    OVERLOADED = (503, 130000, "API resource is currently overloaded. Try again a little later")
    REPLY_NEEDS_HISTORY = (400, 160002, "Cannot reply without permission to read message history")
    THREAD_LOCKED = (400, 160005, "Thread is locked")
    BLOCKED_BY_AUTOMOD = (400, 200000, "Message was blocked by automatic moderation")
    BLOCKED_LINK = (400, 240000, "Message blocked by harmful links filter")
    INTERNAL = (500, 0, "500: Internal Server Error")
    BAD_GATEWAY = (502, 0, "502: Bad Gateway")
    UNAVAILABLE = (503, 0, "503: Service Unavailable")

    @property
    def status(self) -> int:
        """HTTP status."""
        return self.value[0]

    @property
    def code(self) -> int:
        """Discord's JSON error code; 0 where Discord has none."""
        return self.value[1]

    @property
    def message(self) -> str:
        """Discord's words."""
        return self.value[2]


class ApiError(Exception):
    """A request that Discord refuses."""

    def __init__(self, code: ErrorCode, errors: Json | None = None) -> None:
        """Carry `code`, with the field errors of an invalid form."""
        super().__init__(f"{code.status} {code.code} {code.message} {errors or ''}".strip())
        self.code = code
        self.errors = errors

    def body(self) -> Json:
        """JSON of the answer."""
        body: Json = {"message": self.code.message, "code": self.code.code}
        return body if self.errors is None else body | {"errors": self.errors}


class FormErrors:
    """Collects the faults of one form, in the nested shape of code 50035."""

    def __init__(self) -> None:
        """Start without faults."""
        self._tree: Json = {}

    def add(self, path: str, code: str, message: str) -> None:
        """Note a fault of the field at `path`, for example `embeds.0.title`."""
        node = self._tree
        for part in path.split("."):
            node = node.setdefault(part, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def text(self, path: str, value: object, *, high: int, low: int = 0) -> bool:
        """Demand a string of `low` to `high` characters; absent (None) is fine when `low` is 0."""
        if value is None and low == 0:
            return True
        if not isinstance(value, str):
            self.add(
                path, "STRING_TYPE_CONVERT" if value is not None else "BASE_TYPE_REQUIRED", "A string is required."
            )
        elif not low <= len(value) <= high:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        else:
            return True
        return False

    def items(self, path: str, value: object, *, high: int, low: int = 0) -> list[Any]:
        """Demand a list of `low` to `high` entries and return it; absent (None) counts as empty."""
        entries = as_list(value)
        if not low <= len(entries) <= high or (value is not None and not isinstance(value, list)):
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be a list of {low} to {high} entries.")
        return entries

    def number(self, path: str, value: object, *, low: int, high: int) -> None:
        """Demand an integer from `low` to `high`; absent (None) is fine."""
        if value is None:
            return
        if not isinstance(value, int) or isinstance(value, bool):
            self.add(path, "NUMBER_TYPE_COERCE", "An integer is required.")
        elif not low <= value <= high:
            self.add(path, "NUMBER_TYPE_RANGE", f"Must be between {low} and {high}.")

    def unique(self, path: str, values: list[Any], code: str) -> None:
        """Demand that no value occurs twice."""
        if len(set(values)) != len(values):
            self.add(path, code, "Must be unique.")

    def raise_if_any(self) -> None:
        """Refuse the form when a fault was noted.

        Raises:
            ApiError: 50035 with every fault.
        """
        if self._tree:
            raise ApiError(ErrorCode.INVALID_FORM, self._tree)

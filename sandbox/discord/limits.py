"""Discord's limits: a bucket for the messages of each channel, told in headers and refused beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .jsons import Json

if TYPE_CHECKING:
    from .clock import Clock
    from .traffic import RequestRecord

MESSAGES = ("POST", "/channels/{channel_id}/messages")


@dataclass
class Window:
    """What is left until when."""

    remaining: int
    ends_at: float


class Limits:
    """So many messages a channel in so many seconds; none until `messages` is set."""

    def __init__(self, clock: Clock) -> None:
        """Count by `clock`."""
        self._clock = clock
        self._windows: dict[str, Window] = {}
        self.messages: tuple[int, float] | None = None

    def take(self, record: RequestRecord) -> tuple[dict[str, str], Json | None]:
        """Count a request: its headers, and the body of a 429 when it is one too many."""
        if self.messages is None or (record.method, record.route) != MESSAGES:
            return {}, None
        most, seconds = self.messages
        now = self._clock.now().timestamp()
        window = self._windows.get(record.path)
        if window is None or now >= window.ends_at:
            window = self._windows[record.path] = Window(most, now + seconds)
        left = window.ends_at - now
        refused: Json | None = None
        if window.remaining == 0:
            refused = {"message": "You are being rate limited.", "retry_after": round(left, 3), "global": False}
        else:
            window.remaining -= 1
        return _headers(most, window, left, is_refused=refused is not None), refused


def _headers(most: int, window: Window, left: float, *, is_refused: bool) -> dict[str, str]:
    headers = {
        "X-RateLimit-Limit": str(most),
        "X-RateLimit-Remaining": str(window.remaining),
        "X-RateLimit-Reset": f"{window.ends_at:.3f}",
        "X-RateLimit-Reset-After": f"{left:.3f}",
        "X-RateLimit-Bucket": "messages-of-a-channel",
    }
    return headers | ({"Retry-After": str(int(left) + 1), "X-RateLimit-Scope": "user"} if is_refused else {})

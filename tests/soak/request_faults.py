"""The drizzle of a storm: tables of what spoils single requests by chance, on both stand-ins."""

from __future__ import annotations

from math import inf

from sandbox import veo
from sandbox.discord import Drop, ErrorCode, Garbage, Hang, RateLimit, Refuse, RequestRecord
from sandbox.discord.faults import Effect
from sandbox.veo import FailTask, IgnoreAsync, Invisible, Route, Shape, Shaped, error_answer, html_answer, rate_limited
from tests.process.house import House

MEBIBYTE = 1024 * 1024
_PAGE = b"<html>sign in</html>"

# Chances of the faults of one POST /veo/videos; faults in one row strike together.
SUBMISSIONS: tuple[tuple[float, tuple[veo.Fault, ...]], ...] = (
    (0.03, (veo.Reset(after=True),)),
    (0.02, (veo.Hang(4, after=True),)),
    (0.02, (html_answer(502, after=True),)),
    (0.02, (error_answer("timeout", after=True),)),
    (0.02, (error_answer("api_error", after=True),)),
    (0.02, (veo.cut_off_answer(200, after=True),)),
    (0.03, (veo.Reset(after=True), Invisible(0.8))),
    (0.01, (veo.Reset(after=True), Invisible(inf))),
    (0.01, (veo.Reset(),)),
    (0.01, (html_answer(502),)),
    (0.01, (error_answer("api_error"),)),
    (0.02, (rate_limited(),)),
    (0.02, (rate_limited("1"),)),
    (0.02, (error_answer("forbidden"),)),
    (0.02, (FailTask("forbidden"),)),
    (0.02, (FailTask("api_error", "no capacity"),)),
    (0.02, (Shaped(Shape(with_url=False)),)),
    (0.02, (Invisible(1.0),)),
    (0.01, (Invisible(inf),)),
    (0.03, (IgnoreAsync(),)),
    (0.03, (Shaped(Shape(data_as_object=True, uuid_video_id=True, iso_times=True, state="completed")),)),
    (0.03, (veo.Slow(2.5),)),
)
LOOKS: tuple[tuple[float, veo.Fault], ...] = (
    (0.01, html_answer(502)),
    (0.01, error_answer("api_error")),
    (0.01, veo.Reset()),
    (0.005, veo.Hang(1.0)),
    (0.005, rate_limited()),
    (0.005, rate_limited("1")),
    (0.01, veo.cut_off_answer(200)),
)
FILES: tuple[tuple[float, veo.Fault], ...] = (
    (0.04, veo.Reset()),
    (0.04, veo.CutShort()),
    (0.04, veo.WrongBytes(_PAGE)),
    (0.04, veo.Answer(404, "<html>404</html>", "text/html")),
    (0.04, veo.Trickle(1.0)),
    (0.02, veo.Endless(12 * MEBIBYTE)),
    (0.02, veo.Redirect("http://localhost:1/elsewhere.mp4")),
)

_BEFORE: tuple[tuple[float, Effect], ...] = (
    (0.01, Refuse(ErrorCode.INTERNAL)),
    (0.02, Refuse(ErrorCode.OVERLOADED)),
    (0.02, Drop(hard=True)),
    (0.01, Drop(hard=False)),
    (0.01, Garbage(502)),
    (0.01, Hang(0.5)),
    (0.02, RateLimit(0.2)),
)
_AFTER: tuple[tuple[float, Effect], ...] = (
    (0.01, Refuse(ErrorCode.INTERNAL)),
    (0.02, Refuse(ErrorCode.OVERLOADED)),
    (0.03, Drop(hard=True)),
    (0.02, Drop(hard=False)),
    (0.01, Garbage(503)),
    (0.01, Hang(0.5)),
)
_POSTS = "/channels/{channel_id}/messages"
_EDITS = "/channels/{channel_id}/messages/{message_id}"
_CALLBACKS = "/interactions/{interaction_id}/{token}/callback"
_ANSWERS = "/webhooks/{application_id}/{token}/messages/{message_id}"
# Whatever may strike each of these routes.
REQUESTS = (("POST", _POSTS), ("PATCH", _EDITS), ("POST", _CALLBACKS), ("PATCH", _ANSWERS))
SPECIAL: tuple[tuple[str, str, float, Effect], ...] = (
    ("PATCH", _EDITS, 0.01, Refuse(ErrorCode.OLD_EDITS)),
    ("POST", _CALLBACKS, 0.03, Refuse(ErrorCode.UNKNOWN_INTERACTION)),
    ("PATCH", _ANSWERS, 0.02, Refuse(ErrorCode.INVALID_WEBHOOK_TOKEN)),
    ("GET", _POSTS, 0.05, Refuse(ErrorCode.OVERLOADED)),
    ("GET", _POSTS, 0.03, Drop(hard=True)),
    ("POST", "/users/@me/channels", 0.05, Refuse(ErrorCode.OVERLOADED)),
    ("GET", "/cdn/*", 0.05, Drop(hard=True)),
    ("GET", "/users/@me", 0.04, Refuse(ErrorCode.OVERLOADED)),
    ("GET", "/gateway/bot", 0.04, Drop(hard=True)),
)


def begin_drizzle(house: House) -> None:
    """From now on requests are spoilt by chance."""
    submissions, discord = house.veo.faults, house.discord.faults
    for chance, faults in SUBMISSIONS:
        submissions.add(Route.VIDEOS, *faults, times=None, chance=chance)
    for route, table in ((Route.TASKS, LOOKS), (Route.MEDIA, FILES)):
        for chance, fault in table:
            submissions.add(route, fault, times=None, chance=chance)
    for method, path in REQUESTS:
        for after, effects in ((False, _BEFORE), (True, _AFTER)):
            for chance, effect in effects:
                discord.add(method, path, effect, after=after, chance=chance)
    for method, path, chance, effect in SPECIAL:
        discord.add(method, path, effect, chance=chance)
    discord.add("POST", _POSTS, Refuse(ErrorCode.REQUEST_TOO_LARGE), chance=0.03, when=_has_file)


def _has_file(record: RequestRecord) -> bool:
    return bool(record.files)

"""A stand-in for the provider's Veo API: real HTTP, real files, its documented manners, and faults on demand."""

from __future__ import annotations

from sandbox.veo.contract import ERRORS, MODELS, Terms
from sandbox.veo.faults import (
    Answer,
    CutShort,
    Endless,
    ErrorForm,
    FailTask,
    Fault,
    FaultBook,
    Hang,
    IgnoreAsync,
    Invisible,
    Partial,
    Redirect,
    Reset,
    Route,
    Rule,
    Shaped,
    Slow,
    Trickle,
    WrongBytes,
    cut_off_answer,
    error_answer,
    html_answer,
    json_answer,
    rate_limited,
)
from sandbox.veo.files import TINY_MP4, ClipOrder, Renderer
from sandbox.veo.journal import MediaHit, Outcome, SeenRequest, SentCallback, Submission
from sandbox.veo.odd_answers import Naming, coded_answer, detail_answer, naming_answer
from sandbox.veo.records import SECRETS
from sandbox.veo.server import NotListeningError, StandInVeo
from sandbox.veo.shapes import Accepted, Pending, Shape
from sandbox.veo.tasks import Failure, Task, TaskEndedError, UnknownTaskError
from sandbox.veo.world import ImageMode, Settings, Switches

__all__ = [
    "ERRORS",
    "MODELS",
    "SECRETS",
    "TINY_MP4",
    "Accepted",
    "Answer",
    "ClipOrder",
    "CutShort",
    "Endless",
    "ErrorForm",
    "FailTask",
    "Failure",
    "Fault",
    "FaultBook",
    "Hang",
    "IgnoreAsync",
    "ImageMode",
    "Invisible",
    "MediaHit",
    "Naming",
    "NotListeningError",
    "Outcome",
    "Partial",
    "Pending",
    "Redirect",
    "Renderer",
    "Reset",
    "Route",
    "Rule",
    "SeenRequest",
    "SentCallback",
    "Settings",
    "Shape",
    "Shaped",
    "Slow",
    "StandInVeo",
    "Submission",
    "Switches",
    "Task",
    "TaskEndedError",
    "Terms",
    "Trickle",
    "UnknownTaskError",
    "WrongBytes",
    "coded_answer",
    "cut_off_answer",
    "detail_answer",
    "error_answer",
    "html_answer",
    "json_answer",
    "naming_answer",
    "rate_limited",
]

"""The body of an answer ↔ its meaning, field by field; pure.

The provider's documents contradict each other and could not be tried live, so every shape they mention is
understood: data as object or list, errors as object, string, null or missing, six words for success.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from veo_core.loose import as_list, as_object, text_in, whole

SUCCESS_WORDS = frozenset({"succeeded", "succeed", "success", "completed", "complete", "finished"})
FAILURE_WORDS = frozenset({"failed", "failure", "error", "cancelled", "canceled", "rejected"})
# One clip costs about 12 credits at most; a thousand is a mistake of the provider's and not a price.
_ABSURD_CREDITS = 1000


class ApiError(BaseModel):
    """The `error` of an answer, however it was spelled."""

    code: str = ""
    message: str = ""

    @field_validator("code", "message", mode="before")
    @classmethod
    def _text(cls, value: object) -> str:
        return "" if value is None else whole(str(value))


class Item(BaseModel):
    """One element of `data`."""

    id: str | None = None
    video_url: str | None = None
    state: str | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _text(cls, value: object) -> str | None:
        return None if value is None or value == "" or isinstance(value, dict | list) else whole(str(value))


class Answer(BaseModel):
    """The body of POST /veo/videos, of a callback, and a record's `response`: one shape."""

    model_config = ConfigDict(extra="ignore")

    success: bool | None = None
    task_id: str | None = None
    trace_id: str | None = None
    data: tuple[Item, ...] = ()
    error: ApiError | None = None
    cost: int | None = None

    @field_validator("cost", mode="before")
    @classmethod
    def _cost(cls, value: object) -> int | None:
        return parse_cost(value)

    @field_validator("success", mode="before")
    @classmethod
    def _flag(cls, value: object) -> bool | None:
        return value if isinstance(value, bool) else None

    @field_validator("task_id", "trace_id", mode="before")
    @classmethod
    def _text(cls, value: object) -> str | None:
        return text_in(value)

    @field_validator("data", mode="before")
    @classmethod
    def _data_as_list(cls, value: object) -> list[object]:
        """The schema says object, every example is a list."""
        single = as_object(value)
        if single is not None:
            return [single] if single else []
        return [item for item in as_list(value) if as_object(item) is not None]

    @field_validator("error", mode="before")
    @classmethod
    def _as_error(cls, value: object) -> object:
        """An error may be an object, a bare string, null or missing."""
        if value is None or isinstance(value, dict):
            return as_object(cast("object", value)) or None
        return {"message": whole(str(value))}

    @property
    def failed(self) -> bool:
        """Whether this answer itself says that something went wrong."""
        return self.error is not None or self.success is False


def parse_answer(body: Mapping[str, Any]) -> Answer:
    """Read one answer; never raises for a JSON object."""
    try:
        return Answer.model_validate(dict(body))
    except ValidationError:
        return Answer(success=False, error=ApiError(message="the answer has an unknown shape"))


def parse_cost(value: object) -> int | None:
    """What a `cost` object says that a task cost, in thousandths of a credit.

    None when it is absent, in another currency, or when the amount is no amount of credits. The amount may be a number
    or decimal text.
    """
    fields = as_object(value)
    if fields is None or str(fields.get("currency") or "credit").lower() not in {"credit", "credits"}:
        return None
    amount = fields.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        return None
    try:
        credits_ = Decimal(str(amount).strip())
    except InvalidOperation:
        return None
    if not credits_.is_finite() or not 0 <= credits_ <= _ABSURD_CREDITS:
        return None
    return int((credits_ * 1000).to_integral_value(ROUND_HALF_UP))

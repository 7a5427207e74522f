"""Why a task failed, told by its code in any spelling and by its words."""

from __future__ import annotations

import re

from veo_core.domain.phrases import fault_in, spoken
from veo_core.domain.submissions import TaskReport
from veo_core.errors import AccountProblem
from veo_core.reasons import Reason

_LONGEST_LOGGED = 500
ACCOUNT_CODES = frozenset(
    {
        "no_token",
        "token_mismatched",
        "invalid_token",
        "token_expired",
        "disabled",
        "used_up",
        "insufficient_balance",
        "not_applied",
        "permission_denied",
        "api_not_implemented",
        "no_api",
    }
)
_CONTENT_CODE = re.compile(
    r"^forbidden$|content_?(?:reject|polic|filter|block|violat|moderat|refus|safety)|moderat|polic(?:y|ies)_violat"
    r"|prohibited|nsfw|unsafe|safety|responsible_?ai|sensitive_|prompt_(?:block|reject|refus|violat)"
)
TOO_LONG_CODE = re.compile(r"(?:prompt|text|input)_(?:is_)?too_long|prompt_length")


def failure_reason(report: TaskReport, prompt: str = "", *, has_images: bool = False) -> Reason:
    """Why a task failed, in our words."""
    code = plain_code(report.error_code)
    words = spoken(report.error_message, prompt)
    if not code and not report.error_message:
        return Reason.NO_OUTPUT
    if code in ACCOUNT_CODES:
        return Reason.PROVIDER_REFUSED
    fault = fault_in(words, has_images=has_images, refused=is_content_code(code))
    if fault is None and TOO_LONG_CODE.search(code):
        return Reason.PROMPT_TOO_LONG
    return fault or Reason.PROVIDER_FAILED


def account_problem_of(report: TaskReport) -> AccountProblem | None:
    """What a task says of the operator's account, by a known code; None when it says nothing of it."""
    if plain_code(report.error_code) not in ACCOUNT_CODES:
        return None
    return AccountProblem(report.error_message[:_LONGEST_LOGGED], code=report.error_code, trace_id=report.trace_id)


def plain_code(code: str) -> str:
    """An error code in one spelling: lower case, words apart by `_`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", code.strip())
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def is_content_code(code: str) -> bool:
    """Whether a code, in the one spelling, says that the content was refused."""
    return bool(_CONTENT_CODE.search(code))

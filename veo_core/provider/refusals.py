"""What the API's answer to a submission means: taken, refused and why, or lost; the contract's table; pure.

Only an answer that proves that nothing was taken allows another POST. Whatever names a task is an acceptance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from veo_core.domain.failures import ACCOUNT_CODES, TOO_LONG_CODE, is_content_code, plain_code
from veo_core.domain.phrases import fault_in, length_limit, speaks_of_account, speaks_of_content, spoken
from veo_core.domain.submissions import Submission, TaskReport, TaskState
from veo_core.errors import AccountProblem, AnswerLost, Proof, ProviderError, RateLimited, Rejected, Unreachable
from veo_core.provider.answers import ApiError, parse_answer
from veo_core.provider.bodies import retry_after
from veo_core.provider.loose_json import Json
from veo_core.provider.records import task_report
from veo_core.provider.task_ids import Statement, named_task, parse_body, statement_of
from veo_core.reasons import Reason

_OK, _REDIRECT, _CLIENT_ERROR, _SERVER_ERROR = 200, 300, 400, 500
_UNAUTHORIZED, _PAYMENT, _FORBIDDEN, _NOT_FOUND = 401, 402, 403, 404
_REQUEST_TIMEOUT, _TOO_LARGE, _TOO_MANY = 408, 413, 429
_LONGEST_LOGGED = 500
# At /veo/tasks these speak of that address and not of videos.
_ADDRESS_CODES = frozenset({"no_api", "api_not_implemented"})
_ACCOUNT_CODE = re.compile(
    r"balance|insufficient|billing|payment|api_?key|(?:^|_)key_|credential|unauth|permission|subscription|whitelist"
    r"|allow_?list"
)
_BUSY_CODES = frozenset({"busy", "too_many_requests"})
_LOST_CODES = frozenset({"api_error", "timeout"})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came: status, text, the Retry-After header; `is_cut`: larger than what is read of one."""

    status: int
    text: str
    retry_after: str | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class _Facts:
    """An answer that names no task, ready to be weighed."""

    status: int
    said: Statement
    code: str
    words: str
    asked: Submission

    @property
    def message(self) -> str:
        """For the operator's log."""
        return (self.said.message or self.said.code or f"HTTP {self.status}")[:_LONGEST_LOGGED]

    @property
    def proves_nothing_was_taken(self) -> bool:
        """A 4xx in which the API itself says something, or its own code elsewhere below 300."""
        if not self.said.says_something or self.status == _REQUEST_TIMEOUT:
            return False
        return _is_client_error(self.status) or (_is_fine(self.status) and bool(self.code and self.said.message))


def of_submission(reply: Reply, asked: Submission, now: datetime) -> TaskReport | ProviderError:
    """The pending or finished task that an answer names, or the error it stands for."""
    body = parse_body(reply.text)
    said = statement_of(body)
    report = _finished(reply, body)
    if report is not None:
        return report
    task_id = named_task(reply.text, body, asked.prompt)
    if task_id is not None:
        # The records of /veo/tasks tell the truth, also about a failure.
        return TaskReport(task_id, TaskState.PENDING, error_code=said.code, trace_id=said.trace_id)
    facts = _Facts(reply.status, said, plain_code(said.code), spoken(said.message, asked.prompt), asked)
    return _waits(facts, _wait_of(reply, now)) or _operators(facts) or _lost(facts) or _refused(facts)


def of_look(reply: Reply, error: ApiError | None, now: datetime) -> ProviderError | None:
    """The error that an answer of /veo/tasks stands for; None when it is none. Looks may always be made again."""
    said = error or ApiError()
    code, message = plain_code(said.code), said.message or f"HTTP {reply.status}"
    if reply.status == _TOO_MANY or code in _BUSY_CODES:
        return RateLimited(message, retry_after=_wait_of(reply, now), code=said.code)
    if code in ACCOUNT_CODES - _ADDRESS_CODES or reply.status in {_UNAUTHORIZED, _PAYMENT}:
        return AccountProblem(message, code=said.code or str(reply.status))
    if reply.status == _NOT_FOUND and not code:
        return Unreachable("the API is not at this address: HTTP 404")
    if not _is_client_error(reply.status) and reply.status >= _REDIRECT:
        return AnswerLost(message, code=said.code)
    if reply.status >= _CLIENT_ERROR or error is not None:
        return Rejected(message, reason=Reason.PROVIDER_REFUSED, status=reply.status, code=said.code)
    return None


def _finished(reply: Reply, body: Json | None) -> TaskReport | None:
    """The video itself, where the API held the connection until it was done and says nothing else."""
    if body is None or not _is_fine(reply.status):
        return None
    report = task_report(parse_answer(body))
    return report if report.state is TaskState.SUCCEEDED else None


def _waits(facts: _Facts, wait: timedelta | None) -> ProviderError | None:
    """A 429 in any form proves that nothing was taken."""
    busy = facts.code in _BUSY_CODES and facts.proves_nothing_was_taken
    if facts.status != _TOO_MANY and not busy:
        return None
    return RateLimited(facts.message, retry_after=wait, code=facts.said.code, trace_id=facts.said.trace_id)


def _operators(facts: _Facts) -> ProviderError | None:
    """Token, balance, permission or account: never told as the person's fault."""
    proof = _proof_of(facts)
    if proof is None:
        return None
    problem = AccountProblem(
        facts.message, code=facts.said.code or str(facts.status), trace_id=facts.said.trace_id, proof=proof
    )
    if facts.proves_nothing_was_taken:
        return problem
    return AnswerLost(facts.message, code=facts.said.code, trace_id=facts.said.trace_id, account=problem)


def _proof_of(facts: _Facts) -> Proof | None:
    if not (_is_fine(facts.status) or _is_client_error(facts.status)):
        return None
    if facts.code in ACCOUNT_CODES:
        return Proof.KNOWN
    if facts.status in {_UNAUTHORIZED, _PAYMENT}:
        return Proof.KNOWN if facts.code else Proof.LIKELY
    if _is_fine(facts.status) or is_content_code(facts.code):
        return None
    return _proof_of_words(facts)


def _proof_of_words(facts: _Facts) -> Proof | None:
    """For a 4xx without a known code: a 403 is the account unless it speaks of content, others are by their words."""
    if facts.status == _FORBIDDEN:
        return None if not facts.code and speaks_of_content(facts.words) else Proof.LIKELY
    if facts.code:
        return Proof.LIKELY if _ACCOUNT_CODE.search(facts.code) else None
    return Proof.WORDS if speaks_of_account(facts.words) else None


def _lost(facts: _Facts) -> ProviderError | None:
    """Something may have been taken, or nobody can know."""
    if facts.status == _TOO_LARGE:
        return None
    unknown = facts.code in _LOST_CODES and not (_is_client_error(facts.status) and speaks_of_content(facts.words))
    if facts.proves_nothing_was_taken and not unknown:
        return None
    message = facts.message if facts.said.says_something or facts.status != _OK else "the answer names no task"
    return AnswerLost(message, code=facts.said.code, trace_id=facts.said.trace_id)


def _refused(facts: _Facts) -> ProviderError:
    """This request will never work; the words say whose fault it is, in the ways that are known."""
    reason = _reason(facts)
    limit = length_limit(facts.said.message, facts.asked.prompt) if reason is Reason.PROMPT_TOO_LONG else None
    return Rejected(
        facts.message,
        reason=reason,
        status=facts.status,
        code=facts.said.code,
        trace_id=facts.said.trace_id,
        limit=limit,
    )


def _reason(facts: _Facts) -> Reason:
    fault = fault_in(facts.words, has_images=bool(facts.asked.image_urls), refused=is_content_code(facts.code))
    if fault is None and (facts.status == _TOO_LARGE or TOO_LONG_CODE.search(facts.code)):
        return Reason.PROMPT_TOO_LONG
    if fault is None and _is_fine(facts.status) and facts.code != "bad_request":
        return Reason.PROVIDER_FAILED
    return fault or Reason.PROVIDER_REFUSED


def _is_fine(status: int) -> bool:
    return _OK <= status < _REDIRECT


def _is_client_error(status: int) -> bool:
    return _CLIENT_ERROR <= status < _SERVER_ERROR


def _wait_of(reply: Reply, now: datetime) -> timedelta | None:
    return retry_after(reply.retry_after, now)

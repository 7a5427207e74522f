"""The HTTP API of Ace Data Cloud: send, time out, translate; every decision about what follows is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

from veo_core import answers, records, wire
from veo_core.clock import Now
from veo_core.errors import (
    AccountProblem,
    AnswerLost,
    AnswerTooLarge,
    ProviderError,
    RateLimited,
    Rejected,
    Unreachable,
)
from veo_core.lookups import Lookups
from veo_core.loose import Json, parse_object, text_in
from veo_core.models import Submission, TaskReport, TaskState
from veo_core.reasons import Reason

MAX_ANSWER_BYTES = 4_000_000
_SHORTEST_TOKEN = 8
_LOOK_TIMEOUT = timedelta(seconds=30)

_ACCOUNT_CODES = frozenset(
    {"no_token", "token_mismatched", "invalid_token", "token_expired", "disabled", "used_up", "insufficient_balance"}
)
_JSON_STARTS = ("{", '"')
_LOST_CODES = frozenset({"api_error", "timeout"})
_REFUSAL_CODES = frozenset({"bad_request", "forbidden", "api_not_implemented", "no_api"})
_MODEL_RETIRED = re.compile(
    r"^\W*(the\s+)?model(\s+\S+)?\s+(is\s+)?(no longer |not )?(supported|unsupported|invalid|available|deprecated)\b",
    re.IGNORECASE,
)
_MODERATION_WORDS = re.compile(r"polic(y|ies)|moderat|violat|prohibited|unsafe|sensitive", re.IGNORECASE)
_ACCOUNT_WORDS = re.compile(
    r"\bno token\b|\btoken (specified|mismatch)|\btoken\b.*\b(not matched|is invalid|invalid or|expired|missing)"
    r"|\bbalance\b|\bused up\b|\binsufficient\b|\b(account|application|user)\b.*\bdisabled\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    text: str
    retry_after: str | None
    is_cut: bool = False


class VeoClient:
    """Speaks to `/veo/videos` and `/veo/tasks`; the session belongs to the caller.

    The session should not keep connections alive: a submission over a connection that the other side has just
    closed would look like a lost answer.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_base: str,
        api_token: str,
        timeout: timedelta,
        now: Now,
    ) -> None:
        self._session = session
        self._base = api_base.rstrip("/")
        self._token = api_token
        self._headers = {"authorization": f"Bearer {api_token}", "accept": "application/json"}
        self._submit_timeout = _timeout(timeout)
        self._look_timeout = _timeout(_LOOK_TIMEOUT)
        self._now = now
        self._lookups = Lookups(self._tasks)

    async def submit(self, submission: Submission) -> TaskReport:
        """Ask for a video.

        Answers with a pending report and its task_id, or with the finished result where the API held the connection.
        Raises Unreachable (nothing was created), RateLimited, AnswerLost, AccountProblem, Rejected.
        """
        reply = await self._request("/veo/videos", wire.submission_body(submission), self._submit_timeout)
        body = parse_object(reply.text)
        answer = answers.parse_answer(body or {})
        refusal = self._refusal(reply, answer)
        if refusal is not None and (answer.task_id is None or not isinstance(refusal, AnswerLost)):
            raise refusal
        report = records.task_report(answer)
        if report.state is TaskState.SUCCEEDED:
            return report
        if answer.task_id is None:
            raise AnswerLost("the answer names no task", trace_id=answer.trace_id)
        # With a task id the records of /veo/tasks tell the truth, also about a failure.
        return TaskReport(answer.task_id, TaskState.PENDING, trace_id=answer.trace_id)

    async def fetch(self, task_ids: Sequence[str]) -> dict[str, TaskReport]:
        """Look at up to 50 tasks; a task that the API does not know is absent.

        One request, unless its answer is larger than what is read.

        Raises Unreachable, RateLimited, AccountProblem.
        """
        return await self._lookups.batch(task_ids)

    async def fetch_one(self, task_id: str) -> TaskReport | None:
        """Look at one task; None when the API does not know it.

        Raises Unreachable, RateLimited, AccountProblem, Rejected.
        """
        return await self._lookups.one(task_id)

    async def find(self, since: datetime) -> tuple[TaskReport, ...]:
        """The account's tasks made since then, to recognise one whose answer was lost.

        Raises Unreachable, RateLimited, AccountProblem.
        """
        return await self._lookups.since(since)

    async def ping(self) -> None:
        """Ask for next to nothing, to see whether the API answers; costs nothing.

        Raises Unreachable, RateLimited, AccountProblem.
        """
        # An answer that is too large is one.
        with suppress(AnswerTooLarge):
            await self._tasks(wire.listing_body(self._now().timestamp(), offset=0, limit=1))

    async def _tasks(self, body: Json) -> Json | None:
        """POST /veo/tasks: changes nothing at the provider, so every failure may be tried again."""
        try:
            reply = await self._request("/veo/tasks", body, self._look_timeout)
        except AnswerLost as error:
            raise Unreachable(error.message) from error
        value = parse_object(reply.text)
        if value is None and reply.status == _OK and reply.text.strip() == "null":
            return None
        if reply.status == _OK and value is not None and _is_look(value, body):
            return value
        answer = answers.parse_answer({"error": (value or {}).get("error")})
        refusal = self._refusal(reply, answer)
        if isinstance(refusal, RateLimited | AccountProblem) or (
            isinstance(refusal, Rejected) and body["action"] == "retrieve"
        ):
            raise refusal
        if refusal is None and value is None and reply.is_cut and reply.text.lstrip()[:1] in _JSON_STARTS:
            raise AnswerTooLarge("the answer is larger than what is read")
        if refusal is not None or value is None:
            raise Unreachable(f"/veo/tasks answered {reply.status} {answer.error.code if answer.error else ''}".strip())
        return value

    async def _request(self, path: str, body: Json, limit: aiohttp.ClientTimeout) -> _Reply:
        """Send one POST and read its bounded answer.

        Raises Unreachable when nothing was sent, AnswerLost when something may have been.
        """
        try:
            async with self._session.post(
                self._base + path, json=body, headers=self._headers, timeout=limit, allow_redirects=False
            ) as response:
                # An error may repeat the token; it ends here.
                raw, is_cut = await _read(response)
                return _Reply(response.status, self._without_token(raw), response.headers.get("Retry-After"), is_cut)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(f"could not connect: {type(error).__name__}") from error
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:
            raise AnswerLost(f"no answer: {type(error).__name__}") from error

    def _without_token(self, text: str) -> str:
        """Nothing shorter is a token; it could be a word of the answer itself."""
        return text.replace(self._token, "[token]") if len(self._token) >= _SHORTEST_TOKEN else text

    def _refusal(self, reply: _Reply, answer: answers.Answer) -> ProviderError | None:
        """What an answer that is no success means; None for a success. The contract's table, row by row."""
        error = answer.error or answers.ApiError()
        message, code, trace_id = error.message or f"HTTP {reply.status}", error.code, answer.trace_id
        if reply.status == _TOO_MANY or code == "too_many_requests":
            wait = wire.retry_after(reply.retry_after, self._now())
            return RateLimited(message, retry_after=wait, code=code, trace_id=trace_id)
        if _is_account_problem(reply.status, error):
            return AccountProblem(message, code=code or str(reply.status), trace_id=trace_id)
        if reply.status >= _SERVER_ERROR or reply.status == _REQUEST_TIMEOUT or code in _LOST_CODES:
            return AnswerLost(message, code=code, trace_id=trace_id)
        return _refused_for_good(reply, answer, error)


def _refused_for_good(reply: _Reply, answer: answers.Answer, error: answers.ApiError) -> ProviderError | None:
    if reply.status >= _CLIENT_ERROR or error.code in _REFUSAL_CODES:
        return _client_error(reply, error, answer.trace_id)
    if reply.status >= _REDIRECT:
        return Unreachable(f"redirected with {reply.status}")
    if not answer.failed:
        return None
    return Rejected(error.message or "failed", reason=Reason.PROVIDER_FAILED, code=error.code, trace_id=answer.trace_id)


_OK, _REDIRECT, _CLIENT_ERROR, _SERVER_ERROR = 200, 300, 400, 500
_BAD_REQUEST, _UNAUTHORIZED, _PAYMENT, _FORBIDDEN, _NOT_FOUND = 400, 401, 402, 403, 404
_REQUEST_TIMEOUT, _TOO_MANY = 408, 429


def _is_account_problem(status: int, error: answers.ApiError) -> bool:
    if error.code in _ACCOUNT_CODES or status in {_UNAUTHORIZED, _PAYMENT}:
        return True
    # A 403 is balance or moderation, hardly ever authentication; an error may be a bare sentence without a code.
    if error.code or status not in {_BAD_REQUEST, _FORBIDDEN} or _MODERATION_WORDS.search(error.message):
        return False
    return bool(_ACCOUNT_WORDS.search(error.message))


def _client_error(reply: _Reply, error: answers.ApiError, trace_id: str | None) -> ProviderError:
    message = error.message or f"HTTP {reply.status}"
    if reply.status == _NOT_FOUND and not error.code:
        return Unreachable("the API is not at this address: HTTP 404")
    if reply.status == _FORBIDDEN or error.code == "forbidden":
        reason = Reason.MODERATED
    elif _MODEL_RETIRED.search(message):
        reason = Reason.MODEL_RETIRED
    else:
        reason = Reason.PROVIDER_REFUSED
    return Rejected(message, reason=reason, status=reply.status, code=error.code, trace_id=trace_id)


def _is_look(value: Json, body: Json) -> bool:
    """Whether an answer shows tasks that were asked for: an error in it is then one of theirs, not of the look."""
    asked = text_in(body.get("id"))
    return (asked is not None and asked in (value.get("id"), value.get("task_id"))) or records.count_items(value) > 0


async def _read(response: aiohttp.ClientResponse) -> tuple[str, bool]:
    """The body as text, and whether it was cut because it is larger than an answer may be."""
    raw = await response.content.read(MAX_ANSWER_BYTES + 1)
    while not response.content.at_eof() and len(raw) <= MAX_ANSWER_BYTES:
        raw += await response.content.read(MAX_ANSWER_BYTES + 1 - len(raw))
    return raw[:MAX_ANSWER_BYTES].decode("utf-8", errors="replace"), len(raw) > MAX_ANSWER_BYTES


def _timeout(total: timedelta) -> aiohttp.ClientTimeout:
    seconds = total.total_seconds()
    return aiohttp.ClientTimeout(total=seconds, sock_connect=min(10.0, seconds))

"""The HTTP API of Ace Data Cloud: send, time out, translate; every decision about what follows is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import aiohttp

from veo_core.domain.submissions import Submission, TaskReport
from veo_core.domain.timing import Now
from veo_core.errors import (
    AccountProblem,
    AnswerLost,
    AnswerTooLarge,
    ProviderError,
    RateLimited,
    Rejected,
    Unreachable,
)
from veo_core.provider import answers, records
from veo_core.provider import bodies as wire
from veo_core.provider import refusals as verdicts
from veo_core.provider.lookups import Lookups
from veo_core.provider.loose_json import Json, parse_object, text_in
from veo_core.provider.refusals import Reply

MAX_ANSWER_BYTES = 4_000_000
_SHORTEST_TOKEN = 8
_LOOK_TIMEOUT = timedelta(seconds=30)

_JSON_STARTS = ("{", '"')
_OK = 200


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
        verdict = verdicts.of_submission(reply, submission, self._now())
        if isinstance(verdict, ProviderError):
            raise verdict
        return verdict

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

        Raises Unreachable, RateLimited, AccountProblem, Rejected where it lists none.
        """
        return await self._lookups.since(since)

    async def ping(self) -> None:
        """Ask for next to nothing, to see whether the API answers; costs nothing.

        Raises Unreachable, RateLimited, AccountProblem.
        """
        # An answer that is too large is one, and so is the refusal of a listing.
        with suppress(AnswerTooLarge, Rejected):
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
        refusal = verdicts.of_look(reply, answer.error, self._now())
        if isinstance(refusal, RateLimited | AccountProblem):
            raise refusal
        if isinstance(refusal, Rejected) and _is_for_good(refusal, body):
            raise refusal
        if refusal is None and value is None and reply.is_cut and reply.text.lstrip()[:1] in _JSON_STARTS:
            raise AnswerTooLarge("the answer is larger than what is read")
        if refusal is not None or value is None:
            raise Unreachable(f"/veo/tasks answered {reply.status} {answer.error.code if answer.error else ''}".strip())
        return value

    async def _request(self, path: str, body: Json, limit: aiohttp.ClientTimeout) -> Reply:
        """Send one POST and read its bounded answer.

        Raises Unreachable when nothing was sent, AnswerLost when something may have been.
        """
        try:
            async with self._session.post(
                self._base + path, json=body, headers=self._headers, timeout=limit, allow_redirects=False
            ) as response:
                # An error may repeat the token; it ends here.
                raw, is_cut = await _read(response)
                return Reply(response.status, self._without_token(raw), response.headers.get("Retry-After"), is_cut)
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(f"could not connect: {type(error).__name__}") from error
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:
            raise AnswerLost(f"no answer: {type(error).__name__}") from error

    def _without_token(self, text: str) -> str:
        """Nothing shorter is a token; it could be a word of the answer itself."""
        return text.replace(self._token, "[token]") if len(self._token) >= _SHORTEST_TOKEN else text


def _is_for_good(refusal: Rejected, body: Json) -> bool:
    """Whether a look is refused for its own sake: one task, or a listing that the API does not know."""
    return body["action"] == "retrieve" or ("ids" not in body and verdicts.plain_code(refusal.code) == "bad_request")


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

"""Every error this project raises on purpose.

VeoBotError
├── ConfigError                 a setting is wrong: one line for the operator, the process ends
├── StorageError                the database cannot be used: one line for the operator
│   ├── StorageInUse            another bot holds it
│   └── StorageGone             it was deleted, replaced or taken over while the bot ran: the process ends
├── Refusal                     what the person asked cannot be done: they get words, nothing is counted
├── ProviderError               the Veo API did not do what was asked
│   ├── Unreachable             nothing arrived there, or a look failed: trying again is safe
│   │   ├── RateLimited         it said when to come back
│   │   └── AnswerTooLarge      the answer to a look is larger than what is read: ask for less
│   ├── AnswerLost              a submission may or may not have been accepted: search, never repeat
│   ├── AccountProblem          token, balance or account: the operator must act, submissions pause
│   └── Rejected                this request will never work: failed and refunded
├── MediaError                  a result file could not be used
│   ├── MediaUnavailable        trying again may help
│   └── MediaUnusable           it never will: the link goes out instead
├── InspectionFailed            a picture could not be looked at: this machine's trouble, not the person's
└── DeliveryError               a message could not be posted
    ├── DeliveryPostponed       trying again later may help
    └── DestinationRefused      this place never will: the next one is tried
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from veo_core.reasons import Reason


class VeoBotError(Exception):
    """Base of everything that is raised on purpose."""


class ConfigError(VeoBotError):
    """A setting is wrong; the text is one readable line."""


class StorageError(VeoBotError):
    """The database cannot be used; the text is one readable line."""


class StorageInUse(StorageError):
    """Another process works on this database."""


class StorageGone(StorageError):
    """The database that was opened is no longer this bot's; what it would write is lost, so the process must end."""


class Refusal(VeoBotError):
    """A person's request is refused before anything was sent or counted.

    `details` fill the placeholders of the words that cogs.kit.reasons has for `reason`.
    """

    def __init__(self, reason: Reason, **details: str | int | datetime | None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.details = details


class ProviderError(VeoBotError):
    """The Veo API did not do what was asked; the texts are for the operator's log only."""

    def __init__(self, message: str, *, code: str = "", trace_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.trace_id = trace_id


class Unreachable(ProviderError):
    """Nothing was accepted; the same call may be made again."""


class RateLimited(Unreachable):
    """The API asked to come back later; `retry_after` is None when it did not say when."""

    def __init__(
        self, message: str, *, retry_after: timedelta | None, code: str = "", trace_id: str | None = None
    ) -> None:
        super().__init__(message, code=code, trace_id=trace_id)
        self.retry_after = retry_after


class AnswerTooLarge(Unreachable):
    """The answer to a look is larger than what is read of one; a look at fewer tasks may fit."""


class Proof(Enum):
    """How sure it is that an answer speaks of the operator's account and not of one request."""

    KNOWN = "a known code or status"
    LIKELY = "a 403 that is not about content, or an unknown code"
    WORDS = "words only"


class AccountProblem(ProviderError):
    """The operator's token, balance, permission or account stops every submission."""

    def __init__(
        self, message: str, *, code: str = "", trace_id: str | None = None, proof: Proof = Proof.KNOWN
    ) -> None:
        super().__init__(message, code=code, trace_id=trace_id)
        self.proof = proof


class AnswerLost(ProviderError):
    """A submission was sent and its answer is unknown; a second one could be billed twice.

    `account` is set where the answer looks like a refusal of the account all the same.
    """

    def __init__(
        self, message: str, *, code: str = "", trace_id: str | None = None, account: AccountProblem | None = None
    ) -> None:
        super().__init__(message, code=code, trace_id=trace_id)
        self.account = account


class Rejected(ProviderError):
    """The API refuses this request for good; nothing was created or billed.

    `limit` is the number of characters that it allows a prompt, where it says so.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: Reason,
        status: int = 0,
        code: str = "",
        trace_id: str | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(message, code=code, trace_id=trace_id)
        self.reason = reason
        self.status = status
        self.limit = limit


class MediaError(VeoBotError):
    """A result file could not be used."""


class MediaUnavailable(MediaError):
    """The file could not be read now; trying again may help.

    `link_works`: the host answered well and sent the beginning of a video, only the way here was cut.
    """

    def __init__(self, message: str, *, link_works: bool = False) -> None:
        super().__init__(message)
        self.link_works = link_works


class MediaUnusable(MediaError):
    """The file will never do as an attachment: wrong bytes, host or size."""


class InspectionFailed(VeoBotError):
    """No process could be started to look at a picture; nothing is known of the picture."""


class DeliveryError(VeoBotError):
    """A message could not be posted."""


class DeliveryPostponed(DeliveryError):
    """Posting failed for now; whether the message exists is unknown, unless `was_sent` is false.

    `retry_after` is how long Discord asked to wait, None when it did not say.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None, was_sent: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.was_sent = was_sent


class DestinationRefused(DeliveryError):
    """This channel or person does not accept the message."""

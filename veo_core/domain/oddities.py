"""The ways in which an answer of the provider was odd without doing harm; each is logged once in a process."""

from enum import StrEnum


class Oddity(StrEnum):
    """One kind of odd answer; the value is what the operator's log says."""

    JSON_AS_TEXT = "JSON was written as text"
    ERROR_BESIDE_VIDEO = "an error stood beside a finished video"
    PARTIAL_RESULT = "one result of several was no video"
    LINK_BEFORE_END = "a link stood in the record of a task that still runs"
    LINK_OF_FAILURE = "a link stood in the record of a failed task"
    SOFT_ERROR = "an error stood in the record of a task that still runs"
    UNKNOWN_WORD = "the word for a task's state is not known"
    END_WITHOUT_RESULT = "a task ended without a video and without an error"
    DUPLICATE_RECORD = "one task had two records"
    RECORD_TOO_LARGE = "the record of one task is larger than an answer may be"

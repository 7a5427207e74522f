"""Every body that is sent is the contract's, is recognised in the records, and waits as long as it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.values import NOW
from veo_core.domain.submissions import Submission, fingerprint
from veo_core.provider.bodies import batch_body, listing_body, retrieve_body, retry_after, submission_body
from veo_core.provider.records import parse_submission

VIDEO_ID = "253eedc47f1c4eb2a370ed2312168f4b"


def test_text2video_sends_what_the_contract_asks_for_and_nothing_else() -> None:
    submission = Submission("text2video", "veo31-fast", "A lighthouse", aspect_ratio="16:9")

    assert submission_body(submission) == {
        "action": "text2video",
        "model": "veo31-fast",
        "async": True,
        "prompt": "A lighthouse",
        "aspect_ratio": "16:9",
    }


def test_images_resolution_and_translation_are_sent_when_they_are_wanted() -> None:
    urls = ("https://cdn.discordapp.com/a.png", "https://cdn.discordapp.com/b.png")
    submission = Submission("image2video", "veo31", "x", urls, "9:16", "1080p", translate=True)

    assert submission_body(submission) == {
        "action": "image2video",
        "model": "veo31",
        "async": True,
        "prompt": "x",
        "image_urls": list(urls),
        "aspect_ratio": "9:16",
        "resolution": "1080p",
        "translation": True,
    }


def test_an_upscale_sends_the_videos_id_and_no_prompt() -> None:
    submission = Submission("get1080p", "veo31", resolution="1080p", video_id=VIDEO_ID)

    assert submission_body(submission) == {
        "action": "get1080p",
        "model": "veo31",
        "async": True,
        "video_id": VIDEO_ID,
    }


@pytest.mark.parametrize("resolution", ["1080p", "4k", "gif"])
def test_720p_is_asked_for_by_leaving_the_resolution_out(resolution: str) -> None:
    assert "resolution" not in submission_body(Submission("text2video", "veo31", "x"))
    assert submission_body(Submission("text2video", "veo31", "x", resolution=resolution))["resolution"] == resolution


def test_looks_send_the_contracts_bodies() -> None:
    assert retrieve_body("task-1") == {"action": "retrieve", "id": "task-1"}
    assert batch_body(["a", "b", "c"]) == {"action": "retrieve_batch", "ids": ["a", "b", "c"], "limit": 3}
    assert listing_body(1_790_000_000.9, offset=50) == {
        "action": "retrieve_batch",
        "created_at_min": 1_790_000_000,
        "offset": 50,
        "limit": 50,
    }


submissions = st.builds(
    Submission,
    action=st.sampled_from(["text2video", "image2video", "ingredients2video"]),
    model=st.sampled_from(["veo31", "veo31-fast"]),
    prompt=st.text(min_size=1),
    image_urls=st.lists(st.sampled_from(["https://a.example/1", "https://a.example/2"]), max_size=3).map(tuple),
    aspect_ratio=st.sampled_from(["16:9", "9:16"]),
    resolution=st.sampled_from(["720p", "1080p", "4k", "gif"]),
    translate=st.booleans(),
) | st.builds(
    Submission,
    action=st.just("get1080p"),
    model=st.sampled_from(["veo31", "veo31-fast"]),
    resolution=st.just("1080p"),
    video_id=st.text(min_size=1),
)


@given(submissions)
def test_a_submission_is_recognised_in_the_record_of_what_was_posted(submission: Submission) -> None:
    posted = json.loads(json.dumps(submission_body(submission)))

    listed = parse_submission(posted)

    assert listed is not None
    assert fingerprint(listed) == fingerprint(submission)


@pytest.mark.parametrize("request_field", [None, "x", [], 5])
def test_a_record_that_does_not_tell_its_request_matches_nothing(request_field: object) -> None:
    assert parse_submission(request_field) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("0", 0),
        ("-5", 0),
        ("999999999", 3600),
        ("Mon, 05 Oct 2026 12:01:00 GMT", 60),
        ("Mon, 05 Oct 2026 14:01:00 +0200", 60),
        ("Mon, 05 Oct 2026 11:00:00 GMT", 0),
        ("Tue, 06 Oct 2026 12:00:00 GMT", 3600),
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("Mon, 05 Oct 2026 12:01:00 -0000", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_kept_within_an_hour(
    header: str | None, seconds: float | None
) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert retry_after(header, NOW) == expected


@given(
    st.text()
    | st.from_regex(r"(Mon, )?\d{1,3} (Oct|Feb) \d{1,6} \d{1,3}:\d{1,3}:\d{1,3} ([+-]\d{1,12}|GMT)", fullmatch=True)
)
def test_no_retry_after_header_raises_or_makes_anybody_wait_for_more_than_an_hour(header: str) -> None:
    wait = retry_after(header, datetime(2026, 10, 5, 12, tzinfo=UTC))

    assert wait is None or timedelta(0) <= wait <= timedelta(hours=1)

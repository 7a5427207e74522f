"""What can be known before anything is sent or counted is refused before it, with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.veo import MODELS, Terms
from sandbox.veo.contract import doomed, refusal_for
from tests.core.values import PICTURE, asked, job
from veo_core.domain.catalog import BUILT_IN, Catalog
from veo_core.domain.images import Image, PictureSize, VideoRequest
from veo_core.domain.jobs import JobKind, JobState
from veo_core.domain.requests import MAX_PROMPT_LENGTH, check_image, check_request, check_upscale, own_shape
from veo_core.domain.submissions import Submission
from veo_core.errors import Refusal
from veo_core.provider.bodies import submission_body
from veo_core.reasons import Reason

CATALOG = Catalog.of()
MAX_BYTES = 8_000_000


def checked(request: VideoRequest, catalog: Catalog = CATALOG, unavailable: tuple[str, ...] = ()) -> Submission:
    return check_request(request, catalog, unavailable=unavailable, max_image_bytes=MAX_BYTES)


def refusal_of(act: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


def pictures(count: int) -> tuple[Image, ...]:
    return tuple(replace(PICTURE, url=f"https://cdn.discordapp.com/{number}.png") for number in range(count))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompt": ""}, Reason.PROMPT_MISSING),
        ({"prompt": " \n\t "}, Reason.PROMPT_MISSING),
        ({"prompt": "\x00\u202e\u2066"}, Reason.PROMPT_MISSING),
        ({"prompt": "x" * (MAX_PROMPT_LENGTH + 1)}, Reason.PROMPT_TOO_LONG),
        ({"model": "veo99"}, Reason.MODEL_UNKNOWN),
        ({"model": ""}, Reason.MODEL_UNKNOWN),
        ({"model": "VEO31-FAST"}, Reason.MODEL_UNKNOWN),
        ({"model": "veo31-fast-ingredients"}, Reason.IMAGE_NEEDED),
        ({"model": "veo2-fast", "images": pictures(2)}, Reason.TOO_MANY_IMAGES),
        ({"model": "veo31", "images": pictures(4)}, Reason.TOO_MANY_IMAGES),
        ({"aspect_ratio": "1:1"}, Reason.ASPECT_RATIO_UNSUPPORTED),
        ({"aspect_ratio": ""}, Reason.ASPECT_RATIO_UNSUPPORTED),
        ({"resolution": "4k"}, Reason.RESOLUTION_UNSUPPORTED),
        ({"resolution": "4k", "model": "veo31", "images": pictures(1)}, Reason.RESOLUTION_UNSUPPORTED),
        ({"resolution": "8k"}, Reason.RESOLUTION_UNSUPPORTED),
        ({"images": (replace(PICTURE, size=0),)}, Reason.IMAGE_EMPTY),
        ({"images": (replace(PICTURE, size=MAX_BYTES + 1),)}, Reason.IMAGE_TOO_LARGE),
        ({"images": (None, PICTURE)}, Reason.FIRST_IMAGE_MISSING),
        ({"images": (None, None, PICTURE)}, Reason.FIRST_IMAGE_MISSING),
        ({"images": (None, None, None), "model": "veo31-fast-ingredients"}, Reason.IMAGE_NEEDED),
    ],
)
def test_a_wrong_request_is_refused_with_its_reason(changes: dict[str, Any], reason: Reason) -> None:
    refusal = refusal_of(lambda: checked(asked(**changes)))

    assert refusal.reason is reason


def test_a_prompt_of_invisible_joiners_is_no_prompt() -> None:
    refusal = refusal_of(lambda: checked(asked(prompt="\u200d\u200c \u200d")))

    assert refusal.reason is Reason.PROMPT_MISSING


def test_a_prompt_of_exactly_the_greatest_length_passes() -> None:
    assert len(checked(asked(prompt="x" * MAX_PROMPT_LENGTH)).prompt) == MAX_PROMPT_LENGTH


def test_an_image_of_exactly_the_greatest_size_passes() -> None:
    check_image(replace(PICTURE, size=MAX_BYTES), MAX_BYTES)


def test_a_model_that_the_provider_dropped_is_refused_and_not_recommended() -> None:
    refusal = refusal_of(lambda: checked(asked(model="veo2"), unavailable=("veo2", "veo2-fast")))

    assert refusal.reason is Reason.MODEL_UNAVAILABLE
    assert str(refusal.details["models"]).split(", ") == [
        name for name in CATALOG.models if name not in {"veo2", "veo2-fast"}
    ]


def test_a_model_that_the_operator_switched_off_is_unknown() -> None:
    catalog = Catalog.of([replace(row, enabled=row.name != "veo3") for row in BUILT_IN])

    assert refusal_of(lambda: checked(asked(model="veo3"), catalog)).reason is Reason.MODEL_UNKNOWN


def test_a_strangers_model_name_is_cut_before_it_is_repeated() -> None:
    refusal = refusal_of(lambda: checked(asked(model="v" * 5000)))

    assert len(str(refusal.details["model"])) == 100


@pytest.mark.parametrize("limit", [500_000, 1_500_000, 8_000_000])
def test_the_limit_that_a_person_reads_is_the_limit_in_force(limit: int) -> None:
    refusal = refusal_of(lambda: check_image(replace(PICTURE, size=limit + 1), limit))

    assert float(str(refusal.details["limit_mb"])) == pytest.approx(limit / 1_000_000, abs=0.1)


def test_the_order_of_images_is_the_order_of_frames() -> None:
    images = pictures(3)

    assert checked(asked(images=images)).image_urls == tuple(image.url for image in images)


@pytest.mark.parametrize(("images", "missing"), [((None, PICTURE, None), "image2"), ((None, None, PICTURE), "image3")])
def test_a_missing_first_image_is_named_with_the_one_that_is_there(
    images: tuple[Image | None, ...], missing: str
) -> None:
    refusal = refusal_of(lambda: checked(asked(images=images)))

    assert refusal.details == {"attached": missing}


def test_a_gap_between_images_is_closed_and_one_before_images_to_combine_too() -> None:
    first, second, _ = pictures(3)

    assert checked(asked(images=(first, None, second))).image_urls == (first.url, second.url)
    fused = checked(asked(images=(None, first), model="veo31-fast-ingredients"))
    assert fused.image_urls == (first.url,)


@pytest.mark.parametrize(
    ("size", "ratio"), [((1280, 720), "16:9"), ((720, 1280), "9:16"), ((500, 500), "16:9"), ((500, 501), "9:16")]
)
def test_a_pictures_own_shape_decides_the_ratio(size: tuple[int, int], ratio: str) -> None:
    assert own_shape(PictureSize(*size)) == ratio


requests = st.builds(
    VideoRequest,
    prompt=st.one_of(st.text(max_size=2100), st.just("A lighthouse")),
    model=st.sampled_from([*MODELS, "veo99"]),
    images=st.integers(0, 4).map(pictures),
    aspect_ratio=st.sampled_from([None, "16:9", "9:16", "1:1", "4:3"]),
    resolution=st.sampled_from(["720p", "1080p", "4k", "gif", "8k"]),
    translate=st.booleans(),
)


@given(requests)
def test_whatever_passes_satisfies_the_models_row_and_loses_nothing(request: VideoRequest) -> None:
    try:
        submission = checked(request)
    except Refusal:
        return

    row = CATALOG.models[request.model]
    assert submission.action == row.actions(len(request.images))[0]
    assert row.min_images <= len(submission.image_urls) <= row.max_images
    assert submission.resolution in row.resolutions
    assert 0 < len(submission.prompt) <= MAX_PROMPT_LENGTH
    assert submission.image_urls == tuple(image.url for image in request.attached)
    assert submission.aspect_ratio == (request.aspect_ratio or "16:9")
    assert submission.resolution == request.resolution
    assert submission.translate == request.translate


@given(requests)
def test_whatever_passes_is_accepted_by_the_api_too(request: VideoRequest) -> None:
    try:
        submission = checked(request)
    except Refusal:
        return

    body = submission_body(submission)
    assert refusal_for(body, Terms()) is None
    assert not doomed(body)


@pytest.mark.parametrize(
    ("model", "images", "supported", "others", "without_images"),
    [
        ("veo31-fast", 0, "720p, 1080p, gif", "veo31", False),
        ("veo31-fast", 1, "720p, 1080p, gif", "veo31", True),
        ("veo31", 1, "720p, 1080p, gif", "veo31", True),
        ("veo31", 3, "720p, 1080p, gif", "veo31", True),
        ("veo31-fast-ingredients", 2, "720p, 1080p, gif", "veo31", True),
    ],
)
def test_who_cannot_have_4k_is_told_how_to_get_it(
    model: str, images: int, supported: str, others: str, without_images: bool
) -> None:
    refused = refusal_of(lambda: checked(asked(model=model, resolution="4k", images=pictures(images))))

    assert refused.details == {
        "model": model,
        "resolution": "4k",
        "supported": supported,
        "others": others,
        "without_images": without_images,
    }


def test_a_model_that_makes_4k_of_images_is_the_way_out_and_an_unavailable_one_is_none() -> None:
    rows = [replace(row, text_only_resolutions=()) if row.name == "veo31" else row for row in BUILT_IN]
    request = asked(model="veo3", resolution="4k", images=pictures(1))

    opened = refusal_of(lambda: checked(request, Catalog.of(rows)))
    gone = refusal_of(lambda: checked(request, unavailable=("veo31",)))

    assert (opened.details["others"], opened.details["without_images"]) == ("veo31", False)
    assert gone.details["others"] == ""
    assert checked(asked(model="veo31", resolution="4k", images=pictures(1)), Catalog.of(rows)).resolution == "4k"


FRAME_MODELS = [row.name for row in BUILT_IN if row.max_images == 3]


@pytest.mark.parametrize("model", FRAME_MODELS)
def test_three_images_pass_as_in_the_source_and_two_where_the_operator_says_so(model: str) -> None:
    two = Catalog.of([replace(row, max_images=2) for row in BUILT_IN])
    three_images, two_images = (asked(model=model, images=pictures(count)) for count in (3, 2))

    refused = refusal_of(lambda: checked(three_images, two))

    assert len(checked(three_images).image_urls) == 3
    assert len(checked(two_images, two).image_urls) == 2
    assert (refused.reason, refused.details["limit"]) == (Reason.TOO_MANY_IMAGES, 2)


def test_the_1080p_version_is_asked_for_by_the_videos_id_and_model() -> None:
    source = job(state=JobState.SUCCEEDED, video_id="253eedc4", model="veo3")

    assert check_upscale(source) == Submission(action="get1080p", model="veo3", video_id="253eedc4", resolution="1080p")


@pytest.mark.parametrize(
    "changes",
    [
        {"state": JobState.RUNNING},
        {"state": JobState.FAILED},
        {"video_id": None},
        {"kind": JobKind.UPSCALE, "resolution": "1080p"},
        {"resolution": "1080p"},
        {"resolution": "4k"},
        {"resolution": "gif"},
    ],
)
def test_what_is_no_finished_720p_video_has_no_1080p_version(changes: dict[str, Any]) -> None:
    source = replace(job(state=JobState.SUCCEEDED, video_id="253eedc4"), **changes)

    refusal = refusal_of(lambda: check_upscale(source))

    assert refusal.reason is Reason.UPSCALE_IMPOSSIBLE
    assert refusal.details == {"job_id": 12}

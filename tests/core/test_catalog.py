"""The capability table is the guide's: who takes how many images, what they mean, and who makes 4k."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.veo import MODELS
from veo_core.domain.catalog import BUILT_IN, Catalog, ImageUse, Model, Speed
from veo_core.domain.shapes import Resolution

FIRST, BOTH, FUSION = ImageUse.FIRST_FRAME, ImageUse.FIRST_AND_LAST_FRAME, ImageUse.FUSION
FRAMES = (None, FIRST, BOTH, BOTH)
CATALOG = Catalog.of()


@pytest.mark.parametrize(
    ("name", "speed", "uses"),
    [
        ("veo2-fast", Speed.FAST, (None, FIRST)),
        ("veo3-fast", Speed.FAST, FRAMES),
        ("veo31-fast", Speed.FAST, FRAMES),
        ("veo31-fast-ingredients", Speed.FAST, (FUSION, FUSION, FUSION)),
        ("veo2", Speed.QUALITY, FRAMES),
        ("veo3", Speed.QUALITY, FRAMES),
        ("veo31", Speed.QUALITY, FRAMES),
    ],
)
def test_each_model_takes_the_images_of_the_guides_table(
    name: str, speed: Speed, uses: tuple[ImageUse | None, ...]
) -> None:
    model = CATALOG.models[name]

    counts = range(model.min_images, model.max_images + 1)

    assert model.speed is speed
    assert tuple(model.image_use(count) for count in counts) == uses


def test_the_table_has_exactly_the_models_of_the_api() -> None:
    assert set(CATALOG.models) == set(MODELS)


def test_only_one_model_needs_images() -> None:
    assert [row.name for row in BUILT_IN if row.min_images] == ["veo31-fast-ingredients"]


def test_only_veo31_makes_4k_and_every_model_makes_the_other_resolutions() -> None:
    assert [row.name for row in BUILT_IN if Resolution.P4K in row.resolutions] == ["veo31"]
    assert all({Resolution.P720, Resolution.P1080, Resolution.GIF} <= set(row.resolutions) for row in BUILT_IN)


@given(
    st.builds(
        replace,
        st.sampled_from(BUILT_IN),
        resolutions=st.lists(st.sampled_from(Resolution), unique=True).map(tuple),
        text_only_resolutions=st.lists(st.sampled_from(Resolution), unique=True).map(tuple),
    ),
    st.integers(0, 3),
)
def test_images_take_away_the_text_only_resolutions_and_nothing_else(row: Model, count: int) -> None:
    taken_away = set(row.resolutions) - set(row.makes(count))

    assert taken_away == (set(row.resolutions) & set(row.text_only_resolutions) if count else set())


def test_no_built_in_model_makes_4k_of_images() -> None:
    assert [row.name for row in BUILT_IN for count in (1, 2, 3) if Resolution.P4K in row.makes(count)] == []


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_images_choose_the_action_of_the_models_row(name: str, count: int) -> None:
    actions = CATALOG.models[name].actions(count)

    fusing = ("ingredients2video", "image2video")
    assert actions == (fusing if name == "veo31-fast-ingredients" else ("image2video",))


@pytest.mark.parametrize("name", MODELS)
def test_without_images_the_action_is_text2video(name: str) -> None:
    assert CATALOG.models[name].actions(0) == ("text2video",)


def test_a_switched_off_model_cannot_be_chosen_but_is_still_known() -> None:
    catalog = Catalog.of([replace(row, enabled=row.name != "veo2") for row in BUILT_IN])

    assert catalog.get("veo2") is None
    assert "veo2" not in [row.name for row in catalog.offered]
    assert catalog.known("veo2") is not None


def test_an_unheard_of_model_is_neither_offered_nor_known() -> None:
    assert CATALOG.get("veo99") is None
    assert CATALOG.known("veo99") is None


def test_models_are_offered_in_the_order_of_the_table() -> None:
    assert [row.name for row in CATALOG.offered] == [row.name for row in BUILT_IN]


def test_quality_models_are_dearer_and_slower_than_fast_ones() -> None:
    fast = [row for row in BUILT_IN if row.speed is Speed.FAST]
    quality = [row for row in BUILT_IN if row.speed is Speed.QUALITY]

    assert max(row.cost for row in fast) < min(row.cost for row in quality)
    assert max(row.usual for row in fast) < min(row.usual for row in quality)
    assert all(row.usual_shortest < row.usual for row in BUILT_IN)

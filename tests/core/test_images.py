"""A picture is judged by its bytes, each person's in turn, and nothing is fetched for who may not ask."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.core.fakes import Clock, Gate
from tests.core.pictures import EXE, archive, bomb_png, jpeg_comment, jpeg_with, made, png_of
from tests.core.values import PICTURE
from veo_core.domain.images import Image, PictureSize
from veo_core.domain.requests import MAX_PIXELS
from veo_core.errors import InspectionFailed, MediaError, MediaUnavailable, MediaUnusable, Refusal
from veo_core.media.images import GREATEST_RATIO, LEAST_SIDE, ImageInspector, problem_of_size, problem_with
from veo_core.media.tries import MOST_REFUSED, MOST_WAITING, WINDOW
from veo_core.reasons import Reason

GOOD = made("PNG")
ANN, BOB = 1, 2
SIZE = PictureSize(160, 120)


@dataclass
class Attachments:
    """Discord's files: what lies behind each address; `errors` come first."""

    content: bytes = GOOD
    errors: deque[MediaError] = field(default_factory=deque[MediaError])
    asked: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    slow: dict[str, Gate] = field(default_factory=dict[str, Gate])

    async def image(self, url: str, max_bytes: int) -> bytes:
        self.asked.append((url, max_bytes))
        if url in self.slow:
            await self.slow[url].pass_through()
        if self.errors:
            raise self.errors.popleft()
        return self.content


@dataclass
class FakeDecoder:
    """Decodes nothing and says what it was told to."""

    found: PictureSize | Reason = SIZE
    seen: int = 0
    broken: InspectionFailed | None = None

    async def decode(self, content: bytes) -> PictureSize | Reason:
        assert content
        self.seen += 1
        if self.broken is not None:
            raise self.broken
        return self.found


async def anybody() -> None:
    """Nothing speaks against the request."""


class Desk:
    """An inspector with its surroundings."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.files = Attachments()
        self.decoder = FakeDecoder()
        self.inspector = ImageInspector(self.files, self.decoder, 5_000_000, clock.now, second_try_after=0)

    async def look(self, user_id: int = ANN, images: Sequence[Image] = (PICTURE,)) -> tuple[PictureSize, ...]:
        return await self.inspector.inspect(user_id, images, anybody)

    async def refusal(self, user_id: int = ANN) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.look(user_id)
        return caught.value


@pytest.fixture
def desk(clock: Clock) -> Desk:
    return Desk(clock)


async def test_a_good_attachment_is_read_once_within_its_limit(desk: Desk) -> None:
    assert await desk.look() == (SIZE,)

    assert desk.files.asked == [(PICTURE.url, 5_000_000)]
    assert desk.decoder.seen == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.IMAGE_EMPTY),
        (EXE, Reason.NOT_AN_IMAGE),
        (made("AVIF"), Reason.NOT_AN_IMAGE),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(500), Reason.NOT_AN_IMAGE),
        (made("TIFF"), Reason.NOT_AN_IMAGE),
        (made("GIF", mode="P") + archive(), Reason.NOT_AN_IMAGE),
        (b"\x89PNG\r\n\x1a\n" + EXE, Reason.IMAGE_BROKEN),
        (b"\xff\xd8" + b"\xff" * 4_000_000, Reason.IMAGE_BROKEN),
        (bomb_png(13_000), Reason.IMAGE_TOO_LARGE),
        (png_of(2**31 - 1, 2**31 - 1, b""), Reason.IMAGE_TOO_LARGE),
        (made("PNG", (1, 1)), Reason.IMAGE_TOO_SMALL),
        (made("PNG", (LEAST_SIDE - 1, 200)), Reason.IMAGE_TOO_SMALL),
        (made("PNG", (1_000, 200)), Reason.IMAGE_TOO_SMALL),
    ],
    ids=[
        *("empty", "exe", "avif", "heic", "tiff", "gif and zip", "damaged", "fill bytes"),
        *("bomb", "absurd", "one pixel", "narrow", "long"),
    ],
)
async def test_what_the_header_tells_is_refused_by_name_and_starts_no_process(
    desk: Desk, content: bytes, reason: Reason
) -> None:
    desk.files.content = content

    refusal = await desk.refusal()

    assert refusal.reason is reason
    assert refusal.details == {
        "filename": "cat.png",
        "limit_mb": "5",
        "megapixels": 40,
        "pixels": LEAST_SIDE,
        "ratio": GREATEST_RATIO,
    }
    assert desk.decoder.seen == 0


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Reason.IMAGE_BROKEN, Reason.IMAGE_BROKEN),
        (Reason.IMAGE_TOO_LARGE, Reason.IMAGE_TOO_LARGE),
        # A header may lie.
        (PictureSize(10, 10), Reason.IMAGE_TOO_SMALL),
        (PictureSize(9_000, 9_000), Reason.IMAGE_TOO_LARGE),
    ],
)
async def test_what_decoding_finds_is_refused_too(desk: Desk, found: PictureSize | Reason, reason: Reason) -> None:
    desk.decoder.found = found

    assert (await desk.refusal()).reason is reason


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ((8_000, 5_000), None),
        ((8_000, 5_001), Reason.IMAGE_TOO_LARGE),
        ((LEAST_SIDE, LEAST_SIDE), None),
        ((LEAST_SIDE, LEAST_SIDE - 1), Reason.IMAGE_TOO_SMALL),
        ((100 * GREATEST_RATIO, 100), None),
        ((100, 100 * GREATEST_RATIO + 1), Reason.IMAGE_TOO_SMALL),
    ],
)
def test_the_bounds_of_a_pictures_size_are_exact(size: tuple[int, int], reason: Reason | None) -> None:
    assert MAX_PIXELS == 8_000 * 5_000
    assert problem_of_size(*size) is reason


def test_the_signature_of_an_archive_in_a_comment_is_no_archive() -> None:
    assert problem_with(jpeg_with(jpeg_comment(b"PK\x05\x06"))) is None


@pytest.mark.parametrize("filename", ["cat.exe", "photo.jfif", "cat", "cat.heic"])
async def test_the_name_of_a_file_decides_nothing(desk: Desk, filename: str) -> None:
    desk.files.content = made("JPEG")

    assert await desk.look(images=[replace(PICTURE, filename=filename)])


async def test_discords_files_are_asked_for_once_more(desk: Desk) -> None:
    desk.files.errors.append(MediaUnavailable("the host answered 503"))

    assert await desk.look()

    assert len(desk.files.asked) == 2


@pytest.mark.parametrize(
    ("error", "asked"), [(MediaUnavailable("the host answered 404"), 2), (MediaUnusable("the host is not allowed"), 1)]
)
async def test_what_discord_does_not_give_is_refused_and_is_no_refused_try(
    desk: Desk, error: MediaError, asked: int
) -> None:
    for _ in range(MOST_REFUSED + 1):
        desk.files.errors += [error, error]
        desk.files.asked.clear()
        assert (await desk.refusal()).reason is Reason.IMAGE_UNREADABLE
        assert len(desk.files.asked) == asked
        desk.files.errors.clear()


async def test_this_machines_trouble_is_no_refusal(desk: Desk) -> None:
    desk.decoder.broken = InspectionFailed("no process")

    with pytest.raises(InspectionFailed):
        await desk.look()


async def test_who_may_not_ask_causes_no_fetch(desk: Desk) -> None:
    async def nobody() -> None:
        raise Refusal(Reason.DAILY_LIMIT, limit=5)

    with pytest.raises(Refusal):
        await desk.inspector.inspect(ANN, [PICTURE], nobody)

    assert desk.files.asked == []
    assert await desk.look()


async def test_after_ten_refused_pictures_a_person_waits_and_nothing_is_fetched(desk: Desk) -> None:
    desk.files.content = EXE
    began = desk.clock.now()
    for _ in range(MOST_REFUSED):
        assert (await desk.refusal()).reason is Reason.NOT_AN_IMAGE
        desk.clock.advance(1)
    desk.files.asked.clear()

    refusal = await desk.refusal()

    assert (refusal.reason, refusal.details) == (Reason.TOO_MANY_TRIES, {"until": began + WINDOW})
    assert desk.files.asked == []
    assert (await desk.refusal(BOB)).reason is Reason.NOT_AN_IMAGE
    desk.files.content = GOOD
    desk.clock.move_to(began + WINDOW)
    assert await desk.look()


async def test_good_pictures_are_never_too_many(desk: Desk) -> None:
    for _ in range(MOST_REFUSED * 3):
        assert await desk.look()


async def test_ten_bad_pictures_at_once_cost_one_persons_turn_at_a_time(desk: Desk) -> None:
    gate = desk.files.slow[PICTURE.url] = Gate()
    gate.shut()
    work = [asyncio.create_task(desk.look()) for _ in range(10)]
    await gate.arrived.wait()

    others = await desk.look(BOB, [replace(PICTURE, url="https://cdn.discordapp.com/bob.png")])

    assert others == (SIZE,)
    assert len([url for url, _ in desk.files.asked if url == PICTURE.url]) == 1
    gate.open()
    ends = await asyncio.gather(*work, return_exceptions=True)
    refused = [end for end in ends if isinstance(end, Refusal)]
    assert len(refused) == 10 - MOST_WAITING
    assert {end.reason for end in refused} == {Reason.TOO_MANY_TRIES}
    assert {end.details["until"] for end in refused} == {desk.clock.now() + timedelta(minutes=1)}

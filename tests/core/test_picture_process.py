"""Pictures are decoded in processes that are bounded, know no secrets and are gone whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.pictures import bomb_png, made, noisy, png_of, turned_photo
from veo_core.domain.images import PictureSize
from veo_core.errors import InspectionFailed
from veo_core.media.image_process import PictureDecoder, read_answer
from veo_core.reasons import Reason

ROOT = Path(__file__).parents[2]
WORKERS = "tests.core.workers"
LINUX = sys.platform == "linux"


def children(process: int | str = "self") -> set[str]:
    """The processes under this one or another, zombies too; only Linux tells them."""
    if not LINUX:
        return set()
    found: set[str] = set()
    for thread in Path(f"/proc/{process}/task").iterdir():
        # Threads come and go.
        with contextlib.suppress(OSError):
            found |= set((thread / "children").read_text(encoding="ascii").split())
    return found


async def until(look: Callable[[], bool]) -> None:
    """Look again and again; /proc tells nobody of its changes."""
    for _ in range(2_000):
        if look():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never")


@pytest.mark.parametrize(
    "content",
    [
        made("PNG"),
        made("PNG", mode="1"),
        made("PNG", frames=3),
        made("JPEG", mode="CMYK"),
        made("JPEG", progressive=True),
        made("MPO", frames=2),
        made("WEBP", mode="RGBA"),
        made("WEBP", frames=3),
        made("GIF", mode="P", frames=3),
    ],
    ids=["png", "bits", "moving png", "cmyk", "progressive", "mpo", "webp", "moving webp", "moving gif"],
)
async def test_a_good_picture_is_decoded_to_its_end(content: bytes) -> None:
    assert await PictureDecoder().decode(content) == PictureSize(160, 120)


@pytest.mark.parametrize(("orientation", "size"), [(1, (320, 180)), (3, (320, 180)), (6, (180, 320)), (8, (180, 320))])
async def test_the_size_is_that_which_a_person_sees(orientation: int, size: tuple[int, int]) -> None:
    assert await PictureDecoder().decode(turned_photo(orientation)) == PictureSize(*size)


PHOTO = noisy("JPEG", (1280, 720))


@pytest.mark.parametrize(
    "content",
    [
        PHOTO[:700],
        PHOTO[: len(PHOTO) // 2],
        PHOTO[:-2000],
        noisy("WEBP", (320, 180))[:-500],
        noisy("PNG", (320, 180))[:-500],
        noisy("GIF", (320, 180))[:-2000],
        png_of(5_000, 5_000, bytes(1000)),
        b"\x89PNG\r\n\x1a\n" + bytes(1000),
    ],
    ids=["700 bytes", "half", "an end missing", "webp", "png", "gif", "few pixels", "zeros"],
)
async def test_a_picture_cut_off_or_damaged_is_broken(content: bytes) -> None:
    assert await PictureDecoder().decode(content) is Reason.IMAGE_BROKEN


async def test_a_picture_of_too_many_pixels_is_not_unpacked() -> None:
    assert await PictureDecoder().decode(bomb_png(13_000)) is Reason.IMAGE_TOO_LARGE


@pytest.mark.parametrize("worker", ["hungry", "spinning", "crashing", "babbling"])
async def test_a_process_that_eats_memory_or_time_or_dies_makes_a_broken_picture(worker: str) -> None:
    decoder = PictureDecoder(worker=f"{WORKERS}.{worker}")

    assert await decoder.decode(made("PNG")) is Reason.IMAGE_BROKEN
    assert children() == set()


async def test_a_process_that_hangs_is_killed_and_leaves_no_zombie() -> None:
    decoder = PictureDecoder(worker=f"{WORKERS}.hanging", patience=timedelta(seconds=5))

    assert await decoder.decode(made("PNG") + bytes(1_000_000)) is Reason.IMAGE_BROKEN
    assert children() == set()


@pytest.mark.skipif(not LINUX, reason="needs the list of a process's children")
async def test_nobody_waiting_any_more_ends_the_process() -> None:
    decoder = PictureDecoder(worker=f"{WORKERS}.hanging")
    waiting = asyncio.create_task(decoder.decode(made("PNG")))
    while not children():
        await asyncio.wait({waiting}, timeout=0.02)

    waiting.cancel()
    await asyncio.wait({waiting})

    assert waiting.cancelled()
    assert children() == set()


async def test_a_process_that_never_begins_is_this_machines_trouble() -> None:
    with pytest.raises(InspectionFailed):
        await PictureDecoder(worker="tests.core.workers.absent").decode(made("PNG"))


async def test_a_program_that_cannot_be_started_is_this_machines_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    with pytest.raises(InspectionFailed):
        await PictureDecoder().decode(made("PNG"))


async def test_no_token_reaches_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISCORD_TOKEN", "ACEDATACLOUD_API_TOKEN", "VEOBOT_VEO__API_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret")

    found = await PictureDecoder(worker=f"{WORKERS}.telling").decode(made("PNG"))

    assert found == PictureSize(0, 0)


@pytest.mark.skipif(not LINUX, reason="needs the list of a process's children")
async def test_no_more_than_two_are_decoded_at_once() -> None:
    decoder = PictureDecoder(worker=f"{WORKERS}.hanging", patience=timedelta(seconds=1))
    work = asyncio.gather(*(decoder.decode(made("PNG")) for _ in range(4)), return_exceptions=True)
    seen = 0
    async with asyncio.timeout(20):
        while not work.done():
            seen = max(seen, len(children()))
            await asyncio.sleep(0.02)

    assert seen == 2


async def test_a_process_of_another_bot_ends_before_it_reads_anything() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "veo_core.media.image_worker", "1", cwd=ROOT, stdin=PIPE, stdout=PIPE
    )

    answer, _ = await process.communicate(made("PNG"))

    assert (process.returncode, answer) == (1, b"")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"ready\nsize 12 34\n", PictureSize(12, 34)),
        (b"ready\nlarge\n", Reason.IMAGE_TOO_LARGE),
        (b"ready\n", Reason.IMAGE_BROKEN),
        (b"ready\nsize 12\n", Reason.IMAGE_BROKEN),
        (b"ready\nsize -1 4\n", Reason.IMAGE_BROKEN),
        (b"ready\nsize 1 4\nsize 2 3\n", Reason.IMAGE_BROKEN),
        (b"\xff\xfe", Reason.IMAGE_BROKEN),
    ],
)
def test_an_answer_is_believed_in_its_exact_form_only(answer: bytes, found: object) -> None:
    assert read_answer(answer) == found


@pytest.mark.skipif(not LINUX, reason="only Linux ends a child with its parent")
async def test_the_process_ends_with_a_bot_that_is_killed() -> None:
    program = (
        "import asyncio; from veo_core.media.image_process import PictureDecoder;"
        f"asyncio.run(PictureDecoder(worker='{WORKERS}.sleeping').decode(b'x'))"
    )
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=ROOT)
    await until(lambda: bool(children(bot.pid)))
    (worker,) = children(bot.pid)
    # Its niceness tells that it is past the lines that bind it to the bot.
    await until(lambda: stat_of(worker)[_NICE] == "10")

    bot.kill()
    await bot.wait()

    await until(lambda: stat_of(worker)[_STATE] in "ZX")


_STATE, _NICE = 0, 16


def stat_of(process: str) -> list[str]:
    """What /proc says of a process behind its name; of one that is gone, that it is dead."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except FileNotFoundError:
        return ["X"]

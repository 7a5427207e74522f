"""Pictures of friends and enemies, sent to the real process: bad ones are refused and hold up no good ones."""

from __future__ import annotations

import pytest

from sandbox.discord import Garbage
from tests.core.pictures import bomb_png, gif_with_comment, jpeg_with, made, noisy
from tests.process.house import House, gathered

pytestmark = [pytest.mark.process]

PHOTO = noisy("JPEG", (1280, 720))
HOSTILE = {
    "fill.jpg": b"\xff\xd8" + b"\xff" * 7_900_000,
    "segments.jpg": jpeg_with(b"\xff\xe1\x00\x02" * 1_900_000),
    "comment.gif": gif_with_comment(30_000),
    "bomb.png": bomb_png(13_000),
    "webp.webp": made("WEBP", (9_000, 9_000), method=0),
    "head.jpg": PHOTO[:700],
    "half.jpg": PHOTO[: len(PHOTO) // 2],
    "tiny.png": made("PNG", (16, 16)),
    "text.png": b"no picture at all",
    "phone.heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(500),
}


async def test_an_enemys_pictures_are_refused_and_hold_up_nobodys(house: House) -> None:
    enemy, friend = house.person("enemy"), house.person("friend")
    await house.start()
    files = [house.discord.upload(content, name, "image/jpeg") for name, content in HOSTILE.items()]
    photo = house.discord.upload(PHOTO, "photo.jfif", "image/pjpeg")

    asked = [await house.ask(enemy, f"attack {n}", image1=file) for n, file in enumerate(files)]
    job_id = await house.order(friend, "a good photo moves", image1=photo)
    answers = await gathered(*(one.wait_answer() for one in asked))

    assert all(answer.text.startswith(TITLES) for answer in answers), [answer.text for answer in answers]
    assert house.jobs().keys() == {job_id}
    await house.result(job_id)
    assert [one.payload["image_urls"] for one in house.veo.submissions] == [[photo["url"]]]


TITLES = (
    "I could not read this image",
    "This image is too large",
    "This image is too small",
    "This file is not an image I can use",
    "Too many tries",
)


async def test_a_503_of_discords_file_host_is_asked_again_once(house: House) -> None:
    anna = house.person("anna")
    await house.start()
    fault = house.discord.faults.add("GET", "/cdn/*", Garbage(503), times=1)

    await house.order(anna, "a good photo moves", image1=house.discord.upload(PHOTO, "photo.jpg", "image/jpeg"))

    assert fault.hits == 1


async def test_a_tall_photo_makes_a_tall_video(house: House) -> None:
    anna = house.person("anna")
    await house.start()
    tall = house.discord.upload(noisy("JPEG", (360, 640)), "tall.jpg", "image/jpeg")

    job_id = await house.order(anna, "a tall photo moves", image1=tall)
    await house.settled(job_id)

    assert house.veo.submissions[0].payload["aspect_ratio"] == "9:16"

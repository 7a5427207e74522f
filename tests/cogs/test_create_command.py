"""/veo create: what is refused, what is sent to the provider, and how many one person gets."""

from __future__ import annotations

from io import BytesIO

import discord
import pytest
from PIL import Image

from sandbox.demo.pictures import plain
from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import (
    Option,
    all_that_was_sent,
    asks,
    costs_nothing,
    finished,
    refusal,
    said,
    sends,
    settings,
)
from tests.simulated import videos

PICTURE = plain(320, 180)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(500)
NOT_AN_IMAGE = "This file is not an image I can use"
UNREAD = "I could not read this image"
PROGRAM = b"MZ\x90\x00 this program cannot be run in DOS mode"


def _bomb() -> bytes:
    """A GIF whose header promises more pixels than anybody wants to unpack."""
    file = BytesIO()
    Image.new("P", (1, 1)).save(file, "GIF")
    return file.getvalue()[:6] + b"\xff\xff\xff\xff" + file.getvalue()[10:]


REFUSED: dict[str, tuple[dict[str, Option], str, str]] = {
    "empty": ({"prompt": " \t "}, "A prompt is needed", "Describe your video"),
    "invisible": ({"prompt": "\u200d\u200c"}, "A prompt is needed", "Describe your video"),
    "long": ({"prompt": "x" * 2001}, "This prompt is too long", "2001 characters; 2000 are possible"),
    "no image": ({"model": "veo31-fast-ingredients"}, "That model needs an image", "Attach at least 1"),
    "many images": (
        {"model": "veo2-fast", "image1": ("a.png", PICTURE), "image3": ("b.png", PICTURE)},
        "Too many images for that model",
        "at most 1. Leave some out",
    ),
    "4k": (
        {"resolution": "4k"},
        "This model cannot make 4k",
        "veo31-fast can make 720p, 1080p, gif. For 4k choose veo31.",
    ),
    "4k of an image": (
        {"model": "veo31", "resolution": "4k", "image1": ("a.png", PICTURE)},
        "This model cannot make 4k",
        "veo31 can make 720p, 1080p, gif. For 4k choose veo31 without images.",
    ),
    "a program": ({"image1": ("a.png", PROGRAM)}, NOT_AN_IMAGE, "Save a.png as PNG or JPEG"),
    "a text": ({"image1": ("notes.txt", b"hello")}, NOT_AN_IMAGE, "Save notes.txt as PNG or JPEG"),
    "a phone's format": ({"image1": ("a.heic", HEIC)}, NOT_AN_IMAGE, "Save a.heic as PNG or JPEG and attach it again."),
    "no bytes": ({"image1": ("a.png", b"")}, UNREAD, "Discord did not give me a.png"),
    "a bomb": ({"image1": ("a.gif", _bomb())}, "This image is too large", "at most 8 MB and 40 megapixels"),
    "cut off": ({"image1": ("a.png", PICTURE[:-200])}, UNREAD, "Save a.png as PNG or JPEG"),
    "tiny": (
        {"image1": ("a.png", plain(16, 16))},
        "This image is too small or too narrow",
        "Each side of a.png needs at least 64 pixels, and no side may be more than 4 times the other.",
    ),
    "no first image": (
        {"image2": ("a.png", PICTURE)},
        "The first image is missing",
        "You attached image2 without image1",
    ),
}


async def test_each_refusal_says_what_is_wrong_and_what_to_do_and_costs_nothing(world: World, veo: StandInVeo) -> None:
    answers = {case: refusal(await asks(world, **options)) for case, (options, _, _) in REFUSED.items()}

    assert {case: title for case, (title, _) in answers.items()} == {case: row[1] for case, row in REFUSED.items()}
    missing = {case: answers[case][1] for case, row in REFUSED.items() if row[2] not in answers[case][1]}
    assert not missing
    assert await costs_nothing(world, veo)


@settings(discord={"image_limit_mb": 0.1})
async def test_an_image_over_the_limit_is_refused_before_it_is_read(world: World, veo: StandInVeo) -> None:
    result = await asks(world, image1=("big.png", PICTURE + bytes(100_000)))

    assert refusal(result) == (
        "This image is too large",
        "big.png may have at most 0.1 MB and 40 megapixels.",
    )
    assert await costs_nothing(world, veo)


async def test_values_that_discord_never_offered_are_refused(world: World, veo: StandInVeo) -> None:
    forged = ({"model": "veo9"}, {"aspect_ratio": "1:1"}, {"resolution": "8k"}, {"model": "@everyone `x`"})
    results = [sends(world, world.people.ann, prompt="a fox", **values) for values in forged]
    await world.env.settle()

    assert [refusal(result)[0] for result in results] == [
        "I don't know that model",
        "That aspect ratio isn't supported",
        "This model cannot make 8k",
        "I don't know that model",
    ]
    assert "@everyone" not in all_that_was_sent(world)
    assert await costs_nothing(world, veo)


async def test_an_attachment_that_is_not_on_discords_hosts_is_never_fetched(world: World, veo: StandInVeo) -> None:
    elsewhere = {
        "id": "77",
        "filename": "fox.png",
        "size": len(PICTURE),
        "content_type": "image/png",
        "url": f"{veo.base_url.replace('127.0.0.1', 'localhost')}/media/fox.mp4",
        "proxy_url": "",
    }
    result = sends(world, world.people.ann, elsewhere, prompt="a fox")
    await world.env.settle()

    assert refusal(result)[0] == UNREAD
    assert not veo.media_hits
    assert await costs_nothing(world, veo)


async def test_a_request_without_options_gets_the_defaults(world: World, veo: StandInVeo) -> None:
    await asks(world, prompt="  a fox \u202e in snow  ")

    (submission,) = veo.submissions
    assert submission.payload["model"] == "veo31-fast"
    assert submission.payload["aspect_ratio"] == "16:9"
    assert submission.payload["action"] == "text2video"
    assert submission.payload["async"] is True
    assert "resolution" not in submission.payload
    assert "image_urls" not in submission.payload
    assert "\u202e" not in str(submission.payload["prompt"])
    assert not str(submission.payload["prompt"]).startswith(" ")


async def test_every_option_reaches_the_provider(world: World, veo: StandInVeo) -> None:
    await asks(world, model="veo31", aspect_ratio="9:16", resolution="4k", translate=True)

    payload = veo.submissions[0].payload
    assert payload["model"] == "veo31"
    assert payload["aspect_ratio"] == "9:16"
    assert payload["resolution"] == "4k"
    assert payload["translation"] is True


async def test_a_picture_is_judged_by_its_bytes_whatever_discord_calls_it(world: World, veo: StandInVeo) -> None:
    out = BytesIO()
    Image.new("RGB", (320, 180)).save(out, "JPEG")

    await asks(world, image1=("photo.jfif", out.getvalue()))

    assert len(veo.submissions) == 1


@pytest.mark.parametrize(
    ("size", "chosen", "ratio"), [((180, 320), {}, "9:16"), ((180, 320), {"aspect_ratio": "16:9"}, "16:9")]
)
async def test_without_a_chosen_ratio_a_tall_picture_makes_a_tall_video(
    world: World, veo: StandInVeo, size: tuple[int, int], chosen: dict[str, Option], ratio: str
) -> None:
    await asks(world, image1=("a.png", plain(*size)), **chosen)

    assert veo.submissions[0].payload["aspect_ratio"] == ratio


FRAMES = {
    ("veo31", ("image1", "image2", "image3")): ("image2video", ["image1", "image2", "image3"]),
    ("veo31", ("image3", "image1")): ("image2video", ["image1", "image3"]),
    ("veo2-fast", ("image1",)): ("image2video", ["image1"]),
    ("veo31-fast-ingredients", ("image2", "image3")): ("ingredients2video", ["image2", "image3"]),
}


@settings(quota={"running_per_user": len(FRAMES)})
async def test_images_are_sent_in_the_order_of_their_options_without_gaps(world: World, veo: StandInVeo) -> None:
    sent: dict[tuple[str, tuple[str, ...]], tuple[str, list[str]]] = {}
    for model, options in FRAMES:
        await asks(world, model=model, **{name: (f"{name}.png", PICTURE) for name in options})
        await world.env.advance_time(1)
        payload = veo.submissions[-1].payload
        urls = payload["image_urls"]
        assert isinstance(urls, list)
        names = [str(url).rpartition("/")[2].removesuffix(".png") for url in urls]
        sent[model, options] = str(payload["action"]), names

    assert sent == FRAMES


@settings(veo={"default_model": "veo3", "models": {}})
async def test_the_choices_of_models_come_from_the_table(world: World, veo: StandInVeo) -> None:
    root = world.env.backend.find_command("veo", world.guild.id)
    assert root is not None
    create = next(option for option in root["options"] if option["name"] == "create")
    model = next(option for option in create["options"] if option["name"] == "model")

    await asks(world)

    assert [choice["value"] for choice in model["choices"]] == [
        "veo31-fast",
        "veo31",
        "veo31-fast-ingredients",
        "veo3-fast",
        "veo3",
        "veo2-fast",
        "veo2",
    ]
    assert veo.submissions[0].payload["model"] == "veo3"


async def test_a_channel_where_the_bot_may_not_write_is_refused_but_a_private_video_is_not(
    world: World, veo: StandInVeo
) -> None:
    me = world.guild.me
    assert me is not None
    silent = world.guild.create_text_channel(
        "silent", overwrites={me: discord.PermissionOverwrite(send_messages=False)}
    )

    result = await world.people.ann.slash(silent, "veo create", prompt="a fox")
    assert refusal(result)[0] == "I cannot post here"
    assert "Send Messages" in refusal(result)[1]
    assert await costs_nothing(world, veo)

    assert "#1" in said(await world.people.ann.slash(silent, "veo create", prompt="a fox", private=True))


@pytest.mark.parametrize("code", [10062, 40060], ids=["too old", "answered already"])
async def test_a_video_arrives_though_the_interaction_is_dead(world: World, veo: StandInVeo, code: int) -> None:
    status = {10062: 404, 40060: 400}[code]
    world.env.inject_error("POST", "/interactions/*", status=status, code=code, times=None)

    await asks(world)
    await finished(world, veo)

    assert len(videos(world)) == 1

"""The scripted request: Ann makes a video of a picture and asks for it in 1080p."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import av
import discord
from av.error import FFmpegError
from av.video.frame import VideoFrame

from sandbox.demo.pictures import harbour
from sandbox.demo.transcript import Transcript
from sandbox.demo.world import World

_PROMPT = "The boat sails out of the harbour at dusk"
_PATIENCE = 300
"""Seconds of the world's time in which a video must come."""


class ScriptFailedError(Exception):
    """The bot did not do what the script expects; the text says what."""


@dataclass(frozen=True, slots=True)
class _Size:
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


async def play(world: World, transcript: Transcript) -> None:
    """Play the script; raises ScriptFailedError when a video does not come or is not what was asked for."""
    first = await _make(world, transcript)
    size = await _checked(first, larger_than=_Size(0, 0))
    transcript.note(f"✓ a real mp4 of {size}")
    second = await _upscale(world, transcript, first)
    larger = await _checked(second, larger_than=size)
    transcript.note(f"✓ a real mp4 of {larger}, larger than the first")


async def _make(world: World, transcript: Transcript) -> discord.Message:
    picture = "harbour.png"
    transcript.typed(world.people.ann, "veo create", {"prompt": _PROMPT, "image1": picture})
    known = _videos(world)
    result = await world.people.ann.slash(world.films, "veo create", prompt=_PROMPT, image1=(picture, harbour()))
    transcript.answered(result)
    return await _video(world, transcript, lambda message: message.id not in known)


async def _upscale(world: World, transcript: Transcript, first: discord.Message) -> discord.Message:
    transcript.pressed(world.people.ann, "1080p")
    known = _videos(world)
    transcript.answered(await world.people.ann.click(first, label="1080p"))
    return await _video(world, transcript, lambda message: message.id not in known)


async def _video(world: World, transcript: Transcript, new: Callable[[discord.Message], bool]) -> discord.Message:
    for _ in range(_PATIENCE):
        transcript.posted()
        found = next((message for message in world.films.history() if message.attachments and new(message)), None)
        if found is not None:
            return found
        await world.env.advance_time(1)
    raise ScriptFailedError(f"no video came within {_PATIENCE} seconds")


def _videos(world: World) -> set[int]:
    return {message.id for message in world.films.history() if message.attachments}


async def _checked(message: discord.Message, *, larger_than: _Size) -> _Size:
    data = await message.attachments[0].read()
    try:
        size = _measured(data)
    except (FFmpegError, IndexError) as error:
        raise ScriptFailedError(f"{message.attachments[0].filename} is not a video: {error}") from error
    if size.width <= larger_than.width or size.height <= larger_than.height:
        raise ScriptFailedError(f"the video has {size}, which is not larger than {larger_than}")
    return size


def _measured(data: bytes) -> _Size:
    if data[4:8] != b"ftyp":
        raise ScriptFailedError("the video is not an mp4")
    with av.open(BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    return _Size(frame.width, frame.height)
    raise ScriptFailedError("the video has no picture")

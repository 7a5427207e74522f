"""Pictures are decoded in processes of their own, which are killed when they take too long or nobody waits."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from veo_core.domain.images import PictureSize
from veo_core.errors import InspectionFailed
from veo_core.reasons import Reason

_ROOT = Path(__file__).resolve().parents[2]
_LONGEST_ANSWER = 100
_PIPE = 65_536
_KEPT = frozenset({"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})
_KEPT_PREFIXES = ("PYTHON", "LC_", "COVERAGE")


class PictureDecoder:
    """Decodes `at_once` pictures at a time; one may take `patience`, on a busy machine too.

    The process limits its own memory and CPU time (veo_core.media.image_worker).
    """

    def __init__(
        self,
        *,
        at_once: int = 2,
        patience: timedelta = timedelta(seconds=20),
        worker: str = "veo_core.media.image_worker",
    ) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._patience = patience.total_seconds()
        self._worker = worker

    async def decode(self, content: bytes) -> PictureSize | Reason:
        """The size of the picture, or why it will not do: IMAGE_TOO_LARGE or IMAGE_BROKEN.

        Raises InspectionFailed when no process could be started. Whoever cancels leaves no process behind.
        """
        async with self._turns:
            return read_answer(await self._answer(content))

    async def _answer(self, content: bytes) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self._worker, str(os.getpid())),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                cwd=_ROOT,
                env=_environment(os.environ),
                start_new_session=True,
            )
        except OSError as error:
            raise InspectionFailed(f"no process could be started: {error}") from error
        answer = bytearray()
        # What was said until the time was over decides: without `ready` the picture was never looked at.
        with contextlib.suppress(TimeoutError):
            try:
                async with asyncio.timeout(self._patience):
                    await _converse(process, content, answer)
            finally:
                await _end(process, answer)
        return bytes(answer)


def read_answer(answer: bytes) -> PictureSize | Reason:
    """What the process said.

    Raises InspectionFailed when it never began.
    """
    match answer.decode("ascii", "replace").split():
        case []:
            raise InspectionFailed("the process for pictures did not begin")
        case ["ready", "size", width, height] if width.isdecimal() and height.isdecimal():
            return PictureSize(int(width), int(height))
        case ["ready", "large"]:
            return Reason.IMAGE_TOO_LARGE
        case _:
            return Reason.IMAGE_BROKEN


async def _converse(process: Process, content: bytes, answer: bytearray) -> None:
    """Hand over the picture and read the answer, which is bounded too."""
    into, out = process.stdin, process.stdout
    if into is None or out is None:
        raise InspectionFailed("the process for pictures has no pipes")
    # A process that ended already may have answered all the same.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        into.write(content)
        await into.drain()
    into.close()
    while part := await out.read(_LONGEST_ANSWER):
        answer += part
        if len(answer) > _LONGEST_ANSWER:
            return
    await process.wait()


async def _end(process: Process, answer: bytearray) -> None:
    """Kill the whole group and wait for it, so that no zombie stays."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(_gone(process, answer))


async def _gone(process: Process, answer: bytearray) -> None:
    """Read what is left in the pipe (at most what it holds): before that asyncio does not see the end."""
    while process.stdout is not None and (part := await process.stdout.read(_PIPE)):
        answer += part
    await process.wait()


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What Python needs to start; no token reaches the process that reads strangers' files."""
    return {name: value for name, value in variables.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}

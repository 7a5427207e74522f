"""The stand-in as a process: `python -m sandbox.veo --delay 6` prints its address and stops at SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import signal
import sys
from collections.abc import Sequence

from sandbox.veo.files import Renderer
from sandbox.veo.server import StandInVeo
from sandbox.veo.world import ImageMode, Settings

RETIRED = ("veo2", "veo2-fast")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; ends the process with 2 and a usage line when it is wrong."""
    parser = argparse.ArgumentParser("python -m sandbox.veo", description="A stand-in Veo API on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    parser.add_argument("--delay", type=float, default=5.0, help="seconds until a task is done (default 5)")
    parser.add_argument("--token", help="the only right token; any is when this is left out")
    parser.add_argument(
        "--clips", choices=("tiny", "rendered"), default="rendered", help="rendered needs av and Pillow"
    )
    parser.add_argument("--images", choices=[mode.value for mode in ImageMode], default=ImageMode.LENIENT.value)
    parser.add_argument("--seed", type=int, default=0, help="for the order of batches")
    parser.add_argument("--retired", action="store_true", help="refuse veo2 and veo2-fast, as since July 2026")
    parser.add_argument("--ignore-async", action="store_true", help="hold every submission until its video is done")
    parser.add_argument("--moderate", action="append", default=[], metavar="WORD", help="refuse prompts with this word")
    return parser.parse_args(arguments)


def build(options: argparse.Namespace) -> StandInVeo:
    """Turn the command line into a stand-in that is not yet started."""
    settings = Settings(
        port=options.port,
        token=options.token,
        delay=options.delay,
        images=ImageMode(options.images),
        seed=options.seed,
    )
    veo = StandInVeo(settings, renderer=renderer(options.clips))
    veo.switches.ignore_async = options.ignore_async
    veo.switches.terms.moderated_words = tuple(options.moderate)
    if options.retired:
        veo.switches.terms.unsupported_models.update(RETIRED)
    return veo


def renderer(clips: str) -> Renderer | None:
    """Return what makes the files; loaded only when asked for, because it needs av and Pillow."""
    if clips == "tiny":
        return None
    render: Renderer = importlib.import_module("sandbox.clips").render
    return render


async def serve(veo: StandInVeo) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with veo:
        sys.stdout.write(f"Stand-in Veo API: {veo.base_url}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(build(parse())))

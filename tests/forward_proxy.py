"""A small forward proxy on loopback: sends plain requests on, refuses tunnels, and notes what it was asked for."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self
from urllib.parse import urlsplit

_END = b"\r\n\r\n"


class ForwardProxy:
    """Every name below `.test` is this machine, which no resolver but this one knows."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.credentials: set[str] = set()
        self.url = ""
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    def hosts(self) -> set[str]:
        """Whom it was asked for."""
        return {urlsplit(one.split(" ")[1]).hostname or one.split(" ")[1] for one in self.asked}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (pipe := asyncio.current_task()) is not None:
            self._pipes.add(pipe)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(_END)
            line, *headers = head.decode().split("\r\n")
            self.asked.append(line.rpartition(" ")[0])
            self.credentials |= {one for one in headers if one.lower().startswith("proxy-authorization")}
            if line.startswith("CONNECT"):
                writer.write(b"HTTP/1.1 403 No tunnels\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
            else:
                await self._forward(line.split(" ")[1], head, reader, writer)
        writer.close()

    async def _forward(self, url: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.hostname.endswith(".test")
        there, away = await asyncio.open_connection("127.0.0.1", parts.port)
        away.write(head)
        ways = {asyncio.create_task(_pipe(reader, away)), asyncio.create_task(_pipe(there, writer))}
        self._pipes |= ways
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        away.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()

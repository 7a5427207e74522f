"""The simulated Discord's file host: attachments as real files on the loopback, for whoever has their address."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from aiohttp import web
from simcord.backend.cdn import CdnStore


class _Store(CdnStore):
    """simcord's attachments, kept under addresses that can be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.base = ""

    def store_attachment(
        self, attachment_id: int, channel_id: int, filename: str, data: bytes, description: str | None
    ) -> dict[str, Any]:
        payload = super().store_attachment(attachment_id, channel_id, filename, data, description)
        url = f"{self.base}/attachments/{channel_id}/{attachment_id}/{filename}"
        self._blobs[url] = self._blobs.pop(payload["url"])
        return {**payload, "url": url, "proxy_url": url}


class FileHost:
    """Serves what members and the bot upload; an async context manager."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.store = _Store()
        app = web.Application()
        app.router.add_get("/attachments/{channel}/{attachment}/{filename}", self._serve)
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, 0).start()
        self.store.base = f"http://{self.host}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        data = self.store.get(f"{self.store.base}{request.path}")
        if data is None:
            raise web.HTTPNotFound
        return web.Response(body=data, content_type=_content_type(request.match_info["filename"]))


def _content_type(filename: str) -> str:
    known = {
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".webp": "image/webp",
        ".mp4": "video/mp4",
    }
    return next(
        (kind for ending, kind in known.items() if filename.lower().endswith(ending)), "application/octet-stream"
    )

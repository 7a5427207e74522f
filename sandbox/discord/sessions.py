"""The gateway's connections, and the sessions that outlive them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from datetime import datetime

    from .jsons import Json
    from .world import Event

DISPATCH = 0


@dataclass(eq=False)
class Connection:
    """One websocket; everything sent goes through its queue, in order."""

    socket: web.WebSocketResponse
    request: web.Request
    outbox: asyncio.Queue[str | int] = field(default_factory=asyncio.Queue[str | int])
    session: Session | None = None
    closing: bool = False

    def send(self, payload: Json) -> None:
        """Send a payload."""
        self.outbox.put_nowait(json.dumps(payload))

    def close(self, code: int) -> None:
        """Close with a code, after what is already queued."""
        self.outbox.put_nowait(code)

    async def write(self) -> None:
        """Send what is queued until the socket closes."""
        while not self.socket.closed:
            one = await self.outbox.get()
            self.closing = isinstance(one, int)
            try:
                await (self.socket.close(code=one) if isinstance(one, int) else self.socket.send_str(one))
            except ConnectionError:
                return


@dataclass(eq=False)
class Session:
    """What RESUME goes on with; `sent` are the events so far."""

    id: str
    shard: tuple[int, int]
    intents: int
    started_at: datetime
    connection: Connection | None = None
    sent: list[Json] = field(default_factory=list["Json"], repr=False)
    resumes: int = 0

    def dispatch(self, name: str, data: Any) -> None:
        """Number an event, keep it for a resume, send it if connected."""
        payload: Json = {"op": DISPATCH, "t": name, "s": len(self.sent) + 1, "d": data}
        self.sent.append(payload)
        if self.connection is not None:
            self.connection.send(payload)

    def concerns(self, event: Event) -> bool:
        """Tell whether this shard gets the event."""
        shard, count = self.shard
        wanted = event.intent == 0 or bool(self.intents & event.intent)
        return wanted and ((event.guild_id or 0) >> 22) % count == shard

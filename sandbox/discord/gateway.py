"""The stand-in's gateway: sessions that outlive connections, events with sequence numbers, and ways to hurt both."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from .payloads import guild_create_json, own_user_json, user_json
from .sessions import Connection, Session
from .world import DIRECT

if TYPE_CHECKING:
    from collections.abc import Callable

    from .jsons import Json
    from .world import Event, World

RECONNECT = 7
INVALID = 9
HELLO = 10
ACK = 11
PRIVILEGED_INTENTS = (1 << 1) | (1 << 8) | (1 << 15)
MESSAGE_CONTENT_INTENT = 1 << 15
GUILDS_INTENT = 1 << 0
PAYLOAD_MOST = 4096
CLEAN_CLOSES = (1000, 1001)
CLOSING_SECONDS = 1.0

UNKNOWN_OPCODE = 4001
DECODE_ERROR = 4002
NOT_AUTHENTICATED = 4003
AUTHENTICATION_FAILED = 4004
ALREADY_AUTHENTICATED = 4005
INVALID_SHARD = 4010
DISALLOWED_INTENTS = 4014


class Gateway:
    """All sessions of the bot, whichever process made them."""

    def __init__(self, world: World, accepts_token: Callable[[str], bool]) -> None:
        """Tell of `world`; `accepts_token` decides who may identify."""
        self._world = world
        self._accepts_token = accepts_token
        self.url = ""
        self.shards = 1
        self.max_concurrency = 1
        self.heartbeat_interval = 41.25
        self.ack_heartbeats = True
        self.refusing = False
        self.never_ready = False
        # Whether an identify that is refused is cut off without the code that says why.
        self.loses_close_codes = False
        self.privileged_intents = 0
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.identifies: list[Json] = []
        world.publish = self.publish

    @property
    def live(self) -> list[Session]:
        """Sessions with a connection."""
        return [one for one in self.sessions.values() if one.connection is not None]

    def publish(self, event: Event) -> None:
        """Tell every session that is concerned, also one that may resume later."""
        for session in self.sessions.values():
            if session.concerns(event):
                session.dispatch(event.name, self._as_seen_by(session, event))

    def _as_seen_by(self, session: Session, event: Event) -> Json:
        """Return the event without what only the message content intent shows."""
        if (
            not event.name.startswith("MESSAGE_")
            or session.intents & MESSAGE_CONTENT_INTENT
            or "author" not in event.data
        ):
            return event.data
        own = event.data["author"]["id"] == str(self._world.application_id)
        direct = self._world.channels[int(event.data["channel_id"])].kind == DIRECT
        mentioned = f"<@{self._world.application_id}>" in event.data["content"]
        hidden: Json = {} if own or direct or mentioned else {"content": "", "embeds": [], "attachments": []}
        return event.data | hidden

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        if self.refusing:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write())
        connection.send(
            {"op": HELLO, "s": None, "t": None, "d": {"heartbeat_interval": self.heartbeat_interval * 1000}}
        )
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(connection, message.data)
        finally:
            if connection.closing:
                await asyncio.wait({writer}, timeout=CLOSING_SECONDS)
            writer.cancel()
            self._forget(connection)
        return socket

    def _forget(self, connection: Connection) -> None:
        self.connections.discard(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            if connection.socket.close_code in CLEAN_CLOSES and not connection.closing:
                self.sessions.pop(session.id, None)
        self._world.changes.notify()

    def _receive(self, connection: Connection, text: str) -> None:
        try:
            payload: Json = json.loads(text)
        except ValueError:
            return connection.close(DECODE_ERROR)
        if len(text) > PAYLOAD_MOST:
            return connection.close(DECODE_ERROR)
        match payload.get("op"):
            case 1:
                if self.ack_heartbeats:
                    connection.send({"op": ACK, "s": None, "t": None, "d": None})
            case 2:
                self._identify(connection, payload["d"])
            case 6:
                self._resume(connection, payload["d"])
            case 3 | 4 | 8 if connection.session is not None:
                return None
            case 3 | 4 | 8:
                connection.close(NOT_AUTHENTICATED)
            case _:
                connection.close(UNKNOWN_OPCODE)
        return None

    def _identify(self, connection: Connection, data: Json) -> None:
        own, count = data.get("shard") or (0, 1)
        shard = (int(own), int(count))
        self.identifies.append({"at": self._world.clock.now(), "shard": shard, "intents": data["intents"]})
        refusal = self._refusal(connection, data, shard)
        if refusal and self.loses_close_codes:
            self.kill()
            return
        if refusal:
            connection.close(refusal)
            return
        session = Session(secrets.token_hex(16), shard, data["intents"], self._world.clock.now(), connection)
        connection.session = session
        self.sessions[session.id] = session
        if not self.never_ready:
            self._greet(session)
        self._world.changes.notify()

    def _refusal(self, connection: Connection, data: Json, shard: tuple[int, int]) -> int:
        if connection.session is not None:
            return ALREADY_AUTHENTICATED
        if not self._accepts_token(data["token"]):
            return AUTHENTICATION_FAILED
        if not 0 <= shard[0] < shard[1]:
            return INVALID_SHARD
        return DISALLOWED_INTENTS if data["intents"] & PRIVILEGED_INTENTS & ~self.privileged_intents else 0

    def _greet(self, session: Session) -> None:
        shard, count = session.shard
        every = [one for one in self._world.guilds.values() if one.installed]
        mine = [one for one in every if (one.id >> 22) % count == shard]
        own = self._world.users[self._world.application_id]
        ready: Json = {
            "v": 10,
            "user": user_json(own) | own_user_json(own),
            "guilds": [{"id": str(one.id), "unavailable": True} for one in mine],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": list(session.shard),
            "application": {"id": str(own.id), "flags": 0},
        }
        session.dispatch("READY", ready)
        if session.intents & GUILDS_INTENT:
            for guild in mine:
                session.dispatch("GUILD_CREATE", guild_create_json(self._world, guild))

    def _resume(self, connection: Connection, data: Json) -> None:
        session = self.sessions.get(str(data.get("session_id")))
        if session is None or not self._accepts_token(data["token"]):
            connection.send({"op": INVALID, "s": None, "t": None, "d": False})
            return
        connection.session, session.connection = session, connection
        session.resumes += 1
        for payload in session.sent[int(data["seq"] or 0) :]:
            connection.send(payload)
        session.dispatch("RESUMED", {})
        self._world.changes.notify()

    def send(self, payload: Json) -> None:
        """Send a payload of the test's making over every connection, not numbered and not replayed."""
        self.send_text(json.dumps(payload))

    def send_text(self, text: str) -> None:
        """Send a text frame as it is, maybe no JSON, over every connection."""
        for connection in self.connections:
            connection.outbox.put_nowait(text)

    def send_malformed(self, name: str = "INTERACTION_CREATE", data: Any = None) -> None:
        """Send an event without the fields it must have."""
        for session in self.live:
            session.dispatch(name, {"id": "1"} if data is None else data)

    def reconnect(self) -> None:
        """Ask the bot to reconnect and resume (op 7), as Discord does every few hours."""
        self.send({"op": RECONNECT, "s": None, "t": None, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Tell that the session is invalid (op 9); not `resumable`: the sessions are forgotten."""
        self.send({"op": INVALID, "s": None, "t": None, "d": resumable})
        if not resumable:
            self.forget_sessions()

    def forget_sessions(self) -> None:
        """Let every later resume fail with op 9."""
        for session in self.sessions.values():
            session.connection = None
        self.sessions.clear()

    def close(self, code: int) -> None:
        """Close every connection with a code of 1000 to 4999."""
        for connection in self.connections:
            connection.close(code)

    def kill(self) -> None:
        """Cut every connection without a closing frame."""
        for connection in list(self.connections):
            if connection.request.transport is not None:
                connection.request.transport.abort()

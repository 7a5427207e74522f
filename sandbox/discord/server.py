"""The stand-in as a test holds it: one server on loopback that plays Discord for a bot in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from aiohttp import web

from .builders import Builders
from .clock import Clock
from .commands import Commands
from .faults import Faults
from .gateway import Gateway
from .limits import Limits
from .people import People
from .rest import API, CDN, GATEWAY, Front
from .rest_interactions import InteractionRoutes
from .rest_messages import MessageRoutes
from .rest_misc import MiscRoutes
from .traffic import Traffic
from .world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from random import Random
    from types import TracebackType

    from .message import Message

BIGGEST_BODY = 1 << 30
PATIENCE = 10.0


class DiscordStandIn(Builders, People):
    """Discord over the network; the world lives as long as this object, not as the bot's process."""

    def __init__(self, *, clock: Clock | None = None, token: str | None = None, random: Random | None = None) -> None:
        """Prepare an empty Discord; with `token` every other one is refused."""
        self.clock = clock or Clock()
        self.world = World(self.clock)
        self.commands = Commands(self.world)
        Builders.__init__(self, self.world)
        People.__init__(self, self.world, self.commands)
        self.traffic = Traffic(self.world.changes)
        self.faults = Faults(random)
        self.limits = Limits(self.clock)
        self.front = Front(self.clock, self.traffic, self.faults, self.limits)
        self.front.token = token
        self.gateway = Gateway(self.world, self.front.accepts)
        self.interaction_routes = InteractionRoutes(self.world)
        self.api_base = ""
        self.cdn_base = ""
        self.application_id = self.world.application_id
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port of loopback."""
        app = web.Application(middlewares=[self.front.middleware], client_max_size=BIGGEST_BODY)
        self.interaction_routes.register(app)
        MessageRoutes(self.world).register(app)
        MiscRoutes(self.world, self.commands, self.gateway).register(app)
        app.router.add_get(GATEWAY, self.gateway.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = int(self._runner.addresses[0][1])
        self.api_base = f"http://127.0.0.1:{port}{API}"
        self.cdn_base = self.world.cdn_base = f"http://127.0.0.1:{port}{CDN}"
        self.gateway.url = f"ws://127.0.0.1:{port}{GATEWAY}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop listening.

        Raises:
            ExceptionGroup: the stand-in itself failed on a request.
        """
        self.front.closing.set()
        self.gateway.kill()
        if self._runner is not None:
            await self._runner.cleanup()
        if self.front.crashes and kind is None:
            text = "the stand-in failed"
            raise ExceptionGroup(text, self.front.crashes)

    @property
    def token(self) -> str | None:
        """The only accepted token; None accepts any. Set another one to revoke the bot's."""
        return self.front.token

    @token.setter
    def token(self, token: str | None) -> None:
        self.front.token = token

    @property
    def down(self) -> bool:
        """The whole REST API is gone: connections are reset. The gateway and the CDN go on."""
        return self.front.down

    @down.setter
    def down(self, down: bool) -> None:
        self.front.down = down

    @property
    def ack_window(self) -> timedelta:
        """How long a callback may take; Discord's three seconds, longer for a test that halts the bot."""
        return self.interaction_routes.ack_window

    @ack_window.setter
    def ack_window(self, window: timedelta) -> None:
        self.interaction_routes.ack_window = window

    def advance(self, step: timedelta) -> None:
        """Let time pass on Discord's side only: tokens, nonces and files age."""
        self.clock.advance(step)

    def messages(self, channel_id: int) -> list[Message]:
        """Messages standing in a channel, oldest first, without ephemeral ones."""
        return self.world.in_channel(channel_id)

    def dms(self, user_id: int) -> list[Message]:
        """Messages in a user's direct-message channel with the bot."""
        return self.world.in_channel(self.world.dm_channel(user_id))

    def find(self, accept: Callable[[Message], bool], channel_id: int | None = None) -> Message | None:
        """Return the first message, also an ephemeral one, that `accept` likes."""
        for one in self.world.messages.values():
            if not one.deleted and channel_id in (None, one.channel_id) and accept(one):
                return one
        return None

    async def wait_for_message(
        self,
        accept: Callable[[Message], bool] = lambda _message: True,
        *,
        channel_id: int | None = None,
        within: float = PATIENCE,
    ) -> Message:
        """Wait until there is a message that `accept` likes; edited ones are asked again."""
        return await self.world.changes.wait_for(lambda: self.find(accept, channel_id), within, self._story)

    async def wait_until(self, true: Callable[[], bool], within: float = PATIENCE) -> None:
        """Wait until a condition on the world holds."""
        await self.world.changes.wait_for(lambda: true() or None, within, self._story)

    async def wait_connected(self, shards: int = 1, within: float = PATIENCE) -> None:
        """Wait until so many shards are identified or resumed, and connected."""
        await self.wait_until(lambda: len(self.gateway.live) >= shards, within)

    async def wait_disconnected(self, within: float = PATIENCE) -> None:
        """Wait until no shard is connected, for example after the process was killed."""
        await self.wait_until(lambda: not self.gateway.live, within)

    async def wait_commands(self, within: float = PATIENCE) -> None:
        """Wait until global commands are registered."""
        await self.wait_until(lambda: bool(self.commands.registered()), within)

    async def wait_requests(self, method: str, route: str, count: int = 1, within: float = PATIENCE) -> None:
        """Wait until so many requests came to that template or path pattern."""
        await self.wait_until(lambda: self.traffic.count(method, route) >= count, within)

    def _story(self) -> str:
        last = "\n".join(f"  {one}" for one in self.traffic.requests[-15:])
        said = "\n".join(f"  {one.channel_id}: {one.text[:100]!r}" for one in list(self.world.messages.values())[-10:])
        return f"it did not happen. Last requests:\n{last}\nLast messages:\n{said}"

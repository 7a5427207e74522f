"""REST routes of accounts, guilds, commands, the gateway's address, and the CDN."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from .errors import ApiError, ErrorCode
from .jsons import Json, as_list
from .payloads import channel_json, guild_json, member_json, own_user_json, role_json, user_json
from .rest import API, CDN, Answer, body_of, number, route
from .world import ATTACHMENT_LIFE, PUBLIC_THREAD, Event

if TYPE_CHECKING:
    from .commands import Commands
    from .gateway import Gateway
    from .world import World

SESSIONS_A_DAY = 1000


class MiscRoutes:
    """What a bot asks at its start, and files."""

    def __init__(self, world: World, commands: Commands, gateway: Gateway) -> None:
        """Serve these three."""
        self._world = world
        self._commands = commands
        self._gateway = gateway

    def register(self, app: web.Application) -> None:
        """Add the routes."""
        application = f"{API}/applications/{{application_id}}"
        guild = f"{API}/guilds/{{guild_id}}"
        app.router.add_get(f"{API}/gateway/bot", route(self._gateway_bot))
        app.router.add_get(f"{API}/users/@me", route(self._me))
        app.router.add_get(f"{API}/users/@me/guilds", route(self._my_guilds))
        app.router.add_get(f"{API}/users/{{user_id}}", route(self._user))
        app.router.add_delete(f"{API}/users/@me/guilds/{{guild_id}}", route(self._leave))
        app.router.add_get(f"{API}/oauth2/applications/@me", route(self._application))
        app.router.add_get(f"{API}/applications/@me", route(self._application))
        for scope in (application, f"{application}/guilds/{{guild_id}}"):
            app.router.add_get(f"{scope}/commands", route(self._get_commands))
            app.router.add_put(f"{scope}/commands", route(self._put_commands))
        app.router.add_get(guild, route(self._guild))
        app.router.add_get(f"{guild}/channels", route(self._guild_channels))
        app.router.add_get(f"{guild}/roles", route(self._guild_roles))
        app.router.add_get(f"{guild}/members/{{user_id}}", route(self._guild_member))
        app.router.add_post(f"{API}/attachments/refresh-urls", route(self._refresh_urls))
        app.router.add_get(f"{CDN}/{{kind}}/{{application_id}}/{{upload_id}}/{{filename}}", self._file)

    async def _gateway_bot(self, _request: web.Request) -> Answer:
        limit: Json = {
            "total": SESSIONS_A_DAY,
            "remaining": SESSIONS_A_DAY - len(self._gateway.identifies),
            "reset_after": 86_400_000,
            "max_concurrency": self._gateway.max_concurrency,
        }
        return {"url": self._gateway.url, "shards": self._gateway.shards, "session_start_limit": limit}

    async def _me(self, _request: web.Request) -> Answer:
        return own_user_json(self._world.users[self._world.application_id])

    async def _my_guilds(self, request: web.Request) -> Answer:
        after = int(request.query.get("after", 0))
        mine = sorted((one for one in self._world.guilds.values() if one.installed), key=lambda one: one.id)
        partial = [guild_json(one) | {"owner": False, "permissions": "0"} for one in mine if one.id > after]
        return partial[: int(request.query.get("limit", 200))]

    async def _user(self, request: web.Request) -> Answer:
        return user_json(self._world.user(number(request, "user_id")))

    async def _leave(self, request: web.Request) -> Answer:
        guild = self._world.guild(number(request, "guild_id"))
        guild.installed = False
        self._world.publish(Event("GUILD_DELETE", {"id": str(guild.id)}, guild.id))
        return None

    async def _application(self, _request: web.Request) -> Answer:
        own = self._world.users[self._world.application_id]
        return {
            "id": str(own.id),
            "name": own.name,
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "owner": user_json(self._world.users[self._world.owner_id]),
            "team": None,
            "verify_key": "0" * 64,
            "flags": 0,
            "bot": user_json(own),
            "integration_types_config": {"0": {}, "1": {}},
            "approximate_guild_count": len(self._world.guilds),
        }

    async def _get_commands(self, request: web.Request) -> Answer:
        return self._commands.registered(self._scope(request))

    async def _put_commands(self, request: web.Request) -> Answer:
        commands = self._commands.put(self._scope(request), body_of().json)
        self._world.changes.notify()
        return commands

    def _scope(self, request: web.Request) -> int | None:
        if number(request, "application_id") != self._world.application_id:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        if "guild_id" not in request.match_info:
            return None
        return self._world.guild(number(request, "guild_id")).id

    async def _guild(self, request: web.Request) -> Answer:
        return guild_json(self._world.guild(number(request, "guild_id")))

    async def _guild_channels(self, request: web.Request) -> Answer:
        guild = self._world.guild(number(request, "guild_id"))
        mine = [one for one in self._world.channels.values() if one.guild_id == guild.id]
        return [channel_json(self._world, one) for one in mine if one.kind != PUBLIC_THREAD]

    async def _guild_roles(self, request: web.Request) -> Answer:
        guild = self._world.guild(number(request, "guild_id"))
        return [role_json(role_id, *role) for role_id, role in guild.roles.items()]

    async def _guild_member(self, request: web.Request) -> Answer:
        guild = self._world.guild(number(request, "guild_id"))
        return member_json(self._world.user(number(request, "user_id")), guild.id)

    async def _refresh_urls(self, _request: web.Request) -> Answer:
        urls = [str(one) for one in as_list(body_of().object.get("attachment_urls"))]
        return {"refreshed_urls": [{"original": one, "refreshed": self._refreshed(one)} for one in urls]}

    def _refreshed(self, url: str) -> str | None:
        parts = urlsplit(url)
        if "ephemeral-attachments" in parts.path or not url.startswith(self._world.cdn_base):
            return None
        expires = int((self._world.clock.now() + ATTACHMENT_LIFE).timestamp())
        sign = parse_qs(parts.query).get("hm", ["0"])[0]
        return parts._replace(query=f"ex={expires:x}&hm={sign}").geturl()

    async def _file(self, request: web.Request) -> web.Response:
        upload = self._world.uploads.get(int(request.match_info["upload_id"]))
        expires = int(request.query.get("ex", "0"), 16)
        if upload is None or expires < self._world.clock.now().timestamp():
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=upload.data, content_type=upload.content_type)

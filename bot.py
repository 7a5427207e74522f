"""The Veo bot: settings → resources → bot → run. The only file that knows every concrete class.

python bot.py [run|check|audit|backup FILE|restore FILE|demo] [--config config.toml]
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from cogs.delivery.publisher import DiscordPublisher
from cogs.gateway import VeoBot
from cogs.rest.gate import Gate
from runtime.arguments import Arguments, parse_arguments
from runtime.audit import print_audit
from runtime.backup import print_backup, print_restore
from runtime.check import check
from runtime.clock import SteadyClock
from runtime.config.loader import Settings, load, require_tokens
from runtime.config.tokens import without_secrets
from runtime.discord_address import use_discord_at
from runtime.failpoints import arm_from_environment
from runtime.health import health_server
from runtime.logs import set_up_logs
from runtime.serve import serve
from runtime.vitals import Life, Vitals
from veo_core.domain.timing import Now
from veo_core.errors import VeoBotError
from veo_core.media.download import ATTACHMENT_PATIENCE, MediaReader
from veo_core.media.hosts import Hosts
from veo_core.media.image_process import PictureDecoder
from veo_core.media.images import ImageInspector
from veo_core.media.session import media_session
from veo_core.network import discord_connector
from veo_core.provider.client import VeoClient
from veo_core.provider.session import api_session
from veo_core.provider.status import Provider
from veo_core.services.studio import Studio
from veo_core.store import Sentinel, Store
from veo_core.wake import Idle, rest
from veo_core.worker.budget_alerts import BudgetAlerts
from veo_core.worker.deliverer import Deliverer
from veo_core.worker.model_doubts import ModelDoubts
from veo_core.worker.poller import Poller
from veo_core.worker.reconciler import Reconciler
from veo_core.worker.submitter import Submitter
from veo_core.workshop import Workshop


@asynccontextmanager
async def assembled(
    settings: Settings, *, now: Now, idle: Idle = rest, vitals: Vitals | None = None, gate: Gate | None = None
) -> AsyncGenerator[VeoBot]:
    """Open what the bot needs and put it together; leaving closes everything in the reverse order.

    `vitals` is told of it for the health pages.

    Raises StorageError when the database cannot be used.
    """
    discord, veo, pace = settings.discord, settings.veo, settings.pace
    gate, proxies = gate or Gate(), settings.proxies
    async with (
        Store.open(settings.storage.path, settings.budgets) as store,
        api_session(proxies) as api,
        media_session(proxies) as files,
    ):
        client = VeoClient(
            api, api_base=veo.api_base, api_token=veo.api_token.get_secret_value(), timeout=pace.submit_timeout, now=now
        )
        provider = Provider(pace, now)
        workshop = Workshop(
            client, store, provider, settings.catalog, pace, settings.limits, veo.max_running, now=now, idle=idle
        )
        attachments = MediaReader(files, Hosts(discord.cdn_hosts), total=ATTACHMENT_PATIENCE)
        inspector = ImageInspector(attachments, PictureDecoder(), discord.image_limit, now)
        studio = Studio(
            workshop,
            inspector,
            veo.default_model,
            anyone_may_upscale=discord.anyone_may_upscale,
            servers=discord.servers,
        )
        bot = VeoBot(
            studio, direct_messages=discord.direct_messages, remembers=store.meta, connector=discord_connector(proxies)
        )
        gate.attach(bot.http)
        publisher = DiscordPublisher(
            bot, studio, store.instance, discord.upload_limit, discord.operator_channel_id, now, gate
        )
        bot.ask_of_places(publisher.refuses)
        submitter = Submitter(workshop)
        reconciler = Reconciler(workshop, submitter)
        deliverer = Deliverer(workshop, MediaReader(files, Hosts(veo.media_hosts)), publisher)
        loops = (submitter, reconciler, Poller(workshop), deliverer, BudgetAlerts(workshop, publisher))
        workshop.changed.connect(*loops)
        bot.run_beside((*loops, Sentinel(store.database, pace.slow_interval, idle)))
        await store.queue.recover(now())
        await ModelDoubts(workshop).load()
        await store.ledger.review(now())
        with (vitals or Vitals()).watch(Life(bot, provider, partial(store.meta.check, now))):
            yield bot


async def run(settings: Settings) -> int:
    """Work until asked to stop."""
    require_tokens(settings)
    clock, vitals, gate = SteadyClock(), Vitals(), Gate()
    assemble = partial(assembled, settings, now=clock.now, vitals=vitals, gate=gate)
    async with health_server(settings.server.host, settings.server.port, vitals):
        await serve(assemble, settings.discord.token.get_secret_value())
    return 0


async def demo(arguments: Arguments) -> int:
    """Play the main job in a simulated Discord, without any account."""
    from sandbox.demo import Surroundings, demo_settings, run_demo

    def make_bot(world: Surroundings) -> AbstractAsyncContextManager[VeoBot]:
        return assembled(demo_settings(world), now=world.now, idle=world.idle)

    return await run_demo(once=arguments.once, port=arguments.port, make_bot=make_bot, out=sys.stdout)


def main() -> int:
    """Read the command line and do what it asks for; a wrong setting is one readable line."""
    arguments = parse_arguments()
    secrets: tuple[str, ...] = ()
    try:
        arm_from_environment()
        if arguments.command == "demo":
            return asyncio.run(demo(arguments))
        settings = load(arguments.config)
        secrets = settings.secrets
        set_up_logs(settings.log.level, settings.log.format, secrets)
        use_discord_at(settings.discord.api_base)
        return work(arguments, settings)
    except VeoBotError as error:
        sys.stderr.write(f"bot.py: {without_secrets(str(error), secrets)}\n")
        return 1


def work(arguments: Arguments, settings: Settings) -> int:
    """What the command asks for; the exit code. Raises VeoBotError."""
    match arguments.command:
        case "audit":
            return print_audit(settings)
        case "backup" if arguments.file is not None:
            return print_backup(settings, arguments.file)
        case "restore" if arguments.file is not None:
            return print_restore(settings, arguments.file)
        case "check":
            return asyncio.run(check(settings))
        case _:
            return asyncio.run(run(settings))


if __name__ == "__main__":
    sys.exit(main())

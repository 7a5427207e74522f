"""How the connection to Discord's gateway stands: discord.py remembers that it was ready, not whether it still is."""

from __future__ import annotations

import time
from operator import attrgetter

import discord
from discord.gateway import KeepAliveHandler

# Seconds beyond the interval that Discord asked for; an acknowledgement usually takes a tenth of one.
_ACK_PATIENCE = 10.0
# discord.py 2.7.1 keeps the moment of the last acknowledgement to itself; its latency stays as it was.
_keeper = attrgetter("_parent.ws._keep_alive")
_last_ack = attrgetter("_last_ack")


class GatewayLine:
    """Told by the bot which shards come and go."""

    def __init__(self, bot: discord.AutoShardedClient) -> None:
        self._bot = bot
        self._connected: set[int] = set()

    def came(self, shard_id: int) -> None:
        """This shard is identified or resumed."""
        self._connected.add(shard_id)

    def went(self, shard_id: int) -> None:
        """This shard lost its connection."""
        self._connected.discard(shard_id)

    def gateway_trouble(self) -> str | None:
        """Why events do not arrive, in a few words; None when all shards are connected."""
        if not self._bot.is_ready():
            return "not ready"
        lost = [str(shard_id) for shard_id in self._bot.shards if not self._is_up(shard_id)]
        return f"not connected: shard {', '.join(lost)}" if lost else None

    def heartbeat_trouble(self) -> str | None:
        """Which shards wait too long for the acknowledgement of a heartbeat, in a few words."""
        late = [str(shard_id) for shard_id, shard in self._bot.shards.items() if _is_late(shard)]
        return f"not acknowledged: shard {', '.join(late)}" if late else None

    def _is_up(self, shard_id: int) -> bool:
        shard = self._bot.shards[shard_id]
        return shard_id in self._connected and not shard.is_closed()


def _is_late(shard: discord.ShardInfo) -> bool:
    keeper: KeepAliveHandler | None = _keeper(shard)
    if keeper is None or keeper.interval is None:
        # Before its first words the gateway has no heart; the gateway's own sign says so.
        return False
    silent_for = time.perf_counter() - float(_last_ack(keeper))
    return silent_for > keeper.interval + _ACK_PATIENCE

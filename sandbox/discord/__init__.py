"""Discord's REST API v10 and gateway on loopback, for tests that run the bot as a process.

async with DiscordStandIn() as discord:
    guild = discord.add_guild("Films")
    channel = discord.add_channel(guild, "general")
    anna = discord.add_user("anna")
    ...  # start the bot with `[discord] api_base` set to discord.api_base
    asked = await discord.slash(anna, channel, "veo create", {"prompt": "a cat"})
    answer = await asked.wait_answer()
    pressed = await discord.click(anna, answer, "Cancel")
"""

from .clock import Clock
from .commands import CannotDoError
from .errors import ErrorCode
from .faults import Drop, Fault, Garbage, Hang, RateLimit, Refuse, Slow
from .interaction import Ack, Interaction
from .message import Message, Upload
from .permissions import BOT, MEMBER, Permission
from .server import DiscordStandIn
from .traffic import RequestRecord

__all__ = [
    "BOT",
    "MEMBER",
    "Ack",
    "CannotDoError",
    "Clock",
    "DiscordStandIn",
    "Drop",
    "ErrorCode",
    "Fault",
    "Garbage",
    "Hang",
    "Interaction",
    "Message",
    "Permission",
    "RateLimit",
    "Refuse",
    "RequestRecord",
    "Slow",
    "Upload",
]

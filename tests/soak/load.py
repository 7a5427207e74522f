"""People who ask, press, cancel and look, all the time and without waiting for answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from random import Random

from PIL import Image

from sandbox.discord import MEMBER, CannotDoError, Message, Permission
from tests.process.books import status_lines
from tests.process.house import carried_job
from tests.soak.environment import Town
from tests.soak.faults import BLOCKED_WORD

MODERATOR = MEMBER | Permission.MANAGE_MESSAGES
_SUBJECTS = ("a cat", "a storm at sea", f"a {BLOCKED_WORD}", "an old clock", "@everyone in a boat", "**bold** moves")
_OPTIONS: tuple[dict[str, object], ...] = (
    {"model": "veo31"},
    {"model": "veo3"},
    {"resolution": "1080p"},
    {"resolution": "gif"},
    {"aspect_ratio": "9:16"},
    {"private": True},
    {"translate": True},
)


@dataclass
class Crowd:
    """Everybody at once; `done` counts what they did."""

    town: Town
    random: Random
    done: Counter[str] = field(default_factory=Counter[str])
    _last_prompt: str = ""

    async def bustle(self) -> None:
        """Act again and again until cancelled; while the bot is not there most wait."""
        acts = {"create": 11, "upscale": 4, "cancel": 3, "delete": 1, "look": 2}
        while True:
            await asyncio.sleep(self.random.uniform(0.02, 0.16))
            if not self.town.house.discord.gateway.live and self.random.random() < 0.9:
                continue
            act = self.random.choices(list(acts), weights=list(acts.values()))[0]
            try:
                await getattr(self, f"_{act}")()
            except CannotDoError:
                continue  # Discord's client does not offer it, for example on a message that is gone
            self.done[act] += 1

    async def _create(self) -> None:
        is_twin = bool(self._last_prompt) and self.random.random() < 0.15
        self._last_prompt = self._last_prompt if is_twin else self._new_prompt()
        options = dict(self.random.choice(_OPTIONS)) if not is_twin and self.random.random() < 0.3 else {}
        if not is_twin and self.random.random() < 0.1:
            options["image1"] = self._picture()
        for person in self.random.sample(self.town.people, 2 if is_twin else 1):
            await self.town.house.ask(person, self._last_prompt, self.random.choice(self.town.channels), **options)

    def _new_prompt(self) -> str:
        return f"{self.random.choice(_SUBJECTS)} number {self.done['create']}"

    def _picture(self) -> dict[str, object]:
        made = BytesIO()
        Image.new("RGB", (320, 180), self.random.choice(("red", "green", "blue"))).save(made, "PNG")
        return self.town.house.discord.upload(made.getvalue(), "picture.png", "image/png")

    async def _upscale(self) -> None:
        """Twice, by the person who asked and by a moderator."""
        found = [one for one in self._results() if "1080p" in one.labels]
        message = self.random.choice(found) if found else None
        if message is None:
            raise CannotDoError("there is no result yet")
        job = self.town.house.jobs()[carried_job(message) or 0]
        for person in (job["user_id"], self.random.choice(self.town.people), job["user_id"]):
            await self.town.house.discord.click(person, message, "1080p", permissions=MODERATOR)

    async def _cancel(self) -> None:
        rows = [row for row in self.town.house.jobs().values() if row["state"] == "queued"]
        if not rows:
            raise CannotDoError("nothing waits")
        row = self.random.choice(rows)
        lines = [one for one in status_lines(self.town.house, row["job_id"]) if "Cancel" in one.labels]
        if lines:
            await self.town.house.discord.click(row["user_id"], lines[0], "Cancel")
        else:
            await self._say(row["user_id"], "veo cancel", {"video": row["job_id"]})

    async def _delete(self) -> None:
        found = self._results()
        if found:
            message = self.random.choice(found)
            owner = self.town.house.jobs()[carried_job(message) or 0]["user_id"]
            await self.town.house.discord.click(owner, message, "Delete")

    async def _look(self) -> None:
        line = self.random.choice(("veo status", "veo history", "veo quota"))
        await self._say(self.random.choice(self.town.people), line, {})

    async def _say(self, person: int, line: str, options: dict[str, object]) -> None:
        await self.town.house.discord.slash(person, self.random.choice(self.town.channels), line, options)

    def _results(self) -> list[Message]:
        world = self.town.house.discord.world
        return [
            one
            for one in world.messages.values()
            if carried_job(one) is not None and not one.deleted and one.channel_id in world.channels
        ]

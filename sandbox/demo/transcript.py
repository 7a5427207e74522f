"""Prints what was typed and what the bot answered, as a person on the server would read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

import discord
from simcord.actors import MemberActor
from simcord.results import InteractionResult, ResponseMessage

from sandbox.demo.world import World

_MENTION = re.compile(r"<@!?(\d+)>")
_JUMP = re.compile(r"https://discord\.com/channels/[\d/]+")
_RELATIVE = re.compile(r"<t:(\d+):R>")


@dataclass(slots=True)
class Transcript:
    """One conversation, line by line; a message that was not edited since is not printed twice."""

    world: World
    out: TextIO
    _shown: dict[int, str] = field(default_factory=dict[int, str])

    def note(self, text: str) -> None:
        """Print a remark of the demo's own."""
        self._line("", text)

    def invite(self, url: str) -> None:
        """Print where the page is."""
        self.note("")
        self.note(f"Now you: open {url}")
        self.note('Type "/" there. "Viewing as" switches between Ann (member), Mo (moderator) and Olga (owner).')
        self.note("Ctrl-C ends the demo.")

    def typed(self, who: MemberActor, command: str, options: Mapping[str, str]) -> None:
        """Print a slash command with its options."""
        words = " ".join(f"{name}: {value}" for name, value in options.items())
        self._line(_name(who), f"/{command} {words}".rstrip())

    def pressed(self, who: MemberActor, label: str) -> None:
        """Print a press of a button."""
        self._line(_name(who), f"presses [{label}]")

    def answered(self, result: InteractionResult) -> None:
        """Print what only the person who asked sees."""
        for answer in [result.response, *result.followups]:
            if answer is not None and answer.ephemeral:
                self._line("Veo", f"(only you see this) {self._words(answer)}")
                self._shown[answer.id] = answer.content

    def posted(self) -> None:
        """Print what is new or changed in the channel since the last call."""
        for message in self.world.films.history():
            if message.author.id != self.world.env.backend.bot_user.id or message.flags.ephemeral:
                continue
            before = self._shown.get(message.id)
            if before != message.content:
                self._shown[message.id] = message.content
                self._line("Veo", f"{'(edited) ' if before is not None else ''}{self._words(message)}")

    def _line(self, who: str, text: str) -> None:
        for number, line in enumerate(text.splitlines() or [""]):
            self.out.write(f"{who if number == 0 else '':>5}  {line}\n")
        self.out.flush()

    def _words(self, message: discord.Message | ResponseMessage) -> str:
        parts = [message.content, *(_embed(embed) for embed in message.embeds)]
        parts += [f"📎 {file.filename} ({file.size:,} bytes)" for file in message.attachments]
        labels = " ".join(f"[{label}]" for label in _labels(message))
        return self._read("\n".join(part for part in [*parts, labels] if part))

    def _read(self, text: str) -> str:
        text = _MENTION.sub(lambda found: f"@{self._names().get(int(found[1]), found[1])}", text)
        text = _JUMP.sub("→ the message with it", text)
        return _RELATIVE.sub(lambda found: _relative(int(found[1]), self.world.surroundings.now), text)

    def _names(self) -> dict[int, str]:
        return {person.id: _name(person) for person in self.world.people.all}


def _name(who: MemberActor) -> str:
    return who.user.global_name or who.name


def _embed(embed: discord.Embed) -> str:
    return "\n".join(text for text in (embed.title, embed.description) if text)


def _labels(message: discord.Message | ResponseMessage) -> list[str]:
    components = message.message.components if isinstance(message, ResponseMessage) else message.components
    rows = [row for row in components if isinstance(row, discord.ActionRow)]
    return [item.label for row in rows for item in row.children if isinstance(item, discord.Button) and item.label]


def _relative(moment: int, now: Callable[[], datetime]) -> str:
    seconds = round((datetime.fromtimestamp(moment, UTC) - now()).total_seconds())
    return f"in {seconds} seconds" if seconds >= 0 else f"{-seconds} seconds ago"

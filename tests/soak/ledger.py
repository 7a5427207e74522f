"""What is held against each other after a storm: jobs, tasks, messages, refunds, quota, files, memory."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

from sandbox.veo import Outcome, Submission
from tests.process.books import audit, status_lines
from tests.process.house import ROOT, House, Row
from tests.soak.environment import UPSCALES_PER_DAY, VIDEOS_PER_DAY, Town
from tests.soak.keeper import Keeper

# Far over what the bot needs, far under what a leak of files or answers would take.
MOST_MIB = 250.0
# Seconds in which a channel that nothing goes to takes a line, and how many messages show that the bot was posting.
_LONG_ENOUGH, _OTHERS = 6.0, 5
TAKEN = frozenset({Outcome.ACCEPTED, Outcome.LOST})
REFUNDED = frozenset({"failed", "expired", "rejected", "cancelled"})
# What the loops log about an error that nobody foresaw.
_IN_A_LOOP = re.compile("A turn failed|Work on a job failed")
_ABOUT_JOB = re.compile(r"#(\d+) has \d+ (results|status lines)")
_HINDERED = re.compile("A message has to wait|A status line cannot be shown")
_ABOUT_TASK = re.compile(r"task (\S+) has 0 owners")
_ABOUT_BODY = re.compile(r"Discord refused a body: POST (/interactions/\d+)/\S+ -> 400 40060")


@dataclass(frozen=True)
class Account:
    """What an auditor found: faults, what Discord or the provider left no way to avoid, and figures."""

    faults: list[str]
    excused: list[str]
    figures: dict[str, object]


async def settle_accounts(town: Town, keeper: Keeper) -> Account:
    """Read everything once; the bot runs and nothing is due any more."""
    house = town.house
    rows = house.jobs()
    told = await audit(house)
    hidden = _hidden_tasks(house, rows)
    excused = [one for one in told if _is_excused(town, hidden, one)]
    faults = [one for one in told if one not in excused]
    faults += [*_submitted_once(house, rows), *_lines(house, rows), *_larger_once(rows), *_within_limits(rows)]
    faults += [f"the bot {one}" for one in keeper.unexpected]
    faults += [
        f"logged {count} times: {words}" for words, count in errors_logged(house).items() if _IN_A_LOOP.match(words)
    ]
    if keeper.peak_mib > MOST_MIB:
        faults.append(f"the bot took {keeper.peak_mib:.0f} MiB")
    code, own_words = await own_audit(house)
    if code != 0:
        faults.append(f"bot.py audit ended with {code}: {own_words}")
    return Account(faults, excused, _figures(town, rows, keeper, hidden) | {"bot.py audit": own_words.splitlines()[-1]})


async def own_audit(house: House) -> tuple[int, str]:
    """`python bot.py audit` beside the running bot: exit code and output."""
    command = (sys.executable, "bot.py", "audit", "--config", str(house.config))
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()


def _is_excused(town: Town, hidden: set[str], problem: str) -> bool:
    """Whether Discord or the provider left no other way."""
    if about := _ABOUT_JOB.match(problem):
        return (_could_not_know if about[2] == "results" else _could_not_change)(town, int(about[1]))
    if about := _ABOUT_TASK.match(problem):
        return about[1] in hidden
    about = _ABOUT_BODY.match(problem)
    # The first acknowledgement arrived and its confirmation was spoilt; the bot could only try once more.
    return about is not None and any(
        one.injected and one.path.startswith(about[1]) for one in town.house.discord.traffic.requests
    )


def _could_not_know(town: Town, job_id: int) -> bool:
    """Whether every result but the last stood where it could not be read before the next was posted."""
    results = town.house.carriers(job_id)
    return len(results) > 1 and all(
        town.was_blind(one.channel_id, one.created_at, later.created_at) for one, later in pairwise(results)
    )


def _could_not_change(town: Town, job_id: int) -> bool:
    """Whether every status line but the last stood where it could not be read or edited any more."""
    return all(
        town.was_blind(one.channel_id, one.created_at) or one.channel_id in town.unchangeable
        for one in status_lines(town.house, job_id)
    )


def _hidden_tasks(house: House, rows: dict[int, Row]) -> set[str]:
    """Tasks that no listing showed while they were looked for, and whose jobs were refunded as lost."""
    lost: dict[str, list[int]] = defaultdict(list)
    for row in rows.values():
        if row["reason"] == "lost":
            lost[_wish_of_job(row)].append(row["ended_at"])
    owned = {row["task_id"] for row in rows.values()}
    return {
        task_id
        for task_id, task in house.veo.tasks.items()
        if task_id not in owned
        and any(task.visible_at * 1000 > ended_at for ended_at in lost[_wish_of_payload(task.payload)])
    }


def _wish_of_job(row: Row) -> str:
    return f"1080p of {row['source_video_id']}" if row["kind"] == "upscale" else str(row["prompt"])


def _wish_of_payload(payload: object) -> str:
    assert isinstance(payload, dict)
    fields: dict[str, object] = {**payload}
    return f"1080p of {fields['video_id']}" if "video_id" in fields else str(fields.get("prompt"))


def taken(house: House) -> list[Submission]:
    """Submissions that became tasks."""
    return [one for one in house.veo.submissions if one.outcome in TAKEN]


def _submitted_once(house: House, rows: dict[int, Row]) -> Iterator[str]:
    """For each wish at most as many tasks as jobs that went to the provider."""
    sent = Counter(_wish_of_job(rows[job_id]) for job_id in _ever_submitting(house))
    made = Counter(_wish_of_payload({**one.payload}) for one in taken(house))
    yield from (f"{wish!r}: {made[wish]} tasks for {sent[wish]} jobs" for wish in made if made[wish] > sent[wish])


def _ever_submitting(house: House) -> set[int]:
    with closing(sqlite3.connect(f"{house.database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        found = connection.execute("SELECT DISTINCT job_id FROM job_events WHERE state = 'submitting'")
        return {int(row[0]) for row in found}


def _lines(house: House, rows: dict[int, Row]) -> Iterator[str]:
    """A video that took long has its status line, unless it could not be posted.

    Results come first and wait for no line, so what ended while its channel was busy, or the bot was down or told to
    wait, needs none: a line is missing only where nothing went to its channel for long while others got messages.
    """
    hindered = {_entry(line).get("job_id") for line in house.log_of_all_lives.splitlines() if _HINDERED.search(line)}
    for job_id, row in rows.items():
        # Elsewhere it is a direct message, or a channel that refused; such a channel is not asked again for a line.
        is_there = row["delivered_channel_id"] == row["channel_id"]
        is_owed = row["state"] == "succeeded" and is_there and job_id not in hindered
        if is_owed and not status_lines(house, job_id) and _had_room(house, row):
            yield f"#{job_id} never had a status line"


def _had_room(house: House, row: Row) -> bool:
    """Whether the bot posted in other channels and not in this job's for `_LONG_ENOUGH` of its life on end."""
    begun, ended = row["created_at"] / 1000, row["ended_at"] / 1000
    posts = [
        (one.at.timestamp(), f"/channels/{row['channel_id']}/" in one.path)
        for one in house.discord.traffic.to("POST", "/channels/*/messages")
        if begun <= one.at.timestamp() <= ended
    ]
    own = [begun, *(at for at, is_own in posts if is_own), ended]
    gaps = [(start, end) for start, end in pairwise(own) if end - start >= _LONG_ENOUGH]
    return any(sum(start < at < end for at, _ in posts) >= _OTHERS for start, end in gaps)


def _larger_once(rows: dict[int, Row]) -> Iterator[str]:
    counted = Counter(
        row["source_job_id"] for row in rows.values() if row["kind"] == "upscale" and row["state"] not in REFUNDED
    )
    yield from (f"#{job_id} has {count} 1080p versions" for job_id, count in counted.items() if count > 1)


def _within_limits(rows: dict[int, Row]) -> Iterator[str]:
    limits = {"create": VIDEOS_PER_DAY, "upscale": UPSCALES_PER_DAY}
    used = Counter((row["user_id"], row["kind"]) for row in rows.values() if row["state"] not in REFUNDED)
    yield from (f"{one} used {count} of {limits[one[1]]}" for one, count in used.items() if count > limits[one[1]])


def _figures(town: Town, rows: dict[int, Row], keeper: Keeper, hidden: set[str]) -> dict[str, object]:
    house = town.house
    states = Counter(f"{row['state']}{':' + row['reason'] if row['reason'] else ''}" for row in rows.values())
    return {
        "jobs": len(rows),
        "1080p": sum(row["kind"] == "upscale" for row in rows.values()),
        "states": dict(states),
        "delivered": sum(row["delivered_at"] is not None for row in rows.values()),
        "kept": [row["job_id"] for row in rows.values() if row["kept_at"]],
        "lost": [row["job_id"] for row in rows.values() if row["reason"] == "lost"],
        "tasks without a job": len(hidden),
        "submissions": dict(Counter(str(one.outcome) for one in house.veo.submissions)),
        "spoilt requests of Discord": sum(one.injected for one in house.discord.traffic.requests),
        "requests to Discord": len(house.discord.traffic.requests),
        "ends": dict(keeper.ends),
        "MiB": round(keeper.peak_mib),
        "errors in the log": dict(errors_logged(house)),
    }


def errors_logged(house: House) -> Counter[str]:
    """Lines of the log with an exception, by their words and the exception's last line."""
    found: Counter[str] = Counter()
    for line in house.log_of_all_lives.splitlines():
        entry = _entry(line)
        if "exception" in entry:
            found[f"{entry.get('event')} – {str(entry['exception']).splitlines()[-1][:120]}"] += 1
    return found


def _entry(line: str) -> dict[str, object]:
    try:
        entry: object = json.loads(line)
    except ValueError:
        return {}
    return {**entry} if isinstance(entry, dict) else {}


def story(house: House, job_id: int) -> str:
    """Everything known about one job, to understand what went wrong with it."""
    row = house.jobs()[job_id]
    wish = _wish_of_job(row)
    mark, numbered = f"#{job_id} ", (f':{job_id}"', f"#{job_id} ")
    log = [line for line in house.log_of_all_lives.splitlines() if _entry(line).get("job_id") == job_id]
    posts = [
        f"{one.at:%H:%M:%S.%f} {one}{' SPOILT' if one.injected else ''}"
        for one in house.discord.traffic.requests
        if any(sign in json.dumps(one.body) for sign in numbered)
    ]
    sent = [str(one) for one in house.veo.submissions if _wish_of_payload({**one.payload}) == wish]
    shown = [
        f"{one.id} in {one.channel_id}{' deleted' if one.deleted else ''}: {one.text[:160]!r}"
        for one in house.discord.world.messages.values()
        if mark in one.text or any(f":{job_id}" in str(button.get("custom_id")) for button in one.buttons)
    ]
    parts = {"row": [str(dict(row))], "log": log, "requests": posts, "submissions": sent, "messages": shown}
    return "\n".join(f"{name} of #{job_id}:\n  " + "\n  ".join(lines) for name, lines in parts.items())

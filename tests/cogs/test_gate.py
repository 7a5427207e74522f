"""The bot's own requests to Discord: paced and fair, and waiting when told to wait."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass

import discord
import pytest
from discord.http import HTTPClient, Route, handle_message_parameters

from cogs.rest.buckets import Bucket
from cogs.rest.exchange import longest, told_to_wait
from cogs.rest.foreign_answers import ForeignAnswer
from cogs.rest.gate import Gate, Held
from sandbox.discord import DiscordStandIn, Drop, ErrorCode, Garbage, Hang, RateLimit, Refuse, Slow

TOKEN = "right-token"
MESSAGES = "/channels/{channel_id}/messages"
QUICK = 200.0


@dataclass(frozen=True, slots=True)
class Line:
    """discord.py's HTTP client behind a gate, and the Discord it speaks to."""

    http: HTTPClient
    gate: Gate
    discord: DiscordStandIn
    channels: tuple[int, ...]

    async def send(self, channel_id: int, *, with_file: bool = False) -> None:
        channel = Route("POST", MESSAGES, channel_id=channel_id)
        if not with_file:
            await self.http.request(channel, json={"content": "a line"})
            return
        file = discord.File(io.BytesIO(b"bytes"), "film.mp4")
        with handle_message_parameters(content="a film", file=file) as parameters:
            assert parameters.multipart is not None
            await self.http.request(channel, form=parameters.multipart, files=parameters.files)

    async def send_at_once(self, *channels: int) -> list[BaseException | None]:
        return await asyncio.gather(*(self.send(channel) for channel in channels), return_exceptions=True)

    def refused(self) -> int:
        return sum(one.status == 429 for one in self.discord.traffic.requests)

    def posts(self, channel_id: int) -> int:
        return self.discord.traffic.count("POST", f"/channels/{channel_id}/messages")


@pytest.fixture
async def line(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    async with DiscordStandIn(token=TOKEN) as stand_in:
        monkeypatch.setattr(Route, "BASE", stand_in.api_base)
        guild = stand_in.add_guild("Films")
        channels = tuple(stand_in.add_channel(guild, f"channel-{n}") for n in range(60))
        http, gate = HTTPClient(asyncio.get_running_loop()), Gate(QUICK)
        gate.attach(http)
        await http.static_login(TOKEN)
        yield Line(http, gate, stand_in, channels)
        await http.close()


async def test_a_global_limit_stops_everything_and_one_probe_goes_before_the_rest(line: Line) -> None:
    fault = line.discord.faults.add("POST", MESSAGES, RateLimit(0.6, is_global=True))
    line.discord.faults.add("POST", MESSAGES, Slow(0.3))
    crowd = asyncio.create_task(line.send_at_once(*line.channels))
    await line.discord.wait_until(lambda: line.refused() > 0)
    await asyncio.sleep(0.4)
    fault.remove()
    refused = line.refused()
    await line.discord.wait_requests("POST", MESSAGES, refused + 1)
    await asyncio.sleep(0.15)
    probes = line.discord.traffic.count("POST", MESSAGES) - refused
    await crowd

    assert refused <= 20
    assert probes == 1
    assert line.refused() == refused


async def test_a_probe_that_is_refused_too_holds_everything_again(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, RateLimit(0.2, is_global=True), times=1)
    line.discord.faults.add("POST", MESSAGES, RateLimit(20, is_global=True))
    with pytest.raises(discord.RateLimited):
        await line.send(line.channels[0], with_file=True)
    await asyncio.sleep(0.3)

    answers = await line.send_at_once(*line.channels)

    assert line.refused() == 2
    assert all(isinstance(one, Held) for one in answers)
    assert 19 < line.gate.rests_for() <= 20


async def test_who_waited_for_its_turn_while_the_probe_began_waits_for_its_answer(line: Line) -> None:
    Gate(5).attach(line.http)
    line.discord.faults.add("POST", MESSAGES, RateLimit(0.1, is_global=True), times=1)
    line.discord.faults.add("POST", MESSAGES, Slow(0.6))
    with pytest.raises(Held):
        await line.send(line.channels[0], with_file=True)
    # The limit is over, and the next two turns come 0.1 and 0.3 seconds from here.
    await asyncio.sleep(0.12)

    both = asyncio.create_task(line.send_at_once(*line.channels[:2]))
    await asyncio.sleep(0.5)
    sent = line.discord.traffic.count("POST", MESSAGES)

    assert sent == 2
    assert await both == [None, None]


async def test_global_limits_in_a_row_make_the_rest_longer_whatever_discord_says(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, RateLimit(0.0, is_global=True))

    for _ in range(2):
        with pytest.raises(Held):
            await line.send(line.channels[0], with_file=True)

    assert 1.5 < line.gate.rests_for() <= 2


async def test_everything_is_sent_once_the_limit_is_over(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, RateLimit(0.3, is_global=True), times=1)
    with pytest.raises(Held):
        await line.send(line.channels[0])

    answers = await line.send_at_once(*line.channels)

    assert answers == [None] * len(line.channels)
    assert (line.refused(), line.gate.rests_for()) == (1, 0)


async def test_a_page_of_the_proxy_rests_everything_as_long_as_it_says(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, RateLimit(90, via_discord=False))

    answers = [await line.send_at_once(channel) for channel in line.channels[:5]]

    assert line.refused() == 1
    assert all(isinstance(one, Held) for [one] in answers)
    assert 89 < line.gate.rests_for() <= 90


async def test_a_refused_token_rests_everything_longer_each_time_with_one_line(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    fault = line.discord.faults.add("POST", MESSAGES, Refuse(ErrorCode.UNAUTHORIZED))
    with pytest.raises(discord.HTTPException) as refused:
        await line.send(line.channels[0])
    first = line.gate.rests_for()

    await line.send_at_once(*line.channels)

    assert refused.value.status == 401
    assert 1 < first <= 2
    assert 2 < fault.hits <= 6
    assert caplog.messages.count("Discord refuses the token; requests rest, longer each time") == 1
    assert line.gate.rests_for() > 10


async def test_a_dead_token_of_an_interaction_holds_up_nobody(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, Refuse(ErrorCode.INVALID_WEBHOOK_TOKEN), times=1)
    with pytest.raises(discord.HTTPException):
        await line.send(line.channels[0])

    assert line.gate.rests_for() == 0


async def test_a_channel_that_is_told_to_wait_holds_up_no_other(line: Line) -> None:
    busy, quiet = line.channels[:2]
    line.discord.faults.add("POST", f"/channels/{busy}/messages", RateLimit(25))

    answers = [await line.send_at_once(busy, quiet) for _ in range(5)]

    assert [isinstance(one, Held) for one, _ in answers] == [True] * 5
    assert [one for _, one in answers] == [None] * 5
    assert line.posts(busy) == 1
    assert 24 < line.gate.channel_rests_for(busy, 0) <= 25
    assert line.gate.channel_rests_for(quiet, 0) == 0


async def test_refusals_in_a_row_make_the_wait_longer_whatever_discord_says(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, RateLimit(0.0))

    for _ in range(15):
        with pytest.raises(Held):
            await line.send(line.channels[0], with_file=True)
        await asyncio.sleep(0.1)

    assert line.posts(line.channels[0]) <= 4


async def test_a_message_that_was_taken_ends_the_growth(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, RateLimit(0.0), times=2)
    line.discord.faults.add("POST", MESSAGES, RateLimit(0.1), skip=1, times=1)
    for _ in range(2):
        with pytest.raises(Held):
            await line.send(line.channels[0])
    await line.send(line.channels[0])

    with pytest.raises(Held) as held:
        await line.send(line.channels[0])

    assert held.value.retry_after == pytest.approx(0.1)


def test_headers_without_a_moment_are_obeyed_for_a_second() -> None:
    bucket = Bucket()

    bucket.learn({"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "0"}, now=100.0)

    assert 1.0 <= bucket.wait(100.0) <= 1.1


def test_an_upload_has_the_time_of_a_slow_line() -> None:
    assert longest(0) == 30
    assert longest(25_000_000) == 230


async def test_a_bucket_is_never_asked_for_more_than_it_holds(line: Line) -> None:
    line.discord.limits.messages = (5, 0.5)

    answers = await line.send_at_once(*[line.channels[0]] * 17)

    assert answers == [None] * 17
    assert line.refused() == 0


async def test_a_message_with_a_file_does_not_wait_for_a_full_channel(line: Line) -> None:
    line.discord.limits.messages = (2, 5.0)
    await line.send_at_once(*[line.channels[0]] * 2)

    with pytest.raises(Held) as held:
        await line.send(line.channels[0], with_file=True)

    assert 0 < held.value.retry_after <= 5.1
    assert line.posts(line.channels[0]) == 2


async def test_planned_messages_count_as_sent(line: Line) -> None:
    line.discord.limits.messages = (3, 5.0)
    await line.send(line.channels[0])

    rests = [line.gate.channel_rests_for(line.channels[0], planned) > 0 for planned in range(4)]

    assert rests == [False, False, True, True]


async def test_what_is_cancelled_while_it_waits_blocks_nobody(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, RateLimit(0.5, is_global=True), times=1)
    with pytest.raises(Held):
        await line.send(line.channels[0])
    waiting = [asyncio.create_task(line.send(channel)) for channel in line.channels[:20]]
    await asyncio.sleep(0.1)
    for one in waiting:
        one.cancel()
    await asyncio.wait(waiting)

    await line.send(line.channels[0])

    assert line.posts(line.channels[0]) == 2


async def test_a_probe_that_is_cancelled_leaves_its_place_to_the_next(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, RateLimit(0.1, is_global=True), times=1)
    line.discord.faults.add("POST", MESSAGES, Hang(), times=1)
    with pytest.raises(Held):
        await line.send(line.channels[0])
    await asyncio.sleep(0.2)
    probe = asyncio.create_task(line.send(line.channels[1]))
    await line.discord.wait_requests("POST", MESSAGES, 2)
    others = asyncio.create_task(line.send_at_once(*line.channels[2:6]))
    await asyncio.sleep(0.05)

    probe.cancel()

    assert await others == [None] * 4


async def test_a_probe_without_an_answer_gives_its_place_to_the_next(line: Line) -> None:
    silent, *others = line.channels[:10]
    line.discord.faults.add("POST", MESSAGES, RateLimit(0.2, is_global=True), times=1)
    line.discord.faults.add("POST", f"/channels/{silent}/messages", Hang())
    with pytest.raises(Held):
        await line.send(others[0], with_file=True)
    await asyncio.sleep(0.3)
    probe = asyncio.create_task(line.send(silent, with_file=True))
    await line.discord.wait_requests("POST", f"/channels/{silent}/messages", 1)

    async with asyncio.timeout(10):
        answers = await line.send_at_once(*others)

    assert answers == [None] * len(others)
    assert not probe.done()
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)


async def test_a_quiet_channel_goes_before_the_queue_of_busy_ones(line: Line) -> None:
    http, gate = line.http, Gate(40)
    gate.attach(http)
    busy, quiet = line.channels[:5], line.channels[5]
    crowd = asyncio.create_task(line.send_at_once(*busy * 12))
    await line.discord.wait_requests("POST", MESSAGES, 10)

    await line.send(quiet)
    sent_before_it = line.discord.traffic.count("POST", MESSAGES)

    assert sent_before_it <= 16
    assert await crowd == [None] * 60


async def test_status_lines_begin_after_all_results(line: Line) -> None:
    gate, order = Gate(QUICK), list[str]()
    gate.attach(line.http)
    await line.send(line.channels[0])

    async def begin(name: str, lane: int, *, later: bool) -> None:
        await gate.turn(lane, later=later)
        order.append(name)

    await asyncio.gather(
        *(begin("line", n, later=True) for n in range(4)), *(begin("result", 9, later=False) for _ in range(4))
    )

    # The first one found nobody before it.
    assert order[1:] == ["result"] * 4 + ["line"] * 3


async def test_no_more_than_the_rate_is_sent(line: Line) -> None:
    Gate(50).attach(line.http)
    began = asyncio.get_running_loop().time()

    await line.send_at_once(*line.channels[:26])

    assert asyncio.get_running_loop().time() - began >= 0.49


@pytest.mark.parametrize(("with_file", "tries"), [(False, 2), (True, 1)], ids=["a line", "a file"])
async def test_a_passing_error_is_tried_again_only_without_a_file(line: Line, *, with_file: bool, tries: int) -> None:
    line.discord.faults.add("POST", MESSAGES, Garbage(502), times=1)

    sent = await asyncio.gather(line.send(line.channels[0], with_file=with_file), return_exceptions=True)

    assert line.posts(line.channels[0]) == tries
    assert isinstance(sent[0], discord.DiscordServerError) is with_file


async def test_a_limit_after_an_error_leaves_a_doubt(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, Garbage(502), after=True, times=1)
    line.discord.faults.add("POST", MESSAGES, RateLimit(30), skip=1)

    with pytest.raises(discord.RateLimited) as limited:
        await line.send(line.channels[0])

    assert not isinstance(limited.value, Held)


async def test_refusals_and_breaks_are_raised_as_discord_py_does(line: Line) -> None:
    kinds: dict[type[BaseException], Refuse | Drop] = {
        discord.Forbidden: Refuse(ErrorCode.MISSING_PERMISSIONS),
        discord.NotFound: Refuse(ErrorCode.UNKNOWN_CHANNEL),
        discord.HTTPException: Refuse(ErrorCode.REQUEST_TOO_LARGE),
        OSError: Drop(),
    }
    for kind, effect in kinds.items():
        line.discord.faults.clear()
        line.discord.faults.add("POST", MESSAGES, effect)
        with pytest.raises(kind):
            await line.send(line.channels[0])


@pytest.mark.parametrize("status", [400, 403, 404, 407])
async def test_a_page_instead_of_an_answer_is_no_refusal_of_discord(line: Line, status: int) -> None:
    line.discord.faults.add("POST", MESSAGES, Garbage(status))

    with pytest.raises(ForeignAnswer):
        await line.send(line.channels[0])


async def test_a_page_that_says_too_large_is_told_as_that(line: Line) -> None:
    line.discord.faults.add("POST", MESSAGES, Garbage(413))

    with pytest.raises(discord.HTTPException) as refused:
        await line.send(line.channels[0], with_file=True)

    assert (refused.value.status, isinstance(refused.value, ForeignAnswer)) == (413, False)


@pytest.mark.parametrize(
    ("headers", "data", "seconds", "everything"),
    [
        ({}, {"retry_after": 1.5, "global": False}, 1.5, False),
        ({"Retry-After": "7"}, {"message": "slow down", "code": 20028}, 7, False),
        ({}, {"retry_after": 3, "global": True}, 3, True),
        ({"X-RateLimit-Scope": "global"}, {"retry_after": 3}, 3, True),
        ({"Retry-After": "90"}, "<html>error code: 1015</html>", 90, True),
        ({}, "<html></html>", 60, True),
        ({"Retry-After": "600"}, {"message": "You are being blocked from accessing our API", "code": 0}, 600, True),
        ({"Retry-After": "7", "X-RateLimit-Scope": "shared"}, {"message": "slow down"}, 7, False),
        ({}, '{"retry_after": 4}', 4, False),
        ({}, {"retry_after": "soon"}, 5, False),
        ({}, {"retry_after": float("nan")}, 5, False),
        ({}, {"retry_after": -3}, 0, False),
        ({}, {"retry_after": 1e12}, 86_400, False),
    ],
)
def test_what_a_429_asks_for(headers: dict[str, str], data: object, seconds: float, *, everything: bool) -> None:
    told = told_to_wait(429, headers, data)

    assert told is not None
    assert (told.seconds, told.everything) == (seconds, everything)


def test_nothing_else_asks_to_wait() -> None:
    assert told_to_wait(429, {"Retry-After": "90"}, {"code": 30046, "retry_after": 90}) is None
    assert told_to_wait(503, {"Retry-After": "90"}, "") is None

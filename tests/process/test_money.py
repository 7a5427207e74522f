"""Nobody pays twice for what Discord kept from them, and no budget is passed, in the real process."""

from __future__ import annotations

import pytest

from sandbox.discord import ErrorCode, Fault, Interaction, Refuse, Slow
from sandbox.veo import FailTask, Route, Shape, Shaped
from tests.process.books import audit
from tests.process.house import House, gathered

pytestmark = pytest.mark.process

CODES = [
    ErrorCode.UNKNOWN_INTERACTION,
    ErrorCode.THREAD_ARCHIVED,
    ErrorCode.ALREADY_ACKNOWLEDGED,
    ErrorCode.INTERNAL,
    ErrorCode.MISSING_ACCESS,
]


def refuse_everything_about(house: House, asked: Interaction, code: ErrorCode) -> Fault:
    """Neither the acknowledgement nor an answer of this interaction gets through."""
    house.discord.faults.add("*", f"/webhooks/*/{asked.token}*", Refuse(code))
    return house.discord.faults.add("*", f"/interactions/{asked.id}/*", Refuse(code))


async def test_a_request_that_discord_refused_to_acknowledge_is_not_bought_again(house: House) -> None:
    await house.start()

    async def asks_twice(code: ErrorCode) -> tuple[int, int, int]:
        person, prompt = house.person(code.name), f"a fox and {code.name}"
        channel = house.place(f"place-{code.name}".lower())
        first = await house.ask(person, prompt, channel)
        fault = refuse_everything_about(house, first, code)
        (row,) = await house.until(
            lambda: [row for row in house.jobs().values() if row["prompt"] == prompt], f"recorded ({code.name})"
        )
        assert fault.hits, "the fault never struck"
        second = await house.order(person, prompt, channel)
        return row["job_id"], second, await house.order(person, prompt, channel)

    for first, second, third in await gathered(*map(asks_twice, CODES)):
        assert second == first
        assert third != first
    await house.settled()
    assert len(house.veo.submissions) == 2 * len(CODES)
    assert await audit(house) == []


async def test_who_asks_again_while_the_answer_is_in_the_air_gets_the_same_video(house: House) -> None:
    house.veo.switches.delay = 60
    await house.start()
    anna = house.person("anna")
    first = await house.ask(anna, "a fox")
    house.discord.faults.add("PATCH", f"/webhooks/*/{first.token}*", Slow(5.0))
    await house.until(lambda: [row for row in house.jobs().values() if row["unanswered"]], "known to be unanswered")

    second = await house.order(anna, "a fox")

    assert (second, await house.accepted(first)) == (1, 1)
    await house.until(lambda: not house.jobs()[1]["unanswered"], "answered")
    assert len(house.veo.submissions) == 1


async def test_what_the_provider_bills_is_charged_whatever_became_of_the_job(house: House) -> None:
    def answers(prompt: str, fault: Shaped | FailTask) -> None:
        house.veo.faults.add(Route.VIDEOS, fault, when=lambda body: body.get("prompt") == prompt)

    billed = Shape(cost={"amount": 0.81, "currency": "credit"})
    answers("dearer", Shaped(billed))
    answers("silent", Shaped(Shape(cost="free")))
    answers("failed", FailTask("api_error"))
    await house.start()
    anna = house.person("anna")
    jobs = {prompt: await house.order(anna, prompt) for prompt in ("dearer", "silent", "failed")}

    rows = await house.settled()

    charges = {prompt: (rows[number]["counts"], rows[number]["charged"]) for prompt, number in jobs.items()}
    assert charges == {"dearer": (1, 810), "silent": (1, 720), "failed": (0, 0)}


async def test_ten_at_once_near_the_end_of_a_budget_buy_exactly_what_fits(house: House) -> None:
    house.configure({"quota": {"credits_per_day": 2.2}})
    await house.start()

    asked = await gathered(*(house.ask(house.person(f"p{n}"), f"fox {n}") for n in range(10)))
    answers = [(await one.wait_answer()).text for one in asked]

    assert sum("Your video is" in text for text in answers) == 3
    assert sum("No more videos for now" in text for text in answers) == 7
    await house.settled()
    assert len(house.veo.submissions) == 3
    notice = await house.discord.wait_for_message(channel_id=house.discord.dm_channel(house.discord.world.owner_id))
    assert "`credits_per_day` of this bot is at least 80 % used" in notice.content


async def test_a_server_that_is_not_allowed_is_refused_before_anything_else(house: House) -> None:
    elsewhere = house.discord.add_channel(house.discord.add_guild("Elsewhere"), "general")
    house.configure({"discord": {"servers": [house.guild]}})
    await house.start()
    stranger = house.person("stranger")

    told = [await (await house.ask(stranger, "a fox", elsewhere)).wait_answer()]
    told.append(await (await house.discord.slash(stranger, elsewhere, "veo quota", {})).wait_answer())

    assert ["This server is not set up" in one.text for one in told] == [True, True]
    assert await house.order(stranger, "a fox") == 1
    assert len(house.jobs()) == 1


async def test_an_alert_survives_a_kill_between_the_job_and_the_telling(house: House) -> None:
    house.configure({"quota": {"videos_per_day_total": 1}})
    await house.start(kill_at="after_record")
    await house.ask(house.person("anna"), "a fox")
    assert await house.ended() == -9

    await house.start()

    owner = house.discord.dm_channel(house.discord.world.owner_id)
    notice = await house.discord.wait_for_message(channel_id=owner)
    assert "is used up" in notice.content


async def test_a_limit_that_was_lowered_is_told_at_the_next_start(house: House) -> None:
    house.configure({"quota": {"credits_per_day": 10}})
    await house.start()
    await house.order(house.person("anna"), "a fox")
    await house.settled()
    await house.stop()
    house.configure({"quota": {"credits_per_day": 0.8}})

    await house.start()

    owner = house.discord.dm_channel(house.discord.world.owner_id)
    notice = await house.discord.wait_for_message(channel_id=owner)
    assert "is at least 80 % used" in notice.content


async def test_a_servers_budget_is_its_own_and_its_members_read_how_much_is_used(house: House) -> None:
    elsewhere = house.discord.add_channel(house.discord.add_guild("Elsewhere"), "general")
    house.configure({f"quota.servers.{house.guild}": {"credits_per_month": 1}})
    await house.start()
    anna = house.person("anna")
    await house.order(anna, "a fox")

    refused = await (await house.ask(anna, "a second fox")).wait_answer()

    assert "This server's budget for videos is used up until <t:" in refused.text
    assert await house.order(anna, "a fox elsewhere", elsewhere) == 2
    assert "This server has used 72 % of its budget." in await house.told(anna, "veo quota")

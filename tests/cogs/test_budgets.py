"""What people read of budgets and of servers that the operator does not allow."""

from __future__ import annotations

from decimal import Decimal

from cogs.account.texts import allowance_text
from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import asks, costs_nothing, made, presses_forged, reads, refusal, said, settings
from veo_core.domain.quota import QuotaStatus
from veo_core.services.studio import Allowance

HERE = 1
NOT_SET_UP = ("This server is not set up", "The people who run this bot have not allowed it here.")
OFF = ("Videos are switched off here", "The people who run this bot do not allow videos here.")


def midnight(world: World) -> int:
    """When the next day begins, in UTC."""
    return (int(world.env.now().timestamp()) // 86_400 + 1) * 86_400


@settings(quota={"credits_per_day": Decimal("1.5")})
async def test_the_bots_budget_is_refused_with_the_time_and_without_its_figures(world: World) -> None:
    for _ in range(2):
        assert "Your video is" in said(await asks(world))

    refused = await asks(world)

    words = f"No more videos can be made until <t:{midnight(world)}:f>."
    assert refusal(refused) == ("No more videos for now", words)
    assert "budget" not in await reads(world, "quota")


@settings(quota={"videos_per_day_total": 1})
async def test_a_1080p_version_is_no_new_video(world: World, veo: StandInVeo) -> None:
    original = await made(world, veo)

    assert "Your video is" in said(await world.people.ann.click(original, label="1080p"))
    assert refusal(await asks(world))[0] == "No more videos for now"


@settings(quota={"credits_per_day": Decimal(5)})
async def test_a_model_that_costs_more_than_the_whole_budget_names_those_that_do_not(
    world: World, veo: StandInVeo
) -> None:
    refused = await asks(world, model="veo31")

    title, words = refusal(refused)
    assert title == "This is not offered here"
    assert "veo31-fast" in words
    assert "veo31," not in words
    assert await costs_nothing(world, veo)


@settings(quota={"credits_per_month": Decimal("0.5")})
async def test_a_budget_that_no_model_fits_into_says_that_videos_are_off(world: World, veo: StandInVeo) -> None:
    assert refusal(await asks(world)) == OFF


@settings(quota={"videos_per_day": 0, "upscales_per_day": 0})
async def test_a_persons_limit_of_nothing_says_that_it_is_off(world: World, veo: StandInVeo) -> None:
    assert refusal(await asks(world)) == OFF


@settings(quota={"upscales_per_day": 0})
async def test_1080p_versions_that_are_off_are_told_as_such(world: World, veo: StandInVeo) -> None:
    original = await made(world, veo)

    refused = await world.people.ann.click(original, label="1080p")

    words = "The people who run this bot have switched 1080p versions off."
    assert refusal(refused) == ("This is switched off", words)


@settings(discord={"servers": (HERE,)})
async def test_in_a_server_that_is_not_allowed_every_command_is_refused(world: World, veo: StandInVeo) -> None:
    ann = world.people.ann

    refused = [await asks(world), *[await ann.slash(world.films, f"veo {name}") for name in ("quota", "history")]]

    assert [refusal(one) for one in refused] == [NOT_SET_UP] * 3
    assert veo.submissions == []


@settings(discord={"servers": (HERE,)})
async def test_there_the_button_that_spends_is_refused_and_the_one_that_takes_back_is_not(
    world: World, veo: StandInVeo
) -> None:
    spends = await presses_forged(world, world.people.ann, "veo:1:up:1")
    takes_back = await presses_forged(world, world.people.ann, "veo:1:cancel:1")

    assert refusal(spends) == NOT_SET_UP
    assert refusal(takes_back)[0] == "I can't find that video"


async def test_quota_says_nothing_of_a_budget_that_the_server_does_not_have(world: World) -> None:
    assert "This server" not in await reads(world, "quota")


def test_quota_tells_how_much_of_its_budget_a_server_has_used() -> None:
    unused = QuotaStatus(5, 0, None)

    shown = allowance_text(Allowance(unused, unused, server_percent=42), 2)

    assert shown.splitlines()[-1] == "This server has used 42 % of its budget."

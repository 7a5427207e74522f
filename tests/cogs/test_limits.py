"""How many videos one person gets a day, and at once."""

from __future__ import annotations

from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import asks, finished, reads, refusal, said, sends, settings
from tests.simulated import videos


@settings(quota={"videos_per_day": 5, "running_per_user": 2})
async def test_ten_commands_at_once_accept_exactly_the_limit(world: World, veo: StandInVeo) -> None:
    results = [sends(world, world.people.ann, prompt=f"fox {number}") for number in range(10)]
    await world.env.settle()

    answers = [said(result) for result in results]
    assert sum(answer.startswith("Your video is") for answer in answers) == 5
    assert sum(answer.startswith("Daily limit reached") for answer in answers) == 5
    assert "5 of 5 used" in await reads(world, "quota")


@settings(quota={"videos_per_day": 2})
async def test_the_daily_limit_names_the_moment_when_the_next_place_frees(world: World, veo: StandInVeo) -> None:
    asked_at = int(world.env.now().timestamp())
    await asks(world)
    await world.env.advance_time(3)
    await asks(world)

    refused = await asks(world)

    assert refusal(refused) == (
        "Daily limit reached",
        f"You have used all 2 videos of the last 24 hours. The next place frees <t:{asked_at + 86_400}:R>.",
    )
    await finished(world, veo)
    await world.env.advance_time(asked_at + 86_401 - world.env.now().timestamp())
    assert "Your video is **#3**" in said(await asks(world))


@settings(quota={"running_per_user": 1})
async def test_more_than_may_run_at_once_wait_in_line_and_are_not_refused(world: World, veo: StandInVeo) -> None:
    await asks(world, prompt="first")

    second = await asks(world, prompt="second")

    assert "Your video is **#2**, 1st in line" in said(second)
    assert [str(submission.payload["prompt"]) for submission in veo.submissions] == ["first"]
    await finished(world, veo)
    await finished(world, veo)
    assert len(videos(world)) == 2

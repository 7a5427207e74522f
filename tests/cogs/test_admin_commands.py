"""/veo-admin: what those who manage a server see and decide; and what a blocked person can still do."""

from __future__ import annotations

import pytest
from simcord.actors import MemberActor

from sandbox.demo.world import World
from sandbox.veo import StandInVeo
from tests.cogs.people import actions, asks, made, presses_forged, reads, refusal, said, stranger
from tests.simulated import videos

BLOCKED = "You cannot make videos here", "A moderator has blocked you from making videos in this server."


async def block(world: World, who: MemberActor) -> str:
    """Mo, who manages the server, blocks somebody."""
    return said(await world.people.mo.slash(world.films, "veo-admin block", user=who))


async def overview(world: World) -> list[str]:
    """What Mo reads of the last seven days."""
    return said(await world.people.mo.slash(world.films, "veo-admin overview")).splitlines()


async def test_discord_shows_the_commands_to_those_who_manage_the_server(world: World) -> None:
    def offered(who: MemberActor) -> list[str]:
        return [name for name in who.available_commands(world.films) if name.startswith("veo-admin")]

    assert offered(world.people.ann) == []
    assert offered(world.people.mo) == ["veo-admin overview", "veo-admin block", "veo-admin unblock"]


@pytest.mark.parametrize("command", ["overview", "block", "unblock"])
async def test_whom_discord_lets_through_by_mistake_the_bot_refuses(
    world: World, veo: StandInVeo, command: str
) -> None:
    root = world.env.backend.find_command("veo-admin", world.guild.id)
    assert root is not None
    world.guild.set_command_permissions(int(root["id"]), {world.guild.default_role: True})
    options = {} if command == "overview" else {"user": world.people.mo}

    refused = await world.people.ann.slash(world.films, f"veo-admin {command}", **options)

    assert refusal(refused) == ("That's for this server's managers", "It needs the permission Manage Server.")
    await made(world, veo, world.people.mo)


async def test_a_blocked_persons_commands_and_old_buttons_refuse(world: World, veo: StandInVeo) -> None:
    bob = stranger(world)
    original = await made(world, veo, bob)

    assert await block(world, bob) == f"{bob.mention} makes no more videos here; what is under way still arrives."

    assert refusal(await asks(world, bob)) == BLOCKED
    assert refusal(await bob.click(original, label="1080p")) == BLOCKED
    assert refusal(await bob.click(original, label="Delete")) == BLOCKED
    assert refusal(await presses_forged(world, bob, "veo:1:up:1")) == BLOCKED
    assert actions(veo) == ["text2video"]
    assert len(videos(world)) == 1


async def test_what_a_blocked_person_had_under_way_still_arrives(world: World, veo: StandInVeo) -> None:
    bob = stranger(world)
    await asks(world, bob)
    await block(world, bob)

    veo.finish(next(iter(veo.tasks)))
    await world.env.advance_time(11)

    assert len(videos(world)) == 1
    assert "**Videos**: 1 of" in await reads(world, "quota", bob)


async def test_a_block_can_be_taken_back_once(world: World, veo: StandInVeo) -> None:
    bob = stranger(world)
    await block(world, bob)
    await block(world, bob)

    taken_back = await world.people.mo.slash(world.films, "veo-admin unblock", user=bob)
    again = await world.people.mo.slash(world.films, "veo-admin unblock", user=bob)

    assert said(taken_back) == f"{bob.mention} may make videos here again."
    assert refusal(again) == ("Nothing to take back", "This person isn't blocked here.")
    await made(world, veo, bob)


async def test_a_block_holds_in_its_own_server_only_and_over_a_restart(world: World, veo: StandInVeo) -> None:
    bob = stranger(world)
    await block(world, bob)
    eve = world.env.create_user("eve")
    other = world.env.create_guild("Other Club", owner=eve)
    elsewhere = other.create_text_channel("films")

    await world.restart()

    assert refusal(await asks(world, bob)) == BLOCKED
    there = await other.add_member(bob.user).slash(elsewhere, "veo create", prompt="a fox")
    assert "Your video is" in said(there)


async def test_the_overview_counts_states_refused_prompts_and_blocks_of_this_server_alone(
    world: World, veo: StandInVeo
) -> None:
    bob = stranger(world)
    veo.switches.terms.moderated_words = ("dragon",)
    await made(world, veo)
    await asks(world, bob, prompt="a dragon")
    await world.env.advance_time(1)
    await asks(world, bob, prompt="another dragon")
    await world.env.advance_time(1)
    await block(world, bob)

    assert await overview(world) == [
        "The last seven days",
        "**Videos**: 2 failed, 1 succeeded",
        f"**Prompts refused by the provider's content rules**: {bob.mention}: 2",
        f"**Blocked**: {bob.mention}",
    ]

    eve = world.env.create_user("eve")
    other = world.env.create_guild("Other Club", owner=eve)
    elsewhere = other.create_text_channel("films")
    empty = said(await other.add_member(eve).slash(elsewhere, "veo-admin overview"))
    assert empty.splitlines()[1:] == [
        "**Videos**: none",
        "**Prompts refused by the provider's content rules**: none",
        "**Blocked**: nobody",
    ]


async def test_the_overview_says_when_submissions_are_paused(world: World, veo: StandInVeo) -> None:
    veo.switches.refuse_submissions = "used_up"
    await asks(world)

    assert (await overview(world))[-1] == "**Submissions are paused by the operator.**"

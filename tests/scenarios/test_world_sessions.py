"""Who plays a character: the newest session does, and whoever played it before is told so and stays away."""

from __future__ import annotations

import pytest

from myriad.client.player import Player
from myriad.zone import messages
from tests.scenarios.test_world import enter
from tests.scenarios.world_stepper import WORLD, Walker, WorldStepper, zone_map

FAREWELL_TICKS = 60
ZONE = "zone-1"


def enter_again(world: WorldStepper, former: Walker) -> Walker:
    """Another session of the character of `former`, in the world."""
    player = Player(WORLD, zone_map(ZONE), world.zones[ZONE].protocol_id, 60)
    walker = Walker(player, former.name, former.character, int(world.rng.integers(1, 1 << 62)))
    world.walkers.append(walker)
    assert player.start(world.token(ZONE, walker), world.now_ns)
    assert world.wait_until(lambda: player.ready, 300)
    return walker


def connections_of(world: WorldStepper) -> int:
    return int(world.zones[ZONE].arrays.server.state["num_clients"][0])


@pytest.mark.parametrize(("loss", "seed"), [(0.0, 1), (0.2, 2), (0.2, 3)])
def test_another_session_takes_the_avatar_and_the_former_player_is_told_and_stays_away(loss: float, seed: int) -> None:
    world = WorldStepper([ZONE], seed=seed, loss=loss)
    first = enter(world, "Ada", 500)
    second = enter_again(world, first)
    assert world.wait_until(lambda: first.player.farewell == messages.SUPERSEDED, FAREWELL_TICKS)
    world.run(2 * FAREWELL_TICKS)
    assert not first.player.needs_token
    assert not second.player.farewell and second.player.ready and not second.player.needs_token
    assert connections_of(world) == 1
    assert world.zones[ZONE].players.num_leaves["superseded"] == 1
    assert first.player.id == second.player.id


def test_the_newcomer_plays_at_once_while_the_former_player_still_hears_why() -> None:
    world = WorldStepper([ZONE])
    first = enter(world, "Ada", 500)
    second = enter_again(world, first)
    assert connections_of(world) == 2
    second.player.walk(0.0)
    x = second.player.position[0]
    world.run(60)
    assert second.player.position[0] > x + 1


def test_a_player_that_lost_its_connection_comes_back_in_its_session_without_a_goodbye() -> None:
    world = WorldStepper([ZONE])
    ada = enter(world, "Ada", 500)
    assert ada.player.resume(world.token(ZONE, ada), world.now_ns)
    assert world.wait_until(lambda: world.zones[ZONE].players.num_leaves["superseded"] == 1, 120)
    world.run(2 * FAREWELL_TICKS)
    assert ada.player.farewell == "" and ada.player.ready and not ada.player.needs_token
    assert connections_of(world) == 1


def test_the_row_of_a_player_that_leaves_while_it_is_told_goodbye_is_as_new() -> None:
    world = WorldStepper([ZONE])
    first = enter(world, "Ada", 500)
    second = enter_again(world, first)
    zone = world.zones[ZONE]
    assert len(zone.players.farewells) == 1
    world.leave(first)
    assert world.wait_until(lambda: len(zone.players.farewells) == 0, 10)
    bob = enter(world, "Bob", 510)
    world.run(2 * FAREWELL_TICKS)
    assert bob.player.ready and second.player.ready and connections_of(world) == 2

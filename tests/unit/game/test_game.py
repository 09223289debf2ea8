"""What a game of one zone that leaves out all that a world needs still does."""

from dataclasses import replace

import numpy as np

from examples.tiny_game.game import GAME
from myriad.game import WorldMap


def test_a_game_without_assets_holds_and_moves_nothing() -> None:
    world = GAME.create_zone("meadow", capacity=4, seed=1)
    one, other = (GAME.spawn_player(world, number, 0, "Ann", 20.0, 20.0) for number in (1, 2))
    before = world.entities.tobytes()
    assert not GAME.count_assets(world).any()
    assert GAME.balance(world, one, 0) == 0
    assert not GAME.exchange(world, one, other, [(0, 1)], [])
    assert not GAME.apply_effect(world, 1, 5, 99, 1, 0, 0)
    assert world.entities.tobytes() == before


def test_a_game_that_saves_nothing_has_empty_records_and_everybody_is_new() -> None:
    world = GAME.create_zone("meadow", capacity=4, seed=1)
    row = GAME.spawn_player(world, 1, 0, "Ann", 30.0, 40.0)
    world.entities["score"][row] = 9
    assert GAME.save_rows(world, np.array([row])).tobytes() == b""
    assert GAME.save_ground(world) == b""
    assert GAME.load_ground(world, b"", GAME.layout) == 0
    GAME.remove(world, row)
    row = GAME.restore(world, 1, 0, "Ann", b"", GAME.layout, 50.0, 60.0)
    assert (world.entities["x"][row], world.entities["score"][row]) == (50, 0)


def test_a_game_of_one_zone_is_the_same_in_worlds_of_all_sizes() -> None:
    assert GAME.for_world(7) is GAME
    assert [zone.name for zone in GAME.world_map.zones] == list(GAME.zones)
    GAME.preload(GAME.zones)
    assert replace(GAME, world_map=WorldMap(())).world_map.zone_at(1, 1) is None


def test_the_bounds_of_a_map_without_a_margin_are_all_of_it() -> None:
    shown = GAME.read_map("meadow", 60)
    assert shown.bounds == (0, 0, 200, 200)

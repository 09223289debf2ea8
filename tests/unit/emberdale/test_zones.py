"""Zones as they are shipped: camps, spawn points, names, and players coming and going."""

import numpy as np
import pytest

from emberdale.game import GAME
from emberdale.places import zone_plan
from myriad.core.errors import StartupError
from myriad.game import HIDDEN, ITEM, NPC, PLAYER, is_walkable, origin_units, state_hash


@pytest.mark.parametrize("zone_name", GAME.zones)
def test_five_hundred_npcs_of_the_land_s_kinds_stand_in_their_camps(zone_name: str) -> None:
    world = GAME.create_zone(zone_name, capacity=520, seed=3)
    entities = world.entities[:500]
    assert world.clock["num_rows"][0] == 500
    assert (entities["flags"] == NPC).all()
    kinds = {GAME.kinds[name] for name, _, _ in zone_plan(GAME.world_map.by_name[zone_name].number).site.camps}
    assert set(np.unique(entities["kind"]).tolist()) == kinds
    assert len(kinds) == 3
    area = GAME.world_map.by_name[zone_name]
    assert all(area.contains(float(x), float(y)) for x, y in zip(entities["x"], entities["y"], strict=True))
    left, bottom = origin_units(world)
    for row in range(500):
        camp = world.places[entities["place"][row]]
        assert (
            np.hypot(float(entities["qx"][row] - camp["x"]), float(entities["qy"][row] - camp["y"]))
            < camp["radius"] * 2
        )
        assert is_walkable(world.solid, int(entities["qx"][row]) - left, int(entities["qy"][row]) - bottom, 384)
    assert GAME.describe(world, 0)[1].decode() in GAME.kinds


@pytest.mark.parametrize("num_npcs", [0, 1, 37, 1200])
def test_another_number_of_npcs_is_spread_over_all_camps(num_npcs: int) -> None:
    world = GAME.create_zone("zone-1", capacity=1300, seed=3, num_npcs=num_npcs)
    assert world.clock["num_rows"][0] == num_npcs
    sizes = np.bincount(world.entities["place"][:num_npcs], minlength=world.places.size)[world.places["kind"] > 1]
    if num_npcs == 1200:
        assert sizes.min() >= 23
        assert sizes.max() <= 28


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    worlds = [GAME.create_zone("zone-2", capacity=600, seed=seed) for seed in (5, 5, 6)]
    hashes = [state_hash(world) for world in worlds]
    assert hashes[0] == hashes[1] != hashes[2]


def test_unknown_zones_and_too_small_tables_are_one_clear_line() -> None:
    with pytest.raises(StartupError, match="unknown zone 'zone-99'; this world of Emberdale has zone-1 to zone-20"):
        GAME.create_zone("zone-99", capacity=10, seed=1)
    with pytest.raises(StartupError, match="no room"):
        GAME.create_zone("zone-1", capacity=10, seed=1)
    with pytest.raises(StartupError, match="unknown zone"):
        GAME.read_map("nowhere", 60)


def test_players_start_at_spawn_points_or_at_the_nearest_walkable_place() -> None:
    world = GAME.create_zone("zone-1", capacity=60, seed=1, num_npcs=0)
    shown = GAME.read_map("zone-1", 60)
    points = {tuple(point) for point in shown.spawn_points.tolist()}
    starts = set()
    for number in range(20):
        row = GAME.spawn_player(world, 100 + number, number, "Ann")
        starts.add((float(world.entities["x"][row]), float(world.entities["y"][row])))
    assert starts <= points
    assert len(starts) > 5
    row = GAME.spawn_player(world, 7, 3, "Bob", 612.25, 404.5)
    assert np.hypot(world.entities["x"][row] - 612.25, world.entities["y"][row] - 404.5) < 30
    for number, (x, y) in enumerate([(-50.0, 5000.0), (1e300, -1e300), (999.99, 0.0)]):
        row = GAME.spawn_player(world, 8 + number, 3, "Bob", x, y)
        left, bottom = origin_units(world)
        at = int(world.entities["qx"][row]) - left, int(world.entities["qy"][row]) - bottom
        assert is_walkable(world.solid, *at, 384)


def test_a_player_has_a_name_health_and_no_second_body() -> None:
    world = GAME.create_zone("zone-2", capacity=3, seed=1, num_npcs=0)
    row = GAME.spawn_player(world, 9, 4, "Zoë" * 12)
    entity = world.entities[row]
    version, name = GAME.describe(world, row)
    assert (version, name) == (1, ("Zoë" * 6).encode())
    assert (entity["hp"], entity["max_hp"], entity["client"], entity["flags"]) == (100, 100, 4, PLAYER)
    assert GAME.spawn_player(world, 9, 5, "again") == -1
    assert world.clock["num_players"][0] == 1


def test_a_lingering_avatar_stays_without_a_client_and_is_taken_up_again() -> None:
    world = GAME.create_zone("zone-1", capacity=3, seed=1, num_npcs=0)
    row = GAME.spawn_player(world, 9, 4, "Ann")
    GAME.detach(world, row)
    GAME.advance(world)
    assert (world.entities["client"][row], world.entities["id"][row]) == (-1, 9)
    version = int(world.entities["private_version"][row])
    GAME.attach(world, row, 2)
    assert (world.entities["client"][row], world.entities["private_version"][row]) == (2, version + 1)
    GAME.remove(world, row)
    assert not world.entities["id"].any()
    assert world.clock["num_players"][0] == 0


def test_flags_tell_players_npcs_and_items_apart_after_a_while() -> None:
    world = GAME.create_zone("zone-1", capacity=600, seed=2)
    for number in range(20):
        GAME.spawn_player(world, 1 + number, number, "p", 100 + 40 * number, 500)
    for _ in range(200):
        GAME.advance(world)
    kinds, flags = world.entities["kind"], world.entities["flags"] & ~np.uint8(HIDDEN)
    used = world.entities["id"] != 0
    assert set(np.unique(flags[used])) <= {PLAYER, NPC, ITEM}
    assert ((kinds >= 128) == (flags == ITEM))[used].all()
    assert ((kinds == 1) == (flags == PLAYER))[used].all()

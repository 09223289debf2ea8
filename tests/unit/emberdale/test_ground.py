"""A zone's land with its neighbours' edges: what server and client may walk on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from emberdale import ground
from emberdale.game import GAME
from emberdale.places import world_map, zone_plan
from myriad.game import MapObject, StartupError, TileMap, World, origin_units

TILES = 600
OWN = slice(50, 550)


def solid_of(name: str, num_zones: int = 20) -> np.ndarray:
    return GAME.for_world(num_zones).create_zone(name, capacity=2, seed=1, num_npcs=0).solid


@pytest.mark.parametrize("name", ["zone-1", "zone-4", "zone-20"])
def test_the_map_reaches_100_m_beyond_the_zone_on_all_sides(name: str) -> None:
    world = GAME.create_zone(name, capacity=2, seed=1, num_npcs=0)
    area = GAME.world_map.by_name[name]
    assert world.solid.shape == world.areas.shape == (TILES, TILES)
    assert origin_units(world) == ((area.x - 100) * 1024, (area.y - 100) * 1024)
    assert world.grid["num_columns"][0] == 75
    own = ground.own_ground(area.number)
    assert np.array_equal(world.solid[OWN, OWN], own.solid)
    assert np.array_equal(world.areas[OWN, OWN], own.areas)


@pytest.mark.parametrize(("name", "num_zones"), [("zone-1", 4), ("zone-4", 4), ("zone-4", 20), ("zone-21", 22)])
def test_server_and_client_have_the_very_same_map(name: str, num_zones: int) -> None:
    game = GAME.for_world(num_zones)
    world, shown = game.create_zone(name, capacity=2, seed=1, num_npcs=0), game.read_map(name, 60)
    assert np.array_equal(world.solid, shown.solid)
    assert (world.clock["origin_x"][0], world.clock["origin_y"][0]) == (shown.origin_x, shown.origin_y)
    assert np.array_equal(world.params, shown.params)
    assert shown.area == game.world_map.by_name[name]
    west, south, east, north = shown.bounds
    assert (east - west, north - south) == (1000, 1000)
    for x, y in shown.spawn_points:
        assert west <= x < east
        assert south <= y < north


def test_six_metres_across_a_border_have_the_neighbour_s_tiles_and_then_there_is_a_wall() -> None:
    here, there = solid_of("zone-1"), solid_of("zone-2")
    assert np.array_equal(here[OWN, 550:553], there[OWN, 50:53])
    assert np.array_equal(there[OWN, 47:50], here[OWN, 547:550])
    assert here[OWN, 550:553].mean() < 0.5
    assert here[:, 553:].all()
    assert there[:, :47].all()


def test_a_corner_has_the_tiles_of_the_zone_across() -> None:
    here, across = solid_of("zone-1"), ground.own_ground(GAME.world_map.by_name["zone-4"].number).solid
    assert np.array_equal(here[550:553, 550:553], across[:3, :3])


def test_nobody_walks_beyond_the_end_of_the_world() -> None:
    here = solid_of("zone-1")
    assert here[:50].all()
    assert here[:, :50].all()
    small = solid_of("zone-2", num_zones=4)
    assert small[:, 550:].all()
    assert not solid_of("zone-2")[:, 550:].all()
    alone = solid_of("zone-1", num_zones=1)
    assert alone[:, 550:].all()
    assert alone[550:].all()
    assert np.array_equal(alone[OWN, OWN], here[OWN, OWN])


def test_two_worlds_of_a_zone_share_no_map() -> None:
    one, other = (GAME.create_zone("zone-1", capacity=2, seed=1, num_npcs=0) for _ in range(2))
    one.solid[:] = 1
    one.areas[:] = 7
    assert not other.solid.all()
    assert np.array_equal(solid_of("zone-1"), other.solid)


def test_after_a_preload_nothing_is_read_or_made(monkeypatch: pytest.MonkeyPatch) -> None:
    game = GAME.for_world(22)
    game.preload(["zone-2", "zone-22"])

    def refuse(*_: object) -> TileMap:
        raise AssertionError("this should be in memory")

    monkeypatch.setattr(ground, "read_map", refuse)
    monkeypatch.setattr(ground, "make_land", refuse)
    worlds: list[World] = [game.create_zone(name, capacity=600, seed=1) for name in ("zone-2", "zone-22")]
    assert all(world.clock["num_rows"][0] == 500 for world in worlds)


def tile_map(**changes: Any) -> TileMap:
    layers = {"collision": np.zeros((500, 500), np.uint32)}
    objects = (MapObject("market", "spawn", 5.0, 5.0, 0, 0, {}),)
    return replace(TileMap(500, 500, layers, objects), **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": {}}, "no layer 'collision'"),
        ({"objects": ()}, "no object of class 'spawn'"),
        ({"width": 400}, "not 1000 m x 1000 m"),
        ({"objects": (MapObject("far", "spawn", 1000.5, 5.0, 0, 0, {}),)}, "'far' lies beyond it"),
    ],
)
def test_a_map_that_cannot_be_used_is_named(changes: dict[str, Any], message: str) -> None:
    plan = zone_plan(world_map(1).zones[0].number)
    assert ground.ground_from(tile_map(), plan).solid.shape == (500, 500)
    with pytest.raises(StartupError, match=message):
        ground.ground_from(tile_map(**changes), plan)

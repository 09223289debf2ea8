"""The maps: what the script makes is what is committed, and all of it can be walked, across every border."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from emberdale import terrain
from emberdale.ground import MAPS, own_ground
from emberdale.land import make_land, reachable
from emberdale.places import biome_at, drawn_zones, world_map, zone_plan
from myriad.game import TileMap, read_map

MAKER = Path(__file__).parents[3] / "tools" / "make-maps"
NUMBERS = range(1, drawn_zones() + 1)


@pytest.fixture(scope="module")
def maker() -> Iterator[ModuleType]:
    loader = SourceFileLoader("make_maps", str(MAKER))
    spec = importlib.util.spec_from_loader("make_maps", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
        yield module
    finally:
        sys.dont_write_bytecode = writes


@cache
def shown(number: int) -> TileMap:
    return read_map(MAPS / f"zone-{number}.tmj")


@cache
def reached(number: int) -> np.ndarray:
    """What can be walked to from the first spawn point."""
    spawn = shown(number).objects_of("spawn")[0]
    return reachable(shown(number).layers["ground"].astype(np.int64), int(spawn.x / 2), int(spawn.y / 2))


@pytest.mark.parametrize("number", NUMBERS)
def test_the_script_makes_the_committed_maps(maker: ModuleType, number: int) -> None:
    made = make_land(zone_plan(number).site, biome_at)
    committed = json.loads((MAPS / f"zone-{number}.tmj").read_text())
    assert maker.tiled_map(made)["layers"][2] == committed["layers"][2]
    assert np.array_equal(shown(number).layers["ground"], made.layers["ground"])
    assert np.array_equal(shown(number).layers["collision"], made.layers["collision"])
    assert shown(number).objects == made.objects  # a map by seed is worth as much as one from a file


@pytest.mark.parametrize("number", NUMBERS)
def test_every_walkable_tile_can_be_walked_to(number: int) -> None:
    blocked = shown(number).layers["collision"] != 0
    assert np.array_equal(terrain.IS_SOLID[shown(number).layers["ground"]], blocked)
    assert np.array_equal(reached(number), ~blocked)
    assert 0.6 < reached(number).mean() < 0.95


@pytest.mark.parametrize("number", NUMBERS)
def test_a_map_is_a_square_kilometre_with_all_that_the_game_needs(number: int) -> None:
    tiles = shown(number)
    assert (tiles.width, tiles.height) == (500, 500)
    assert len(tiles.objects_of("spawn")) == 16
    assert len(tiles.objects_of("sanctuary")) == 1
    assert sum(camp.properties["count"] for camp in tiles.objects_of("camp")) == 500
    for camp in tiles.objects_of("camp"):
        assert camp.width_m / 2 == camp.properties["radius"]
        assert camp.width_m / 2 <= camp.x <= 1000 - camp.width_m / 2
        assert camp.width_m / 2 <= camp.y <= 1000 - camp.width_m / 2
        line, column = int(camp.y / 2), int(camp.x / 2)
        assert reached(number)[line - 2 : line + 3, column - 2 : column + 3].mean() > 0.5
    for spawn in tiles.objects_of("spawn"):
        assert reached(number)[int(spawn.y / 2), int(spawn.x / 2)]


def test_a_walker_can_cross_every_border() -> None:
    world = world_map(drawn_zones())
    borders = 0
    for area in world.zones:
        for other in world.neighbours(area.name):
            here, there = reached(area.number), reached(other.number)
            if (other.x, other.y) == (area.east, area.y):
                both = here[:, -1] & there[:, 0]
            elif (other.x, other.y) == (area.x, area.north):
                both = here[-1, :] & there[0, :]
            else:
                continue
            borders += 1
            assert both.mean() > 0.4, (area.name, other.name)
    assert borders == 4 * 4 + 5 * 3


def test_the_roads_of_neighbours_meet_at_their_border() -> None:
    world = world_map(drawn_zones())
    for area in world.zones:
        east = world.zone_at(area.east, area.y)
        if east is not None:
            here = shown(area.number).layers["ground"][:, -1] == terrain.ROAD
            there = shown(east.number).layers["ground"][:, 0] == terrain.ROAD
            assert (here & there).sum() >= 3


def test_there_are_at_least_three_kinds_of_land_to_see_even_in_a_small_world() -> None:
    for number_of_zones, kinds in ((4, 3), (20, 5)):
        grounds = set()
        for number in range(1, number_of_zones + 1):
            tiles, counts = np.unique(shown(number).layers["ground"], return_counts=True)
            usual = set(tiles[np.argsort(counts)[-2:]].tolist())
            grounds.add(frozenset(usual))
        assert len(grounds) >= kinds
    assert {zone_plan(number).biome for number in NUMBERS} == set(terrain.LOOKS)


def test_land_goes_on_across_a_border() -> None:
    # What stands on both sides of a border is as alike as what stands on both sides of a line within a zone.
    for left, right in ((1, 2), (3, 4), (4, 6), (13, 14)):
        here, there = shown(left).layers["ground"], shown(right).layers["ground"]
        within = (here[:, 249] == here[:, 250]).mean()
        assert (here[:, -1] == there[:, 0]).mean() > within - 0.15


def test_the_maps_are_small_and_their_tileset_is_where_they_say() -> None:
    assert sum(path.stat().st_size for path in MAPS.iterdir()) < 3_000_000
    for number in NUMBERS:
        raw = json.loads((MAPS / f"zone-{number}.tmj").read_text())
        tileset = json.loads((MAPS / raw["tilesets"][0]["source"]).read_text())
        assert tileset["tilecount"] >= shown(number).layers["ground"].max()
    picture = (MAPS / tileset["image"]).read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    size = (int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big"))
    assert size == (tileset["imagewidth"], tileset["imageheight"])
    assert tileset["tilecount"] == tileset["columns"] * 4 == terrain.NUM_TILES


def test_one_drawn_number_is_as_many_of_them() -> None:
    places = np.arange(-20, 20) * 37
    numbers = terrain.hashed(places, places[::-1], 9)
    assert [terrain.draw(int(x), int(y), 9) for x, y in zip(places, places[::-1], strict=True)] == numbers.tolist()


def test_zones_beyond_the_file_are_made_by_seed_and_join_those_in_it() -> None:
    plan = zone_plan(21)
    assert plan.map_file == ""
    made = make_land(plan.site, biome_at)
    ground = own_ground(21)
    assert np.array_equal(ground.solid, made.layers["collision"] != 0)
    east = world_map(21).zone_at(plan.area.x - 1, plan.area.y)
    assert east is not None
    border = reached(east.number)[:, -1] & (ground.solid[:, 0] == 0)
    assert border.mean() > 0.4

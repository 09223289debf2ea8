"""The maps: what the script makes is what is committed, and all of it can be walked."""

import importlib.util
import json
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from emberdale.zones import MAPS
from myriad.game import read_map

MAKER = Path(__file__).parents[3] / "tools" / "make-maps"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    loader = SourceFileLoader("make_maps", str(MAKER))
    spec = importlib.util.spec_from_loader("make_maps", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_maps"] = module
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module


@pytest.mark.parametrize(("zone_name", "make"), [("zone-1", "make_vale"), ("zone-2", "make_hills")])
def test_the_script_makes_the_committed_maps(maker: ModuleType, zone_name: str, make: str) -> None:
    zone = getattr(maker, make)()
    made = maker.tiled_map(zone)
    committed = json.loads((MAPS / f"{zone_name}.tmj").read_text())
    assert made["layers"][2] == committed["layers"][2]
    shown = read_map(MAPS / f"{zone_name}.tmj")
    assert np.array_equal(shown.layers["ground"], zone.tiles)


@pytest.mark.parametrize("zone_name", ["zone-1", "zone-2"])
def test_every_walkable_tile_can_be_walked_to(maker: ModuleType, zone_name: str) -> None:
    shown = read_map(MAPS / f"{zone_name}.tmj")
    ground, blocked = shown.layers["ground"], shown.layers["collision"] != 0
    assert np.array_equal(np.isin(ground, maker.SOLID), blocked)
    spawn = shown.objects_of("spawn")[0]
    reached = maker.reachable(ground, int(spawn.x / 2), int(spawn.y / 2))
    assert np.array_equal(reached, ~blocked)
    assert 0.6 < reached.mean() < 0.95


@pytest.mark.parametrize("zone_name", ["zone-1", "zone-2"])
def test_a_map_is_a_square_kilometre_with_all_that_the_game_needs(zone_name: str) -> None:
    shown = read_map(MAPS / f"{zone_name}.tmj")
    assert (shown.width, shown.height) == (500, 500)
    assert len(shown.objects_of("spawn")) >= 12
    assert len(shown.objects_of("sanctuary")) == 1
    assert sum(camp.properties["count"] for camp in shown.objects_of("camp")) == 500
    for camp in shown.objects_of("camp"):
        assert camp.width_m / 2 == camp.properties["radius"]
        assert 0 <= camp.x <= 1000
        assert 0 <= camp.y <= 1000


def test_the_tileset_is_where_the_maps_say_and_its_picture_is_a_png() -> None:
    for zone_name in ("zone-1", "zone-2"):
        raw = json.loads((MAPS / f"{zone_name}.tmj").read_text())
        tileset = json.loads((MAPS / raw["tilesets"][0]["source"]).read_text())
        picture = (MAPS / tileset["image"]).read_bytes()
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        size = (int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big"))
        assert size == (tileset["imagewidth"], tileset["imageheight"])
        assert tileset["tilecount"] == tileset["columns"] * 2 >= 15

"""Worlds of all sizes: which zones they have, and where."""

from pathlib import Path

import pytest

from emberdale import places
from emberdale.game import GAME
from myriad.game import StartupError, WorldMap


def test_twenty_zones_lie_in_five_columns_and_four_rows() -> None:
    world = GAME.world_map
    assert GAME.zones == tuple(f"zone-{number}" for number in range(1, 21))
    assert {(zone.x, zone.y) for zone in world.zones} == {(x * 1000, y * 1000) for x in range(5) for y in range(4)}
    assert {(zone.width, zone.height) for zone in world.zones} == {(1000, 1000)}
    assert (world.by_name["zone-1"].x, world.by_name["zone-1"].y) == (0, 0)
    assert (world.by_name["zone-2"].x, world.by_name["zone-2"].y) == (1000, 0)


def test_a_world_of_four_is_a_square_of_two_by_two() -> None:
    world = GAME.for_world(4).world_map
    assert {(zone.x, zone.y) for zone in world.zones} == {(0, 0), (1000, 0), (0, 1000), (1000, 1000)}
    assert all(len(world.neighbours(zone.name)) == 3 for zone in world.zones)


@pytest.mark.parametrize("num_zones", [1, 2, 3, 7, 20, 33, 42, 43, 200])
def test_zones_have_the_same_number_and_place_in_every_world_and_hang_together(num_zones: int) -> None:
    world, all_zones = places.world_map(num_zones), places.world_map(300)
    assert world.zones == all_zones.zones[:num_zones]
    for zone in world.zones[1:]:
        earlier = [other for other in world.neighbours(zone.name) if other.number < zone.number]
        assert any(other.x == zone.x or other.y == zone.y for other in earlier), zone
    assert GAME.for_world(num_zones).zones == tuple(zone.name for zone in world.zones)


def test_all_zones_of_a_file_have_titles_and_known_land() -> None:
    titles = [places.zone_plan(number).title for number in range(1, 60)]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("num_zones", [0, -1, 1001])
def test_a_world_of_another_size_is_refused(num_zones: int) -> None:
    with pytest.raises(StartupError, match="1 to 1000 zones"):
        GAME.for_world(num_zones)


def test_a_world_keeps_all_that_is_the_game_s() -> None:
    small = GAME.for_world(4)
    assert small is GAME.for_world(4)
    assert (small.own_dtype, small.layout, small.step) == (GAME.own_dtype, GAME.layout, GAME.step)
    with pytest.raises(StartupError, match="unknown zone 'zone-5'; this world of Emberdale has zone-1 to zone-4"):
        small.create_zone("zone-5", capacity=600, seed=1)
    with pytest.raises(StartupError, match="unknown zone"):
        small.read_map("zone-5", 60)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('biome = "fen"', 'biome = "sea"', "'sea' is missing or unknown"),
        ('name = "zone-3"', 'name = "zone-33"', "zones are named"),
        ("origin_x = 4000", "origin_x = 4001", "square of its own"),
        ("origin_x = 4000", "origin_x = 3000", "square of its own"),
        ('name = "frost"', 'name = "lava"', "the biomes are"),
        ("side_m", "side", "'side_m' is missing"),
    ],
)
def test_a_wrong_world_file_is_one_line_that_names_it(
    old: str, new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (places.FOLDER / "emberdale.toml").read_text()
    (tmp_path / "emberdale.toml").write_text(text.replace(old, new, 1))
    monkeypatch.setattr(places, "FOLDER", tmp_path)
    with pytest.raises(StartupError, match=r"worlds/emberdale\.toml: .*" + message):
        places.atlas.__wrapped__()


def test_neighbours_touch_and_a_zone_owns_its_west_and_south_edges() -> None:
    world: WorldMap = GAME.world_map
    at = world.zone_at(1000.0, 0.0)
    assert at is not None
    assert at.name == "zone-2"
    assert [zone.name for zone in world.neighbours("zone-4")] == [f"zone-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)]
    assert world.zone_at(-0.5, 10.0) is None

"""Where zones lie, who is whose neighbour, and who owns a point."""

import pytest

from myriad.game import WorldMap, ZoneArea

WEST, EAST, NORTH = (
    ZoneArea("west", 1, 0, 0, 100, 50),
    ZoneArea("east", 2, 100, 0, 80, 50),
    ZoneArea("north", 9, -60, 50, 70, 30),
)
WORLD = WorldMap([WEST, EAST, NORTH])


def test_every_point_has_one_owner_at_most_and_west_and_south_edges_belong_to_a_zone() -> None:
    assert WORLD.zone_at(0, 0) == WEST
    assert WORLD.zone_at(99.999, 49.999) == WEST
    assert WORLD.zone_at(100.0, 0.0) == EAST
    assert WORLD.zone_at(5, 50.0) == NORTH
    assert [WORLD.zone_at(*point) for point in ((180, 0), (-1, 10), (10, 50), (50, -0.001))] == [None] * 4


def test_neighbours_touch_along_an_edge_or_at_a_corner() -> None:
    assert WORLD.neighbours("west") == (EAST, NORTH)
    assert WORLD.neighbours("east") == (WEST,)
    corner = WorldMap([WEST, ZoneArea("corner", 2, 100, 50, 10, 10)])
    assert [zone.name for zone in corner.neighbours("west")] == ["corner"]


def test_zones_are_found_by_name_and_by_number() -> None:
    assert (WORLD.by_name["north"], WORLD.by_number[9]) == (NORTH, NORTH)


def test_the_distance_to_a_zone_is_the_larger_of_both_coordinates_and_zero_inside() -> None:
    assert [WEST.distance_m(*point) for point in ((5, 5), (-3, 5), (104, 57), (100, 50))] == [0, 3, 7, 0]


@pytest.mark.parametrize(
    "other",
    [
        ZoneArea("west", 2, 100, 0, 10, 10),
        ZoneArea("other", 1, 100, 0, 10, 10),
        ZoneArea("other", 2, 99, 49, 10, 10),
        ZoneArea("other", 2, -10, -10, 500, 500),
    ],
)
def test_zones_that_overlap_or_share_a_name_or_number_are_no_world(other: ZoneArea) -> None:
    with pytest.raises(ValueError):
        WorldMap([WEST, other])

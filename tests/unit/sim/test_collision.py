"""Bodies and tiles: never inside a wall, sliding, against a slow oracle."""

import numpy as np
import pytest

from myriad.sim.collision import TILE_UNITS, is_clear, is_walkable, move_body, nearest_walkable

pytestmark = pytest.mark.without_jit

RADIUS = 384


def walls(*rows: str) -> np.ndarray:
    """A map from text, the last line in the south."""
    return np.array([[tile == "#" for tile in row] for row in reversed(rows)], np.uint8)


def test_a_body_stops_exactly_at_a_wall_and_slides_along_it() -> None:
    solid = walls("..#", "..#", "..#")
    x, y = move_body(solid, 3000, 1000, 900, 300, RADIUS)
    assert (x, y) == (2 * TILE_UNITS - RADIUS, 1300)
    assert move_body(solid, x, y, 50, 0, RADIUS) == (x, y)


def test_the_edge_of_the_map_is_a_wall() -> None:
    solid = walls("..", "..")
    assert move_body(solid, 500, 500, -2000, -2000, RADIUS) == (RADIUS, RADIUS)
    end = 2 * TILE_UNITS - RADIUS
    assert move_body(solid, end - 10, end - 10, 2000, 2000, RADIUS) == (end, end)


@pytest.mark.parametrize("seed", range(6))
def test_no_walk_ever_ends_in_a_wall_or_leaps_through_one(seed: int) -> None:
    print("seed", seed)
    chance = np.random.default_rng(seed)
    solid = (chance.random((24, 24)) < 0.3).astype(np.uint8)
    x, y = nearest_walkable(solid, 12 * TILE_UNITS, 12 * TILE_UNITS, RADIUS)
    for step_x, step_y in chance.integers(-1500, 1500, (1500, 2)).tolist():
        new_x, new_y = move_body(solid, x, y, step_x, step_y, RADIUS)
        assert is_walkable(solid, new_x, new_y, RADIUS)
        for part in range(1, 17):  # the way along x, then along y, is free as well
            assert is_walkable(solid, x + (new_x - x) * part // 16, y, RADIUS)
            assert is_walkable(solid, new_x, y + (new_y - y) * part // 16, RADIUS)
        assert abs(new_x - x) <= abs(step_x)
        assert abs(new_y - y) <= abs(step_y)
        x, y = new_x, new_y


def test_a_step_longer_than_a_tile_is_cut() -> None:
    solid = walls("........", "...#....", "........")
    start = (TILE_UNITS, TILE_UNITS + TILE_UNITS // 2)
    assert move_body(solid, *start, 10**9, 0, RADIUS) == (2 * TILE_UNITS - 1, start[1])
    assert move_body(solid, 2 * TILE_UNITS - 1, start[1], 10**9, 0, RADIUS) == (3 * TILE_UNITS - RADIUS, start[1])


def test_walls_block_sight_and_open_ground_does_not() -> None:
    solid = walls("....", ".#..", "....")
    assert is_clear(solid, 100, 100, 6000, 100)
    assert not is_clear(solid, 1000, 3000, 7000, 3000)
    assert not is_clear(solid, 7000, 3000, 1000, 3000)
    assert is_clear(solid, 1000, 3000, 1000, 3000)


def test_the_nearest_walkable_place_is_the_point_itself_or_the_nearest_free_tile() -> None:
    solid = walls("###.", "####", "####")
    centre = (3 * TILE_UNITS + TILE_UNITS // 2, 2 * TILE_UNITS + TILE_UNITS // 2)
    assert nearest_walkable(solid, 10, 10, RADIUS) == centre
    assert nearest_walkable(solid, centre[0] + 5, centre[1] - 5, RADIUS) == (centre[0] + 5, centre[1] - 5)
    with pytest.raises(ValueError, match="no walkable"):
        nearest_walkable(walls("##"), 10, 10, RADIUS)

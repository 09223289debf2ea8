"""Neighbour searches against a look at everybody."""

import numpy as np
import pytest

from myriad.core.kernel import kernel
from myriad.sim.columns import ENTITY, GHOST, HIDDEN, NPC, PLAYER
from myriad.sim.grid import nearest_entity, players_around, rebuild_grid
from myriad.sim.rows import allocate_row, free_row, place
from myriad.sim.world import World, create_world

pytestmark = pytest.mark.without_jit


@kernel
def rebuild(world: World) -> None:
    rebuild_grid(world)


@kernel
def nearest(world: World, qx: int, qy: int, radius: int, flags: int, exclude: int, checks: int) -> int:
    return nearest_entity(world, qx, qy, radius, flags, exclude, checks)


@kernel
def around(world: World, qx: int, qy: int) -> int:
    return players_around(world, qx, qy)


def crowd(seed: int, count: int, side_m: int = 200) -> World:
    chance = np.random.default_rng(seed)
    world = create_world(ENTITY, count + 8, np.zeros((100, 110), np.uint8), seed=1, origin_x=1000, origin_y=-400)
    for number in range(count):
        row = allocate_row(world, number + 1)
        qx, qy = chance.integers(0, side_m * 1024, 2).tolist()
        world.entities["flags"][row] = chance.choice([PLAYER, NPC, NPC | HIDDEN, PLAYER | GHOST])
        world.entities["max_hp"][row] = 10
        world.entities["hp"][row] = chance.choice([0, 5, 10])
        place(world, row, qx + 1000 * 1024, qy - 400 * 1024, 1)
    for row in range(0, count, 7):
        free_row(world, row)
    rebuild(world)
    return world


def distances(world: World, qx: int, qy: int) -> np.ndarray:
    entities = world.entities
    return (entities["qx"].astype(np.int64) - qx) ** 2 + (entities["qy"].astype(np.int64) - qy) ** 2


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_is_the_nearest_of_all(seed: int) -> None:
    print("seed", seed)
    world = crowd(seed, 200)
    entities = world.entities
    for qx, qy in (np.random.default_rng(seed).integers(-5, 205, (60, 2)) * 1024 + [1024000, -409600]).tolist():
        for wanted, radius in ((PLAYER, 12 * 1024), (NPC | PLAYER, 30 * 1024)):
            squared = distances(world, qx, qy)
            fits = (
                (entities["flags"] & wanted != 0) & (entities["flags"] & (HIDDEN | GHOST) == 0) & (entities["hp"] > 0)
            )
            fits &= (entities["id"] != 0) & (squared <= radius * radius)
            fits[3] = False
            best = int(np.min(squared[fits])) if fits.any() else None
            row = nearest(world, qx, qy, radius, wanted, 3, 10**6)
            assert (row == -1) == (best is None)
            assert best is None or squared[row] == best


def test_every_visible_row_but_ghosts_is_listed_once_in_ascending_order_per_cell() -> None:
    world = crowd(1, 150)
    listed = world.cell_rows[: world.cell_start[-1]].tolist()
    visible = np.flatnonzero((world.entities["id"] != 0) & (world.entities["flags"] & (HIDDEN | GHOST) == 0)).tolist()
    assert sorted(listed) == visible
    for first, end in zip(world.cell_start[:-1], world.cell_start[1:], strict=True):
        assert listed[first:end] == sorted(listed[first:end])


def test_a_crowd_costs_no_more_than_the_bound_and_every_check_is_counted() -> None:
    world = crowd(2, 600, side_m=15)
    before = int(world.clock["pair_checks"][0])
    nearest(world, 1000 * 1024 + 5000, -400 * 1024 + 5000, 5 * 1024, PLAYER, -1, 40)
    assert int(world.clock["pair_checks"][0]) == before + 40


def test_all_players_within_64_m_count_as_around_and_none_beyond_three_cells() -> None:
    world = crowd(3, 120)
    flags = world.entities["flags"]
    for qx, qy in (np.random.default_rng(9).integers(0, 200, (40, 2)) * 1024 + [1024000, -409600]).tolist():
        squared = distances(world, qx, qy)
        players = (flags & (PLAYER | GHOST) == PLAYER) & (world.entities["id"] != 0)
        counted = around(world, qx, qy)
        assert counted >= np.count_nonzero(players & (squared <= (64 * 1024) ** 2))
        assert counted <= np.count_nonzero(players & (squared <= (182 * 1024) ** 2))

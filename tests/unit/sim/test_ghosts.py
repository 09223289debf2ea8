"""Ghosts: records of a neighbour's entities as rows that are never ours."""

from __future__ import annotations

import numpy as np
import pytest

from myriad.sim.columns import ENTITY, FROZEN, GHOST, HIDDEN, ITEM, NPC, PLAYER, UNITS_PER_M
from myriad.sim.ghosts import GHOST_RECORD, apply_ghosts, collect_border, free_ghosts, make_ghost, name_ghost
from myriad.sim.rows import allocate_row, find_row, free_row, place
from myriad.sim.world import World, create_world

pytestmark = pytest.mark.without_jit


def make_world(capacity: int = 16) -> World:
    return create_world(ENTITY, capacity, np.zeros((50, 50), np.uint8), seed=1)


def put(world: World, entity_id: int, x_m: float, y_m: float, flags: int = NPC) -> int:
    row = int(allocate_row(world, entity_id))
    world.entities["flags"][row] = flags
    world.entities["hp"][row] = 7
    world.entities["max_hp"][row] = 9
    place(world, row, int(x_m * UNITS_PER_M), int(y_m * UNITS_PER_M), 1)
    return row


def collect(world: World, west: int, south: int, east: int, north: int, room: int = 16) -> np.ndarray:
    out = np.zeros(room, GHOST_RECORD)
    west, south, east, north = (side * UNITS_PER_M for side in (west, south, east, north))
    rows = np.full(room, -1, np.int32)
    count = int(collect_border(world, west, south, east, north, out, rows))
    assert world.entities["id"][rows[:count]].tolist() == out["id"][:count].tolist()
    return out[:count]


def records(*rows: tuple[int, float, float]) -> np.ndarray:
    made = np.zeros(len(rows), GHOST_RECORD)
    for record, (entity_id, x, y) in zip(made, rows, strict=True):
        record["id"], record["qx"], record["qy"] = entity_id, int(x * UNITS_PER_M), int(y * UNITS_PER_M)
        record["flags"], record["kind"], record["hp"] = PLAYER, 3, 5
    return made


def test_exactly_the_own_visible_entities_in_the_rectangle_are_collected() -> None:
    rng = np.random.default_rng(5)
    world = make_world(200)
    expected = []
    for entity_id in range(1, 151):
        x, y = float(rng.integers(0, 100)), float(rng.integers(0, 100))
        flags = int(rng.choice([NPC, PLAYER, ITEM, NPC | HIDDEN, PLAYER | GHOST, PLAYER | FROZEN]))
        put(world, entity_id, x, y, flags)
        if 20 <= x < 70 and 10 <= y < 40 and not flags & (GHOST | HIDDEN):
            expected.append(entity_id)
    for entity_id in (3, 50, 51):
        free_row(world, int(find_row(world, entity_id)))
        expected = [one for one in expected if one != entity_id]
    found = collect(world, 20, 10, 70, 40, room=200)
    assert sorted(found["id"].tolist()) == sorted(expected)
    assert not (found["flags"] & (FROZEN | GHOST)).any()


def test_what_finds_no_room_is_left_out() -> None:
    world = make_world()
    for entity_id in range(1, 6):
        put(world, entity_id, 10, 10)
    assert len(collect(world, 0, 0, 50, 50, room=3)) == 3


def test_a_record_becomes_a_ghost_that_follows_later_records() -> None:
    world, seen = make_world(), np.zeros(16, np.int64)
    assert apply_ghosts(world, 2, records((77, 10, 20)), 1, seen, 100) == 0
    row = int(find_row(world, 77))
    assert world.entities["flags"][row] == PLAYER | GHOST
    assert world.ghost_neighbour[row] == 2 and seen[row] == 100
    apply_ghosts(world, 2, records((77, 11, 20)), 1, seen, 150)
    assert int(find_row(world, 77)) == row
    assert world.entities["qx"][row] == 11 * UNITS_PER_M and world.entities["x"][row] == 11.0
    assert world.clock["num_players"][0] == 0


def test_a_record_never_changes_what_is_ours() -> None:
    world, seen = make_world(), np.zeros(16, np.int64)
    row = put(world, 77, 30, 30, PLAYER)
    before = world.entities[row].tobytes()
    apply_ghosts(world, 1, records((77, 10, 20)), 1, seen, 100)
    assert world.entities[row].tobytes() == before and seen[row] == 0


def test_ghosts_that_find_no_row_are_counted_and_change_nothing() -> None:
    world, seen = make_world(2), np.zeros(2, np.int64)
    put(world, 1, 5, 5)
    assert apply_ghosts(world, 0, records((8, 1, 1), (9, 2, 2), (0, 3, 3)), 3, seen, 100) == 1
    assert int(find_row(world, 8)) >= 0 and int(find_row(world, 9)) < 0


def test_a_ghost_that_nobody_shows_any_more_is_freed_and_nothing_else() -> None:
    world, seen = make_world(), np.zeros(16, np.int64)
    put(world, 1, 5, 5)
    apply_ghosts(world, 0, records((8, 1, 1)), 1, seen, 100)
    apply_ghosts(world, 1, records((9, 2, 2)), 1, seen, 300)
    assert free_ghosts(world, seen, 200) == 1
    assert [int(find_row(world, one)) >= 0 for one in (1, 8, 9)] == [True, False, True]


def test_only_a_ghost_takes_a_name_from_its_owner() -> None:
    world, seen = make_world(), np.zeros(16, np.int64)
    mine = put(world, 1, 5, 5)
    apply_ghosts(world, 0, records((8, 1, 1)), 1, seen, 100)
    for entity_id in (1, 8, 99):
        name_ghost(world, entity_id, 4, np.frombuffer(b"--Boar", np.uint8).copy(), 2, 4)
    row = int(find_row(world, 8))
    assert world.entities["name"][row, :4].tobytes() == b"Boar" and world.entities["name_version"][row] == 4
    assert world.entities["name_length"][mine] == 0


def test_an_avatar_that_went_over_goes_on_as_a_ghost_in_its_row() -> None:
    world, seen = make_world(), np.zeros(16, np.int64)
    row = put(world, 5, 5, 5, PLAYER | FROZEN)
    make_ghost(world, row, 3, seen, 100)
    assert world.entities["flags"][row] == PLAYER | GHOST and world.entities["client"][row] == -1
    apply_ghosts(world, 3, records((5, 6, 5)), 1, seen, 150)
    assert int(find_row(world, 5)) == row and world.entities["x"][row] == 6.0

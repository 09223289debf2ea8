"""Rows and ids against a dictionary."""

import random
from typing import Any

import numpy as np
import pytest

from myriad.sim.columns import ENTITY
from myriad.sim.rows import allocate_row, find_row, free_row, place, take_transient_id
from myriad.sim.world import World, create_world

pytestmark = pytest.mark.without_jit

CAPACITY = 24


def small_world(capacity: int = CAPACITY, **options: Any) -> World:
    return create_world(ENTITY, capacity, np.zeros((40, 40), np.uint8), seed=1, **options)


@pytest.mark.parametrize("seed", range(8))
def test_rows_and_ids_agree_with_a_dictionary_through_any_history(seed: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    world = small_world()
    rows: dict[int, int] = {}
    for _ in range(400):
        entity_id = chance.choice([chance.randrange(1, 60), 2**32 - chance.randrange(1, 9), chance.randrange(1, 2**32)])
        if rows and chance.random() < 0.45:
            entity_id = chance.choice(list(rows))
            free_row(world, rows.pop(entity_id))
        else:
            row = allocate_row(world, entity_id)
            if entity_id in rows or len(rows) == CAPACITY:
                assert row == -1
            else:
                assert row not in rows.values()
                rows[entity_id] = row
        for known, at in rows.items():
            assert find_row(world, known) == at
            assert world.entities["id"][at] == known
        assert find_row(world, 61) == rows.get(61, -1)
        assert int(world.clock["num_rows"][0]) - int(world.clock["num_free"][0]) == len(rows)
        assert np.count_nonzero(world.id_index) == len(rows)


def test_a_freed_row_is_all_zero_and_is_taken_again_first() -> None:
    world = small_world()
    rows = [allocate_row(world, entity_id) for entity_id in (5, 6, 7)]
    world.entities["name"][rows[1]] = 7
    place(world, rows[1], 123, 456, 1)
    free_row(world, rows[1])
    assert not world.entity_bytes[rows[1]].any()
    assert allocate_row(world, 8) == rows[1]


def test_a_full_table_and_id_zero_are_refused_without_a_change() -> None:
    world = small_world(2)
    assert allocate_row(world, 0) == -1
    assert [allocate_row(world, entity_id) for entity_id in (1, 2)] == [0, 1]
    before = [array.tobytes() for array in (world.entity_bytes, world.id_index, world.clock)]
    assert allocate_row(world, 3) == -1
    assert allocate_row(world, 1) == -1
    assert before == [array.tobytes() for array in (world.entity_bytes, world.id_index, world.clock)]


def test_transient_ids_end_with_their_block() -> None:
    world = small_world(4, next_id=10, end_id=12)
    assert [take_transient_id(world) for _ in range(4)] == [10, 11, 0, 0]


def test_a_placed_entity_is_exactly_where_it_was_put() -> None:
    world = small_world()
    row = allocate_row(world, 9)
    place(world, row, 2049, -1025, 3)
    entity = world.entities[row]
    assert (entity["x"], entity["y"]) == (2049 / 1024, -1025 / 1024)
    assert (entity["qx"], entity["qy"], entity["placed_tick"]) == (2049, -1025, 3)

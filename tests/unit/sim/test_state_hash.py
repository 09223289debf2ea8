"""The hash sees everything that decides how a world goes on, and nothing else."""

from collections.abc import Callable

import numpy as np
import pytest

from myriad.sim.columns import ENTITY
from myriad.sim.rows import allocate_row, free_row, place
from myriad.sim.state_hash import state_hash
from myriad.sim.world import World, create_world


def world_of_three() -> World:
    world = create_world(ENTITY, 8, np.zeros((20, 20), np.uint8), seed=4, num_counters=2)
    for entity_id in (5, 6, 7):
        place(world, allocate_row(world, entity_id), entity_id * 1000, 2000, 1)
    free_row(world, 0)
    return world


def set_value(name: str, field: str | None, index: object, value: int) -> Callable[[World], None]:
    def change(world: World) -> None:
        array = getattr(world, name)
        (array[field] if field else array)[index] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_value("entities", "hp", 1, 3),
        set_value("entities", "name", (2, 23), 1),
        set_value("clock", "tick", 0, 9),
        set_value("clock", "next_id", 0, 999),
        set_value("free_rows", None, 0, 3),
        set_value("rng", None, 1, 3),
        set_value("history_x", None, (1, 2), 3),
        set_value("counters", None, 1, 3),
    ],
)
def test_any_change_of_state_changes_the_hash(change: Callable[[World], None]) -> None:
    world = world_of_three()
    before = state_hash(world)
    assert before == state_hash(world_of_three())
    change(world)
    assert state_hash(world) != before


def test_scratch_arrays_and_unused_rows_do_not_count() -> None:
    world = world_of_three()
    before = state_hash(world)
    world.cell_rows[:] = 3
    world.free_rows[5] = 3
    world.inputs["count"] = 1
    assert state_hash(world) == before

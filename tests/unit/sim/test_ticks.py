"""The ends of a tick, events, and looking back in time."""

import numpy as np
import pytest

from myriad.core.kernel import kernel
from myriad.sim.columns import ENTITY, EVENT_RING, HISTORY_TICKS
from myriad.sim.rows import allocate_row, place
from myriad.sim.ticks import begin_tick, emit, finish_tick, position_before
from myriad.sim.world import World, create_world

pytestmark = pytest.mark.without_jit


@kernel
def drift(world: World, step_m: float) -> None:
    """A tick in which everything drifts east."""
    begin_tick(world)
    for row in range(world.clock[0]["num_rows"]):
        world.entities[row]["x"] += step_m
    finish_tick(world)


@kernel
def look_back(world: World, row: int, ticks: int) -> tuple[int, int]:
    return position_before(world, row, ticks)


@kernel
def tell(world: World, kind: int, amount: int, source_row: int, target_row: int) -> None:
    emit(world, kind, amount, source_row, target_row)


def one_body() -> tuple[World, int]:
    world = create_world(ENTITY, 4, np.zeros((100, 100), np.uint8), seed=1)
    row = allocate_row(world, 77)
    place(world, row, 5 * 1024, 6 * 1024, 1)
    return world, row


def test_positions_are_snapped_and_the_inputs_of_the_tick_are_gone() -> None:
    world, row = one_body()
    world.inputs["count"][row] = 2
    drift(world, 0.01)
    entity = world.entities[row]
    assert entity["qx"] == round(5.01 * 1024)
    assert entity["x"] == entity["qx"] / 1024
    assert world.inputs["count"][row] == 0
    assert world.clock["tick"][0] == 2


def test_the_past_is_where_the_body_was_and_no_longer_than_the_history() -> None:
    world, row = one_body()
    were = [int(world.entities["qx"][row])]
    for _ in range(40):
        drift(world, 0.125)
        were.append(int(world.entities["qx"][row]))
    for back in range(HISTORY_TICKS):
        assert look_back(world, row, back) == (were[-1 - back], 6 * 1024)
    assert look_back(world, row, 200)[0] == were[-HISTORY_TICKS]
    assert look_back(world, row, -5)[0] == were[-1]


def test_a_rewind_never_crosses_a_teleport() -> None:
    world, row = one_body()
    for _ in range(20):
        drift(world, 0.125)
    place(world, row, 90 * 1024, 90 * 1024, int(world.clock["tick"][0]))
    for _ in range(5):
        drift(world, 0.125)
    for back in range(5, HISTORY_TICKS):
        assert look_back(world, row, back) == (90 * 1024, 90 * 1024)


def test_events_fill_a_ring_and_carry_ids_and_the_tick_they_will_be_seen_in() -> None:
    world, row = one_body()
    other = allocate_row(world, 88)
    for number in range(EVENT_RING + 3):
        tell(world, 1, number, row, other)
    tell(world, 2, -5, -1, row)
    tell(world, 3, 10**6, other, row)
    assert world.clock["num_events"][0] == EVENT_RING + 5
    assert world.events[2].item() == (1, EVENT_RING + 2, 77, 88, other, 2)
    assert world.events[3].item() == (2, 0, 0, 77, row, 2)
    assert world.events[4].item() == (3, 65535, 88, 77, row, 2)

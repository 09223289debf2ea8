"""Border blocks between zones: what one side shows the other sees, and bad bytes change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from emberdale.game import GAME
from myriad.sim.columns import GHOST
from myriad.sim.rows import find_row
from myriad.sim.state_hash import state_hash
from myriad.sim.world import World
from myriad.zone.border import LINGER_NS, MAX_SHOWN, Border
from myriad.zone.border_blocks import RECORDS_PER_BLOCK

WORLD = GAME.for_world(4)


def make(name: str) -> tuple[World, Border]:
    number = WORLD.world_map.by_name[name].number
    world = WORLD.create_zone(name, capacity=1024, seed=1, num_npcs=0, next_id=number << 24, end_id=(number + 1) << 24)
    return world, Border(WORLD, world, WORLD.world_map.by_name[name], WORLD.world_map.neighbours(name))


def index_of(border: Border, name: str) -> int:
    return [area.name for area in border.neighbours].index(name)


def test_all_that_stand_near_the_border_are_seen_with_their_names_before_long() -> None:
    west, west_border = make("zone-1")
    _, east_border = make("zone-2")
    for k in range(60):
        WORLD.spawn_player(west, 100 + k, -1, f"walker {k}", 905.0 + k % 10, 100.0 + k * 3)
    WORLD.spawn_player(west, 500, -1, "far away", 400.0, 100.0)
    for _ in range(12):
        for block in west_border.blocks(index_of(west_border, "zone-2")):
            assert len(block) <= 1150
            east_border.receive(index_of(east_border, "zone-1"), block, 1)
    east = east_border._world
    for k in range(60):
        row = int(find_row(east, 100 + k))
        assert row >= 0 and int(east.entities["flags"][row]) & GHOST
        assert WORLD.describe(east, row)[1].decode() == f"walker {k}"
    assert int(find_row(east, 500)) < 0
    assert east_border.num_malformed == 0


def test_a_crowd_at_the_border_is_shown_up_to_a_limit() -> None:
    west, border = make("zone-1")
    for k in range(MAX_SHOWN + 50):
        WORLD.spawn_player(west, 100 + k, -1, "x", 950.0, 500.0)
    assert len(border.blocks(index_of(border, "zone-2"))) == MAX_SHOWN // RECORDS_PER_BLOCK


def test_ghosts_go_when_their_neighbour_falls_silent() -> None:
    west, west_border = make("zone-1")
    east, east_border = make("zone-2")
    WORLD.spawn_player(west, 100, -1, "Ada", 950.0, 500.0)
    (block,) = west_border.blocks(index_of(west_border, "zone-2"))
    east_border.receive(index_of(east_border, "zone-1"), block, 1_000)
    east_border.expire(1_000 + LINGER_NS)
    assert int(find_row(east, 100)) >= 0
    east_border.expire(1_001 + LINGER_NS)
    assert int(find_row(east, 100)) < 0 and east_border.num_ghosts == 0


@pytest.mark.parametrize("seed", range(20))
def test_bytes_that_are_no_block_are_counted_and_change_nothing(seed: int) -> None:
    print("seed", seed)
    rng = np.random.default_rng(seed)
    west, west_border = make("zone-1")
    east, east_border = make("zone-2")
    for k in range(5):
        WORLD.spawn_player(west, 100 + k, -1, f"walker {k}", 950.0, 500.0)
    (block,) = west_border.blocks(index_of(west_border, "zone-2"))
    before = state_hash(east)
    for bad in (block[: int(rng.integers(0, len(block)))], block + b"\0", rng.bytes(int(rng.integers(0, 200)))):
        east_border.receive(0, bad, 1)
        east_border.apply_effects(0, rng.bytes(1 + int(rng.integers(0, 20)) * 28))
    assert east_border.num_malformed >= 3
    assert state_hash(east) == before

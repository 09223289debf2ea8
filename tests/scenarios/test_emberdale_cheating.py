"""Hostile inputs against a whole zone: the rules hold for arbitrary bytes."""

import numpy as np
import pytest

from emberdale.game import GAME
from myriad.game import ITEM, PLAYER, is_walkable, origin_units
from tests.scenarios.emberdale_script import crowd_of, play

FASTEST_M = 5.6 / 60 * 2 + 4 / 1024


@pytest.mark.parametrize("seed", range(3))
def test_speed_inventory_walls_and_health_hold_under_any_inputs(seed: int) -> None:
    print("seed", seed)
    world, chance = crowd_of(seed), np.random.default_rng(seed)
    entities = world.entities
    players = np.flatnonzero(entities["flags"] & PLAYER)
    for _ in range(400):
        x, y, placed = (entities[name][players].copy() for name in ("x", "y", "placed_tick"))
        play(world, chance, 1)
        moved = np.hypot(entities["x"][players] - x, entities["y"][players] - y)
        assert moved[entities["placed_tick"][players] == placed].max() <= FASTEST_M
        assert (entities["hp"] <= entities["max_hp"]).all()
        slot_item, slot_count = entities["slot_item"][players], entities["slot_count"][players]
        assert ((slot_item == 0) == (slot_count == 0)).all()
        assert (slot_count <= world.items["max_stack"][slot_item]).all()
        assert (world.inputs["count"] == 0).all()
        assert np.array_equal(entities["x"] * 1024, entities["qx"])
    left, bottom = origin_units(world)
    for row in np.flatnonzero(entities["id"]):
        radius = 384 if entities["flags"][row] & PLAYER else 0
        assert is_walkable(world.solid, int(entities["qx"][row]) - left, int(entities["qy"][row]) - bottom, radius)


def test_coins_and_items_of_players_come_from_loot_alone() -> None:
    world, chance = crowd_of(5), np.random.default_rng(5)
    world.kinds["loot_chance"] = 0
    world.kinds["min_coins"] = world.kinds["max_coins"] = 0
    entities = world.entities

    def held(item: int) -> int:
        lying = (entities["flags"] == ITEM) & (entities["kind"] == 128 + item)
        in_slots = entities["slot_count"][entities["slot_item"] == item].sum()
        return int(entities["amount"][lying].sum()) + int(in_slots) + int(entities["coins"].sum() if item == 1 else 0)

    before = {item: held(item) for item in (1, 5, 7)}
    play(world, chance, 900)  # shorter than a ground item lasts
    assert {item: held(item) for item in (1, 5, 7)} == before
    assert GAME.counter(world, "deaths") > 0
    assert GAME.counter(world, "drops") > 50
    assert held(2) <= 9 * 30  # apples are eaten

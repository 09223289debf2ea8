"""Who can hit whom, how often, and what follows. Every refusal leaves the world as it was."""

import numpy as np
import pytest

from emberdale.fields import (
    AREA_SANCTUARY,
    BUTTON_ATTACK,
    EVENT_DEATH,
    EVENT_RESPAWN,
    INTENT_ATTACK,
    STATE_DEAD,
    STATE_IDLE,
)
from myriad.game import HIDDEN, ITEM, World
from tests.unit.emberdale.arena import ITEMS, Input, add_npc, add_player, count, event_kinds, field, give, tick, ticks

pytestmark = pytest.mark.without_jit


def attack(world: World, row: int, target: int, rewind_ticks: int = 0) -> None:
    entity_id = int(world.entities["id"][target])
    tick(world, {row: [Input(intent=INTENT_ATTACK, argument=entity_id)]}, rewind_ticks)


def always_hit(world: World) -> None:
    world.params["hit_chance"] = 65536


def test_an_attack_in_reach_costs_health_and_is_told() -> None:
    world = field()
    always_hit(world)
    row, deer = add_player(world, 1, 50, 50), add_npc(world, "Fallow Deer", 52, 50)
    attack(world, row, deer)
    lost = 30 - int(world.entities["hp"][deer])
    assert 3 <= lost <= 7
    event = world.events[0]
    assert event["kind"] == 1
    assert (event["amount"], event["source"], event["target_row"]) == (lost, 1, deer)
    assert (count(world, "attacks"), count(world, "hits"), count(world, "refused")) == (1, 1, 0)


def test_some_attacks_miss_as_often_as_the_data_say() -> None:
    world = field()
    row, deer = add_player(world, 1, 50, 50), add_npc(world, "Fallow Deer", 51, 50)
    for _ in range(300):
        world.entities["attack_ready_tick"][row] = 0
        for name in ("hp", "x", "y", "qx", "qy", "steps_left", "target", "mode"):
            world.entities[name][deer] = {"hp": 30, "x": 51, "y": 50, "qx": 51 * 1024, "qy": 50 * 1024}.get(name, 0)
        attack(world, row, deer)
    assert count(world, "attacks") == 300
    assert 35 <= count(world, "misses") <= 85  # 20 %


@pytest.mark.parametrize("button", [0, BUTTON_ATTACK])
def test_no_number_of_inputs_beats_the_cooldown(button: int) -> None:
    world = field()
    row, raider = add_player(world, 1, 50, 50), add_npc(world, "Ash Raider", 51, 50)
    world.entities["hp"][raider] = world.entities["max_hp"][raider] = 60000
    world.entities["hp"][row] = world.entities["max_hp"][row] = 60000
    npc_id = int(world.entities["id"][raider])
    entries = [Input(button, intent=INTENT_ATTACK, argument=npc_id)] * 2
    before = count(world, "attacks")
    for _ in range(300):
        world.entities["attack_ready_tick"][raider] = 10**9
        tick(world, {row: entries})
    assert count(world, "attacks") - before <= 5


def test_the_attack_button_goes_on_with_the_target_without_more_intents() -> None:
    world = field()
    row, raider = add_player(world, 1, 50, 50), add_npc(world, "Ash Raider", 51, 50)
    world.entities["hp"][raider] = 60000
    attack(world, row, raider)
    for _ in range(150):
        world.entities["attack_ready_tick"][raider] = 10**9
        tick(world, {row: [Input(BUTTON_ATTACK)]})
    assert count(world, "attacks") == 3


@pytest.mark.parametrize("case", ["far", "wall", "self", "nobody", "item", "dead", "hidden", "protected", "sanctuary"])
def test_what_is_not_allowed_changes_nothing_but_the_target(case: str) -> None:
    solid = np.zeros((100, 100), np.uint8)
    if case == "wall":
        solid[:, 25] = 1
    world = field(solid=solid)
    row = add_player(world, 1, 49.5, 50)
    other = add_player(world, 2, {"far": 53.0, "wall": 52.5}.get(case, 50.5), 50, protected=case == "protected")
    if case == "self":
        other = row
    if case == "dead":
        world.entities["hp"][other] = 0
        world.entities["state"][other] = STATE_DEAD
        world.entities["timer_tick"][other] = 10**6
    if case == "hidden":
        world.entities["flags"][other] |= HIDDEN
    if case == "item":
        world.entities["flags"][other] = ITEM
    if case == "sanctuary":
        world.areas[:] = AREA_SANCTUARY
    entity_id = 12345 if case == "nobody" else int(world.entities["id"][other])
    if case == "wall":  # the reach would do
        world.params["fist_reach"] = 4096
    before = world.entities[other].copy()
    tick(world, {row: [Input(intent=INTENT_ATTACK, argument=entity_id)]})
    assert world.entities["hp"][other] == before["hp"]
    assert (count(world, "attacks"), count(world, "refused")) == (0, 1)
    assert world.entities["attack_ready_tick"][row] == 0
    assert event_kinds(world) == []


def test_an_own_attack_ends_the_own_protection() -> None:
    world = field()
    row = add_player(world, 1, 50, 50, protected=True)
    other = add_player(world, 2, 51, 50)
    attack(world, row, other)
    assert world.entities["protected_tick"][row] == 0


def test_reach_is_judged_where_the_attacker_saw_a_player() -> None:
    for rewind_ticks, attacks in ((0, 0), (12, 1)):
        world = field()
        row, other = add_player(world, 1, 50, 50), add_player(world, 2, 51, 50)
        ticks(world, 20)
        ticks(world, 10, {other: [Input(1, move_mag=255)] * 2})  # runs away: 1.9 m
        assert world.entities["x"][other] > 52.5
        attack(world, row, other, rewind_ticks)
        assert count(world, "attacks") == attacks


def test_a_rewind_does_not_reach_back_through_a_respawn() -> None:
    world = field()
    row, other = add_player(world, 1, 50, 50), add_player(world, 2, 51, 50)
    ticks(world, 20)
    world.entities["home_x"][other] = 150 * 1024
    world.entities["state"][other] = STATE_DEAD
    world.entities["hp"][other] = 0
    world.entities["timer_tick"][other] = 0
    ticks(world, 3)
    assert world.entities["x"][other] == 150
    world.entities["protected_tick"][other] = 0
    for rewind_ticks in (5, 10, 15, 255):
        attack(world, row, other, rewind_ticks)
    assert count(world, "attacks") == 0


def test_npcs_are_hit_where_they_are_whatever_the_rewind() -> None:
    world = field()
    row, deer = add_player(world, 1, 50, 50), add_npc(world, "Fallow Deer", 51, 50)
    ticks(world, 20)
    world.entities["x"][deer] = 60
    world.entities["qx"][deer] = 60 * 1024
    attack(world, row, deer, 10)
    assert count(world, "attacks") == 0


def test_death_drops_part_of_the_coins_and_the_player_comes_back_home() -> None:
    world = field()
    always_hit(world)
    row, victim = add_player(world, 1, 50, 50), add_player(world, 2, 51, 50)
    world.entities["hp"][victim] = 1
    world.entities["coins"][victim] = 100
    slot = give(world, victim, "Apple", 3)
    attack(world, row, victim)
    entity = world.entities[victim]
    assert (entity["hp"], entity["state"], entity["coins"], entity["deaths"]) == (0, STATE_DEAD, 75, 1)
    assert entity["slot_count"][slot] == 3
    assert world.entities["kills"][row] == 1
    lying = np.flatnonzero(world.entities["flags"] == ITEM)
    assert world.entities["amount"][lying].tolist() == [25]
    assert world.entities["kind"][lying].tolist() == [128 + ITEMS["Coins"]]
    assert EVENT_DEATH in event_kinds(world)
    ticks(world, 6 * 60 - 1, {victim: [Input(1, 0, 255)]})
    assert world.entities["state"][victim] == STATE_DEAD
    ticks(world, 1)
    assert (entity["hp"], entity["state"], entity["x"]) == (100, STATE_IDLE, 51)
    assert EVENT_RESPAWN in event_kinds(world)
    attack(world, row, victim)
    assert world.entities["hp"][victim] == 100  # protected for a while


def test_a_weapon_in_hand_changes_reach_and_damage() -> None:
    world = field()
    always_hit(world)
    row, raider = add_player(world, 1, 50, 50), add_npc(world, "Ash Raider", 53, 50)
    world.entities["hp"][raider] = 90
    attack(world, row, raider)
    assert count(world, "attacks") == 0
    world.entities["weapon"][row] = ITEMS["Raider's Spear"]
    attack(world, row, raider)
    assert 79 <= world.entities["hp"][raider] <= 84


def test_health_comes_back_in_peace_only() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    world.entities["hp"][row] = 40
    world.entities["hurt_tick"][row] = 1
    ticks(world, 350)
    assert world.entities["hp"][row] == 40
    ticks(world, 600)
    assert 58 <= world.entities["hp"][row] <= 62
    world.entities["hp"][row] = 99
    ticks(world, 120)
    assert world.entities["hp"][row] == 100

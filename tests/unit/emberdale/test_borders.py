"""Ghosts, the frozen, and what is done across a border."""

import numpy as np
import pytest

from emberdale.fields import (
    AREA_SANCTUARY,
    BUTTON_ATTACK,
    EFFECT_ATTACK,
    EFFECT_CREDIT,
    EVENT_HIT,
    EVENT_MISS,
    INTENT_ATTACK,
    INTENT_PICK_UP,
    STATE_DEAD,
)
from emberdale.game import GAME
from myriad.game import FROZEN, ITEM, NPC, PLAYER, World
from tests.unit.emberdale.arena import (
    ITEMS,
    KINDS,
    Input,
    add_ghost,
    add_npc,
    add_player,
    count,
    effects,
    event_kinds,
    field,
    tick,
    ticks,
)

pytestmark = pytest.mark.without_jit

RAIDER = KINDS["Ash Raider"]


def attack(world: World, row: int, target: int) -> None:
    tick(world, {row: [Input(intent=INTENT_ATTACK, argument=int(world.entities["id"][target]))]})


def state(world: World) -> bytes:
    return b"".join(
        np.ascontiguousarray(array).tobytes()
        for array in (world.entities, world.clock, world.events, world.effects, world.ledger)
    )


def apply(world: World, amount: int, source: int, target_row: int, x: float, y: float, neighbour: int = -1) -> bool:
    target = int(world.entities["id"][target_row])
    return GAME.apply_effect(world, EFFECT_ATTACK, amount, source, target, round(x * 1024), round(y * 1024), neighbour)


# Ghosts.


def test_nothing_simulates_a_ghost() -> None:
    world = field()
    rows = [
        add_ghost(world, 900, 50, 50),
        add_ghost(world, 901, 60, 50),
        add_ghost(world, 902, 70, 50, RAIDER, NPC),
        add_ghost(world, 903, 80, 50, 128 + ITEMS["Apple"], ITEM),
    ]
    world.entities["state"][rows[1]] = STATE_DEAD
    world.entities["hp"][rows[1]] = 0
    world.entities["steps_left"][rows[2]] = 500
    world.entities["step_x"][rows[2]] = 50
    before = world.entities[rows].tobytes()
    ticks(world, 600, {rows[0]: [Input(BUTTON_ATTACK, 10, 255, intent=INTENT_ATTACK, argument=902)] * 2})
    assert world.entities[rows].tobytes() == before
    assert world.clock["num_players"][0] == world.clock["num_items"][0] == 0
    assert world.clock["pair_checks"][0] == 0


def test_npcs_start_no_fight_with_a_ghost() -> None:
    world = field()
    npc = add_npc(world, "Ash Raider", 100, 100)
    add_ghost(world, 900, 103, 100)
    ticks(world, 300)
    assert (world.entities["target"][npc], world.clock["num_effects"][0]) == (0, 0)


@pytest.mark.parametrize("argument", [0, 903])
def test_a_ghost_item_cannot_be_picked_up(argument: int) -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    add_ghost(world, 903, 50, 50, 128 + ITEMS["Apple"], ITEM)
    tick(world, {row: [Input(intent=INTENT_PICK_UP, argument=argument)]})
    assert (count(world, "pickups"), count(world, "refused")) == (0, 1)
    assert not world.entities["slot_item"][row].any()


def test_an_attack_on_a_ghost_is_an_effect_for_its_owner_and_takes_no_health_here() -> None:
    world = field()
    world.params["hit_chance"] = 65536
    row, ghost = add_player(world, 1, 50, 50), add_ghost(world, 900, 52, 50)
    attack(world, row, ghost)
    ((kind, neighbour, amount, source, target),) = effects(world)
    assert (kind, neighbour, source, target) == (EFFECT_ATTACK, 3, 1, 900)
    assert 3 <= amount <= 7
    assert (world.effects["x"][0], world.effects["y"][0]) == (50 * 1024, 50 * 1024)
    assert (world.entities["hp"][ghost], event_kinds(world)) == (50, [EVENT_HIT])
    assert (count(world, "attacks"), count(world, "hits"), world.entities["attack_ready_tick"][row]) == (1, 1, 62)


def test_a_missed_attack_on_a_ghost_is_told_its_owner_as_well() -> None:
    world = field()
    world.params["hit_chance"] = 0
    row, ghost = add_player(world, 1, 50, 50), add_ghost(world, 900, 52, 50)
    attack(world, row, ghost)
    assert effects(world) == [(EFFECT_ATTACK, 3, 0, 1, 900)]
    assert event_kinds(world) == [EVENT_MISS]


def test_a_ghost_beyond_the_ground_that_is_known_here_is_in_sight() -> None:
    for wall, attacks in (((26, 100), 1), ((25, 26), 0)):  # all beyond is solid, or a wall is in between
        solid = np.zeros((100, 100), np.uint8)
        solid[:, slice(*wall)] = 1
        world = field(solid=solid)
        row, ghost = add_player(world, 1, 49.5, 50), add_ghost(world, 900, 52.5, 50)
        world.params["fist_reach"] = 4096
        attack(world, row, ghost)
        assert count(world, "attacks") == attacks


def test_without_room_an_effect_is_lost_and_counted() -> None:
    world = field()
    world.clock["num_effects"] = len(world.effects)
    row, ghost = add_player(world, 1, 50, 50), add_ghost(world, 900, 52, 50)
    attack(world, row, ghost)
    assert (count(world, "effects_lost"), event_kinds(world)) == (1, [])
    assert world.clock["num_effects"][0] == len(world.effects)


def test_a_ghost_makes_way_for_the_one_who_comes_over() -> None:
    world = field()
    add_ghost(world, 900, 50, 50)
    row = add_player(world, 900, 60, 50)
    assert world.entities["flags"][row] == PLAYER
    assert np.count_nonzero(world.entities["id"]) == 1
    assert GAME.spawn_player(world, 900, 1, "again") == -1


# Effects.


def test_an_effect_costs_health_and_is_told() -> None:
    world = field()
    row = add_npc(world, "Ash Raider", 50, 50)
    ghost = add_ghost(world, 900, 52, 50)
    assert apply(world, 9, 900, row, 52, 50)
    entity = world.entities[row]
    assert (entity["hp"], entity["target"], entity["hurt_tick"]) == (81, 900, 2)
    event = world.events[0]
    assert (event["kind"], event["amount"], event["source"], event["target_row"]) == (EVENT_HIT, 9, 900, row)
    assert apply(world, 0, 900, row, 52, 50)
    assert (entity["hp"], event_kinds(world)) == (81, [EVENT_HIT, EVENT_MISS])
    assert (count(world, "effects"), count(world, "effects_refused"), count(world, "attacks")) == (2, 0, 0)
    assert world.entities["hp"][ghost] == 50


REFUSALS = ["nobody", "ghost", "dead", "protected", "sanctuary", "frozen", "item", "far", "wall", "negative", "kind"]


@pytest.mark.parametrize("case", REFUSALS)
def test_an_effect_that_the_rules_do_not_allow_changes_nothing(case: str) -> None:
    solid = np.zeros((100, 100), np.uint8)
    if case == "wall":
        solid[:, 25] = 1
    world = field(solid=solid)
    row = add_player(world, 1, 49.5, 50, protected=case == "protected")
    x = {"far": 56.0, "wall": 52.5}.get(case, 51.0)
    add_ghost(world, 900, x, 50)
    if case == "dead":
        world.entities["hp"][row] = 0
    if case == "sanctuary":
        world.areas[:] = AREA_SANCTUARY
    if case == "frozen":
        world.entities["flags"][row] |= FROZEN
    if case == "item":
        world.entities["flags"][row] = ITEM
    target = {"nobody": 77, "ghost": 900}.get(case, 1)
    kind, amount = (9 if case == "kind" else EFFECT_ATTACK), (-5 if case == "negative" else 5)
    before = state(world)
    assert not GAME.apply_effect(world, kind, amount, 900, target, round(x * 1024), 50 * 1024)
    assert state(world) == before
    assert (count(world, "effects"), count(world, "effects_refused")) == (0, 1)


def test_the_attacker_is_near_if_it_was_or_if_its_ghost_is() -> None:
    world = field()
    row = add_npc(world, "Ash Raider", 50, 50)
    assert apply(world, 1, 900, row, 54, 50)  # no ghost of it here, its own word counts
    add_ghost(world, 900, 70, 50)
    assert apply(world, 1, 900, row, 54, 50)
    assert not apply(world, 1, 900, row, 70, 50)
    add_ghost(world, 901, 51, 50)
    assert apply(world, 1, 901, row, 70, 50)


def test_who_attacks_from_beyond_the_known_ground_is_in_sight() -> None:
    solid = np.zeros((100, 100), np.uint8)
    solid[:, 26:] = 1
    world = field(solid=solid)
    row = add_player(world, 1, 51, 50)
    assert apply(world, 1, 900, row, 54, 50)


def test_a_kill_across_the_border_leaves_its_loot_here_and_its_credit_goes_back() -> None:
    world = field()
    world.kinds["loot_chance"] = 65536
    row = add_npc(world, "Ash Raider", 50, 50)
    add_ghost(world, 900, 52, 50, neighbour=6)
    assert apply(world, 400, 900, row, 52, 50)
    assert world.entities["state"][row] == STATE_DEAD
    assert world.clock["num_items"][0] == 5
    npc_id = int(world.entities["id"][row])
    assert effects(world) == [(EFFECT_CREDIT, 6, 40, npc_id, 900)]
    assert not apply(world, 400, 900, row, 52, 50)  # once is enough
    assert len(effects(world)) == 1


def test_the_credit_goes_to_where_the_effect_came_from_if_that_is_said() -> None:
    world = field()
    row = add_npc(world, "Fallow Deer", 50, 50)
    assert apply(world, 400, 900, row, 52, 50, neighbour=2)
    assert [effect[1] for effect in effects(world)] == [2]


def test_an_npc_of_a_neighbour_gets_no_credit() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    add_ghost(world, 900, 52, 50, RAIDER, NPC)
    assert apply(world, 400, 900, row, 52, 50)
    assert (world.entities["state"][row], effects(world)) == (STATE_DEAD, [])


def test_who_has_come_over_in_the_meantime_is_rewarded_at_once() -> None:
    world = field()
    row, npc = add_player(world, 900, 52, 50), add_npc(world, "Ash Raider", 50, 50)
    assert apply(world, 400, 900, npc, 52, 50)
    assert (world.entities["kills"][row], world.entities["experience"][row], effects(world)) == (1, 40, [])


@pytest.mark.parametrize(("flags", "done"), [(PLAYER, True), (PLAYER | FROZEN, False), (NPC, False)])
def test_a_credit_is_for_a_player_who_is_here(flags: int, done: bool) -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    world.entities["flags"][row] = flags
    assert GAME.apply_effect(world, EFFECT_CREDIT, 40, 1 << 25, 1, 0, 0) == done
    assert (world.entities["kills"][row], world.entities["experience"][row]) == ((1, 40) if done else (0, 0))


def test_an_npc_fights_back_against_the_ghost_that_hit_it() -> None:
    world = field()
    npc = add_npc(world, "Ash Raider", 100, 100)
    add_ghost(world, 900, 103, 100)
    assert apply(world, 5, 900, npc, 103, 100)
    ticks(world, 240)
    assert {effect[:2] + effect[3:] for effect in effects(world)} == {
        (EFFECT_ATTACK, 3, int(world.entities["id"][npc]), 900)
    }
    assert world.clock["num_effects"][0] >= 2


def test_a_fight_across_a_border_from_both_sides() -> None:
    west, east = field(seed=1), field(seed=2)
    row, npc = add_player(west, 1, 99, 100), add_npc(east, "Fallow Deer", 101, 100)
    npc_id = int(east.entities["id"][npc])
    add_ghost(east, 1, 99, 100, neighbour=0)
    add_ghost(west, npc_id, 101, 100, KINDS["Fallow Deer"], NPC, neighbour=1)
    east.params["flee_ticks"] = 0
    for _ in range(900):
        tick(west, {row: [Input(BUTTON_ATTACK, intent=INTENT_ATTACK, argument=npc_id)]})
        tick(east)
        for source, target, index in ((west, east, 0), (east, west, 1)):
            taken = source.effects[: int(source.clock["num_effects"][0])].copy()
            source.clock["num_effects"] = 0
            for effect in taken:
                words = [int(effect[name]) for name in ("kind", "amount", "source", "target", "x", "y")]
                kind, amount, doer, aim, x, y = words
                GAME.apply_effect(target, kind, amount, doer, aim, x, y, index)
        if west.entities["kills"][row]:
            break
        for name in ("x", "y", "qx", "qy", "hp"):  # it runs; here it is brought back
            east.entities[name][npc] = {"x": 101, "y": 100, "qx": 101 * 1024, "qy": 100 * 1024}.get(
                name, east.entities[name][npc]
            )
    assert (west.entities["kills"][row], west.entities["experience"][row]) == (1, 8)
    assert east.entities["state"][npc] == STATE_DEAD


# The frozen.


def test_the_frozen_stand_still_and_nothing_happens_to_them() -> None:
    world = field()
    world.params["hit_chance"] = 65536
    row, enemy = add_player(world, 1, 50, 50), add_player(world, 2, 51, 50)
    raider = add_npc(world, "Ash Raider", 52, 50)
    world.entities["target"][raider] = 1
    world.entities["hp"][row] = 30
    world.entities["flags"][row] |= FROZEN
    before = world.entities[row].copy()
    for _ in range(900):
        run = [Input(3, 128, 255, 7, INTENT_ATTACK, 2)] * 2
        world.entities["protected_tick"][enemy] = 10**6
        tick(world, {row: run, enemy: [Input(BUTTON_ATTACK, intent=INTENT_ATTACK, argument=1)]})
    assert world.entities[row] == before
    assert count(world, "attacks") == 0
    world.entities["flags"][row] &= ~np.uint8(FROZEN)
    ticks(world, 60)
    assert world.entities["hp"][row] != 30


def test_the_frozen_dead_stay_dead_until_they_go_on() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    for name, value in (("hp", 0), ("state", STATE_DEAD), ("timer_tick", 0), ("flags", PLAYER | FROZEN)):
        world.entities[name][row] = value
    ticks(world, 120)
    assert world.entities["state"][row] == STATE_DEAD
    world.entities["flags"][row] = PLAYER
    tick(world)
    assert world.entities["hp"][row] == 100

"""What each kind of NPC does, and that it costs next to nothing where nobody looks."""

import numpy as np
import pytest

from emberdale.fields import INTENT_ATTACK, MODE_FLEE, MODE_REST, STATE_DEAD, STATE_IDLE, STATE_WALKING
from myriad.game import HIDDEN, NPC, World
from tests.unit.emberdale.arena import Input, add_npc, add_player, count, field, tick, ticks


def distance(world: World, row: int, x: float, y: float) -> float:
    return float(np.hypot(world.entities["x"][row] - x, world.entities["y"][row] - y))


def attack(world: World, row: int, target: int) -> None:
    world.params["hit_chance"] = 65536
    tick(world, {row: [Input(intent=INTENT_ATTACK, argument=int(world.entities["id"][target]))]})


def test_all_kinds_stroll_and_rest_within_their_camp() -> None:
    world = field()
    rows = [add_npc(world, kind, 100, 100) for kind in ("Fallow Deer", "Bristle Boar", "Ash Raider") for _ in range(5)]
    world.entities["timer_tick"][rows] = 1
    walking = []
    for _ in range(120 * 60 // 10):
        ticks(world, 10)
        walking.append(np.count_nonzero(world.entities["state"][rows] == STATE_WALKING))
        assert all(distance(world, row, 100, 100) < 26 for row in rows)
    assert all(distance(world, row, 100, 100) > 0 for row in rows)
    assert 0.1 < np.mean(walking) / len(rows) < 0.4  # they rest most of the time
    assert world.clock["pair_checks"][0] == 0  # nobody is there: nobody is looked for


def test_deer_run_from_who_attacks_them_and_come_home_later() -> None:
    world = field()
    row, deer = add_player(world, 1, 98.5, 100), add_npc(world, "Fallow Deer", 100, 100)
    ticks(world, 60)
    assert distance(world, deer, 100, 100) == 0  # not afraid of a walker
    attack(world, row, deer)
    ticks(world, 120)
    assert world.entities["mode"][deer] == MODE_FLEE
    assert world.entities["x"][deer] > 106
    ticks(world, 60 * 20)
    assert distance(world, deer, 100, 100) < 12
    assert world.entities["target"][deer] == 0


@pytest.mark.parametrize(("kind", "seen", "unseen"), [("Bristle Boar", 4, 9), ("Ash Raider", 12, 17)])
def test_territorial_and_aggressive_npcs_attack_who_comes_near_enough(kind: str, seen: float, unseen: float) -> None:
    for away, fights in ((unseen, False), (seen, True)):
        world = field()
        row, npc = add_player(world, 1, 100 + away, 100), add_npc(world, kind, 100, 100)
        ticks(world, 60 * 12)
        assert (count(world, "attacks") > 0) == fights
        assert (world.entities["hp"][row] < 100) == fights
        assert (world.entities["mode"][npc] == MODE_REST) == (not fights)


def test_the_protected_and_those_in_a_sanctuary_are_left_alone() -> None:
    world = field()
    row = add_player(world, 1, 102, 100)
    add_npc(world, "Ash Raider", 100, 100)
    world.entities["protected_tick"][row] = 10**6
    ticks(world, 300)
    world.entities["protected_tick"][row] = 0
    world.areas[:] = 1
    ticks(world, 300)
    assert (count(world, "attacks"), world.entities["hp"][row]) == (0, 100)


def test_beyond_its_leash_an_npc_gives_up_and_goes_home() -> None:
    world = field()
    row, npc = add_player(world, 1, 106, 100), add_npc(world, "Ash Raider", 100, 100)
    farthest = 0.0
    for _ in range(60 * 20):
        world.entities["hp"][row] = 100
        tick(world, {row: [Input(0, 0, 255)] * 2})  # walks on and on to the east
        farthest = max(farthest, distance(world, npc, 100, 100))
    assert 15 < farthest < 38
    ticks(world, 60 * 15)
    assert distance(world, npc, 100, 100) < 26
    assert world.entities["target"][npc] == 0


def test_what_stands_in_its_way_home_does_not_keep_it_from_there_for_ever() -> None:
    solid = np.zeros((100, 100), np.uint8)
    solid[40:60, 55] = 1
    solid[40, 55:70] = solid[60, 55:70] = 1
    world = field(solid=solid)
    npc = add_npc(world, "Ash Raider", 100, 100)
    world.entities["x"][npc] = 116
    world.entities["qx"][npc] = 116 * 1024
    world.entities["mode"][npc] = 3
    world.entities["timer_tick"][npc] = 60 * 20
    ticks(world, 60 * 20 + 30)
    assert distance(world, npc, 100, 100) < 3


def test_badly_hurt_it_flees() -> None:
    world = field()
    row, npc = add_player(world, 1, 100, 100), add_npc(world, "Ash Raider", 101, 100)
    world.entities["hp"][row] = world.entities["max_hp"][row] = 60000
    ticks(world, 60)
    world.entities["hp"][npc] = 10
    ticks(world, 90)
    assert world.entities["mode"][npc] == MODE_FLEE
    assert distance(world, npc, 100, 100) > 3


def test_a_dead_npc_leaves_loot_vanishes_and_respawns_at_home() -> None:
    world = field()
    world.kinds["loot_chance"] = 65536
    row, npc = add_player(world, 1, 100, 100), add_npc(world, "Ash Raider", 101, 100)
    world.entities["hp"][npc] = 1
    attack(world, row, npc)
    assert world.entities["state"][npc] == STATE_DEAD
    assert world.clock["num_items"][0] == 5
    assert world.entities["kills"][row] == 1
    ticks(world, 60 * 7)
    assert world.entities["flags"][npc] == NPC | HIDDEN
    ticks(world, 60 * 68 + 12)
    assert world.entities["flags"][npc] == NPC
    assert (world.entities["hp"][npc], world.entities["x"][npc]) == (90, 101)
    assert world.entities["placed_tick"][npc] > 60 * 70


def test_an_npc_regains_health_at_rest_and_quickly_on_its_way_home() -> None:
    world = field()
    npc = add_npc(world, "Ash Raider", 100, 100)
    world.entities["hp"][npc] = 40
    ticks(world, 600)
    assert world.entities["hp"][npc] == 60


def test_under_overload_npcs_run_every_nth_tick_at_the_same_speed() -> None:
    went = []
    for stride in (1, 2, 4):
        world = field()
        world.clock["npc_stride"] = stride
        row, npc = add_player(world, 1, 113, 100), add_npc(world, "Ash Raider", 100, 100)
        world.entities["hp"][row] = 60000
        moved = set()
        for _ in range(121):
            before = float(world.entities["x"][npc])
            tick(world)
            if world.entities["x"][npc] != before:
                moved.add(int(world.clock["tick"][0]) % stride)
        assert moved == {0}
        went.append(distance(world, npc, 100, 100))
    assert max(went) - min(went) < 1.2


def test_a_hundred_ticks_without_players_leave_resting_npcs_idle() -> None:
    world = field()
    rows = [add_npc(world, "Ash Raider", 90 + number, 100) for number in range(20)]
    ticks(world, 100)
    assert set(world.entities["state"][rows].tolist()) == {STATE_IDLE}

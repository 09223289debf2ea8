"""Kills make experience, experience makes levels, levels are in the ledger."""

import pytest

from emberdale.fields import EVENT_LEVEL, INTENT_ATTACK
from emberdale.game import GAME
from myriad.game import CHARACTER, LEVEL_ASSET, VOID, World
from tests.unit.emberdale.arena import Input, add_npc, add_player, count, entries, event_kinds, field, tick

pytestmark = pytest.mark.without_jit


def slay(world: World, row: int, kind: str) -> None:
    """One blow kills one of that kind."""
    world.params["hit_chance"] = 65536
    world.kinds["loot_chance"] = world.kinds["max_coins"] = world.kinds["min_coins"] = 0
    npc = add_npc(world, kind, float(world.entities["x"][row]) + 1, float(world.entities["y"][row]))
    world.entities["hp"][npc] = 1
    world.entities["attack_ready_tick"][row] = 0
    tick(world, {row: [Input(intent=INTENT_ATTACK, argument=int(world.entities["id"][npc]))]})


def test_a_kill_gives_experience_as_the_data_say() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    version = int(world.entities["private_version"][row])
    for kind, total in (("Fallow Deer", 8), ("Bristle Boar", 28), ("Ash Raider", 68)):
        slay(world, row, kind)
        assert world.entities["experience"][row] == total
    assert (world.entities["kills"][row], world.entities["level"][row], entries(world)) == (3, 1, [])
    assert world.entities["private_version"][row] == version + 3


def test_a_level_gives_health_and_a_row_in_the_ledger() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    world.entities["experience"][row] = 99
    world.entities["hp"][row] = 60
    slay(world, row, "Fallow Deer")
    entity = world.entities[row]
    assert (entity["level"], entity["max_hp"], entity["hp"], entity["ledger_serial"]) == (2, 105, 65, 1)
    assert entries(world) == [(LEVEL_ASSET, 2, VOID, 0, CHARACTER, 1)]
    assert event_kinds(world)[-1] == EVENT_LEVEL
    assert GAME.balance(world, row, LEVEL_ASSET) == 2
    assert GAME.count_assets(world)[LEVEL_ASSET] == 0


def test_each_level_takes_more_and_several_may_come_at_once() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    world.entities["experience"][row] = 599
    slay(world, row, "Fallow Deer")  # 100, 300, 600
    assert world.entities["level"][row] == 4
    assert [entry[1] for entry in entries(world)] == [2, 3, 4]
    assert count(world, "levels") == 3


def test_with_a_full_ledger_the_level_comes_later() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    world.entities["experience"][row] = 99
    world.clock["num_ledger"] = len(world.ledger)
    slay(world, row, "Fallow Deer")
    assert (world.entities["level"][row], world.entities["experience"][row]) == (1, 107)
    assert (world.entities["max_hp"][row], world.entities["ledger_serial"][row]) == (100, 0)
    assert count(world, "ledger_full") > 0
    world.clock["num_ledger"] = 0
    slay(world, row, "Fallow Deer")
    assert world.entities["level"][row] == 2


def test_there_is_a_highest_level_and_a_highest_experience() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    world.entities["experience"][row] = 0xFFFFFFFF
    world.entities["level"][row] = 60
    slay(world, row, "Ash Raider")
    assert (world.entities["level"][row], world.entities["experience"][row]) == (60, 0xFFFFFFFF)

"""Items are never doubled or lost, whatever a client asks for."""

from collections import Counter

import numpy as np
import pytest

from emberdale.fields import INTENT_DROP, INTENT_PICK_UP, INTENT_USE, INVENTORY_SLOTS
from emberdale.items import put_on_ground
from myriad.game import ITEM, World
from tests.unit.emberdale.arena import ITEMS, Input, add_player, count, field, give, tick, ticks

pytestmark = pytest.mark.without_jit


def lay(world: World, item: str, amount: int, x: float, y: float) -> int:
    now = int(world.clock["tick"][0])
    return int(put_on_ground(world, ITEMS[item], amount, round(x * 1024), round(y * 1024), now))


def lying(world: World) -> list[int]:
    return [int(row) for row in np.flatnonzero(world.entities["flags"] == ITEM)]


def act(world: World, row: int, intent: int, argument: int) -> None:
    """One intent, after the cooldown of the one before."""
    ticks(world, 16)
    tick(world, {row: [Input(intent=intent, argument=argument)]})


def holdings(world: World, rows: list[int]) -> Counter[int]:
    total: Counter[int] = Counter()
    for row in rows:
        for item, held in zip(world.entities["slot_item"][row], world.entities["slot_count"][row], strict=True):
            total[int(item)] += int(held)
        total[ITEMS["Coins"]] += int(world.entities["coins"][row])
    for row in lying(world):
        total[int(world.entities["kind"][row]) - 128] += int(world.entities["amount"][row])
    return total


def test_a_ground_item_is_picked_up_into_a_slot_and_is_gone() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    apple = lay(world, "Apple", 4, 51, 50)
    entity_id = int(world.entities["id"][apple])
    version = int(world.entities["private_version"][row])
    act(world, row, INTENT_PICK_UP, entity_id)
    assert world.entities["slot_item"][row, 0] == ITEMS["Apple"]
    assert world.entities["slot_count"][row, 0] == 4
    assert world.entities["private_version"][row] != version
    assert lying(world) == []
    act(world, row, INTENT_PICK_UP, entity_id)
    assert (count(world, "pickups"), count(world, "refused")) == (1, 1)


def test_argument_zero_takes_the_nearest() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    lay(world, "Apple", 1, 48.5, 50)
    lay(world, "Deer Hide", 1, 50, 50)
    act(world, row, INTENT_PICK_UP, 0)
    assert world.entities["slot_item"][row, 0] == ITEMS["Deer Hide"]


def test_out_of_reach_is_out_of_reach() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    apple = lay(world, "Apple", 1, 54, 50)
    for argument in (int(world.entities["id"][apple]), 0, 1, 99999):
        act(world, row, INTENT_PICK_UP, argument)
    assert lying(world) == [apple]
    assert not world.entities["slot_item"][row].any()
    assert count(world, "refused") == 4


def test_a_full_inventory_refuses_and_a_nearly_full_one_takes_what_fits() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    for _ in range(INVENTORY_SLOTS):
        give(world, row, "Rusty Dagger")
    apple = lay(world, "Apple", 5, 50, 50)
    before = world.entities[row].copy()
    act(world, row, INTENT_PICK_UP, 0)
    assert world.entities["slot_item"][row].tolist() == before["slot_item"].tolist()
    assert (world.entities["amount"][apple], count(world, "refused")) == (5, 1)
    world.entities["slot_item"][row, 7] = ITEMS["Apple"]
    world.entities["slot_count"][row, 7] = 8
    act(world, row, INTENT_PICK_UP, 0)
    assert (world.entities["slot_count"][row, 7], world.entities["amount"][apple]) == (10, 3)


def test_a_drop_lies_on_the_ground_and_another_player_can_have_it() -> None:
    world = field()
    row, other = add_player(world, 1, 50, 50), add_player(world, 2, 51, 50)
    slot = give(world, row, "Boar Tusk", 9)
    act(world, row, INTENT_DROP, slot | 4 << 8)
    assert world.entities["slot_count"][row, slot] == 5
    act(world, other, INTENT_PICK_UP, 0)
    assert world.entities["slot_count"][other, 0] == 4
    act(world, row, INTENT_DROP, slot)
    assert world.entities["slot_item"][row, slot] == 0
    assert world.entities["amount"][lying(world)[0]] == 5


@pytest.mark.parametrize("argument", [1, 19, 20, 255, 0 | 10 << 8, 0 | 0xFFFFFF << 8, 0xFFFFFFFF])
def test_a_drop_of_what_is_not_there_changes_nothing(argument: int) -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    give(world, row, "Boar Tusk", 9)
    before = holdings(world, [row])
    act(world, row, INTENT_DROP, argument)
    assert holdings(world, [row]) == before
    assert (lying(world), count(world, "refused")) == ([], 1)


def test_a_full_ground_or_table_refuses_a_drop() -> None:
    for capacity, limit in ((64, 0), (1, 400)):
        world = field(capacity)
        world.params["max_on_ground"] = limit
        row = add_player(world, 1, 50, 50)
        slot = give(world, row, "Apple", 2)
        act(world, row, INTENT_DROP, slot)
        assert world.entities["slot_count"][row, slot] == 2
        assert count(world, "refused") == 1


def test_eating_heals_and_only_the_hurt_eat() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    slot = give(world, row, "Apple", 2)
    act(world, row, INTENT_USE, slot)
    assert world.entities["slot_count"][row, slot] == 2
    world.entities["hp"][row] = 50
    world.entities["hurt_tick"][row] = 10**6
    act(world, row, INTENT_USE, slot)
    assert (world.entities["hp"][row], world.entities["slot_count"][row, slot]) == (65, 1)


def test_a_weapon_is_taken_in_hand_and_leaves_it_with_the_last_one_dropped() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    first, second = give(world, row, "Rusty Dagger"), give(world, row, "Rusty Dagger")
    act(world, row, INTENT_USE, first)
    assert world.entities["weapon"][row] == ITEMS["Rusty Dagger"]
    act(world, row, INTENT_DROP, first)
    assert world.entities["weapon"][row] == ITEMS["Rusty Dagger"]
    act(world, row, INTENT_DROP, second)
    assert world.entities["weapon"][row] == 0


@pytest.mark.parametrize("argument", [5, 20, 255, 256, 0xFFFFFFFF])
def test_using_what_is_not_there_changes_nothing(argument: int) -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    give(world, row, "Deer Hide", 2)
    before = world.entities[row].copy()
    act(world, row, INTENT_USE, argument)
    act(world, row, INTENT_USE, 0)  # a hide is good for nothing
    for name in ("hp", "weapon", "slot_item", "slot_count"):
        assert np.array_equal(world.entities[name][row], before[name])
    assert count(world, "refused") == 2


def test_item_actions_are_no_faster_than_their_cooldown() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    slot = give(world, row, "Boar Tusk", 20)
    for _ in range(60):
        tick(world, {row: [Input(intent=INTENT_DROP, argument=slot | 1 << 8)] * 2})
    assert count(world, "drops") == 4


def test_ground_items_disappear_after_their_time() -> None:
    world = field()
    lay(world, "Apple", 1, 50, 50)
    ticks(world, 90 * 60 - 60)
    assert len(lying(world)) == 1
    ticks(world, 121)
    assert lying(world) == []
    assert world.clock["num_items"][0] == 0


@pytest.mark.parametrize("seed", range(4))
def test_items_are_conserved_through_any_intents(seed: int) -> None:
    print("seed", seed)
    chance = np.random.default_rng(seed)
    world = field()
    world.params["action_ticks"] = 0
    rows = [add_player(world, 1 + number, 50 + number / 4, 50) for number in range(4)]
    for row in rows:
        give(world, row, "Boar Tusk", 20)
        give(world, row, "Ember Shard", 50)
        give(world, row, "Rusty Dagger")
    lay(world, "Coins", 200, 50, 50)
    total = holdings(world, rows)
    for _ in range(600):
        given = {}
        for row in rows:
            intent = int(chance.choice([INTENT_PICK_UP, INTENT_DROP, INTENT_USE]))
            argument = int(chance.integers(0, 4)) | int(chance.integers(0, 30)) << 8
            given[row] = [Input(intent=intent, argument=0 if intent == INTENT_PICK_UP else argument)] * 2
        tick(world, given)
        assert holdings(world, rows) == total
        assert world.clock["num_items"][0] == len(lying(world))
        assert world.entities["slot_count"][rows].max() <= 50
    assert count(world, "pickups") > 100
    assert count(world, "drops") > 100

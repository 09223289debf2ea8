"""Who holds what, and trades that take place in full or not at all."""

import numpy as np
import pytest

from emberdale.fields import INTENT_DROP, INVENTORY_SLOTS
from emberdale.game import GAME
from emberdale.items import put_on_ground
from myriad.game import CHARACTER, FROZEN, GHOST, GROUND, World
from tests.unit.emberdale.arena import ITEMS, Input, add_player, count, entries, field, give, tick, ticks

pytestmark = pytest.mark.without_jit

APPLE, TUSK, DAGGER = ITEMS["Apple"], ITEMS["Boar Tusk"], ITEMS["Rusty Dagger"]
COINS = 0


def pair(apart: float = 2) -> tuple[World, int, int]:
    """A has 9 apples and 50 coins, B 20 tusks and a dagger in hand."""
    world = field()
    a, b = add_player(world, 1, 50, 50), add_player(world, 2, 50 + apart, 50)
    give(world, a, "Apple", 9)
    give(world, b, "Boar Tusk", 20)
    give(world, b, "Rusty Dagger")
    world.entities["coins"][a] = 50
    world.entities["weapon"][b] = DAGGER
    return world, a, b


def holds(world: World, row: int) -> dict[int, int]:
    return {asset: GAME.balance(world, row, asset) for asset in (COINS, APPLE, TUSK, DAGGER)}


def test_everything_that_players_and_the_ground_hold_is_counted() -> None:
    world, a, _ = pair()
    put_on_ground(world, ITEMS["Coins"], 30, 51200, 51200, 1)
    put_on_ground(world, APPLE, 2, 51200, 51200, 1)
    world.entities["flags"][a] |= FROZEN
    held = GAME.count_assets(world)
    assert held.shape == (256,)
    assert {asset: int(held[asset]) for asset in np.flatnonzero(held)} == {COINS: 80, APPLE: 11, TUSK: 20, DAGGER: 1}
    world.entities["flags"][a] |= GHOST
    held = GAME.count_assets(world)
    assert {asset: int(held[asset]) for asset in np.flatnonzero(held)} == {COINS: 30, APPLE: 2, TUSK: 20, DAGGER: 1}


def test_both_sides_change_hands_and_the_ledger_says_so() -> None:
    world, a, b = pair()
    total = GAME.count_assets(world)
    assert GAME.exchange(world, a, b, [(APPLE, 4), (COINS, 50)], [(TUSK, 20), (DAGGER, 1)])
    assert holds(world, a) == {COINS: 0, APPLE: 5, TUSK: 20, DAGGER: 1}
    assert holds(world, b) == {COINS: 50, APPLE: 4, TUSK: 0, DAGGER: 0}
    assert world.entities["weapon"][b] == 0
    assert np.array_equal(GAME.count_assets(world), total)
    assert entries(world) == [
        (APPLE, 4, CHARACTER, 1, CHARACTER, 2),
        (COINS, 50, CHARACTER, 1, CHARACTER, 2),
        (TUSK, 20, CHARACTER, 2, CHARACTER, 1),
        (DAGGER, 1, CHARACTER, 2, CHARACTER, 1),
    ]
    assert world.entities["ledger_serial"][[a, b]].tolist() == [4, 4]
    assert count(world, "trades") == 1


def test_giving_is_a_trade_for_nothing() -> None:
    world, a, b = pair()
    assert GAME.exchange(world, a, b, [(COINS, 20)], [])
    assert (holds(world, a)[COINS], holds(world, b)[COINS]) == (30, 20)


def test_a_full_inventory_has_room_for_what_takes_the_place_of_what_it_gives() -> None:
    world, a, b = pair()
    for _ in range(INVENTORY_SLOTS - 1):
        give(world, a, "Rusty Dagger")
    assert not GAME.exchange(world, a, b, [(APPLE, 4)], [(TUSK, 20)])
    assert GAME.exchange(world, a, b, [(APPLE, 9)], [(TUSK, 20)])


def test_stacks_are_filled_before_new_ones_begin() -> None:
    world, a, b = pair()
    give(world, b, "Apple", 8)
    assert GAME.exchange(world, a, b, [(APPLE, 5)], [])
    apples = world.entities["slot_count"][b][world.entities["slot_item"][b] == APPLE]
    assert apples.tolist() == [10, 3]


@pytest.mark.parametrize(
    "case",
    [
        "far", "self", "dead", "frozen", "ghost", "npc", "nothing", "too much", "in two parts", "zero", "negative",
        "unknown", "coin item", "level", "no room", "too rich", "full ledger",
    ],
)  # fmt: skip
def test_a_trade_that_may_not_be_changes_nothing(case: str) -> None:
    world, a, b = pair(apart=5.1 if case == "far" else 2)
    gives_a, gives_b = [(APPLE, 4)], [(TUSK, 5)]
    if case == "self":
        b = a
    if case in ("dead", "frozen", "ghost", "npc"):
        world.entities["hp"][b] = 0 if case == "dead" else 100
        world.entities["flags"][b] = {"frozen": 2 | FROZEN, "ghost": 2 | GHOST, "npc": 4}.get(case, 2)
    if case == "no room":
        for _ in range(INVENTORY_SLOTS - 2):
            give(world, b, "Rusty Dagger")
    if case == "too rich":
        world.entities["coins"][b] = 0xFFFFFFFF
    if case == "full ledger":
        world.clock["num_ledger"] = len(world.ledger) - 1
    gives_a, gives_b = {
        "nothing": ([], []),
        "too much": ([(APPLE, 10)], gives_b),
        "in two parts": ([(APPLE, 5), (APPLE, 5)], gives_b),
        "zero": ([(APPLE, 0)], gives_b),
        "negative": (gives_a, [(TUSK, -5)]),
        "unknown": ([(99, 1)], []),
        "coin item": ([(ITEMS["Coins"], 1)], []),
        "level": ([(255, 1)], []),
        "no room": (gives_a, []),
        "too rich": ([(COINS, 1)], []),
    }.get(case, (gives_a, gives_b))
    entities, clock = world.entities.tobytes(), world.clock.tobytes()
    assert not GAME.exchange(world, a, b, gives_a, gives_b)
    assert (world.entities.tobytes(), world.clock.tobytes()) == (entities, clock)
    assert count(world, "trades") == 0


def test_coins_are_dropped_as_slot_255() -> None:
    world, a, _ = pair()
    ticks(world, 16)
    tick(world, {a: [Input(intent=INTENT_DROP, argument=255 | 20 << 8)]})
    ticks(world, 16)
    tick(world, {a: [Input(intent=INTENT_DROP, argument=255 | 31 << 8)]})
    assert (world.entities["coins"][a], count(world, "refused")) == (30, 1)
    assert entries(world) == [(COINS, 20, CHARACTER, 1, GROUND, 0)]
    ticks(world, 16)
    tick(world, {a: [Input(intent=INTENT_DROP, argument=255)]})
    assert (world.entities["coins"][a], GAME.count_assets(world)[COINS]) == (0, 50)

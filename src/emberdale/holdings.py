"""What everybody holds: counted, asked for, and handed over in a trade.

Responsible for: balances, the sums that the auditor compares, and the exchange at the end of a trade.
Not here: offers and confirmations (the engine), ground items and intents (`items.py`).

Invariant: an exchange takes place in full, with its rows in the ledger, or nothing changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emberdale.fields import COUNT_TRADES, INVENTORY_SLOTS, REASON_TRADE
from emberdale.items import MAX_COINS
from myriad.game import (
    CHARACTER,
    COINS,
    FROZEN,
    GHOST,
    HIDDEN,
    ITEM,
    ITEM_KIND_BASE,
    LEVEL_ASSET,
    NUM_ASSETS,
    PLAYER,
    Given,
    World,
    note_movement,
)


def _sums(assets: NDArray[Any], amounts: NDArray[Any]) -> NDArray[np.int64]:
    """(256,) i8: the amounts of each asset; exact below 2**53."""
    return np.bincount(assets.ravel(), weights=amounts.ravel(), minlength=NUM_ASSETS).astype(np.int64)


def count_assets(world: World) -> NDArray[np.int64]:
    """(256,) i8: what all players and the ground hold (`Game.count_assets`)."""
    entities = world.entities[: int(world.clock["num_rows"][0])]
    flags = entities["flags"]
    players = entities[(flags & (PLAYER | GHOST)) == PLAYER]
    lying = entities[(flags & (ITEM | GHOST)) == ITEM]
    held = _sums(players["slot_item"], players["slot_count"])
    held += _sums(lying["kind"] - np.uint8(ITEM_KIND_BASE), lying["amount"])
    coin_item = int(world.params["coin_item"][0])
    held[COINS] = held[coin_item] + int(players["coins"].sum(dtype=np.int64))
    held[coin_item] = 0
    return held


def balance(world: World, row: int, asset: int) -> int:
    """What a player holds of an asset (`Game.balance`)."""
    me = world.entities[row]
    if asset == COINS:
        return int(me["coins"])
    if asset == LEVEL_ASSET:
        return int(me["level"])
    return int(me["slot_count"][me["slot_item"] == asset].sum(dtype=np.int64))


class _Purse:
    """A copy of what a player holds, to try an exchange on."""

    def __init__(self, world: World, row: int) -> None:
        me = world.entities[row]
        self.coins = int(me["coins"])
        self.items: list[int] = me["slot_item"].tolist()
        self.counts: list[int] = me["slot_count"].tolist()

    def take(self, asset: int, amount: int) -> bool:
        """Take so much out, from the last slots first; false if it is not there."""
        if asset == COINS:
            self.coins -= amount
            return self.coins >= 0
        for slot in reversed(range(INVENTORY_SLOTS)):
            if self.items[slot] == asset:
                moved = min(amount, self.counts[slot])
                self.counts[slot] -= moved
                amount -= moved
                if self.counts[slot] == 0:
                    self.items[slot] = 0
        return amount == 0

    def put(self, asset: int, amount: int, max_stack: int) -> bool:
        """Put so much in, into stacks first; false if it does not fit."""
        if asset == COINS:
            self.coins += amount
            return self.coins <= MAX_COINS
        for wanted in (asset, 0):
            for slot in range(INVENTORY_SLOTS):
                if self.items[slot] == wanted and amount > 0:
                    moved = min(amount, max_stack - self.counts[slot])
                    self.items[slot] = asset
                    self.counts[slot] += moved
                    amount -= moved
        return amount == 0

    def write(self, world: World, row: int) -> None:
        """Make it so."""
        me = world.entities[row]
        me["coins"] = self.coins
        me["slot_item"] = self.items
        me["slot_count"] = self.counts
        if int(me["weapon"]) not in self.items:
            me["weapon"] = 0


def _can_trade(world: World, row_a: int, row_b: int) -> bool:
    """True if two players are alive, here, and near each other."""
    pair = world.entities[[row_a, row_b]]
    if (
        row_a == row_b
        or (pair["flags"] & (PLAYER | GHOST | FROZEN | HIDDEN) != PLAYER).any()
        or (pair["hp"] == 0).any()
    ):
        return False
    dx, dy = (int(pair[name][0]) - int(pair[name][1]) for name in ("qx", "qy"))
    return dx * dx + dy * dy <= int(world.params["trade_distance"][0]) ** 2


def _is_asset(world: World, asset: int, amount: int) -> bool:
    coin_item = int(world.params["coin_item"][0])
    known = asset == COINS or (0 < asset < len(world.items) and asset != coin_item and world.items["max_stack"][asset])
    return bool(known) and amount > 0


def exchange(world: World, row_a: int, row_b: int, gives_a: Given, gives_b: Given) -> bool:
    """Let two players hand over what they give, between two ticks (`Game.exchange`)."""
    gifts = [(row_a, row_b, *gift) for gift in gives_a] + [(row_b, row_a, *gift) for gift in gives_b]
    room = len(world.ledger) - int(world.clock["num_ledger"][0])
    if not 0 < len(gifts) <= room or not _can_trade(world, row_a, row_b):
        return False
    purses = {row: _Purse(world, row) for row in (row_a, row_b)}
    if not all(_is_asset(world, asset, amount) for _, _, asset, amount in gifts):
        return False
    if not all(purses[giver].take(asset, amount) for giver, _, asset, amount in gifts):
        return False
    if not all(purses[to].put(asset, amount, int(world.items["max_stack"][asset])) for _, to, asset, amount in gifts):
        return False
    for row, purse in purses.items():
        purse.write(world, row)
    for giver, to, asset, amount in gifts:
        ids = int(world.entities["id"][giver]), int(world.entities["id"][to])
        note_movement(world, asset, amount, CHARACTER, ids[0], CHARACTER, ids[1], REASON_TRADE)
    world.counters[COUNT_TRADES] += 1
    return True

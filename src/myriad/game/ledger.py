"""Every movement of an asset, written down where it happens.

Responsible for: `world.ledger`, the rows that a zone hands to its next cut, and the serial numbers of characters.
Not here: moving anything (the game's rules), storing and adding up (`storage/`), saying it to players (`zone/`).

Invariants: an asset moves only together with its row; where there is no room for the row, nothing moves. Every row that
names a character raises its `ledger_serial` by one, so a character's n-th row is what the player is told of as n.
"""

from __future__ import annotations

from myriad.core.kernel import inner_kernel, kernel
from myriad.sim.columns import MAX_LEDGER, as_int
from myriad.sim.rows import find_row
from myriad.sim.world import World

VOID = 0
"""Where minted things come from and burned things go."""
CHARACTER = 1
GROUND = 2
"""What lies in the zone."""

COINS = 0
"""The asset that is money; another asset is the game's item type of that number."""
NUM_ASSETS = 256
LEVEL_ASSET = 255
"""No asset but a level that a character has reached, as a row so that it is confirmed in its order: the amount is the
level. Whoever adds assets up leaves it out."""


@inner_kernel
def has_ledger_room(world: World, num_rows: int) -> bool:
    """True if so many movements can be noted; a rule asks before it moves anything."""
    return as_int(world.clock[0]["num_ledger"]) + num_rows <= MAX_LEDGER


@inner_kernel
def _raise_serial(world: World, character: int) -> None:
    row = as_int(find_row(world, character))
    if row >= 0:
        me = world.entities[row]
        me["ledger_serial"] = (as_int(me["ledger_serial"]) + 1) & 0xFFFFFFFF
        me["private_version"] = (as_int(me["private_version"]) + 1) & 0xFF


@kernel
def note_movement(
    world: World, asset: int, amount: int, source_kind: int, source: int, target_kind: int, target: int, reason: int
) -> bool:
    """Note that `amount` of `asset` goes from one holder to another; false, and no change, when the ledger is full.

    Kinds are VOID, CHARACTER and GROUND; `source` and `target` are character ids where the kind is CHARACTER, else 0.
    The entity fields must have a `ledger_serial` (u4), which is raised for the characters, as is `private_version`.
    """
    clock = world.clock[0]
    number = as_int(clock["num_ledger"])
    if number >= MAX_LEDGER:
        return False
    entry = world.ledger[number]
    entry["asset"] = asset
    entry["reason"] = reason
    entry["source_kind"] = source_kind
    entry["target_kind"] = target_kind
    entry["amount"] = amount
    entry["source"] = source
    entry["target"] = target
    clock["num_ledger"] = number + 1
    if source_kind == CHARACTER:
        _raise_serial(world, source)
    if target_kind == CHARACTER:
        _raise_serial(world, target)
    return True


@inner_kernel
def note_level(world: World, character: int, level: int, reason: int) -> bool:
    """Note that a character has reached a level; false, and no change, when the ledger is full."""
    return bool(note_movement(world, LEVEL_ASSET, level, VOID, 0, CHARACTER, character, reason))


@inner_kernel
def add_effect(world: World, kind: int, amount: int, source: int, target: int, neighbour: int, x: int, y: int) -> bool:
    """Note that entity `source`, at (x, y) in 1/1024 m, does something to a neighbour's entity `target`.

    The zone takes it to the neighbour, whose game judges it. False, and no change, when there is no room.
    """
    clock = world.clock[0]
    number = as_int(clock["num_effects"])
    if number >= world.effects.shape[0]:
        return False
    effect = world.effects[number]
    effect["kind"] = kind
    effect["neighbour"] = neighbour
    effect["amount"] = amount
    effect["source"] = source
    effect["target"] = target
    effect["x"] = x
    effect["y"] = y
    clock["num_effects"] = number + 1
    return True

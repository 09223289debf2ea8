"""Items: on the ground, in an inventory of 20 slots, eaten, in hand.

Responsible for: loot and drops becoming ground items, picking up, dropping, using, and ground items' end.
Not here: what weapons do in a fight (`combat.py`), trade (`holdings.py`).

Invariants: every intent either moves exactly what it says or changes nothing and counts as refused; an item is in one
place at any time; no stack is larger than its type allows; what moves is in the ledger, without room there it stays.
"""

from __future__ import annotations

from emberdale.fields import (
    COUNT_DROPS,
    COUNT_LEDGER_FULL,
    COUNT_PICKUPS,
    COUNT_REFUSED,
    COUNT_USES,
    DRAW_PLACE,
    EVENT_HEAL,
    INVENTORY_SLOTS,
    REASON_DECAY,
    REASON_DROP,
    REASON_PICK_UP,
    REASON_USE,
)
from myriad.game import (
    CHARACTER,
    COINS,
    GHOST,
    GROUND,
    ITEM,
    ITEM_KIND_BASE,
    TILE_UNITS,
    UNITS_PER_M,
    VOID,
    Record,
    World,
    allocate_row,
    as_int,
    emit,
    find_row,
    free_row,
    has_ledger_room,
    inner_kernel,
    is_solid,
    kernel,
    nearest_entity,
    note_movement,
    place,
    random_u32,
    take_transient_id,
)

MAX_COINS = 0xFFFFFFFF
COIN_SLOT = 255
"""What a drop names instead of a slot when it is coins."""
MAX_PILE = 65535


@inner_kernel
def asset_of(world: World, item: int) -> int:
    """An item type's number in the ledger."""
    return COINS if item == as_int(world.params[0]["coin_item"]) else item


@inner_kernel
def can_note(world: World) -> bool:
    """True if the ledger has room for one more movement; counts it if not."""
    if has_ledger_room(world, 1):
        return True
    world.counters[COUNT_LEDGER_FULL] += 1
    return False


@kernel
def put_on_ground(world: World, item: int, amount: int, qx: int, qy: int, now: int) -> int:
    """Make a ground item near (qx, qy); returns its row, or -1 when the ground or the table is full (no change)."""
    clock = world.clock[0]
    params = world.params[0]
    if as_int(clock["num_items"]) >= as_int(params["max_on_ground"]):
        return -1
    num_free = as_int(clock["num_free"])
    if num_free == 0 and as_int(clock["num_rows"]) >= world.entities.shape[0]:
        return -1
    entity_id = take_transient_id(world)
    row = as_int(allocate_row(world, entity_id))
    if row < 0:
        return -1
    noise = random_u32(world.rng, now, entity_id, DRAW_PLACE)
    x = qx + (noise & 1023) - 512
    y = qy + ((noise >> 10) & 1023) - 512
    left = as_int(clock["origin_x"]) * UNITS_PER_M
    bottom = as_int(clock["origin_y"]) * UNITS_PER_M
    if is_solid(world.solid, (x - left) // TILE_UNITS, (y - bottom) // TILE_UNITS):
        x = qx
        y = qy
    me = world.entities[row]
    me["kind"] = ITEM_KIND_BASE + item
    me["flags"] = ITEM
    me["amount"] = amount
    me["timer_tick"] = now + as_int(params["item_ticks"])
    place(world, row, x, y, now)
    clock["num_items"] += 1
    return row


@inner_kernel
def take_from_ground(world: World, row: int) -> None:
    """Remove a ground item, which somebody has taken."""
    clock = world.clock[0]
    free_row(world, row)
    clock["num_items"] -= 1


@inner_kernel
def decay(world: World, row: int) -> None:
    """A ground item whose time is over is gone."""
    lying = world.entities[row]
    if can_note(world):
        asset = asset_of(world, as_int(lying["kind"]) - ITEM_KIND_BASE)
        note_movement(world, asset, as_int(lying["amount"]), GROUND, 0, VOID, 0, REASON_DECAY)
        take_from_ground(world, row)


@inner_kernel
def put_in_inventory(me: Record, item: int, amount: int, max_stack: int) -> int:
    """Put as much as fits into a player's slots, filling stacks first; returns how much did not fit."""
    for turn in range(2):  # stacks that have room, then empty slots
        for slot in range(INVENTORY_SLOTS):
            if amount == 0:
                return 0
            held = as_int(me["slot_count"][slot])
            same = as_int(me["slot_item"][slot]) == item
            if (turn == 0 and same and held < max_stack) or (turn == 1 and me["slot_item"][slot] == 0):
                moved = min(amount, max_stack - held)
                me["slot_item"][slot] = item
                me["slot_count"][slot] = held + moved
                amount -= moved
    return amount


@inner_kernel
def take_from_slot(me: Record, slot: int, amount: int) -> None:
    """Take `amount` out of a slot, which must hold it. A weapon that is no longer held leaves the hand."""
    item = as_int(me["slot_item"][slot])
    left = as_int(me["slot_count"][slot]) - amount
    me["slot_count"][slot] = left
    if left > 0:
        return
    me["slot_item"][slot] = 0
    if as_int(me["weapon"]) != item:
        return
    for other in range(INVENTORY_SLOTS):
        if as_int(me["slot_item"][other]) == item:
            return
    me["weapon"] = 0


@inner_kernel
def item_in_reach(world: World, row: int, entity_id: int) -> int:
    """Row of the ground item with that id (0 = the nearest) within a player's reach, else -1."""
    params = world.params[0]
    me = world.entities[row]
    reach = as_int(params["item_reach"])
    qx = as_int(me["qx"])
    qy = as_int(me["qy"])
    if entity_id == 0:
        return as_int(nearest_entity(world, qx, qy, reach, ITEM, row, as_int(params["think_checks"])))
    found = as_int(find_row(world, entity_id))
    lying = world.entities[found]
    if found < 0 or (lying["flags"] & (ITEM | GHOST)) != ITEM:
        return -1
    dx = as_int(lying["qx"]) - qx
    dy = as_int(lying["qy"]) - qy
    if dx * dx + dy * dy > reach * reach:
        return -1
    return found


@inner_kernel
def pick_up(world: World, row: int, entity_id: int) -> bool:
    """A player takes a ground item, or as much of it as fits. True if anything moved."""
    params = world.params[0]
    me = world.entities[row]
    found = item_in_reach(world, row, entity_id)
    if found < 0 or not can_note(world):
        return False
    lying = world.entities[found]
    item = as_int(lying["kind"]) - ITEM_KIND_BASE
    amount = as_int(lying["amount"])
    if item == as_int(params["coin_item"]):
        coins = as_int(me["coins"])
        left = max(0, amount - (MAX_COINS - coins))
        me["coins"] = coins + amount - left
    else:
        left = as_int(put_in_inventory(me, item, amount, as_int(world.items[item]["max_stack"])))
    if left == amount:
        return False
    note_movement(world, asset_of(world, item), amount - left, GROUND, 0, CHARACTER, as_int(me["id"]), REASON_PICK_UP)
    if left == 0:
        take_from_ground(world, found)
    else:
        lying["amount"] = left
    world.counters[COUNT_PICKUPS] += 1
    return True


@inner_kernel
def drop(world: World, row: int, argument: int, now: int) -> bool:
    """A player puts a slot's content, or coins, or part of it, on the ground. True if it did."""
    me = world.entities[row]
    slot = argument & 0xFF
    amount = argument >> 8
    if slot == COIN_SLOT:
        item = as_int(world.params[0]["coin_item"])
        held = min(MAX_PILE, as_int(me["coins"]))
    elif slot < INVENTORY_SLOTS:
        item = as_int(me["slot_item"][slot])
        held = as_int(me["slot_count"][slot])
    else:
        return False
    if amount == 0:
        amount = held
    if held == 0 or amount > held or not can_note(world):
        return False
    if put_on_ground(world, item, amount, as_int(me["qx"]), as_int(me["qy"]), now) < 0:
        return False
    if slot == COIN_SLOT:
        me["coins"] = as_int(me["coins"]) - amount
    else:
        take_from_slot(me, slot, amount)
    note_movement(world, asset_of(world, item), amount, CHARACTER, as_int(me["id"]), GROUND, 0, REASON_DROP)
    world.counters[COUNT_DROPS] += 1
    return True


@inner_kernel
def use(world: World, row: int, slot: int) -> bool:
    """A player eats what is in a slot, or takes the weapon in it in hand. True if it did."""
    me = world.entities[row]
    if slot >= INVENTORY_SLOTS:
        return False
    item = as_int(me["slot_item"][slot])
    if item == 0:
        return False
    item_type = world.items[item]
    heal = as_int(item_type["heal"])
    if heal > 0:
        missing = as_int(me["max_hp"]) - as_int(me["hp"])
        if missing <= 0 or not can_note(world):
            return False
        healed = min(heal, missing)
        me["hp"] += healed
        take_from_slot(me, slot, 1)
        note_movement(world, asset_of(world, item), 1, CHARACTER, as_int(me["id"]), VOID, 0, REASON_USE)
        emit(world, EVENT_HEAL, healed, row, row)
    elif as_int(item_type["max_damage"]) > 0:
        me["weapon"] = 0 if as_int(me["weapon"]) == item else item
    else:
        return False
    world.counters[COUNT_USES] += 1
    return True


@inner_kernel
def item_action(world: World, row: int, action: int, argument: int, now: int) -> None:
    """One item intent (0 pick up, 1 drop, 2 use), no oftener than the cooldown of item actions allows."""
    params = world.params[0]
    me = world.entities[row]
    done = False
    if now >= as_int(me["action_ready_tick"]):
        if action == 0:
            done = pick_up(world, row, argument)
        elif action == 1:
            done = drop(world, row, argument, now)
        else:
            done = use(world, row, argument)
    if done:
        me["action_ready_tick"] = now + as_int(params["action_ticks"])
        me["private_version"] = (as_int(me["private_version"]) + 1) & 0xFF
    else:
        world.counters[COUNT_REFUSED] += 1

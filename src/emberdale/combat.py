"""Fighting: who may attack whom, whether it hits, what it costs, death and coming back.

Responsible for: attacks of players and NPCs, damage, death, loot, respawn. Not here: whom an NPC attacks (`npcs.py`).

Invariants: an attack needs its cooldown over, a living target in reach in plain sight and no sanctuary between
players; reach is judged at the place where the attacker saw a player (rewound, but never across a teleport), and at
the present place of an NPC; all timers count server ticks, so no number of inputs makes them faster.
"""

from __future__ import annotations

import numpy as np

from emberdale.fields import (
    AREA_SANCTUARY,
    COUNT_ATTACKS,
    COUNT_DEATHS,
    COUNT_HITS,
    COUNT_ITEMS_LOST,
    COUNT_MISSES,
    COUNT_RESPAWNS,
    DRAW_COINS,
    DRAW_DAMAGE,
    DRAW_HIT,
    DRAW_LOOT,
    EVENT_DEATH,
    EVENT_HIT,
    EVENT_MISS,
    EVENT_RESPAWN,
    MODE_REST,
    STATE_DEAD,
    STATE_FIGHTING,
    STATE_IDLE,
)
from emberdale.items import put_on_ground
from myriad.game import (
    HIDDEN,
    NPC,
    PLAYER,
    TILE_UNITS,
    UNITS_PER_M,
    World,
    chance,
    emit,
    find_row,
    inner_kernel,
    is_clear,
    place,
    position_before,
    random_below,
)

MAX_LOOT = 4


@inner_kernel
def in_sanctuary(world: World, row: int) -> bool:
    """True if an entity stands where players cannot be attacked."""
    clock = world.clock[0]
    me = world.entities[row]
    column = (np.int64(me["qx"]) - np.int64(clock["origin_x"]) * UNITS_PER_M) // TILE_UNITS
    line = (np.int64(me["qy"]) - np.int64(clock["origin_y"]) * UNITS_PER_M) // TILE_UNITS
    if column < 0 or line < 0 or column >= world.areas.shape[1] or line >= world.areas.shape[0]:
        return False
    return (world.areas[line, column] & AREA_SANCTUARY) != 0


@inner_kernel
def is_attackable(world: World, row: int, now: int) -> bool:
    """True if an entity may be attacked at all: alive, visible, no item, not protected, no player in a sanctuary."""
    me = world.entities[row]
    flags = np.int64(me["flags"])
    if (flags & HIDDEN) != 0 or (flags & (PLAYER | NPC)) == 0 or me["hp"] == 0:
        return False
    if (flags & PLAYER) == 0:
        return True
    return now >= np.int64(me["protected_tick"]) and not in_sanctuary(world, row)


@inner_kernel
def in_reach(world: World, row: int, target: int, reach: int, rewind_ticks: int) -> bool:
    """True if the target, where it was `rewind_ticks` ago, is in reach and in sight of where `row` is now."""
    clock = world.clock[0]
    me = world.entities[row]
    qx = np.int64(me["qx"])
    qy = np.int64(me["qy"])
    target_x, target_y = position_before(world, target, rewind_ticks)
    dx = target_x - qx
    dy = target_y - qy
    if dx * dx + dy * dy > reach * reach:
        return False
    left = np.int64(clock["origin_x"]) * UNITS_PER_M
    bottom = np.int64(clock["origin_y"]) * UNITS_PER_M
    return is_clear(world.solid, qx - left, qy - bottom, target_x - left, target_y - bottom)


@inner_kernel
def die(world: World, row: int, killer: int, now: int) -> None:
    """An entity whose health is gone falls: loot or coins to the ground, and a time until it comes back."""
    params = world.params[0]
    me = world.entities[row]
    by = world.entities[killer]
    entity_id = np.int64(me["id"])
    me["hp"] = 0
    me["state"] = STATE_DEAD
    me["target"] = 0
    me["steps_left"] = 0
    world.counters[COUNT_DEATHS] += 1
    emit(world, EVENT_DEATH, 0, killer, row)
    if (by["flags"] & PLAYER) != 0:
        by["kills"] = min(65535, np.int64(by["kills"]) + 1)
        by["private_version"] = (np.int64(by["private_version"]) + 1) & 0xFF
    is_player = (me["flags"] & PLAYER) != 0
    kind = world.kinds[np.int64(me["kind"])]
    if is_player:
        lost = min(65535, (np.int64(me["coins"]) * np.int64(params["lost_coins"])) >> 16)
        me["coins"] = np.int64(me["coins"]) - lost
        me["deaths"] = min(65535, np.int64(me["deaths"]) + 1)
        me["private_version"] = (np.int64(me["private_version"]) + 1) & 0xFF
        me["timer_tick"] = now + np.int64(params["respawn_ticks"])
    else:
        me["timer_tick"] = now + np.int64(kind["respawn_ticks"])
        lost = np.int64(kind["min_coins"])
        lost += random_below(world.rng, now, entity_id, DRAW_COINS, np.int64(kind["max_coins"]) - lost + 1)
    for i in range(-1, 0 if is_player else MAX_LOOT):  # -1: the coins
        item = np.int64(params["coin_item"])
        amount = lost
        if i >= 0:
            item = np.int64(kind["loot_item"][i])
            amount = np.int64(chance(world.rng, now, entity_id, DRAW_LOOT + i, np.int64(kind["loot_chance"][i])))
        if amount > 0 and put_on_ground(world, item, amount, np.int64(me["qx"]), np.int64(me["qy"]), now) < 0:
            world.counters[COUNT_ITEMS_LOST] += 1


@inner_kernel
def strike(world: World, row: int, target: int, hit_chance: int, low: int, high: int, now: int) -> None:
    """Carry an allowed attack out: hit or miss, damage, anger, death."""
    me = world.entities[row]
    other = world.entities[target]
    attacker_id = np.int64(me["id"])
    world.counters[COUNT_ATTACKS] += 1
    if (other["flags"] & NPC) != 0 and other["target"] == 0:
        other["target"] = attacker_id  # it noticed; what it does about it is its own rule
    if not chance(world.rng, now, attacker_id, DRAW_HIT, hit_chance):
        world.counters[COUNT_MISSES] += 1
        emit(world, EVENT_MISS, 0, row, target)
        return
    damage = low + random_below(world.rng, now, attacker_id, DRAW_DAMAGE, high - low + 1)
    hp = np.int64(other["hp"])
    damage = min(damage, hp)
    other["hp"] = hp - damage
    other["hurt_tick"] = now
    world.counters[COUNT_HITS] += 1
    emit(world, EVENT_HIT, damage, row, target)
    if damage == hp:
        die(world, target, row, now)


@inner_kernel
def player_attack(world: World, row: int, rewind_ticks: int, now: int) -> bool:
    """A player attacks its target if every rule allows it; true if it did. Out of reach costs nothing."""
    params = world.params[0]
    me = world.entities[row]
    if now < np.int64(me["attack_ready_tick"]):
        return False
    target = np.int64(find_row(world, np.int64(me["target"])))
    if target < 0 or target == row or not is_attackable(world, target, now):
        return False
    other = world.entities[target]
    against_player = (other["flags"] & PLAYER) != 0
    if against_player and in_sanctuary(world, row):
        return False
    weapon = np.int64(me["weapon"])
    reach = np.int64(params["fist_reach"])
    cooldown = np.int64(params["fist_cooldown_ticks"])
    low = np.int64(params["fist_min_damage"])
    high = np.int64(params["fist_max_damage"])
    if weapon != 0:
        weapon_type = world.items[weapon]
        reach = np.int64(weapon_type["reach"])
        cooldown = np.int64(weapon_type["cooldown_ticks"])
        low = np.int64(weapon_type["min_damage"])
        high = np.int64(weapon_type["max_damage"])
    if not in_reach(world, row, target, reach, rewind_ticks if against_player else 0):
        return False
    me["attack_ready_tick"] = now + cooldown
    me["protected_tick"] = 0
    if np.int64(me["state"]) == STATE_IDLE:
        me["state"] = STATE_FIGHTING
    strike(world, row, target, np.int64(params["hit_chance"]), low, high, now)
    return True


@inner_kernel
def respawn(world: World, row: int, now: int) -> None:
    """The dead come back: at home, with full health; players protected for a while."""
    params = world.params[0]
    me = world.entities[row]
    me["hp"] = me["max_hp"]
    me["state"] = STATE_IDLE
    me["mode"] = MODE_REST
    me["target"] = 0
    me["flags"] = np.int64(me["flags"]) & (255 - HIDDEN)
    if (me["flags"] & PLAYER) != 0:
        me["stamina"] = params["stamina"]
        me["protected_tick"] = now + np.int64(params["protection_ticks"])
    place(world, row, np.int64(me["home_x"]), np.int64(me["home_y"]), now)
    world.counters[COUNT_RESPAWNS] += 1
    emit(world, EVENT_RESPAWN, 0, row, row)

"""Fighting: who may attack whom, whether it hits, what it costs, death and coming back.

Responsible for: attacks of players and NPCs, damage, death, loot, respawn. Not here: whom an NPC attacks (`npcs.py`).

Invariants: an attack needs its cooldown over, a living target in reach in plain sight and no sanctuary between
players; reach is judged at the place where the attacker saw a player (rewound, but never across a teleport), and at
the present place of an NPC; all timers count server ticks, so no number of inputs makes them faster.
"""

from __future__ import annotations

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
    as_int,
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
    column = (as_int(me["qx"]) - as_int(clock["origin_x"]) * UNITS_PER_M) // TILE_UNITS
    line = (as_int(me["qy"]) - as_int(clock["origin_y"]) * UNITS_PER_M) // TILE_UNITS
    if column < 0 or line < 0 or column >= world.areas.shape[1] or line >= world.areas.shape[0]:
        return False
    return bool((world.areas[line, column] & AREA_SANCTUARY) != 0)


@inner_kernel
def is_attackable(world: World, row: int, now: int) -> bool:
    """True if an entity may be attacked at all: alive, visible, no item, not protected, no player in a sanctuary."""
    me = world.entities[row]
    flags = as_int(me["flags"])
    if (flags & HIDDEN) != 0 or (flags & (PLAYER | NPC)) == 0 or me["hp"] == 0:
        return False
    if (flags & PLAYER) == 0:
        return True
    return now >= as_int(me["protected_tick"]) and not in_sanctuary(world, row)


@inner_kernel
def in_reach(world: World, row: int, target: int, reach: int, rewind_ticks: int) -> bool:
    """True if the target, where it was `rewind_ticks` ago, is in reach and in sight of where `row` is now."""
    clock = world.clock[0]
    me = world.entities[row]
    qx = as_int(me["qx"])
    qy = as_int(me["qy"])
    target_x, target_y = position_before(world, target, rewind_ticks)
    dx = target_x - qx
    dy = target_y - qy
    if dx * dx + dy * dy > reach * reach:
        return False
    left = as_int(clock["origin_x"]) * UNITS_PER_M
    bottom = as_int(clock["origin_y"]) * UNITS_PER_M
    return is_clear(world.solid, qx - left, qy - bottom, target_x - left, target_y - bottom)


@inner_kernel
def die(world: World, row: int, killer: int, now: int) -> None:
    """An entity whose health is gone falls: loot or coins to the ground, and a time until it comes back."""
    params = world.params[0]
    me = world.entities[row]
    by = world.entities[killer]
    entity_id = as_int(me["id"])
    me["hp"] = 0
    me["state"] = STATE_DEAD
    me["target"] = 0
    me["steps_left"] = 0
    world.counters[COUNT_DEATHS] += 1
    emit(world, EVENT_DEATH, 0, killer, row)
    if (by["flags"] & PLAYER) != 0:
        by["kills"] = min(65535, as_int(by["kills"]) + 1)
        by["private_version"] = (as_int(by["private_version"]) + 1) & 0xFF
    is_player = (me["flags"] & PLAYER) != 0
    kind = world.kinds[as_int(me["kind"])]
    if is_player:
        lost = min(65535, (as_int(me["coins"]) * as_int(params["lost_coins"])) >> 16)
        me["coins"] = as_int(me["coins"]) - lost
        me["deaths"] = min(65535, as_int(me["deaths"]) + 1)
        me["private_version"] = (as_int(me["private_version"]) + 1) & 0xFF
        me["timer_tick"] = now + as_int(params["respawn_ticks"])
    else:
        me["timer_tick"] = now + as_int(kind["respawn_ticks"])
        lost = as_int(kind["min_coins"])
        lost += random_below(world.rng, now, entity_id, DRAW_COINS, as_int(kind["max_coins"]) - lost + 1)
    for i in range(-1, 0 if is_player else MAX_LOOT):  # -1: the coins
        item = as_int(params["coin_item"])
        amount = lost
        if i >= 0:
            item = as_int(kind["loot_item"][i])
            amount = as_int(chance(world.rng, now, entity_id, DRAW_LOOT + i, as_int(kind["loot_chance"][i])))
        if amount > 0 and put_on_ground(world, item, amount, as_int(me["qx"]), as_int(me["qy"]), now) < 0:
            world.counters[COUNT_ITEMS_LOST] += 1


@inner_kernel
def strike(world: World, row: int, target: int, hit_chance: int, low: int, high: int, now: int) -> None:
    """Carry an allowed attack out: hit or miss, damage, anger, death."""
    me = world.entities[row]
    other = world.entities[target]
    attacker_id = as_int(me["id"])
    world.counters[COUNT_ATTACKS] += 1
    if (other["flags"] & NPC) != 0 and other["target"] == 0:
        other["target"] = attacker_id  # it noticed; what it does about it is its own rule
    if not chance(world.rng, now, attacker_id, DRAW_HIT, hit_chance):
        world.counters[COUNT_MISSES] += 1
        emit(world, EVENT_MISS, 0, row, target)
        return
    damage = low + random_below(world.rng, now, attacker_id, DRAW_DAMAGE, high - low + 1)
    hp = as_int(other["hp"])
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
    if now < as_int(me["attack_ready_tick"]):
        return False
    target = as_int(find_row(world, as_int(me["target"])))
    if target < 0 or target == row or not is_attackable(world, target, now):
        return False
    other = world.entities[target]
    against_player = (other["flags"] & PLAYER) != 0
    if against_player and in_sanctuary(world, row):
        return False
    weapon = as_int(me["weapon"])
    reach = as_int(params["fist_reach"])
    cooldown = as_int(params["fist_cooldown_ticks"])
    low = as_int(params["fist_min_damage"])
    high = as_int(params["fist_max_damage"])
    if weapon != 0:
        weapon_type = world.items[weapon]
        reach = as_int(weapon_type["reach"])
        cooldown = as_int(weapon_type["cooldown_ticks"])
        low = as_int(weapon_type["min_damage"])
        high = as_int(weapon_type["max_damage"])
    if not in_reach(world, row, target, reach, rewind_ticks if against_player else 0):
        return False
    me["attack_ready_tick"] = now + cooldown
    me["protected_tick"] = 0
    if as_int(me["state"]) == STATE_IDLE:
        me["state"] = STATE_FIGHTING
    strike(world, row, target, as_int(params["hit_chance"]), low, high, now)
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
    me["flags"] = as_int(me["flags"]) & (255 - HIDDEN)
    if (me["flags"] & PLAYER) != 0:
        me["stamina"] = params["stamina"]
        me["protected_tick"] = now + as_int(params["protection_ticks"])
    place(world, row, as_int(me["home_x"]), as_int(me["home_y"]), now)
    world.counters[COUNT_RESPAWNS] += 1
    emit(world, EVENT_RESPAWN, 0, row, row)

"""Fighting: who may attack whom, whether it hits, what it costs, death and coming back.

Responsible for: attacks of players and NPCs, damage, death, loot, respawn. Not here: whom an NPC attacks (`npcs.py`),
what neighbours' entities do to ours (`borders.py`).

Invariants: an attack needs its cooldown over, a living target in reach in plain sight and no sanctuary between
players; reach is judged at the place where the attacker saw a player (rewound, but never across a teleport), and at
the present place of an NPC; all timers count server ticks, so no number of inputs makes them faster; an attack on a
ghost takes no health here, its owner judges it; nobody hurts the frozen.
"""

from __future__ import annotations

from emberdale.fields import (
    AREA_SANCTUARY,
    COUNT_ATTACKS,
    COUNT_DEATHS,
    COUNT_EFFECTS_LOST,
    COUNT_HITS,
    COUNT_ITEMS_LOST,
    COUNT_MISSES,
    COUNT_RESPAWNS,
    DRAW_COINS,
    DRAW_DAMAGE,
    DRAW_HIT,
    DRAW_LOOT,
    EFFECT_ATTACK,
    EVENT_DEATH,
    EVENT_HIT,
    EVENT_MISS,
    EVENT_RESPAWN,
    MODE_REST,
    REASON_DEATH,
    REASON_LOOT,
    STATE_DEAD,
    STATE_FIGHTING,
    STATE_IDLE,
)
from emberdale.items import asset_of, can_note, put_on_ground
from emberdale.levels import experience_for, reward
from myriad.game import (
    CHARACTER,
    FROZEN,
    GHOST,
    GROUND,
    HIDDEN,
    NPC,
    PLAYER,
    TILE_UNITS,
    UNITS_PER_M,
    VOID,
    World,
    add_effect,
    as_int,
    chance,
    emit,
    find_row,
    inner_kernel,
    is_clear,
    is_solid,
    note_movement,
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
    """True if an entity may be attacked at all: alive, visible, not frozen, no item, no player protected or in a
    sanctuary."""
    me = world.entities[row]
    flags = as_int(me["flags"])
    if (flags & (HIDDEN | FROZEN)) != 0 or (flags & (PLAYER | NPC)) == 0 or me["hp"] == 0:
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
    return in_sight(world, qx - left, qy - bottom, target_x - left, target_y - bottom)


@inner_kernel
def in_sight(world: World, x: int, y: int, to_x: int, to_y: int) -> bool:
    """True if nothing solid is between two places (1/1024 m from the map's corner).

    Who stands in what is solid here is a neighbour's, beyond where this zone knows the ground: the way there is clear.
    """
    if is_solid(world.solid, to_x // TILE_UNITS, to_y // TILE_UNITS):
        return True
    return is_solid(world.solid, x // TILE_UNITS, y // TILE_UNITS) or is_clear(world.solid, x, y, to_x, to_y)


@inner_kernel
def _drop_loot(world: World, row: int, now: int) -> None:
    """What a fallen NPC leaves on the ground is made now."""
    params = world.params[0]
    me = world.entities[row]
    entity_id = as_int(me["id"])
    kind = world.kinds[as_int(me["kind"])]
    coins = as_int(kind["min_coins"])
    coins += random_below(world.rng, now, entity_id, DRAW_COINS, as_int(kind["max_coins"]) - coins + 1)
    for i in range(-1, MAX_LOOT):  # -1: the coins
        item = as_int(params["coin_item"])
        amount = coins
        if i >= 0:
            item = as_int(kind["loot_item"][i])
            amount = as_int(chance(world.rng, now, entity_id, DRAW_LOOT + i, as_int(kind["loot_chance"][i])))
        if amount == 0:
            continue
        if not can_note(world) or put_on_ground(world, item, amount, as_int(me["qx"]), as_int(me["qy"]), now) < 0:
            world.counters[COUNT_ITEMS_LOST] += 1
        else:
            note_movement(world, asset_of(world, item), amount, VOID, 0, GROUND, 0, REASON_LOOT)


@inner_kernel
def _drop_coins(world: World, row: int, now: int) -> None:
    """A fallen player loses part of its coins to the ground, if there is room for them."""
    params = world.params[0]
    me = world.entities[row]
    lost = min(65535, (as_int(me["coins"]) * as_int(params["lost_coins"])) >> 16)
    coin_item = as_int(params["coin_item"])
    if lost == 0 or not can_note(world):
        return
    if put_on_ground(world, coin_item, lost, as_int(me["qx"]), as_int(me["qy"]), now) >= 0:
        me["coins"] = as_int(me["coins"]) - lost
        note_movement(world, asset_of(world, coin_item), lost, CHARACTER, as_int(me["id"]), GROUND, 0, REASON_DEATH)


@inner_kernel
def die(world: World, row: int, killer: int, now: int) -> None:
    """An entity whose health is gone falls: loot or coins to the ground, and a time until it comes back.

    `killer` is a row, or -1 for somebody who is not here.
    """
    me = world.entities[row]
    me["hp"] = 0
    me["state"] = STATE_DEAD
    me["target"] = 0
    me["steps_left"] = 0
    world.counters[COUNT_DEATHS] += 1
    emit(world, EVENT_DEATH, 0, killer, row)
    if (me["flags"] & PLAYER) != 0:
        me["deaths"] = min(65535, as_int(me["deaths"]) + 1)
        me["private_version"] = (as_int(me["private_version"]) + 1) & 0xFF
        me["timer_tick"] = now + as_int(world.params[0]["respawn_ticks"])
        _drop_coins(world, row, now)
    else:
        me["timer_tick"] = now + as_int(world.kinds[as_int(me["kind"])]["respawn_ticks"])
        _drop_loot(world, row, now)


@inner_kernel
def hurt(world: World, row: int, attacker: int, damage: int, now: int) -> bool:
    """Carry out what an allowed attack does to its target: anger, damage (0 = it missed), death; true if it fell.

    `attacker` is a row, or -1 for somebody who is not here.
    """
    me = world.entities[row]
    if (me["flags"] & NPC) != 0 and me["target"] == 0 and attacker >= 0:
        me["target"] = world.entities[attacker]["id"]  # it noticed; what it does about it is its own rule
    if damage == 0:
        emit(world, EVENT_MISS, 0, attacker, row)
        return False
    hp = as_int(me["hp"])
    damage = min(damage, hp)
    me["hp"] = hp - damage
    me["hurt_tick"] = now
    emit(world, EVENT_HIT, damage, attacker, row)
    if damage < hp:
        return False
    die(world, row, attacker, now)
    return True


@inner_kernel
def _strike_ghost(world: World, row: int, target: int, damage: int) -> None:
    """Tell the owner of a ghost what was done to it (0 = a miss); those who see it here are told at once."""
    me = world.entities[row]
    other = world.entities[target]
    neighbour = as_int(world.ghost_neighbour[target])
    source, aim = as_int(me["id"]), as_int(other["id"])
    if not add_effect(world, EFFECT_ATTACK, damage, source, aim, neighbour, as_int(me["qx"]), as_int(me["qy"])):
        world.counters[COUNT_EFFECTS_LOST] += 1
    elif damage == 0:
        emit(world, EVENT_MISS, 0, row, target)
    else:
        emit(world, EVENT_HIT, damage, row, target)


@inner_kernel
def strike(world: World, row: int, target: int, hit_chance: int, low: int, high: int, now: int) -> None:
    """Carry an allowed attack out: hit or miss, and what follows."""
    attacker_id = as_int(world.entities[row]["id"])
    world.counters[COUNT_ATTACKS] += 1
    damage = as_int(0)
    if chance(world.rng, now, attacker_id, DRAW_HIT, hit_chance):
        damage = low + random_below(world.rng, now, attacker_id, DRAW_DAMAGE, high - low + 1)
        world.counters[COUNT_HITS] += 1
    else:
        world.counters[COUNT_MISSES] += 1
    if (world.entities[target]["flags"] & GHOST) != 0:
        _strike_ghost(world, row, target, damage)
    elif hurt(world, target, row, damage, now) and (world.entities[row]["flags"] & PLAYER) != 0:
        reward(world, row, experience_for(world, target))


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

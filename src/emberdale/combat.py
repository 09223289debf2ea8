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
from emberdale.items import drop_loot
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
    is_clear,
    kernel,
    place,
    position_before,
    random_below,
)

MAX_LOOT = 4


@kernel
def in_sanctuary(world: World, row: int) -> bool:
    """True if an entity stands where players cannot be attacked."""
    column = (np.int64(world.entities["qx"][row]) - np.int64(world.clock["origin_x"][0]) * UNITS_PER_M) // TILE_UNITS
    line = (np.int64(world.entities["qy"][row]) - np.int64(world.clock["origin_y"][0]) * UNITS_PER_M) // TILE_UNITS
    if column < 0 or line < 0 or column >= world.areas.shape[1] or line >= world.areas.shape[0]:
        return False
    return (world.areas[line, column] & AREA_SANCTUARY) != 0


@kernel
def is_attackable(world: World, row: int, now: int) -> bool:
    """True if an entity may be attacked at all: alive, visible, no item, not protected, no player in a sanctuary."""
    entities = world.entities
    flags = np.int64(entities["flags"][row])
    if (flags & HIDDEN) != 0 or (flags & (PLAYER | NPC)) == 0 or entities["hp"][row] == 0:
        return False
    if (flags & PLAYER) == 0:
        return True
    return now >= np.int64(entities["protected_tick"][row]) and not in_sanctuary(world, row)


@kernel
def in_reach(world: World, row: int, target: int, reach: int, rewind_ticks: int) -> bool:
    """True if the target, where it was `rewind_ticks` ago, is in reach and in sight of where `row` is now."""
    entities = world.entities
    qx = np.int64(entities["qx"][row])
    qy = np.int64(entities["qy"][row])
    target_x, target_y = position_before(world, target, rewind_ticks)
    dx = target_x - qx
    dy = target_y - qy
    if dx * dx + dy * dy > reach * reach:
        return False
    left = np.int64(world.clock["origin_x"][0]) * UNITS_PER_M
    bottom = np.int64(world.clock["origin_y"][0]) * UNITS_PER_M
    return is_clear(world.solid, qx - left, qy - bottom, target_x - left, target_y - bottom)


@kernel
def die(world: World, row: int, killer: int, now: int) -> None:
    """An entity whose health is gone falls: loot or coins to the ground, and a time until it comes back."""
    entities = world.entities
    params = world.params
    entity_id = np.int64(entities["id"][row])
    entities["hp"][row] = 0
    entities["state"][row] = STATE_DEAD
    entities["target"][row] = 0
    entities["steps_left"][row] = 0
    world.counters[COUNT_DEATHS] += 1
    emit(world, EVENT_DEATH, 0, killer, row)
    if (entities["flags"][killer] & PLAYER) != 0:
        entities["kills"][killer] = min(65535, np.int64(entities["kills"][killer]) + 1)
        entities["private_version"][killer] = (np.int64(entities["private_version"][killer]) + 1) & 0xFF
    if (entities["flags"][row] & PLAYER) != 0:
        coins = np.int64(entities["coins"][row])
        lost = min(65535, (coins * np.int64(params["lost_coins"][0])) >> 16)
        if lost > 0:
            entities["coins"][row] = coins - lost
            drop_loot(world, row, np.int64(params["coin_item"][0]), lost, now)
        entities["deaths"][row] = min(65535, np.int64(entities["deaths"][row]) + 1)
        entities["private_version"][row] = (np.int64(entities["private_version"][row]) + 1) & 0xFF
        entities["timer_tick"][row] = now + np.int64(params["respawn_ticks"][0])
        return
    kind = np.int64(entities["kind"][row])
    kinds = world.kinds
    entities["timer_tick"][row] = now + np.int64(kinds["respawn_ticks"][kind])
    coins = np.int64(kinds["min_coins"][kind])
    coins += random_below(world.rng, now, entity_id, DRAW_COINS, np.int64(kinds["max_coins"][kind]) - coins + 1)
    if coins > 0:
        drop_loot(world, row, np.int64(params["coin_item"][0]), coins, now)
    for i in range(MAX_LOOT):
        if chance(world.rng, now, entity_id, DRAW_LOOT + i, np.int64(kinds["loot_chance"][kind, i])):
            drop_loot(world, row, np.int64(kinds["loot_item"][kind, i]), 1, now)


@kernel
def strike(world: World, row: int, target: int, hit_chance: int, low: int, high: int, now: int) -> None:
    """Carry an allowed attack out: hit or miss, damage, anger, death."""
    entities = world.entities
    attacker_id = np.int64(entities["id"][row])
    world.counters[COUNT_ATTACKS] += 1
    if (entities["flags"][target] & NPC) != 0 and entities["target"][target] == 0:
        entities["target"][target] = attacker_id  # it noticed; what it does about it is its own rule
    if not chance(world.rng, now, attacker_id, DRAW_HIT, hit_chance):
        world.counters[COUNT_MISSES] += 1
        emit(world, EVENT_MISS, 0, row, target)
        return
    damage = low + random_below(world.rng, now, attacker_id, DRAW_DAMAGE, high - low + 1)
    hp = np.int64(entities["hp"][target])
    damage = min(damage, hp)
    entities["hp"][target] = hp - damage
    entities["hurt_tick"][target] = now
    world.counters[COUNT_HITS] += 1
    emit(world, EVENT_HIT, damage, row, target)
    if damage == hp:
        die(world, target, row, now)


@kernel
def player_attack(world: World, row: int, rewind_ticks: int, now: int) -> bool:
    """A player attacks its target if every rule allows it; true if it did. Out of reach costs nothing."""
    entities = world.entities
    if now < np.int64(entities["attack_ready_tick"][row]):
        return False
    target = np.int64(find_row(world, np.int64(entities["target"][row])))
    if target < 0 or target == row or not is_attackable(world, target, now):
        return False
    against_player = (entities["flags"][target] & PLAYER) != 0
    if against_player and in_sanctuary(world, row):
        return False
    params = world.params
    weapon = np.int64(entities["weapon"][row])
    reach = np.int64(params["fist_reach"][0])
    cooldown = np.int64(params["fist_cooldown_ticks"][0])
    low = np.int64(params["fist_min_damage"][0])
    high = np.int64(params["fist_max_damage"][0])
    if weapon != 0:
        reach = np.int64(world.items["reach"][weapon])
        cooldown = np.int64(world.items["cooldown_ticks"][weapon])
        low = np.int64(world.items["min_damage"][weapon])
        high = np.int64(world.items["max_damage"][weapon])
    if not in_reach(world, row, target, reach, rewind_ticks if against_player else 0):
        return False
    entities["attack_ready_tick"][row] = now + cooldown
    entities["protected_tick"][row] = 0
    if np.int64(entities["state"][row]) == STATE_IDLE:
        entities["state"][row] = STATE_FIGHTING
    strike(world, row, target, np.int64(params["hit_chance"][0]), low, high, now)
    return True


@kernel
def respawn(world: World, row: int, now: int) -> None:
    """The dead come back: at home, with full health; players protected for a while."""
    entities = world.entities
    entities["hp"][row] = entities["max_hp"][row]
    entities["state"][row] = STATE_IDLE
    entities["mode"][row] = MODE_REST
    entities["target"][row] = 0
    entities["flags"][row] = np.int64(entities["flags"][row]) & (255 - HIDDEN)
    if (entities["flags"][row] & PLAYER) != 0:
        entities["stamina"][row] = world.params["stamina"][0]
        entities["protected_tick"][row] = now + np.int64(world.params["protection_ticks"][0])
    place(world, row, np.int64(entities["home_x"][row]), np.int64(entities["home_y"][row]), now)
    world.counters[COUNT_RESPAWNS] += 1
    emit(world, EVENT_RESPAWN, 0, row, row)

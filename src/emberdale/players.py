"""What players do in a tick: their inputs in order, and the slow things of everybody's body.

Responsible for: applying input-ticks and intents, respawn of players, health coming back, ground items' end.
Not here: how a body moves (`movement.py`), fights (`combat.py`), handles items (`items.py`).

Invariant: a player moves only by applied input-ticks, at most two a tick; one intent per input-tick.
"""

from __future__ import annotations

import numpy as np

from emberdale.combat import player_attack, respawn
from emberdale.fields import (
    BUTTON_ATTACK,
    COUNT_REFUSED,
    INTENT_ATTACK,
    INTENT_PICK_UP,
    INTENT_USE,
    MODE_CHASE,
    MODE_RETURN,
    STATE_DEAD,
    STATE_FIGHTING,
    STATE_IDLE,
    STATE_WALKING,
)
from emberdale.items import item_action, take_from_ground
from emberdale.movement import move_step
from myriad.game import HIDDEN, HISTORY_TICKS, ITEM, NPC, PLAYER, UNITS_PER_M, World, kernel

MAX_INPUTS = 2


@kernel
def apply_intent(world: World, row: int, intent: int, argument: int, rewind_ticks: int, now: int) -> None:
    """Do what a player wants in one input-tick; what the rules do not allow is counted as refused."""
    if intent == INTENT_ATTACK:
        world.entities["target"][row] = argument
        if not player_attack(world, row, rewind_ticks, now):
            world.counters[COUNT_REFUSED] += 1
    elif INTENT_PICK_UP <= intent <= INTENT_USE:
        item_action(world, row, intent - INTENT_PICK_UP, argument, now)
    else:
        world.counters[COUNT_REFUSED] += 1


@kernel
def players_rule(world: World) -> None:
    """Apply every player's inputs of this tick."""
    entities = world.entities
    inputs = world.inputs
    flags = entities["flags"]
    counts = inputs["count"]
    left = np.int64(world.clock["origin_x"][0]) * UNITS_PER_M
    bottom = np.int64(world.clock["origin_y"][0]) * UNITS_PER_M
    now = np.int64(world.clock["tick"][0]) + 1
    dt = world.clock["dt"][0]
    for row in range(world.clock["num_rows"][0]):
        if (flags[row] & PLAYER) == 0:
            continue
        if entities["state"][row] == STATE_DEAD:
            if now >= np.int64(entities["timer_tick"][row]):
                respawn(world, row, now)
            continue
        rewind_ticks = np.int64(inputs["rewind_ticks"][row])
        for k in range(min(MAX_INPUTS, np.int64(counts[row]))):
            buttons = np.int64(inputs["buttons"][row, k])
            x, y, state, stamina = move_step(
                world.solid,
                world.params,
                dt,
                np.int64(entities["qx"][row]) - left,
                np.int64(entities["qy"][row]) - bottom,
                np.int64(entities["state"][row]),
                np.int64(entities["stamina"][row]),
                buttons,
                np.int64(inputs["move_dir"][row, k]),
                np.int64(inputs["move_mag"][row, k]),
            )
            entities["qx"][row] = x + left
            entities["qy"][row] = y + bottom
            entities["x"][row] = (x + left) / UNITS_PER_M
            entities["y"][row] = (y + bottom) / UNITS_PER_M
            entities["state"][row] = state
            entities["stamina"][row] = stamina
            entities["heading"][row] = inputs["heading"][row, k]
            intent = np.int64(inputs["intent"][row, k])
            if intent != 0:
                apply_intent(world, row, intent, np.int64(inputs["argument"][row, k]), rewind_ticks, now)
            if (buttons & BUTTON_ATTACK) != 0 and entities["target"][row] != 0:
                player_attack(world, row, rewind_ticks, now)


@kernel
def _heal(world: World, row: int, now: int) -> None:
    """One second's worth of health for a player or NPC that has been left in peace."""
    entities = world.entities
    hp = np.int64(entities["hp"][row])
    max_hp = np.int64(entities["max_hp"][row])
    if hp == 0 or hp >= max_hp:
        return
    gain = np.int64(world.params["player_hp_per_s"][0])
    if (entities["flags"][row] & NPC) != 0:
        mode = np.int64(entities["mode"][row])
        gain = np.int64(world.params["npc_hp_per_s"][0])
        if mode == MODE_RETURN:
            gain = np.int64(world.params["return_hp_per_s"][0])
        elif mode >= MODE_CHASE:
            gain = 0
    elif now < np.int64(entities["hurt_tick"][row]) + np.int64(world.params["calm_ticks"][0]):
        gain = 0
    entities["hp"][row] = min(max_hp, hp + gain)


@kernel
def _stand_still(world: World, row: int, now: int) -> None:
    """A player whose inputs stopped coming, or whose last fight is over, is seen idle."""
    entities = world.entities
    state = np.int64(entities["state"][row])
    slot = (now + 1) % HISTORY_TICKS  # the oldest that the history holds
    if state == STATE_FIGHTING:
        if now >= np.int64(entities["attack_ready_tick"][row]):
            entities["state"][row] = STATE_IDLE
    elif (
        state >= STATE_WALKING
        and state != STATE_DEAD
        and np.int64(world.history_x[slot, row]) == np.int64(entities["qx"][row])
        and np.int64(world.history_y[slot, row]) == np.int64(entities["qy"][row])
    ):
        entities["state"][row] = STATE_IDLE


@kernel
def upkeep_rule(world: World) -> None:
    """Once a second for each row, staggered: health, old ground items, players standing still."""
    entities = world.entities
    now = np.int64(world.clock["tick"][0]) + 1
    hz = np.int64(world.clock["tick_hz"][0])
    for row in range(now % hz, np.int64(world.clock["num_rows"][0]), hz):
        flags = np.int64(entities["flags"][row])
        if (flags & ITEM) != 0:
            if now >= np.int64(entities["timer_tick"][row]):
                take_from_ground(world, row)
        elif (flags & (PLAYER | NPC)) != 0 and (flags & HIDDEN) == 0:
            _heal(world, row, now)
            if (flags & PLAYER) != 0:
                _stand_still(world, row, now)

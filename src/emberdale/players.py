"""What players do in a tick: their inputs in order, and the slow things of everybody's body.

Responsible for: applying input-ticks and intents, respawn of players, health coming back, ground items' end.
Not here: how a body moves (`movement.py`), fights (`combat.py`), handles items (`items.py`).

Invariants: a player moves only by applied input-ticks, at most two a tick; one intent per input-tick; nothing here
changes a ghost or a frozen player.
"""

from __future__ import annotations

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
from emberdale.items import decay, item_action
from emberdale.movement import move_step
from myriad.game import (
    FROZEN,
    GHOST,
    HIDDEN,
    HISTORY_TICKS,
    ITEM,
    NPC,
    PLAYER,
    UNITS_PER_M,
    Record,
    World,
    as_int,
    inner_kernel,
)

MAX_INPUTS = 2


@inner_kernel
def players_rule(world: World) -> None:
    """Apply every player's inputs of this tick. What the rules do not allow is counted as refused."""
    clock = world.clock[0]
    inputs = world.inputs
    flags = world.entities["flags"]
    counts = inputs["count"]
    left = as_int(clock["origin_x"]) * UNITS_PER_M
    bottom = as_int(clock["origin_y"]) * UNITS_PER_M
    now = as_int(clock["tick"]) + 1
    dt = clock["dt"]
    for row in range(clock["num_rows"]):
        if (flags[row] & (PLAYER | GHOST | FROZEN)) != PLAYER:
            continue
        me = world.entities[row]
        if me["state"] == STATE_DEAD:
            if now >= as_int(me["timer_tick"]):
                respawn(world, row, now)
            continue
        given = inputs[row]
        rewind_ticks = as_int(given["rewind_ticks"])
        for k in range(min(MAX_INPUTS, as_int(counts[row]))):
            buttons = as_int(given["buttons"][k])
            x, y, state, stamina = move_step(
                world.solid,
                world.params,
                dt,
                as_int(me["qx"]) - left,
                as_int(me["qy"]) - bottom,
                as_int(me["state"]),
                as_int(me["stamina"]),
                buttons,
                as_int(given["move_dir"][k]),
                as_int(given["move_mag"][k]),
            )
            me["qx"] = x + left
            me["qy"] = y + bottom
            me["x"] = (x + left) / UNITS_PER_M
            me["y"] = (y + bottom) / UNITS_PER_M
            me["state"] = state
            me["stamina"] = stamina
            me["heading"] = given["heading"][k]
            intent = as_int(given["intent"][k])
            if INTENT_PICK_UP <= intent <= INTENT_USE:
                item_action(world, row, intent - INTENT_PICK_UP, as_int(given["argument"][k]), now)
            elif intent == INTENT_ATTACK:
                me["target"] = given["argument"][k]
            elif intent != 0:
                world.counters[COUNT_REFUSED] += 1
            wants = intent == INTENT_ATTACK or ((buttons & BUTTON_ATTACK) != 0 and me["target"] != 0)
            # Asked here as well because a call with the whole world costs more than the rest of a step.
            done = wants and now >= as_int(me["attack_ready_tick"]) and player_attack(world, row, rewind_ticks, now)
            if intent == INTENT_ATTACK and not done:
                world.counters[COUNT_REFUSED] += 1


@inner_kernel
def _heal(me: Record, params: Record, now: int) -> None:
    """One second's worth of health for a player or NPC that has been left in peace."""
    hp = as_int(me["hp"])
    max_hp = as_int(me["max_hp"])
    if hp == 0 or hp >= max_hp:
        return
    gain = as_int(params["player_hp_per_s"])
    if (me["flags"] & NPC) != 0:
        mode = as_int(me["mode"])
        gain = as_int(params["npc_hp_per_s"])
        if mode == MODE_RETURN:
            gain = as_int(params["return_hp_per_s"])
        elif mode >= MODE_CHASE:
            gain = 0
    elif now < as_int(me["hurt_tick"]) + as_int(params["calm_ticks"]):
        gain = 0
    me["hp"] = min(max_hp, hp + gain)


@inner_kernel
def _stand_still(me: Record, old_x: int, old_y: int, now: int) -> None:
    """A player whose inputs stopped coming since (old_x, old_y), or whose last fight is over, is seen idle."""
    state = as_int(me["state"])
    if state == STATE_FIGHTING:
        if now >= as_int(me["attack_ready_tick"]):
            me["state"] = STATE_IDLE
    elif state >= STATE_WALKING and state != STATE_DEAD and old_x == as_int(me["qx"]) and old_y == as_int(me["qy"]):
        me["state"] = STATE_IDLE


@inner_kernel
def upkeep_rule(world: World) -> None:
    """Once a second for each row, staggered: health, old ground items, players standing still."""
    clock = world.clock[0]
    now = as_int(clock["tick"]) + 1
    hz = as_int(clock["tick_hz"])
    slot = (now + 1) % HISTORY_TICKS  # the oldest that the history holds
    for row in range(now % hz, as_int(clock["num_rows"]), hz):
        me = world.entities[row]
        flags = as_int(me["flags"])
        if (flags & (GHOST | FROZEN)) != 0:
            continue
        if (flags & ITEM) != 0:
            if now >= as_int(me["timer_tick"]):
                decay(world, row)
        elif (flags & (PLAYER | NPC)) != 0 and (flags & HIDDEN) == 0:
            _heal(me, world.params[0], now)
            if (flags & PLAYER) != 0:
                _stand_still(me, as_int(world.history_x[slot, row]), as_int(world.history_y[slot, row]), now)

"""What NPCs do: rest, stroll, chase, flee, go home, fight back.

Responsible for: decisions of NPCs (a few times a second, staggered by row) and their steps (every tick).
Not here: what an attack does (`combat.py`), where camps are (the map).

Invariants: an NPC looks around only when players are in the 3 x 3 coarse cells around it, and then at a bounded number
of entities; beyond its leash it goes home; it starts no fight with a ghost, but fights back; with `npc_stride` n the
rules run every n-th tick with steps n times as long, so NPCs keep their speed under overload.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from emberdale.combat import in_reach, is_attackable, respawn, strike
from emberdale.fields import (
    DRAW_ANGLE,
    DRAW_DISTANCE,
    DRAW_REST,
    MODE_CHASE,
    MODE_FLEE,
    MODE_REST,
    MODE_RETURN,
    MODE_WANDER,
    STATE_DEAD,
    STATE_FIGHTING,
    STATE_IDLE,
    STATE_RUNNING,
    STATE_WALKING,
    TEMPER_PEACEFUL,
)
from myriad.game import (
    COSINE,
    DIRECTIONS,
    GHOST,
    HIDDEN,
    NPC,
    PLAYER,
    SINE,
    UNITS_PER_M,
    Record,
    World,
    as_int,
    find_row,
    heading_of,
    inner_kernel,
    move_body,
    nearest_entity,
    place,
    players_around,
    random_below,
)

CLOSE_ENOUGH = 3 * UNITS_PER_M
"""Within this distance of its home an NPC is home."""


@inner_kernel
def _stop(me: Record, state: int) -> None:
    me["steps_left"] = 0
    me["state"] = state


@inner_kernel
def _walk(me: Record, dx: int, dy: int, step: float, ticks: int, state: int) -> None:
    """Set out along (dx, dy), at `step` 1/1024 m a tick, for no more than `ticks` and no farther than (dx, dy)."""
    distance = math.sqrt(dx * dx + dy * dy)
    if distance < step:
        _stop(me, STATE_IDLE)
        return
    me["step_x"] = as_int(math.floor(dx * step / distance + 0.5))
    me["step_y"] = as_int(math.floor(dy * step / distance + 0.5))
    me["steps_left"] = min(ticks, as_int(distance / step))
    me["heading"] = heading_of(dx, dy)
    me["state"] = state


@inner_kernel
def _rest(me: Record, params: Record, rng: NDArray[np.uint64], now: int) -> None:
    shortest = as_int(params["rest_min_ticks"])
    spread = as_int(params["rest_max_ticks"]) - shortest + 1
    me["mode"] = MODE_REST
    me["target"] = 0
    me["timer_tick"] = now + shortest + random_below(rng, now, as_int(me["id"]), DRAW_REST, spread)
    _stop(me, STATE_IDLE)


@inner_kernel
def _stroll(me: Record, kind: Record, camp: Record, params: Record, rng: NDArray[np.uint64], now: int) -> None:
    """Walk a few seconds in some direction; back towards the camp when that would leave it."""
    entity_id = as_int(me["id"])
    shortest = as_int(params["walk_min_ticks"])
    spread = as_int(params["walk_max_ticks"]) - shortest + 1
    ticks = shortest + random_below(rng, now, entity_id, DRAW_DISTANCE, spread)
    step = kind["walk_step"]
    angle = random_below(rng, now, entity_id, DRAW_ANGLE, DIRECTIONS)
    dx = as_int(math.floor(COSINE[angle] * step * ticks))
    dy = as_int(math.floor(SINE[angle] * step * ticks))
    from_x = as_int(me["qx"]) - as_int(camp["x"])
    from_y = as_int(me["qy"]) - as_int(camp["y"])
    radius = as_int(camp["radius"])
    if (from_x + dx) * (from_x + dx) + (from_y + dy) * (from_y + dy) > radius * radius:
        dx = -from_x
        dy = -from_y
    me["mode"] = MODE_WANDER
    _walk(me, dx, dy, step, ticks, STATE_WALKING)


@inner_kernel
def _go_home(me: Record, kind: Record, until_tick: int) -> None:
    """Set out for home, to be there by `until_tick` at the latest."""
    me["target"] = 0
    me["mode"] = MODE_RETURN
    me["timer_tick"] = until_tick
    dx = as_int(me["home_x"]) - as_int(me["qx"])
    dy = as_int(me["home_y"]) - as_int(me["qy"])
    _walk(me, dx, dy, kind["run_step"], 65535, STATE_RUNNING)


@inner_kernel
def _distance_home(me: Record) -> float:
    dx = as_int(me["home_x"]) - as_int(me["qx"])
    dy = as_int(me["home_y"]) - as_int(me["qy"])
    return math.sqrt(dx * dx + dy * dy)


@inner_kernel
def _flee(me: Record, other: Record, kind: Record, ticks: int) -> None:
    """Run away from another entity for so many ticks."""
    dx = as_int(me["qx"]) - as_int(other["qx"])
    dy = as_int(me["qy"]) - as_int(other["qy"])
    if dx == 0 and dy == 0:
        dx = 1
    _walk(me, dx * UNITS_PER_M, dy * UNITS_PER_M, kind["run_step"], ticks, STATE_RUNNING)


@inner_kernel
def _chase(world: World, row: int, target: int, now: int) -> bool:
    """Go for the target, attack it when in reach; give up beyond the leash or when it is not to be attacked.

    True when it has had enough and is to flee.
    """
    params = world.params[0]
    me = world.entities[row]
    other = world.entities[target]
    kind = world.kinds[as_int(me["kind"])]
    if target < 0 or not is_attackable(world, target, now) or _distance_home(me) > as_int(kind["leash"]):
        _go_home(me, kind, now + as_int(params["return_max_ticks"]))
        return False
    if as_int(me["hp"]) < as_int(kind["flee_hp"]):
        me["mode"] = MODE_FLEE
        me["timer_tick"] = now + as_int(params["flee_ticks"])
        return True
    dx = as_int(other["qx"]) - as_int(me["qx"])
    dy = as_int(other["qy"]) - as_int(me["qy"])
    reach = as_int(kind["reach"])
    if not in_reach(world, row, target, reach, 0):
        ticks = 2 * as_int(params["think_ticks"])
        _walk(me, dx, dy, kind["run_step"], ticks, STATE_RUNNING)
        return False
    _stop(me, STATE_FIGHTING)
    me["heading"] = heading_of(dx, dy)
    if now >= as_int(me["attack_ready_tick"]):
        me["attack_ready_tick"] = now + as_int(kind["cooldown_ticks"])
        strike(
            world,
            row,
            target,
            as_int(kind["hit_chance"]),
            as_int(kind["min_damage"]),
            as_int(kind["max_damage"]),
            now,
        )
    return False


@inner_kernel
def _notice(world: World, row: int, now: int) -> bool:
    """Whether a resting or strolling NPC finds something to run from or to attack; sets mode and target if so."""
    params = world.params[0]
    me = world.entities[row]
    kind = world.kinds[as_int(me["kind"])]
    if me["target"] == 0:
        sight = as_int(kind["sight"])
        qx = as_int(me["qx"])
        qy = as_int(me["qy"])
        if sight == 0 or players_around(world, qx, qy) == 0:
            return False
        checks = as_int(params["think_checks"])
        seen = as_int(nearest_entity(world, qx, qy, sight, PLAYER, row, checks))
        if seen < 0 or not is_attackable(world, seen, now):
            return False
        me["target"] = world.entities[seen]["id"]
    if as_int(kind["temper"]) == TEMPER_PEACEFUL:
        me["mode"] = MODE_FLEE
        me["timer_tick"] = now + as_int(params["flee_ticks"])
    else:
        me["mode"] = MODE_CHASE
    return True


@inner_kernel
def think(world: World, row: int, now: int) -> None:
    """One decision of one NPC."""
    params = world.params[0]
    me = world.entities[row]
    kind = world.kinds[as_int(me["kind"])]
    timer = as_int(me["timer_tick"])
    if me["state"] == STATE_DEAD:
        if now >= timer:
            respawn(world, row, now)
            _rest(me, params, world.rng, now)
        elif now >= timer - as_int(kind["respawn_ticks"]) + as_int(params["corpse_ticks"]):
            me["flags"] = NPC | HIDDEN
        return
    mode = as_int(me["mode"])
    if mode <= MODE_WANDER and _notice(world, row, now):
        mode = as_int(me["mode"])
    if mode == MODE_CHASE or mode == MODE_FLEE:  # noqa: SIM109
        target = as_int(find_row(world, as_int(me["target"])))
        if mode == MODE_CHASE and _chase(world, row, target, now):
            mode = as_int(MODE_FLEE)
        if mode == MODE_FLEE and (target < 0 or now >= as_int(me["timer_tick"])):
            _go_home(me, kind, now + as_int(params["return_max_ticks"]))
        elif mode == MODE_FLEE:
            _flee(me, world.entities[target], kind, 2 * as_int(params["think_ticks"]))
    elif mode == MODE_RETURN:
        me["target"] = 0
        if _distance_home(me) > CLOSE_ENOUGH and now >= timer:  # something is in its way
            place(world, row, as_int(me["home_x"]), as_int(me["home_y"]), now)
        if _distance_home(me) <= CLOSE_ENOUGH:
            _rest(me, params, world.rng, now)
        elif me["steps_left"] == 0:
            _go_home(me, kind, timer)
    elif mode == MODE_WANDER:
        if me["steps_left"] == 0:
            _rest(me, params, world.rng, now)
    elif now >= timer:
        _stroll(me, kind, world.places[as_int(me["place"])], params, world.rng, now)


@inner_kernel
def _step_npcs(world: World, stride: int) -> None:
    """Move every NPC that is on its way by `stride` steps at once."""
    clock = world.clock[0]
    params = world.params[0]
    flags, steps_left = world.entities["flags"], world.entities["steps_left"]
    left = as_int(clock["origin_x"]) * UNITS_PER_M
    bottom = as_int(clock["origin_y"]) * UNITS_PER_M
    radius = as_int(params["body_radius"])
    for row in range(clock["num_rows"]):
        if (flags[row] & (NPC | GHOST)) != NPC or steps_left[row] == 0:
            continue
        me = world.entities[row]
        steps = min(stride, as_int(steps_left[row]))
        old_x = as_int(me["qx"]) - left
        old_y = as_int(me["qy"]) - bottom
        step_x = as_int(me["step_x"]) * steps
        step_y = as_int(me["step_y"]) * steps
        x, y = move_body(world.solid, old_x, old_y, step_x, step_y, radius)
        me["qx"] = x + left
        me["qy"] = y + bottom
        me["x"] = (x + left) / UNITS_PER_M
        me["y"] = (y + bottom) / UNITS_PER_M
        steps_left[row] = as_int(steps_left[row]) - steps
        if x == old_x and y == old_y:
            steps_left[row] = 0
        if steps_left[row] == 0 and me["mode"] == MODE_WANDER:
            me["state"] = STATE_IDLE


@inner_kernel
def npcs_rule(world: World) -> None:
    """Steps of all NPCs, and the decisions that are due."""
    clock = world.clock[0]
    params = world.params[0]
    stride = max(1, as_int(clock["npc_stride"]))
    now = as_int(clock["tick"]) + 1
    if now % stride != 0:
        return
    _step_npcs(world, stride)
    flags = world.entities["flags"]
    period = max(1, as_int(params["think_ticks"]) // stride)
    for row in range((now // stride) % period, as_int(clock["num_rows"]), period):
        if (flags[row] & (NPC | GHOST)) == NPC:
            think(world, row, now)

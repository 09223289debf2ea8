"""What NPCs do: rest, stroll, chase, flee, go home, fight back.

Responsible for: decisions of NPCs (a few times a second, staggered by row) and their steps (every tick).
Not here: what an attack does (`combat.py`), where camps are (the map).

Invariants: an NPC looks around only when players are in the 3 x 3 coarse cells around it, and then at a bounded number
of entities; beyond its leash it goes home; with `npc_stride` n the rules run every n-th tick with steps n times as
long, so NPCs keep their speed under overload.
"""

from __future__ import annotations

import math

import numpy as np

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
    HIDDEN,
    NPC,
    PLAYER,
    SINE,
    UNITS_PER_M,
    World,
    find_row,
    heading_of,
    kernel,
    move_body,
    nearest_entity,
    place,
    players_around,
    random_below,
)

CLOSE_ENOUGH = 3 * UNITS_PER_M
"""Within this distance of its home an NPC is home."""


@kernel
def _stop(world: World, row: int, state: int) -> None:
    world.entities["steps_left"][row] = 0
    world.entities["state"][row] = state


@kernel
def _walk(world: World, row: int, dx: int, dy: int, step: float, ticks: int, state: int) -> None:
    """Set out along (dx, dy), at `step` 1/1024 m a tick, for no more than `ticks` and no farther than (dx, dy)."""
    entities = world.entities
    distance = math.sqrt(dx * dx + dy * dy)
    if distance < step:
        _stop(world, row, STATE_IDLE)
        return
    entities["step_x"][row] = np.int64(math.floor(dx * step / distance + 0.5))
    entities["step_y"][row] = np.int64(math.floor(dy * step / distance + 0.5))
    entities["steps_left"][row] = min(ticks, np.int64(distance / step))
    entities["heading"][row] = heading_of(dx, dy)
    entities["state"][row] = state


@kernel
def _rest(world: World, row: int, now: int) -> None:
    params = world.params
    shortest = np.int64(params["rest_min_ticks"][0])
    spread = np.int64(params["rest_max_ticks"][0]) - shortest + 1
    entity_id = np.int64(world.entities["id"][row])
    world.entities["mode"][row] = MODE_REST
    world.entities["target"][row] = 0
    world.entities["timer_tick"][row] = now + shortest + random_below(world.rng, now, entity_id, DRAW_REST, spread)
    _stop(world, row, STATE_IDLE)


@kernel
def _stroll(world: World, row: int, now: int) -> None:
    """Walk a few seconds in some direction; back towards the camp when that would leave it."""
    entities = world.entities
    params = world.params
    entity_id = np.int64(entities["id"][row])
    shortest = np.int64(params["walk_min_ticks"][0])
    spread = np.int64(params["walk_max_ticks"][0]) - shortest + 1
    ticks = shortest + random_below(world.rng, now, entity_id, DRAW_DISTANCE, spread)
    step = world.kinds["walk_step"][np.int64(entities["kind"][row])]
    angle = random_below(world.rng, now, entity_id, DRAW_ANGLE, DIRECTIONS)
    dx = np.int64(math.floor(COSINE[angle] * step * ticks))
    dy = np.int64(math.floor(SINE[angle] * step * ticks))
    camp = np.int64(entities["place"][row])
    from_x = np.int64(entities["qx"][row]) - np.int64(world.places["x"][camp])
    from_y = np.int64(entities["qy"][row]) - np.int64(world.places["y"][camp])
    radius = np.int64(world.places["radius"][camp])
    if (from_x + dx) * (from_x + dx) + (from_y + dy) * (from_y + dy) > radius * radius:
        dx = -from_x
        dy = -from_y
    entities["mode"][row] = MODE_WANDER
    _walk(world, row, dx, dy, step, ticks, STATE_WALKING)


@kernel
def _go_home(world: World, row: int, now: int) -> None:
    entities = world.entities
    entities["target"][row] = 0
    entities["mode"][row] = MODE_RETURN
    entities["timer_tick"][row] = now + np.int64(world.params["return_max_ticks"][0])
    dx = np.int64(entities["home_x"][row]) - np.int64(entities["qx"][row])
    dy = np.int64(entities["home_y"][row]) - np.int64(entities["qy"][row])
    _walk(world, row, dx, dy, world.kinds["run_step"][np.int64(entities["kind"][row])], 65535, STATE_RUNNING)


@kernel
def _distance_home(world: World, row: int) -> float:
    dx = np.int64(world.entities["home_x"][row]) - np.int64(world.entities["qx"][row])
    dy = np.int64(world.entities["home_y"][row]) - np.int64(world.entities["qy"][row])
    return math.sqrt(dx * dx + dy * dy)


@kernel
def _flee(world: World, row: int, target: int, now: int) -> None:
    """Run from the target until the time is over; from a target that is gone, home."""
    entities = world.entities
    if target < 0 or now >= np.int64(entities["timer_tick"][row]):
        _go_home(world, row, now)
        return
    dx = np.int64(entities["qx"][row]) - np.int64(entities["qx"][target])
    dy = np.int64(entities["qy"][row]) - np.int64(entities["qy"][target])
    if dx == 0 and dy == 0:
        dx = 1
    step = world.kinds["run_step"][np.int64(entities["kind"][row])]
    ticks = 2 * np.int64(world.params["think_ticks"][0])
    _walk(world, row, dx * UNITS_PER_M, dy * UNITS_PER_M, step, ticks, STATE_RUNNING)


@kernel
def _chase(world: World, row: int, target: int, now: int) -> None:
    """Go for the target, attack it when in reach; give up beyond the leash or when it is not to be attacked."""
    entities = world.entities
    kind = np.int64(entities["kind"][row])
    kinds = world.kinds
    if (
        target < 0
        or not is_attackable(world, target, now)
        or _distance_home(world, row) > np.int64(kinds["leash"][kind])
    ):
        _go_home(world, row, now)
        return
    if np.int64(entities["hp"][row]) < np.int64(kinds["flee_hp"][kind]):
        entities["mode"][row] = MODE_FLEE
        entities["timer_tick"][row] = now + np.int64(world.params["flee_ticks"][0])
        _flee(world, row, target, now)
        return
    dx = np.int64(entities["qx"][target]) - np.int64(entities["qx"][row])
    dy = np.int64(entities["qy"][target]) - np.int64(entities["qy"][row])
    reach = np.int64(kinds["reach"][kind])
    if not in_reach(world, row, target, reach, 0):
        ticks = 2 * np.int64(world.params["think_ticks"][0])
        _walk(world, row, dx, dy, kinds["run_step"][kind], ticks, STATE_RUNNING)
        return
    _stop(world, row, STATE_FIGHTING)
    entities["heading"][row] = heading_of(dx, dy)
    if now >= np.int64(entities["attack_ready_tick"][row]):
        entities["attack_ready_tick"][row] = now + np.int64(kinds["cooldown_ticks"][kind])
        strike(
            world,
            row,
            target,
            np.int64(kinds["hit_chance"][kind]),
            np.int64(kinds["min_damage"][kind]),
            np.int64(kinds["max_damage"][kind]),
            now,
        )


@kernel
def _notice(world: World, row: int, now: int) -> bool:
    """Whether a resting or strolling NPC finds something to run from or to attack; sets mode and target if so."""
    entities = world.entities
    kind = np.int64(entities["kind"][row])
    if entities["target"][row] == 0:
        sight = np.int64(world.kinds["sight"][kind])
        qx = np.int64(entities["qx"][row])
        qy = np.int64(entities["qy"][row])
        if sight == 0 or players_around(world, qx, qy) == 0:
            return False
        checks = np.int64(world.params["think_checks"][0])
        seen = np.int64(nearest_entity(world, qx, qy, sight, PLAYER, row, checks))
        if seen < 0 or not is_attackable(world, seen, now):
            return False
        entities["target"][row] = entities["id"][seen]
    if np.int64(world.kinds["temper"][kind]) == TEMPER_PEACEFUL:
        entities["mode"][row] = MODE_FLEE
        entities["timer_tick"][row] = now + np.int64(world.params["flee_ticks"][0])
    else:
        entities["mode"][row] = MODE_CHASE
    return True


@kernel
def think(world: World, row: int, now: int) -> None:
    """One decision of one NPC."""
    entities = world.entities
    timer = np.int64(entities["timer_tick"][row])
    if entities["state"][row] == STATE_DEAD:
        kind = np.int64(entities["kind"][row])
        if now >= timer:
            respawn(world, row, now)
            _rest(world, row, now)
        elif now >= timer - np.int64(world.kinds["respawn_ticks"][kind]) + np.int64(world.params["corpse_ticks"][0]):
            entities["flags"][row] = NPC | HIDDEN
        return
    mode = np.int64(entities["mode"][row])
    if mode <= MODE_WANDER and _notice(world, row, now):
        mode = np.int64(entities["mode"][row])
    if mode == MODE_CHASE:
        _chase(world, row, np.int64(find_row(world, np.int64(entities["target"][row]))), now)
    elif mode == MODE_FLEE:
        _flee(world, row, np.int64(find_row(world, np.int64(entities["target"][row]))), now)
    elif mode == MODE_RETURN:
        entities["target"][row] = 0
        if _distance_home(world, row) <= CLOSE_ENOUGH:
            _rest(world, row, now)
        elif now >= timer:  # something is in its way
            place(world, row, np.int64(entities["home_x"][row]), np.int64(entities["home_y"][row]), now)
            _rest(world, row, now)
        elif entities["steps_left"][row] == 0:
            _go_home_again(world, row)
    elif mode == MODE_WANDER:
        if entities["steps_left"][row] == 0:
            _rest(world, row, now)
    elif now >= timer:
        _stroll(world, row, now)


@kernel
def _go_home_again(world: World, row: int) -> None:
    """Set out for home once more without more time to get there."""
    timer = np.int64(world.entities["timer_tick"][row])
    _go_home(world, row, 0)
    world.entities["timer_tick"][row] = timer


@kernel
def _step_npcs(world: World, stride: int) -> None:
    """Move every NPC that is on its way by `stride` steps at once."""
    entities = world.entities
    flags, steps_left = entities["flags"], entities["steps_left"]
    left = np.int64(world.clock["origin_x"][0]) * UNITS_PER_M
    bottom = np.int64(world.clock["origin_y"][0]) * UNITS_PER_M
    radius = np.int64(world.params["body_radius"][0])
    for row in range(world.clock["num_rows"][0]):
        if (flags[row] & NPC) == 0 or steps_left[row] == 0:
            continue
        steps = min(stride, np.int64(steps_left[row]))
        old_x = np.int64(entities["qx"][row]) - left
        old_y = np.int64(entities["qy"][row]) - bottom
        step_x = np.int64(entities["step_x"][row]) * steps
        step_y = np.int64(entities["step_y"][row]) * steps
        x, y = move_body(world.solid, old_x, old_y, step_x, step_y, radius)
        entities["qx"][row] = x + left
        entities["qy"][row] = y + bottom
        entities["x"][row] = (x + left) / UNITS_PER_M
        entities["y"][row] = (y + bottom) / UNITS_PER_M
        steps_left[row] = np.int64(steps_left[row]) - steps
        if x == old_x and y == old_y:
            steps_left[row] = 0
        if steps_left[row] == 0 and entities["mode"][row] == MODE_WANDER:
            entities["state"][row] = STATE_IDLE


@kernel
def npcs_rule(world: World) -> None:
    """Steps of all NPCs, and the decisions that are due."""
    stride = max(1, np.int64(world.clock["npc_stride"][0]))
    now = np.int64(world.clock["tick"][0]) + 1
    if now % stride != 0:
        return
    _step_npcs(world, stride)
    flags = world.entities["flags"]
    period = max(1, np.int64(world.params["think_ticks"][0]) // stride)
    for row in range((now // stride) % period, np.int64(world.clock["num_rows"][0]), period):
        if (flags[row] & NPC) != 0:
            think(world, row, now)

"""What the engine does at the two ends of a tick, the events of a tick, and looking back in time.

Responsible for: `begin_tick` and `finish_tick`, which a game's `step` calls first and last; the event ring; the
history of positions for rewinding.
Not here: the rules in between (the game).

Invariants: after `finish_tick` all positions are whole multiples of 1/1024 m and equal `qx`, `qy`; the inputs of the
tick are cleared; the history holds the positions of the last 16 ticks, and a rewind never crosses a teleport.
"""

from __future__ import annotations

import math

from myriad.core.kernel import inner_kernel
from myriad.sim.columns import EVENT_RING, HISTORY_TICKS, UNITS_PER_M, as_int
from myriad.sim.grid import rebuild_grid
from myriad.sim.world import World


@inner_kernel
def begin_tick(world: World) -> None:
    """First call of a step: lists entities by place."""
    rebuild_grid(world)


@inner_kernel
def finish_tick(world: World) -> None:
    """Last call of a step: snaps positions, records them, clears the inputs, and counts the tick."""
    clock = world.clock[0]
    entities = world.entities
    ids, x, y, qx, qy = entities["id"], entities["x"], entities["y"], entities["qx"], entities["qy"]
    counts = world.inputs["count"]
    history_x, history_y = world.history_x, world.history_y
    tick = as_int(clock["tick"]) + 1
    slot = tick & (HISTORY_TICKS - 1)
    for row in range(clock["num_rows"]):
        if ids[row] == 0:
            continue
        unit_x = as_int(math.floor(x[row] * UNITS_PER_M + 0.5))
        unit_y = as_int(math.floor(y[row] * UNITS_PER_M + 0.5))
        x[row] = unit_x / UNITS_PER_M
        y[row] = unit_y / UNITS_PER_M
        qx[row] = unit_x
        qy[row] = unit_y
        history_x[slot, row] = unit_x
        history_y[slot, row] = unit_y
        counts[row] = 0
    world.history_tick[slot] = tick
    clock["tick"] = tick


@inner_kernel
def emit(world: World, kind: int, amount: int, source_row: int, target_row: int) -> None:
    """Write an event that viewers of the target will be shown, stamped with the tick being computed.

    `source_row` may be -1 (nobody). `amount` is cut to 0..65535. The oldest event is overwritten.
    """
    clock = world.clock[0]
    number = as_int(clock["num_events"])
    event = world.events[number & (EVENT_RING - 1)]
    event["kind"] = kind
    event["amount"] = max(0, min(65535, amount))
    event["source"] = as_int(world.entities[source_row]["id"]) if source_row >= 0 else 0
    event["target"] = world.entities[target_row]["id"]
    event["target_row"] = target_row
    event["tick"] = as_int(clock["tick"]) + 1
    clock["num_events"] = (number + 1) & 0xFFFFFFFF


@inner_kernel
def position_before(world: World, row: int, ticks: int) -> tuple[int, int]:
    """Where an entity was `ticks` ticks ago (1/1024 m), but never before its last spawn or teleport.

    `ticks` is cut to what the history holds; what it does not hold gives the position now.
    """
    entity = world.entities[row]
    tick = as_int(world.clock[0]["tick"])
    past = max(tick - max(0, min(HISTORY_TICKS - 1, ticks)), as_int(entity["placed_tick"]))
    slot = past & (HISTORY_TICKS - 1)
    if past >= tick or as_int(world.history_tick[slot]) != past:
        return as_int(entity["qx"]), as_int(entity["qy"])
    return as_int(world.history_x[slot, row]), as_int(world.history_y[slot, row])

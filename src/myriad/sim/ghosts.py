"""Ghosts: a neighbour zone's entities near the border, held as rows that nothing simulates.

Responsible for: copying a zone's own entities near a rectangle into records, and records of a neighbour into rows.
Not here: how records travel (`zone/border.py`), what rules make of a ghost (the game).

Invariants: a row that is the zone's own is never changed by a record; a ghost belongs to the neighbour whose record
came last, and one that no record has shown for a while is freed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from myriad.core.kernel import kernel
from myriad.sim.columns import FROZEN, GHOST, HIDDEN, MAX_NAME_BYTES, UNITS_PER_M, as_int
from myriad.sim.rows import allocate_row, find_row, free_row, place
from myriad.sim.world import World

GHOST_RECORD = np.dtype(
    [
        ("id", "<u4"),
        ("qx", "<i4"),  # 1/1024 m, world-wide
        ("qy", "<i4"),
        ("heading", "<u2"),
        ("hp", "<u2"),
        ("max_hp", "<u2"),
        ("kind", "u1"),
        ("state", "u1"),
        ("flags", "u1"),
        ("name_version", "u1"),
    ]
)
"""One entity as its owner shows it to a neighbour, without padding: these are bytes between zones."""

Records = NDArray[Any]
Rows = NDArray[np.int32]


@kernel
def collect_border(world: World, west: int, south: int, east: int, north: int, out: Records, rows: Rows) -> int:
    """Copies the zone's own visible entities within a rectangle (1/1024 m, half open) to `out`; returns how many.

    `rows` ((len(out),) i4) gets the row of each. Those beyond the room of `out` are left out, in row order.
    """
    entities = world.entities
    ids, flags, qx, qy = entities["id"], entities["flags"], entities["qx"], entities["qy"]
    room = out.shape[0]
    count = 0
    for row in range(world.clock[0]["num_rows"]):
        if ids[row] == 0 or (flags[row] & (GHOST | HIDDEN)) != 0:
            continue
        x = as_int(qx[row])
        y = as_int(qy[row])
        if x < west or x >= east or y < south or y >= north:
            continue
        if count == room:
            break
        me = entities[row]
        rows[count] = row
        record = out[count]
        record["id"] = me["id"]
        record["qx"] = x
        record["qy"] = y
        record["heading"] = me["heading"]
        record["hp"] = me["hp"]
        record["max_hp"] = me["max_hp"]
        record["kind"] = me["kind"]
        record["state"] = me["state"]
        record["flags"] = as_int(me["flags"]) & (255 - FROZEN)
        record["name_version"] = me["name_version"]
        count += 1
    return count


@kernel
def apply_ghosts(
    world: World, neighbour: int, records: Records, num: int, seen_ns: NDArray[np.int64], now_ns: int
) -> int:
    """Brings the ghosts of `records[:num]`, all of one neighbour, up to date; returns how many found no row.

    `seen_ns` ((N,) i8) gets `now_ns` for each of them.
    """
    refused = 0
    tick = as_int(world.clock[0]["tick"])
    entities = world.entities
    for k in range(num):
        record = records[k]
        entity_id = as_int(record["id"])
        if entity_id == 0:
            continue
        row = as_int(find_row(world, entity_id))
        if row >= 0 and (as_int(entities["flags"][row]) & GHOST) == 0:
            continue  # it is ours: the neighbour's record is older than the handoff
        x = as_int(record["qx"])
        y = as_int(record["qy"])
        if row < 0:
            row = as_int(allocate_row(world, entity_id))
            if row < 0:
                refused += 1
                continue
            place(world, row, x, y, tick)
        me = entities[row]
        me["flags"] = (as_int(record["flags"]) & (255 - FROZEN)) | GHOST
        me["x"] = x / UNITS_PER_M
        me["y"] = y / UNITS_PER_M
        me["qx"] = x
        me["qy"] = y
        me["heading"] = record["heading"]
        me["hp"] = record["hp"]
        me["max_hp"] = record["max_hp"]
        me["kind"] = record["kind"]
        me["state"] = record["state"]
        world.ghost_neighbour[row] = neighbour
        seen_ns[row] = now_ns
    return refused


@kernel
def free_ghosts(world: World, seen_ns: NDArray[np.int64], before_ns: int) -> int:
    """Frees the ghosts that no record has shown since `before_ns`; returns how many are left."""
    left = 0
    ids, flags = world.entities["id"], world.entities["flags"]
    for row in range(world.clock[0]["num_rows"]):
        if ids[row] == 0 or (as_int(flags[row]) & GHOST) == 0:
            continue
        if seen_ns[row] < before_ns:
            free_row(world, row)
        else:
            left += 1
    return left


@kernel
def name_ghost(world: World, entity_id: int, version: int, name: NDArray[np.uint8], at: int, length: int) -> None:
    """Gives a ghost the name `name[at : at + length]` (UTF-8, at most 24 bytes) and its version, as its owner says."""
    row = as_int(find_row(world, entity_id))
    if row < 0 or length > MAX_NAME_BYTES:
        return
    me = world.entities[row]
    if (as_int(me["flags"]) & GHOST) == 0:
        return
    if as_int(me["name_version"]) == version and as_int(me["name_length"]) == length:
        return
    names = world.entities["name"]
    for k in range(MAX_NAME_BYTES):
        names[row, k] = name[at + k] if k < length else 0
    me["name_length"] = length
    me["name_version"] = version


def make_ghost(world: World, row: int, neighbour: int, seen_ns: NDArray[np.int64], now_ns: int) -> None:
    """One of ours is a neighbour's now: its row goes on as a ghost, so that viewers see no gap."""
    flags = int(world.entities["flags"][row])
    world.entities["flags"][row] = (flags & ~FROZEN) | GHOST
    world.entities["client"][row] = -1
    world.inputs["count"][row] = 0
    world.ghost_neighbour[row] = neighbour
    seen_ns[row] = now_ns

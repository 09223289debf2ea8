"""What a client may draw: the entities of its view, each once, and questions about single parts and entities.

Responsible for: listing, lookup by id, a part's digest.
Not here: keeping the states (`view.py`), interpolation between listings (`client/`).

Invariants: an entity that shows in two parts is where the newer tick has it. One that moved out of a part and has not
shown up elsewhere lingers for 300 ms; one that despawned or hid does not.
"""

from __future__ import annotations

import numpy as np

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.replication.cells import NUM_SLOTS, Table
from myriad.replication.digests import add_digests, record_digest
from myriad.replication.geometry import torus_slot
from myriad.replication.view_arrays import (
    LINGER_MS,
    MAX_LINGERING,
    STALE_MS,
    U32,
    ViewArrays,
    newer,
    ticks_of,
)
from myriad.wire.layouts import MAX_PARTS
from myriad.wire.quantise import from_cell_position

VISIBLE = np.dtype(
    [
        ("id", "u4"),
        ("tick", "u4"),  # as of which this is the entity's state
        ("qx", "i4"),  # exact coordinate (1/1024 m) of the middle of the quantised position
        ("qy", "i4"),
        ("cell_x", "i4"),
        ("cell_y", "i4"),
        ("heading", "u1"),  # 256 per turn
        ("hp", "u1"),  # share: 0 dead, 255 full or has none
        ("state", "u1"),
        ("kind", "u1"),
        ("lingering", "u1"),
    ],
    align=True,
)
HALF_STEP = 8
TABLE_SIZE = 16384
MAX_LISTED = 8192


@inner_kernel
def _fill(out: Table, index: int, entity: int, word: int, x: int, y: int, tick: int, lingering: int) -> None:
    out["id"][index] = entity
    out["tick"][index] = tick
    out["qx"][index] = from_cell_position(word & 4095, x) + HALF_STEP
    out["qy"][index] = from_cell_position((word >> 12) & 4095, y) + HALF_STEP
    out["cell_x"][index] = x
    out["cell_y"][index] = y
    out["heading"][index] = (word >> 24) & 255
    out["hp"][index] = (word >> 32) & 255
    out["state"][index] = (word >> 40) & 255
    out["kind"][index] = (word >> 48) & 255
    out["lingering"][index] = lingering


@inner_kernel
def _find_place(views: ViewArrays, entity: int, stamp: int) -> int:
    """Place of an id in the listing's table, or the free one where it belongs."""
    key = (stamp << 32) | entity
    at = ((entity * 0x2C1B3C6D) >> 7) & (TABLE_SIZE - 1)
    while views.table[0, at] != key and views.table[0, at] >> 32 == stamp:
        at = (at + 1) & (TABLE_SIZE - 1)
    return at


@bare_kernel
def visible_entities(views: ViewArrays, row: int, now_tick: int, out: Table) -> int:
    """List the entities that client `row` sees as of `now_tick` (u32) into `out` (VISIBLE); returns how many.

    At most `len(out)` and 8192. Parts that nothing was heard of for 3 s are left out. Uses the scratch.
    """
    slots, states = views.slots, views.states
    hz = i64(views.views["tick_hz"][row])
    stamp = i64(views.stamp[0]) % 0x3FFFFFFF + 1
    views.stamp[0] = stamp
    most = min(len(out), MAX_LISTED)
    num = 0
    for slot in range(NUM_SLOTS):
        if slots["in_view"][row, slot] == 0:
            continue
        x, y = i64(slots["x"][row, slot]), i64(slots["y"][row, slot])
        for number in range(MAX_PARTS):
            part, tick = i64(slots["part"][row, slot, number]), i64(slots["tick"][row, slot, number])
            if part < 0 or newer(now_tick, (tick + ticks_of(i64(STALE_MS), hz)) & U32):
                continue
            for k in range(i64(views.parts["count"][row, part])):
                entity = i64(states["id"][row, part, k])
                place = _find_place(views, entity, stamp)
                if views.table[0, place] != (stamp << 32) | entity:
                    if num >= most:
                        return num
                    views.table[0, place] = (stamp << 32) | entity
                    views.table[1, place] = num
                    num += 1
                elif not newer(tick, i64(out["tick"][i64(views.table[1, place])])):
                    continue
                index = i64(views.table[1, place])
                _fill(out, index, entity, i64(states["word"][row, part, k]), x, y, tick, 0)
    lingering = views.lingering
    for k in range(MAX_LINGERING):
        entity, tick = i64(lingering["id"][row, k]), i64(lingering["tick"][row, k])
        if entity == 0 or newer(now_tick, (tick + ticks_of(i64(LINGER_MS), hz)) & U32):
            continue
        place = _find_place(views, entity, stamp)
        if views.table[0, place] != (stamp << 32) | entity:
            if num >= most:
                return num
            views.table[0, place] = (stamp << 32) | entity
            views.table[1, place] = num
            num += 1
        else:
            index = i64(views.table[1, place])
            if out["lingering"][index] == 0 or not newer(tick, i64(out["tick"][index])):
                continue
        x, y = i64(lingering["x"][row, k]), i64(lingering["y"][row, k])
        index = i64(views.table[1, place])
        _fill(out, index, entity, i64(lingering["word"][row, k]), x, y, tick, 1)
    return num


@bare_kernel
def find_entity(views: ViewArrays, row: int, entity: int, out: Table) -> bool:
    """Look up one entity id among what client `row` sees; fills `out[0]` (VISIBLE) and returns True if it is there.

    Does not consider lingering entities, nor how old a part's state is.
    """
    slots, found = views.slots, False
    for slot in range(NUM_SLOTS):
        if slots["in_view"][row, slot] == 0:
            continue
        for number in range(MAX_PARTS):
            part = i64(slots["part"][row, slot, number])
            if part < 0:
                continue
            tick = i64(slots["tick"][row, slot, number])
            for k in range(i64(views.parts["count"][row, part])):
                if views.states["id"][row, part, k] == entity and (not found or newer(tick, i64(out["tick"][0]))):
                    x, y = i64(slots["x"][row, slot]), i64(slots["y"][row, slot])
                    _fill(out, 0, entity, i64(views.states["word"][row, part, k]), x, y, tick, 0)
                    found = True
    return found


@bare_kernel
def part_digest(views: ViewArrays, row: int, x: int, y: int, number: int) -> tuple[int, int]:
    """(tick, digest) of part `number` of world-wide cell (x, y) as client `row` has it; (-1, 0) if it has none.

    Equals the server's `cells.digest_at` for that tick.
    """
    slot = torus_slot(x, y)
    slots = views.slots
    if slots["in_view"][row, slot] == 0 or slots["x"][row, slot] != x or slots["y"][row, slot] != y:
        return -1, 0
    if i64(slots["has_tick"][row, slot]) >> number & 1 == 0:
        return -1, 0
    part, digest = i64(slots["part"][row, slot, number]), 0
    if part >= 0:
        for k in range(i64(views.parts["count"][row, part])):
            entity, word = i64(views.states["id"][row, part, k]), i64(views.states["word"][row, part, k])
            digest = add_digests(digest, record_digest(entity, word))
    return i64(slots["tick"][row, slot, number]), digest

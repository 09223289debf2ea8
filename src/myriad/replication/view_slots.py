"""Which cells a client looks at, and the pooled parts behind them.

Responsible for: a view that moves with the newest snapshot, the slots of its cells, and parts taken and given back.
Not here: what parts contain (`view_states.py`), reading payloads (`view_parse.py`, `view.py`).

Invariants: a cell that left the view has no parts, and after it came back snapshots from before say nothing about it.
Every part of the pool is either free or belongs to one (slot, part number).
"""

from __future__ import annotations

from myriad.core.integers import i64
from myriad.core.kernel import inner_kernel
from myriad.replication.cells import NUM_SLOTS, Table
from myriad.replication.geometry import torus_slot
from myriad.replication.view_arrays import (
    U32,
    ViewArrays,
    newer,
)
from myriad.replication.view_parse import place_x, place_y
from myriad.wire.layouts import (
    MAX_PARTS,
    VIEW_CELLS,
    VIEW_RADIUS_CELLS,
)


@inner_kernel
def _give_back(views: ViewArrays, row: int, slot: int, number: int) -> None:
    part = i64(views.slots["part"][row, slot, number])
    if part >= 0:
        free = i64(views.views["num_free"][row])
        views.free_parts[row, free] = part
        views.views["num_free"][row] = free + 1
        views.slots["part"][row, slot, number] = -1


@inner_kernel
def _reclaim(views: ViewArrays, row: int) -> None:
    """Give back the parts that their cells no longer have."""
    for slot in range(NUM_SLOTS):
        for number in range(i64(views.slots["num_parts"][row, slot]), MAX_PARTS):
            if views.slots["in_view"][row, slot]:
                _give_back(views, row, slot, number)


@inner_kernel
def part_of(views: ViewArrays, row: int, slot: int, number: int) -> int:
    """The pooled part, taken now if there was none; -1 if the pool is empty."""
    part = i64(views.slots["part"][row, slot, number])
    if part >= 0:
        return part
    if views.views["num_free"][row] == 0:
        _reclaim(views, row)
    free = i64(views.views["num_free"][row]) - 1
    if free < 0:
        views.views["no_room"][row] += 1
        return -1
    views.views["num_free"][row] = free
    part = i64(views.free_parts[row, free])
    views.slots["part"][row, slot, number] = part
    views.parts["count"][row, part] = 0
    views.parts["quiet"][row, part] = -1
    views.parts["has"][row, part, 0] = 0
    views.parts["has"][row, part, 1] = 0
    return part


@inner_kernel
def look(views: ViewArrays, row: int, tick: int, view_x: int, view_y: int) -> None:
    """Follow the newest snapshot's view: drop the cells that left, start those that came."""
    view, slots = views.views, views.slots
    known = view["has_tick"][row] != 0
    if not known or view["view_x"][row] != view_x or view["view_y"][row] != view_y:
        for slot in range(NUM_SLOTS):
            dx = i64(slots["x"][row, slot]) - view_x
            dy = i64(slots["y"][row, slot]) - view_y
            if slots["in_view"][row, slot] and max(abs(dx), abs(dy)) > VIEW_RADIUS_CELLS:
                slots["in_view"][row, slot] = 0
                for number in range(MAX_PARTS):
                    _give_back(views, row, slot, number)
        # A snapshot between the last one without the cell and this one may have it, so those count too.
        entered = (i64(view["tick"][row]) + 1) & U32 if known else (tick - 0x10000) & U32
        for place in range(VIEW_CELLS):
            x, y = place_x(view_x, place), place_y(view_y, place)
            slot = torus_slot(x, y)
            if slots["in_view"][row, slot] == 0:
                slots["in_view"][row, slot] = 1
                slots["x"][row, slot] = x
                slots["y"][row, slot] = y
                slots["entered"][row, slot] = entered
                slots["num_parts"][row, slot] = 0
                slots["has_tick"][row, slot] = 0
                slots["has_event"][row, slot] = 0
                slots["has_nack"][row, slot] = 0
    view["has_tick"][row] = 1
    view["tick"][row] = tick
    view["view_x"][row] = view_x
    view["view_y"][row] = view_y


@inner_kernel
def slot_at(slots: Table, row: int, tick: int, x: int, y: int) -> int:
    """Slot of a cell that a snapshot of `tick` may speak about, -1 if it is out of view or that is too old."""
    slot = torus_slot(x, y)
    if slots["in_view"][row, slot] == 0 or slots["x"][row, slot] != x or slots["y"][row, slot] != y:
        return -1
    return -1 if newer(i64(slots["entered"][row, slot]), tick) else slot

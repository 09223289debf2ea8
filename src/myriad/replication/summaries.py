"""What runs need to know of each undivided cell, in 24 bytes beside each other.

A view has 25 cells, and a ready run is built for nearly every two players: looking all of that up in the tables of
cells, parts and keyframes touched five cache lines a cell.

Responsible for: writing the summaries once a snapshot.
Not here: reading them (`runs.py`).

Invariant: a summary says the same as the tables until the next encode; where a cell is divided it says only that.
"""

from __future__ import annotations

from myriad.core.integers import i64
from myriad.core.kernel import inner_kernel
from myriad.replication.cells import FULL, CellArrays
from myriad.replication.geometry import ring_period, since_due, torus_slot

RINGS = 3


@inner_kernel
def summarise(cells: CellArrays) -> None:
    """Write `cells.summaries` for the newest snapshot, all of whose parts have been encoded."""
    summaries, parts, keys = cells.summaries, cells.parts, cells.keys
    table, snapshot, level = cells.cells, i64(cells.zone["snapshot"][0]), i64(cells.zone["level"][0])
    for cell in range(len(table)):
        undivided = table["num_parts"][cell] == 1
        summaries["undivided"][cell] = 1 if undivided else 0
        if not undivided:
            continue
        due = 0
        for ring in range(RINGS):
            period = ring_period(0, ring, level)
            if period > 0 and since_due(snapshot, 0, period, i64(table["hash"][cell]), i64(0)) == 0:
                due |= 1 << ring
        summaries["due"][cell] = due
        summaries["slot"][cell] = torus_slot(i64(table["x"][cell]), i64(table["y"][cell]))
        part = i64(table["part"][cell, 0])
        base_key = part * 2 + i64(parts["base"][part])
        has_base = parts["has_base"][part] != 0
        base = i64(keys["generation"][base_key]) if has_base else -1
        length = i64(parts["length"][part])
        summaries["at"][cell] = parts["at"][part]
        summaries["length"][cell] = length
        needs_base = has_base and parts["section"][part] != FULL
        summaries["key"][cell] = base_key if needs_base else -1
        summaries["generation"][cell] = base & 255
        summaries["nibble"][cell] = 1 + base % 15 if parts["count"][part] > 0 else 0
        has_next = parts["has_next"][part] != 0
        next_key = part * 2 + 1 - i64(parts["base"][part])
        summaries["next"][cell] = next_key if has_next else -1
        summaries["next_generation"][cell] = i64(keys["generation"][next_key]) & 255
        summaries["base"][cell] = base

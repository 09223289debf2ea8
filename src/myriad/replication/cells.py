"""The arrays of a zone's cells: who stands where, parts, keyframes, encoded bytes.

Responsible for: layouts and construction of everything that the server side of replication keeps between snapshots,
and the names of its counters.
Not here: the arithmetic of cells (`geometry.py`), filling the arrays (`encode.py` and the steps it calls), ready runs
(`runs.py`), viewers (`viewers.py`).

Invariants: all memory is taken at construction. A zone's cells are a rectangle of world-wide cell indices; every cell
has part 0 for ever, further parts come from a pool. Generations and event numbers belong to (cell, part number) and
outlive the pooled part, so a keyframe's number names one content (until 256 later ones have passed).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.replication.geometry import SUB_SQUARES, mix_cell
from myriad.wire.layouts import (
    CELL_UNITS,
    MAX_PART_ENTITIES,
    MAX_PARTS,
    RECORD_BYTES,
)

Table = npt.NDArray[np.void]
Bytes = npt.NDArray[np.uint8]

NUM_TIERS = 3
TORUS_SIDE = 8
NUM_SLOTS = TORUS_SIDE * TORUS_SIDE
NUM_KNOWN = NUM_SLOTS * MAX_PARTS
"""Places of (torus slot, part) in a viewer's tables; `slot + part * 64`."""

MAX_PART_EVENTS = 16
SECTION_HEADER_BYTES = 3
KEY_BYTES = MAX_PART_ENTITIES * RECORD_BYTES
MAX_FULL_BYTES = SECTION_HEADER_BYTES + 2 + KEY_BYTES + 1 + 6 * MAX_PART_EVENTS
"""Longest section: a delta is only used where it is no longer than the full state."""
DELTA_SCRATCH_BYTES = 1600
"""Room for the longest delta that is written before it is known to be too long."""
DIGEST_SNAPSHOTS = 64
LAYOUT_SNAPSHOTS = 20
MAX_DELTA_PERIOD = 8
"""Cells sent less often than this are sent in full: a keyframe would serve too few deltas."""

QUIET = 0
DELTA = 1
FULL = 2

COUNTER_NAMES = (
    "bytes_encoded",
    "keyframes",
    "deltas",
    "fulls",
    "layouts",
    "hidden_by_crowd",
    "parts_exhausted",
    "events_lost",
    "ready_runs",
    "own_picks",
    "deferrals",
    "keyframes_sent",
    "resends",
    "nacks",
    "acks_ignored",
)
"""What `CellArrays.counters` and `ViewerArrays.counters` count, in this order, since the start."""
(
    BYTES_ENCODED,
    KEYFRAMES,
    DELTAS,
    FULLS,
    LAYOUTS,
    HIDDEN_BY_CROWD,
    PARTS_EXHAUSTED,
    EVENTS_LOST,
    READY_RUNS,
    OWN_PICKS,
    DEFERRALS,
    KEYFRAMES_SENT,
    RESENDS,
    NACKS,
    ACKS_IGNORED,
) = range(len(COUNTER_NAMES))

ZONE = np.dtype(
    [
        ("snapshot", "i8"),  # number of the newest encode, counts up by one
        ("tick", "i8"),
        ("event_read", "i8"),  # events of the ring taken so far (u32, wraps)
        ("origin_x", "i4"),  # world-wide index of the first column of cells
        ("origin_y", "i4"),
        ("width", "i4"),
        ("height", "i4"),
        ("num_rows", "i4"),  # rows that the newest encode looked at
        ("num_free", "i4"),  # entries of free_parts
        ("arena_at", "i4"),
        ("run_at", "i4"),
        ("need_at", "i4"),
        ("level", "i4"),  # overload level 0..2 of the newest encode
        ("digests", "u1"),  # 1: keep digests
        ("has_events", "u1"),  # 0 until the first encode, which takes no older events
    ],
    align=True,
)
ROW = np.dtype(
    [
        ("word", "i8"),  # quantised record: x 12 | y 12 | heading 8 | hp 8 | state 8 | kind 8 bits, as on the wire
        ("id", "u4"),  # of the entity that the rest of this row is about
        ("cell", "i4"),  # cell number in the rectangle, -1 = nowhere (free or hidden)
        ("part", "i4"),  # pooled part, -1 = none (hidden by crowd)
        ("mark", "i4"),  # scratch: place in the base keyframe of its part, -1 otherwise
    ],
    align=True,
)
CELL = np.dtype(
    [
        ("laid_out_at", "i8"),  # snapshot
        ("announced_at", "i8", (MAX_PARTS,)),  # snapshot of the newest generation
        ("left", "i4"),  # exact coordinate of the cell's west edge
        ("bottom", "i4"),
        ("x", "i4"),  # world-wide index
        ("y", "i4"),
        ("hash", "i4"),
        ("count", "i4"),  # rows in the cell
        ("start", "i4"),  # of them in cell_order
        ("num_parts", "i4"),
        ("part", "i4", (MAX_PARTS,)),  # pooled parts
        ("generation", "u1", (MAX_PARTS,)),  # newest used
        ("event_number", "u1", (MAX_PARTS,)),  # next to use
        ("sub_part", "u1", (SUB_SQUARES,)),  # part that takes arrivals of a sub-square
    ],
    align=True,
)
PART = np.dtype(
    [
        ("next_at", "i8"),  # snapshot at which the announced keyframe becomes the base
        ("rolled_at", "i8"),
        ("cell", "i4"),  # -1: free
        ("number", "i4"),  # 0..7
        ("count", "i4"),  # entities
        ("start", "i4"),  # of them in part_order
        ("at", "i4"),  # of the section in the arena
        ("length", "i4"),
        ("full_at", "i4"),  # of the state in full, -1 = not encoded
        ("full_length", "i4"),
        ("num_events", "i4"),
        ("base", "u1"),  # which of the two keyframes is the base
        ("has_base", "u1"),
        ("has_next", "u1"),
        ("wants_roll", "u1"),
        ("section", "u1"),  # QUIET, DELTA or FULL
    ],
    align=True,
)
KEY = np.dtype(
    [
        ("captured_at", "i8"),
        ("count", "i4"),
        ("generation", "i4"),
        ("secret", "i4"),  # 1: names an entity that hides now, so nobody may be sent it any more
    ],
    align=True,
)
KEY_RECORD = np.dtype([("word", "i8"), ("id", "u4"), ("row", "i4")], align=True)
PART_EVENT = np.dtype(
    [("snapshot", "i8"), ("target", "u4"), ("source", "u2"), ("number", "u1"), ("kind", "u1"), ("amount", "u1")],
    align=True,
)
SUMMARY = np.dtype(
    [
        ("at", "i4"),  # of the section in the arena
        ("length", "i4"),  # 0 = quiet
        ("key", "i4"),  # keyframe that the section takes for granted, -1 = none
        ("next", "i4"),  # announced keyframe, -1 = none
        ("base", "i2"),  # generation that must be acknowledged before the announced one is sent, -1 = none
        ("generation", "u1"),  # of `key`
        ("next_generation", "u1"),
        ("slot", "u1"),  # in viewers' tables
        ("nibble", "u1"),  # for the quiet list
        ("due", "u1"),  # bit r: due now for viewers of tier 0 that have it in ring r
        ("undivided", "u1"),  # 1: one part, else nothing here counts
    ],
    align=True,
)
RUN = np.dtype(
    [
        ("snapshot", "i8"),  # for which it was built
        ("at", "i4"),
        ("length", "i4"),  # -1: longer than a payload, or no room left
        ("need_at", "i4"),
        ("num_bases", "i4"),  # first so many needs: base keyframes of the parts in the run
        ("num_needs", "i4"),  # the others: announced keyframes of all parts in view
        ("multi", "i4"),
    ],
    align=True,
)
NEED = np.dtype(
    [
        ("known", "i4"),  # place in the viewer's tables
        ("key", "i4"),  # keyframe: part * 2 + 0 or 1
        ("generation", "i4"),
        ("base", "i4"),  # announced: the part's base generation that must be acknowledged first, -1 = none
        ("cell", "i4"),  # in the view | part << 5
    ],
    align=True,
)


class CellArrays(NamedTuple):
    """All state of one zone's cells. Kernels take it whole; only the kernels of this package write to it."""

    zone: Table  # (1,) ZONE
    counters: npt.NDArray[np.int64]  # (len(COUNTER_NAMES),)
    rows: Table  # (capacity,) ROW, parallel to the entity rows
    cells: Table  # (width * height,) CELL
    parts: Table  # (pool,) PART
    keys: Table  # (pool * 2,) KEY
    key_records: Table  # (pool * 2, 64) KEY_RECORD
    key_bytes: Bytes  # (pool * 2, 704) the records as on the wire
    part_events: Table  # (pool, 16) PART_EVENT, oldest first
    free_parts: npt.NDArray[np.int32]  # (pool,)
    cell_order: npt.NDArray[np.int32]  # (capacity,) rows by cell
    part_order: npt.NDArray[np.int32]  # (capacity,) rows by part
    arena: Bytes  # sections of the newest snapshot
    summaries: Table  # (width * height,) SUMMARY
    runs: Table  # (width * height * 3,) RUN
    run_bytes: Bytes
    needs: Table  # NEED
    digests: npt.NDArray[np.int64]  # (64, width * height * 8), or (64, 0) when off
    digest_ticks: npt.NDArray[np.int64]  # (64,) tick of each, -1 = none
    scratch: npt.NDArray[np.int64]  # (1024,)


def create_cells(
    origin_x: int,
    origin_y: int,
    width: int,
    height: int,
    capacity: int,
    *,
    pool: int = 0,
    max_runs: int = 1024,
    digests: bool = False,
    snapshot: int = 0,
) -> CellArrays:
    """Cells for a zone of `width` x `height` cells from world cell (`origin_x`, `origin_y`), and one more around it.

    `capacity` is the number of entity rows. `pool` is how many parts there can be at a time (0: one a cell and one
    for every 16 rows); when they are used up, further entities of crowds are hidden and counted. `max_runs` bounds
    the ready runs of a snapshot; viewers beyond it pick their own. `snapshot` is the number that the first encode
    follows (tests start near its wrap). Raises ValueError on sizes that are not positive.
    """
    if min(width, height, capacity, max_runs) < 1:
        raise ValueError("cells need a positive width, height, capacity and number of runs")
    wide, high = width + 2, height + 2
    num_cells = wide * high
    pool = max(pool, num_cells) if pool else num_cells + capacity // 16
    zone = np.zeros(1, ZONE)
    zone["origin_x"], zone["origin_y"] = origin_x - 1, origin_y - 1
    zone["width"], zone["height"] = wide, high
    zone["snapshot"], zone["digests"] = snapshot, digests
    rows = np.zeros(capacity, ROW)
    rows["cell"] = rows["part"] = rows["mark"] = -1
    cells = np.zeros(num_cells, CELL)
    numbers = np.arange(num_cells)
    cells["x"], cells["y"] = numbers % wide + origin_x - 1, numbers // wide + origin_y - 1
    cells["left"], cells["bottom"] = cells["x"] * CELL_UNITS, cells["y"] * CELL_UNITS
    cells["hash"] = [mix_cell(int(x), int(y)) for x, y in zip(cells["x"], cells["y"], strict=True)]
    cells["part"], cells["num_parts"] = -1, 1
    cells["announced_at"] = cells["laid_out_at"] = snapshot - 1000
    cells["part"][:, 0] = numbers
    parts = np.zeros(pool, PART)
    parts["cell"] = -1
    parts["cell"][:num_cells] = numbers
    free = np.arange(pool - 1, num_cells - 1, -1, dtype=np.int32)
    zone["num_free"] = len(free)
    runs = np.zeros(num_cells * NUM_TIERS, RUN)
    runs["snapshot"] = -1
    return CellArrays(
        zone=zone,
        counters=np.zeros(len(COUNTER_NAMES), np.int64),
        rows=rows,
        cells=cells,
        parts=parts,
        keys=np.zeros(pool * 2, KEY),
        key_records=np.zeros((pool * 2, MAX_PART_ENTITIES), KEY_RECORD),
        key_bytes=np.zeros((pool * 2, KEY_BYTES), np.uint8),
        part_events=np.zeros((pool, MAX_PART_EVENTS), PART_EVENT),
        free_parts=np.concatenate([free, np.zeros(num_cells, np.int32)]).astype(np.int32),
        cell_order=np.zeros(capacity, np.int32),
        part_order=np.zeros(capacity, np.int32),
        arena=np.zeros(pool * 2 * MAX_FULL_BYTES + DELTA_SCRATCH_BYTES, np.uint8),
        summaries=np.zeros(num_cells, SUMMARY),
        runs=runs,
        run_bytes=np.zeros(max_runs * 1200, np.uint8),
        needs=np.zeros(max_runs * 64, NEED),
        digests=np.zeros((DIGEST_SNAPSHOTS, num_cells * MAX_PARTS if digests else 0), np.int64),
        digest_ticks=np.full(DIGEST_SNAPSHOTS, -1, np.int64),
        scratch=np.zeros(1024, np.int64),
    )

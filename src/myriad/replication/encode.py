"""Once a snapshot: every entity quantised and sorted, every changed part encoded once.

Responsible for: the order of that work, the events of each part, and the digests that tests and audits compare.
Not here: its steps (`sorting.py`, `keyframes.py`, `sections.py`), what viewers are sent (`assembly.py`).

Invariants: the arena cannot overflow (each part writes at most two sections of bounded length). Bytes depend only on
the entities, the events and the snapshot number, never on viewers.
"""

from __future__ import annotations

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.replication.cells import (
    BYTES_ENCODED,
    DELTA,
    DELTAS,
    DIGEST_SNAPSHOTS,
    EVENTS_LOST,
    FULL,
    FULLS,
    MAX_PART_EVENTS,
    QUIET,
    CellArrays,
    Table,
)
from myriad.replication.digests import add_digests, record_digest
from myriad.replication.keyframes import ROLL_SNAPSHOTS, roll
from myriad.replication.sections import clear_marks, put_delta, put_full
from myriad.replication.sorting import sort_rows
from myriad.replication.summaries import summarise
from myriad.wire.layouts import EVENT_BYTES, EVENT_SNAPSHOTS, MAX_PARTS, RECORD_BYTES

U32 = 0xFFFFFFFF


@inner_kernel
def _expire_events(cells: CellArrays, part: int, snapshot: int) -> None:
    events, num = cells.part_events, i64(cells.parts["num_events"][part])
    old = 0
    while old < num and snapshot - i64(events["snapshot"][part, old]) >= EVENT_SNAPSHOTS:
        old += 1
    if old > 0:
        for e in range(old, num):
            events[part, e - old] = events[part, e]
        cells.parts["num_events"][part] = num - old


@inner_kernel
def _take_events(cells: CellArrays, events: Table, num_events: int, snapshot: int) -> None:
    """Give the new events of the zone's ring to the parts of their targets."""
    zone = cells.zone
    new = (num_events - i64(zone["event_read"][0])) & U32
    if zone["has_events"][0] == 0:
        new = 0
    zone["has_events"][0] = 1
    zone["event_read"][0] = num_events
    if new > len(events):
        cells.counters[EVENTS_LOST] += new - len(events)
        new = len(events)
    held, num_held = cells.part_events, cells.parts["num_events"]
    for n in range(new):
        index = ((num_events - new + n) & U32) % len(events)
        row = i64(events["target_row"][index])
        if row < 0 or row >= zone["num_rows"][0] or cells.rows["id"][row] != events["target"][index]:
            continue
        part = i64(cells.rows["part"][row])
        if part < 0:
            continue
        if num_held[part] >= MAX_PART_EVENTS:
            cells.counters[EVENTS_LOST] += 1
            for e in range(1, MAX_PART_EVENTS):
                held[part, e - 1] = held[part, e]
            num_held[part] -= 1
        e = i64(num_held[part])
        cell, number = i64(cells.parts["cell"][part]), i64(cells.parts["number"][part])
        event_number = i64(cells.cells["event_number"][cell, number])
        cells.cells["event_number"][cell, number] = (event_number + 1) & 255
        held["snapshot"][part, e] = snapshot
        held["target"][part, e] = events["target"][index]
        held["source"][part, e] = i64(events["source"][index]) & 0xFFFF
        held["number"][part, e] = event_number
        held["kind"][part, e] = events["kind"][index]
        held["amount"][part, e] = min(i64(events["amount"][index]), 255)
        num_held[part] = e + 1


@inner_kernel
def _encode_part(cells: CellArrays, part: int, snapshot: int) -> None:
    """Roll the part's keyframes and write its section, if it needs one, at the end of the arena."""
    parts, zone = cells.parts, cells.zone
    parts["full_at"][part] = -1
    parts["section"][part] = QUIET
    parts["length"][part] = 0
    quiet = roll(cells, part, snapshot)
    if parts["count"][part] == 0:
        parts["num_events"][part] = 0
        return
    has_base = parts["has_base"][part] != 0
    if not (quiet and parts["num_events"][part] == 0):
        at = i64(zone["arena_at"][0])
        kind, start, end = FULL, 0, 0
        most = 2 + i64(parts["count"][part]) * RECORD_BYTES
        if has_base:
            kind = DELTA
            start, end = put_delta(cells, part, cells.arena, at)
            if parts["num_events"][part] > 0:
                most += 1 + EVENT_BYTES * i64(parts["num_events"][part])
            if end - start > most + 3:
                kind = FULL
                if snapshot - i64(parts["rolled_at"][part]) >= ROLL_SNAPSHOTS:
                    parts["wants_roll"][part] = 1
        if kind == FULL:
            start, end = put_full(cells, part, cells.arena, at)
            parts["full_at"][part] = start
            parts["full_length"][part] = end - start
        parts["section"][part] = kind
        parts["at"][part] = start
        parts["length"][part] = end - start
        zone["arena_at"][0] = end
        cells.counters[DELTAS if kind == DELTA else FULLS] += 1
        cells.counters[BYTES_ENCODED] += end - start
    if has_base:
        clear_marks(cells, part)


@inner_kernel
def encode_in_full(cells: CellArrays, part: int) -> None:
    """Write the part's FULL section for this snapshot, if that has not been done (only for cells sent rarely)."""
    if cells.parts["full_at"][part] >= 0:
        return
    start, end = put_full(cells, part, cells.arena, i64(cells.zone["arena_at"][0]))
    cells.parts["full_at"][part] = start
    cells.parts["full_length"][part] = end - start
    cells.zone["arena_at"][0] = end
    cells.counters[BYTES_ENCODED] += end - start
    cells.counters[FULLS] += 1


@inner_kernel
def _keep_digests(cells: CellArrays, snapshot: int, tick: int) -> None:
    place = snapshot % DIGEST_SNAPSHOTS
    kept = cells.digests[place]
    kept[:] = 0
    cells.digest_ticks[place] = tick
    row_part, row_id, row_word = cells.rows["part"], cells.rows["id"], cells.rows["word"]
    for row in range(i64(cells.zone["num_rows"][0])):
        part = i64(row_part[row])
        if part >= 0:
            index = i64(cells.parts["cell"][part]) * MAX_PARTS + i64(cells.parts["number"][part])
            digest = record_digest(i64(row_id[row]), i64(row_word[row]))
            kept[index] = add_digests(kept[index], digest)


@bare_kernel
def encode(
    cells: CellArrays, entities: Table, num_rows: int, events: Table, num_events: int, tick: int, load_level: int
) -> int:
    """Encode one snapshot of rows 0..num_rows-1, stamped `tick` (u32); returns the bytes encoded.

    `entities` is any structured array with the columns id, kind, state, flags, heading, qx, qy, hp and max_hp, and as
    many rows as the cells were created for; it is only read. `events` is the zone's event ring and `num_events` how
    many were ever written to it (u32). `load_level` 0..2 is the overload level that views follow in this snapshot.
    """
    zone = cells.zone
    snapshot = i64(zone["snapshot"][0]) + 1
    zone["snapshot"][0] = snapshot
    zone["tick"][0] = tick
    zone["level"][0] = load_level
    zone["arena_at"][0] = 0
    zone["run_at"][0] = 0
    zone["need_at"][0] = 0
    before = i64(cells.counters[BYTES_ENCODED])
    sort_rows(cells, entities, num_rows, snapshot)
    part_cell, part_events = cells.parts["cell"], cells.parts["num_events"]
    for part in range(len(part_cell)):
        if part_cell[part] >= 0 and part_events[part] > 0:
            _expire_events(cells, part, snapshot)
    _take_events(cells, events, num_events, snapshot)
    for part in range(len(part_cell)):
        if part_cell[part] >= 0:
            _encode_part(cells, part, snapshot)
    summarise(cells)
    if zone["digests"][0]:
        _keep_digests(cells, snapshot, tick)
    return i64(cells.counters[BYTES_ENCODED]) - before

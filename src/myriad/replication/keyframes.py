"""Keyframes: when a part's base moves on, and the records and bytes of what it moves to.

Responsible for: announcing a part's next keyframe, making it the base a quarter of a second later, and the schedule.
Not here: who has been sent a keyframe (`viewers.py`, `assembly.py`), deltas against it (`sections.py`).

Invariants: a keyframe is a state that the part had when it was announced, and it never changes under its generation
number. At any time a part has at most a base and one announced successor, and clients keep two. An empty part has
neither; a part without a base is sent in full until its first keyframe has been announced long enough. A keyframe that
names an entity which hides now is not sent to anyone any more, and is replaced as soon as may be.
"""

from __future__ import annotations

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.replication.cells import KEYFRAMES, CellArrays
from myriad.replication.geometry import sort_ascending, sub_square
from myriad.replication.sections import clear_marks, compare_with_base, hides, put_record
from myriad.wire.layouts import KEYFRAME_LEAD_SNAPSHOTS, RECORD_BYTES

GENERATIONS = 255
"""Generations count 0..254: quiet nibbles name them modulo 15, and 255 and 0 would be the same to them."""

ROLL_SNAPSHOTS = 20
"""Between two keyframes of a part that changes; parts with many entities roll less often (below)."""


@inner_kernel
def _names_hidden(cells: CellArrays, key: int) -> bool:
    for k in range(i64(cells.keys["count"][key])):
        if hides(cells.rows, i64(cells.key_records["row"][key, k]), i64(cells.key_records["id"][key, k])):
            return True
    return False


@bare_kernel
def roll_period(count: int) -> int:
    """Snapshots between two keyframes of a part of `count` entities.

    The larger the keyframe, the rarer: this stands in for waiting until every viewer has acknowledged the last one.
    """
    if count <= 32:
        return ROLL_SNAPSHOTS
    return ROLL_SNAPSHOTS * 2 if count <= 48 else ROLL_SNAPSHOTS * 4


@inner_kernel
def _announce(cells: CellArrays, part: int, snapshot: int) -> None:
    """Capture the part's present state as its next keyframe, in keyframe order: sub-square, then id."""
    cell, number = i64(cells.parts["cell"][part]), i64(cells.parts["number"][part])
    generation = (i64(cells.cells["generation"][cell, number]) + 1) % GENERATIONS
    cells.cells["generation"][cell, number] = generation
    cells.cells["announced_at"][cell, number] = snapshot
    start, count = i64(cells.parts["start"][part]), i64(cells.parts["count"][part])
    row_id, row_word = cells.rows["id"], cells.rows["word"]
    for i in range(count):
        row = i64(cells.part_order[start + i])
        cells.scratch[i] = (((sub_square(i64(row_word[row])) << 32) | i64(row_id[row])) << 8) | i
    sort_ascending(cells.scratch, count)
    key = part * 2 + 1 - i64(cells.parts["base"][part])
    record_id, record_row, record_word = (
        cells.key_records["id"],
        cells.key_records["row"],
        cells.key_records["word"],
    )
    for k in range(count):
        row = i64(cells.part_order[start + (cells.scratch[k] & 255)])
        record_id[key, k] = row_id[row]
        record_row[key, k] = row
        record_word[key, k] = row_word[row]
        put_record(cells.key_bytes[key], k * RECORD_BYTES, i64(row_id[row]), i64(row_word[row]))
    cells.keys["generation"][key] = generation
    cells.keys["count"][key] = count
    cells.keys["captured_at"][key] = snapshot
    cells.parts["has_next"][part] = 1
    cells.parts["next_at"][part] = snapshot + KEYFRAME_LEAD_SNAPSHOTS
    cells.parts["wants_roll"][part] = 0
    cells.counters[KEYFRAMES] += 1


@inner_kernel
def roll(cells: CellArrays, part: int, snapshot: int) -> bool:
    """Move the part's keyframes on for this snapshot; returns whether the part equals its base.

    Leaves the comparison with the base in place (scratch and marks) when the answer is False and there is a base.
    """
    parts = cells.parts
    if parts["count"][part] == 0:
        parts["has_base"][part] = 0
        parts["has_next"][part] = 0
        parts["wants_roll"][part] = 0
        return True
    if parts["has_next"][part] and _names_hidden(cells, part * 2 + 1 - i64(parts["base"][part])):
        # Neither may be used: a third keyframe would make clients drop the base while it is still in use.
        parts["has_next"][part] = 0
        parts["has_base"][part] = 0
    if parts["has_next"][part] and snapshot >= parts["next_at"][part]:
        parts["base"][part] ^= 1
        parts["has_base"][part] = 1
        parts["has_next"][part] = 0
        parts["rolled_at"][part] = snapshot
    # At most four generations a second: clients tell them apart by a few bits.
    announced_at = i64(cells.cells["announced_at"][i64(parts["cell"][part]), i64(parts["number"][part])])
    may_announce = not parts["has_next"][part] and snapshot - announced_at >= KEYFRAME_LEAD_SNAPSHOTS
    if not parts["has_base"][part]:
        if may_announce:
            _announce(cells, part, snapshot)
        return False
    same = compare_with_base(cells, part)
    if same:
        parts["wants_roll"][part] = 0
        return True
    if cells.keys["secret"][part * 2 + i64(parts["base"][part])]:
        parts["wants_roll"][part] = 1
    if may_announce:
        cell = i64(parts["cell"][part])
        phase = i64(cells.cells["hash"][cell]) + i64(parts["number"][part]) * 7
        due = (snapshot + phase) % roll_period(i64(parts["count"][part])) == 0
        if due or parts["wants_roll"][part]:
            _announce(cells, part, snapshot)
            clear_marks(cells, part)
            compare_with_base(cells, part)  # announcing took the scratch
    return False

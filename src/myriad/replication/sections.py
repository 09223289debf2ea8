"""The bytes of one part: its state in full, or its change since the base keyframe.

Responsible for: comparing a part with its base, and writing DELTA and FULL sections, header included.
Not here: when a keyframe rolls (`keyframes.py`), which sections a viewer gets (`assembly.py`).

Invariants: what changed is decided on quantised records alone. Nothing about viewers goes in, so the bytes are the
same for all of them. The comparison must be made before a delta is written, and after a change of base anew.
"""

from __future__ import annotations

import numpy as np

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.replication.cells import SECTION_HEADER_BYTES, Bytes, CellArrays, Table
from myriad.wire.layouts import (
    DELTA_CHANGED,
    DELTA_ENTERED,
    DELTA_EVENTS,
    DELTA_REMOVED,
    EVENT_BYTES,
    FIELD_CONDITION,
    FIELD_HEADING,
    FIELD_POSITION,
    RECORD_BYTES,
    REMOVED_DESPAWNED,
    REMOVED_HIDDEN,
    REMOVED_MOVED_ELSEWHERE,
    REMOVED_MOVED_PART,
    SECTION_DELTA,
    SECTION_FULL,
)
from myriad.wire.pack import put_u16, put_u32

GONE = 8
"""In the scratch of a comparison: the keyframe's record is no longer in the part (below: its field mask)."""


@inner_kernel
def put_record(buf: Bytes, at: int, entity: int, word: int) -> None:
    """Write the 11 bytes of a record: id, then the seven bytes of the word."""
    put_u32(buf, at, entity)
    for k in range(7):
        buf[at + 4 + k] = (word >> (8 * k)) & 0xFF


@inner_kernel
def hides(rows: Table, row: int, entity: int) -> bool:
    """True if `entity`, listed in `row` once, is there still but shows in no cell."""
    return i64(rows["id"][row]) == entity and rows["cell"][row] < 0


@bare_kernel
def changed_fields(old: int, new: int) -> int:
    """Field mask 0..7 of what differs between two words of one kind."""
    differs = old ^ new
    mask = 0
    if differs & 0xFFFFFF:
        mask = FIELD_POSITION
    if (differs >> 24) & 0xFF:
        mask |= FIELD_HEADING
    if (differs >> 32) & 0xFFFF:
        mask |= FIELD_CONDITION
    return mask


@inner_kernel
def compare_with_base(cells: CellArrays, part: int) -> bool:
    """True if the part equals its base keyframe.

    Leaves in scratch[k] the field mask of record k of the base, or GONE, and in `mark` of each member row its place
    in the base, or -1 for those that entered; `clear_marks` undoes the latter.
    """
    key = part * 2 + i64(cells.parts["base"][part])
    num = i64(cells.keys["count"][key])
    record_id, record_row, record_word = (
        cells.key_records["id"],
        cells.key_records["row"],
        cells.key_records["word"],
    )
    row_id, row_part, row_word, mark = cells.rows["id"], cells.rows["part"], cells.rows["word"], cells.rows["mark"]
    same, present, secret = True, 0, 0
    for k in range(num):
        row = i64(record_row[key, k])
        old, new = i64(record_word[key, k]), i64(row_word[row])
        # A record whose kind changed is removed and entered again: no field mask covers it.
        if row_part[row] == part and row_id[row] == record_id[key, k] and (old >> 48) == (new >> 48):
            mark[row] = k
            present += 1
            mask = changed_fields(old, new)
            cells.scratch[k] = mask
            same = same and mask == 0
        else:
            cells.scratch[k] = GONE
            same = False
            if hides(cells.rows, row, i64(record_id[key, k])):
                secret = 1
    cells.keys["secret"][key] = secret
    return same and present == cells.parts["count"][part]


@inner_kernel
def clear_marks(cells: CellArrays, part: int) -> None:
    """Reset the marks that a comparison left on the part's rows."""
    start = i64(cells.parts["start"][part])
    for i in range(start, start + i64(cells.parts["count"][part])):
        cells.rows["mark"][i64(cells.part_order[i])] = -1


@inner_kernel
def _removal_reason(cells: CellArrays, part: int, key: int, k: int) -> int:
    row = i64(cells.key_records["row"][key, k])
    if cells.rows["id"][row] != cells.key_records["id"][key, k]:
        return REMOVED_DESPAWNED
    there = i64(cells.rows["cell"][row])
    if there < 0 or cells.rows["part"][row] < 0:
        return REMOVED_HIDDEN
    here = i64(cells.parts["cell"][part])
    dx = i64(cells.cells["x"][there]) - i64(cells.cells["x"][here])
    dy = i64(cells.cells["y"][there]) - i64(cells.cells["y"][here])
    if dx == 0 and dy == 0:
        return REMOVED_MOVED_PART
    if max(abs(dx), abs(dy)) > 1:
        return REMOVED_MOVED_ELSEWHERE
    if dy == 0:
        return 0 if dx > 0 else 4
    if dy > 0:
        return 2 - dx
    return 6 + dx


@inner_kernel
def _put_changed(cells: CellArrays, key: int, num: int, buf: Bytes, at: int) -> int:
    """Write bitmap, masks and columns of the changed records; returns the new end, `at` if nothing changed."""
    scratch = cells.scratch
    bitmap, end = at, at + (num + 7) // 8
    for k in range(bitmap, end):
        buf[k] = 0
    changed, bits, held = 0, 0, 0
    for k in range(num):
        mask = i64(scratch[k])
        if 0 < mask < GONE:
            buf[bitmap + k // 8] |= np.uint8(1 << (k % 8))
            held |= mask << bits
            bits += 3
            changed += 1
            if bits >= 8:
                buf[end] = held & 0xFF
                end += 1
                held >>= 8
                bits -= 8
    if changed == 0:
        return at
    if bits > 0:
        buf[end] = held & 0xFF
        end += 1
    record_row, row_word = cells.key_records["row"], cells.rows["word"]
    for field in range(3):
        for k in range(num):
            mask = i64(scratch[k])
            if mask < GONE and mask & (1 << field):
                word = i64(row_word[i64(record_row[key, k])])
                if field == 0:
                    buf[end] = word & 0xFF
                    buf[end + 1] = (word >> 8) & 0xFF
                    buf[end + 2] = (word >> 16) & 0xFF
                    end += 3
                elif field == 1:
                    buf[end] = (word >> 24) & 0xFF
                    end += 1
                else:
                    buf[end] = (word >> 32) & 0xFF
                    buf[end + 1] = (word >> 40) & 0xFF
                    end += 2
    return end


@inner_kernel
def _put_events(cells: CellArrays, part: int, key: int, buf: Bytes, at: int) -> int:
    """Write the part's events whose target has a place; `key` < 0: places are those of the members (FULL).

    Returns the new end, `at` if there is none to write.
    """
    events = cells.part_events
    start, count = i64(cells.parts["start"][part]), i64(cells.parts["count"][part])
    row_id, mark = cells.rows["id"], cells.rows["mark"]
    end, written = at + 1, 0
    for e in range(i64(cells.parts["num_events"][part])):
        target = events["target"][part, e]
        place = -1
        num = i64(cells.keys["count"][key]) if key >= 0 else 0
        for k in range(num):
            if cells.key_records["id"][key, k] == target:
                place = k
        behind = num
        for i in range(start, start + count):
            row = i64(cells.part_order[i])
            if key >= 0 and mark[row] >= 0:
                continue
            if row_id[row] == target:
                place = behind
            behind += 1
        if place < 0:
            continue
        buf[end] = events["number"][part, e]
        buf[end + 1] = events["kind"][part, e]
        buf[end + 2] = place
        buf[end + 3] = events["amount"][part, e]
        put_u16(buf, end + 4, i64(events["source"][part, e]))
        end += EVENT_BYTES
        written += 1
    if written == 0:
        return at
    buf[at] = written
    return end


@inner_kernel
def _put_header(buf: Bytes, at: int, end: int, kind: int, generation: int) -> int:
    """Write the section's header in front of the body `at`..`end`; returns where the section starts."""
    length = end - at
    start = at - 2 if length < 128 else at - 3
    buf[start] = (kind << 6) | (generation & 63)
    if length < 128:
        buf[start + 1] = length
    else:
        buf[start + 1] = 0x80 | (length & 0x7F)
        buf[start + 2] = length >> 7
    return start


@inner_kernel
def put_delta(cells: CellArrays, part: int, buf: Bytes, at: int) -> tuple[int, int]:
    """Write the part's DELTA section after `at` (needs a comparison and 1600 bytes); returns (start, end)."""
    key = part * 2 + i64(cells.parts["base"][part])
    num = i64(cells.keys["count"][key])
    body = at + SECTION_HEADER_BYTES
    end = _put_changed(cells, key, num, buf, body + 1)
    flags = DELTA_CHANGED if end > body + 1 else 0
    removed_at = end
    for k in range(num):
        if cells.scratch[k] == GONE:
            if end == removed_at:
                end += 1
            buf[end] = k
            buf[end + 1] = _removal_reason(cells, part, key, k)
            end += 2
    if end > removed_at:
        flags |= DELTA_REMOVED
        buf[removed_at] = (end - removed_at - 1) // 2
    entered_at = end
    start = i64(cells.parts["start"][part])
    for i in range(start, start + i64(cells.parts["count"][part])):
        row = i64(cells.part_order[i])
        if cells.rows["mark"][row] < 0:
            if end == entered_at:
                end += 1
            put_record(buf, end, i64(cells.rows["id"][row]), i64(cells.rows["word"][row]))
            end += RECORD_BYTES
    if end > entered_at:
        flags |= DELTA_ENTERED
        buf[entered_at] = (end - entered_at - 1) // RECORD_BYTES
    events_at = end
    end = _put_events(cells, part, key, buf, events_at)
    if end > events_at:
        flags |= DELTA_EVENTS
    buf[body] = flags
    return _put_header(buf, body, end, i64(SECTION_DELTA), i64(cells.keys["generation"][key])), end


@inner_kernel
def put_full(cells: CellArrays, part: int, buf: Bytes, at: int) -> tuple[int, int]:
    """Write the part's FULL section after `at` (needs `MAX_FULL_BYTES`); returns (start, end)."""
    body = at + SECTION_HEADER_BYTES
    count, start = i64(cells.parts["count"][part]), i64(cells.parts["start"][part])
    buf[body + 1] = count
    end = body + 2
    for i in range(start, start + count):
        row = i64(cells.part_order[i])
        put_record(buf, end, i64(cells.rows["id"][row]), i64(cells.rows["word"][row]))
        end += RECORD_BYTES
    events_at = end
    end = _put_events(cells, part, i64(-1), buf, events_at)
    buf[body] = DELTA_EVENTS if end > events_at else 0
    return _put_header(buf, body, end, i64(SECTION_FULL), i64(0)), end

"""One viewer's share of a snapshot payload: the keyframes that it lacks, and its run.

Responsible for: which keyframes go into a datagram, whether the ready run serves, and the viewer's own choice of parts
where it does not; remembering what was sent under which sequence.
Not here: the bytes of a run (`runs.py`), acknowledgements (`viewers.py`), the payload's head (`zone/`).

Invariants: never more than the room given. A part is covered only if its base keyframe is acknowledged, is in this
datagram, or was sent so recently that its acknowledgement can still be on the way. What was left out gains priority
with every snapshot, so no part in view starves as long as the room allows the largest section (about 820 bytes) now
and then.
"""

from __future__ import annotations

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.core.native import copy_memory
from myriad.replication.cells import (
    DEFERRALS,
    KEYFRAMES_SENT,
    NUM_SLOTS,
    OWN_PICKS,
    READY_RUNS,
    RESENDS,
    Bytes,
    CellArrays,
    Table,
)
from myriad.replication.picks import choose_cover, gather_picks, order_picks
from myriad.replication.runs import (
    ready_run,
    view_cell_number,
    write_run,
)
from myriad.replication.viewers import (
    MAX_DATAGRAM_KEYFRAMES,
    MIN_RESEND_SNAPSHOTS,
    RING_COUNT,
    RING_FLAGS,
    RING_OWN,
    RING_PRIVATE,
    RING_SENT,
    SENT_DATAGRAMS,
    SENT_OWN,
    SENT_PRIVATE,
    WAS_SENT,
    ViewerArrays,
    enter_cells,
    in_flight,
    knows,
)
from myriad.wire.layouts import (
    KEYFRAME_HEADER_BYTES,
    RECORD_BYTES,
    SNAPSHOT_KEYFRAMES,
    SNAPSHOT_MULTI,
)

EMPTY_RUN_BYTES = 4
SPREAD_SNAPSHOTS = 3
"""An announced keyframe goes out in the first so many snapshots, by viewer row, so that a resend still comes early."""


@inner_kernel
def _put_keyframe(
    cells: CellArrays,
    viewers: ViewerArrays,
    row: int,
    at_ring: int,
    known: int,
    key: int,
    place: int,
    buf: Bytes,
    at: int,
) -> int:
    """Write one keyframe and remember it under the datagram; returns the new end. `place`: in the view | part << 5."""
    rows = viewers.rows
    snapshot = i64(cells.zone["snapshot"][0])
    generation, count = i64(cells.keys["generation"][key]), i64(cells.keys["count"][key])
    buf[at] = place
    buf[at + 1] = generation
    buf[at + 2] = min(snapshot - i64(cells.keys["captured_at"][key]), 255)
    buf[at + 3] = count
    at += KEYFRAME_HEADER_BYTES
    copy_memory(buf.ctypes.data + at, cells.key_bytes[key].ctypes.data, count * RECORD_BYTES)
    e = (i64(rows["ring"][row, at_ring]) >> RING_COUNT) & 255
    entry = i64(rows["entry"][row, known & (NUM_SLOTS - 1)])
    rows["ring_keys"][row, at_ring, e] = known | (generation << 9) | (entry << 17)
    rows["ring"][row, at_ring] += 1 << RING_COUNT
    has = i64(rows["has"][row, known])
    if has & WAS_SENT and rows["sent"][row, known] == generation:
        viewers.counters[RESENDS] += 1
    viewers.counters[KEYFRAMES_SENT] += 1
    rows["has"][row, known] = has | WAS_SENT
    rows["sent"][row, known] = generation
    rows["sent_at"][row, known] = snapshot & 0xFFFF
    return at + count * RECORD_BYTES


@inner_kernel
def _keyframe_bytes(keys: Table, key: int) -> int:
    return KEYFRAME_HEADER_BYTES + RECORD_BYTES * i64(keys["count"][key])


@inner_kernel
def _announcement_waits(
    keys: Table, rows: Table, row: int, known: int, key: int, base: int, snapshot: int, patience: int
) -> bool:
    """True if the announced keyframe `key` should go to the viewer now. `base`: generation to be known first, or -1."""
    generation = i64(keys["generation"][key])
    if knows(rows, row, known, generation) or in_flight(rows, row, known, generation, snapshot, patience):
        return False
    if snapshot - i64(keys["captured_at"][key]) < row % SPREAD_SNAPSHOTS:
        return False
    return base < 0 or knows(rows, row, known, base)


@inner_kernel
def _try_ready(
    cells: CellArrays,
    viewers: ViewerArrays,
    row: int,
    run: int,
    at_ring: int,
    buf: Bytes,
    at: int,
    limit: int,
    patience: int,
) -> int:
    """Write announced keyframes and the ready run; returns the new end, or -1 with nothing done if it cannot serve."""
    rows, needs = viewers.rows, cells.needs
    length = i64(cells.runs["length"][run])
    if length < 0 or at + length > limit:
        return -1
    snapshot = i64(cells.zone["snapshot"][0])
    first = i64(cells.runs["need_at"][run])
    behind_bases = first + i64(cells.runs["num_bases"][run])
    for n in range(first, behind_bases):
        known, generation = i64(needs["known"][n]), i64(needs["generation"][n])
        if not knows(rows, row, known, generation) and not in_flight(rows, row, known, generation, snapshot, patience):
            return -1
    room = min(limit - at - length - 1, (limit - at) // 2)
    num = 0
    for n in range(behind_bases, first + i64(cells.runs["num_needs"][run])):
        key = i64(needs["key"][n])
        size = _keyframe_bytes(cells.keys, key)
        if size <= room and num < MAX_DATAGRAM_KEYFRAMES:
            known = i64(needs["known"][n])
            if _announcement_waits(cells.keys, rows, row, known, key, i64(needs["base"][n]), snapshot, patience):
                viewers.chosen[num] = n
                num += 1
                room -= size
    if num > 0:
        buf[at] = num
        at += 1
        for c in range(num):
            n = i64(viewers.chosen[c])
            known, key, place = i64(needs["known"][n]), i64(needs["key"][n]), i64(needs["cell"][n])
            at = _put_keyframe(cells, viewers, row, at_ring, known, key, place, buf, at)
    copy_memory(buf.ctypes.data + at, cells.run_bytes.ctypes.data + i64(cells.runs["at"][run]), length)
    return at + length


@inner_kernel
def _put_missing(
    cells: CellArrays,
    viewers: ViewerArrays,
    row: int,
    num: int,
    at_ring: int,
    buf: Bytes,
    at: int,
    limit: int,
    patience: int,
) -> int:
    """Write missing base keyframes, the longest waiting first, then announced ones; returns the new end.

    Half the room, but at least one keyframe if it fits at all.
    """
    rows, picks = viewers.rows, viewers.picks
    snapshot = i64(cells.zone["snapshot"][0])
    room = (limit - at) // 2
    end, written = at + 1, 0
    for announced in range(2):
        for p in range(num):
            pick = i64(viewers.order[p])
            key, known = i64(picks["key"][pick]), i64(picks["known"][pick])
            if announced == 0:
                if picks["decodable"][pick] or not picks["wanted"][pick] or cells.keys["secret"][key]:
                    continue
            else:
                if not picks["next"][pick]:
                    continue
                base = i64(cells.keys["generation"][key]) if key >= 0 else -1
                view_x, view_y = i64(rows["view_x"][row]), i64(rows["view_y"][row])
                cell = view_cell_number(cells.zone, view_x, view_y, i64(picks["place"][pick]))
                part = i64(cells.cells["part"][cell, i64(picks["number"][pick])])
                key = part * 2 + 1 - i64(cells.parts["base"][part])
                if not _announcement_waits(cells.keys, rows, row, known, key, base, snapshot, patience):
                    continue
            size = _keyframe_bytes(cells.keys, key)
            fits = end + size - at <= room or (written == 0 and end + size + EMPTY_RUN_BYTES <= limit)
            if not fits or written >= MAX_DATAGRAM_KEYFRAMES:
                continue
            place = i64(picks["place"][pick]) | (i64(picks["number"][pick]) << 5)
            end = _put_keyframe(cells, viewers, row, at_ring, known, key, place, buf, end)
            if announced == 0:
                picks["decodable"][pick] = 1
            written += 1
    if written == 0:
        return at
    buf[at] = written
    return end


@inner_kernel
def _write_own(
    cells: CellArrays,
    viewers: ViewerArrays,
    row: int,
    run: int,
    at_ring: int,
    buf: Bytes,
    at: int,
    limit: int,
    patience: int,
) -> tuple[int, bool]:
    """Write keyframes and a run chosen for this viewer alone; returns (end, multi)."""
    rows = viewers.rows
    num = gather_picks(cells, viewers, row, patience)
    order_picks(viewers, num)
    run_at = at
    was_hungry = rows["hungry"][row] != 0
    if not was_hungry:
        run_at = _put_missing(cells, viewers, row, num, at_ring, buf, at, limit, patience)
    rows["hungry"][row] = 0
    if rows["own_mode"][row] == 0 and run >= 0:
        length = i64(cells.runs["length"][run])
        decodable = length >= 0 and run_at + length <= limit
        for p in range(num):
            decodable = decodable and (viewers.picks["decodable"][p] != 0 or viewers.picks["wanted"][p] == 0)
        if decodable:
            copy_memory(buf.ctypes.data + run_at, cells.run_bytes.ctypes.data + i64(cells.runs["at"][run]), length)
            viewers.counters[READY_RUNS] += 1
            return run_at + length, cells.runs["multi"][run] != 0
    deferred, first_left_out = choose_cover(cells, viewers, row, num, limit - run_at)
    if first_left_out and run_at > at:
        rows["hungry"][row] = 1
    rows["own_mode"][row] = 1 if deferred > 0 else 0
    viewers.counters[DEFERRALS] += deferred
    viewers.counters[OWN_PICKS] += 1
    view_x, view_y = i64(rows["view_x"][row]), i64(rows["view_y"][row])
    length, multi = write_run(cells, view_x, view_y, viewers.cover, viewers.run_bytes, i64(0), limit - run_at)
    copy_memory(buf.ctypes.data + run_at, viewers.run_bytes.ctypes.data, length)
    return run_at + length, multi


@bare_kernel
def write_view(
    cells: CellArrays,
    viewers: ViewerArrays,
    row: int,
    buf: Bytes,
    flags_at: int,
    at: int,
    limit: int,
    sequence: int,
    rtt_snapshots: int,
    own_version: int,
    private_version: int,
) -> int:
    """Write the KEYFRAMES block and the run of one viewer's datagram, from `at`; returns the end, at most `limit`.

    `buf` is the payload (u1, unit stride), of which `buf[flags_at]`, the snapshot's flags byte, gets the KEYFRAMES
    and MULTI bits that apply (the caller has written all other bits). `limit - at` must be at least 4, and at least
    820 now and then, or large parts wait. `sequence` (u16) is the datagram's inner sequence, for `on_acked`;
    `rtt_snapshots` the connection's round trip in snapshots, rounded up; the versions (u8) are those of the own and
    private state in this datagram, -1 where there is none. Call it at most once per encode and viewer.
    """
    rows = viewers.rows
    tier = i64(rows["tier"][row])
    enter_cells(viewers, row, tier, i64(cells.zone["level"][0]), i64(cells.zone["snapshot"][0]))
    at_ring = sequence % SENT_DATAGRAMS
    sent = RING_SENT | sequence | ((own_version & 255) << RING_OWN) | ((private_version & 255) << RING_PRIVATE)
    sent |= (SENT_OWN if own_version >= 0 else 0) << RING_FLAGS
    sent |= (SENT_PRIVATE if private_version >= 0 else 0) << RING_FLAGS
    rows["ring"][row, at_ring] = sent
    patience = max(MIN_RESEND_SNAPSHOTS, rtt_snapshots + 1)
    view_x, view_y = i64(rows["view_x"][row]), i64(rows["view_y"][row])
    run = ready_run(cells, view_x, view_y, tier, viewers.cover)
    end, multi = -1, False
    if run >= 0 and rows["own_mode"][row] == 0:
        end = _try_ready(cells, viewers, row, run, at_ring, buf, at, limit, patience)
        multi = cells.runs["multi"][run] != 0
        viewers.counters[READY_RUNS] += 1 if end >= 0 else 0
    if end < 0:
        end, multi = _write_own(cells, viewers, row, run, at_ring, buf, at, limit, patience)
    flags = i64(buf[flags_at])
    if (i64(rows["ring"][row, at_ring]) >> RING_COUNT) & 255 > 0:
        flags |= SNAPSHOT_KEYFRAMES
    if multi:
        flags |= SNAPSHOT_MULTI
    buf[flags_at] = flags
    return end

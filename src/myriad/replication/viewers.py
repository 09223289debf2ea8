"""What the server knows of each viewer: where it looks, which keyframes it has, what was sent to it.

Responsible for: the viewers' rows, views that move, acknowledgements and NACKs.
Not here: choosing and writing what a viewer is sent (`assembly.py`); which sequence was acknowledged (`netcode/`).

Invariants: an acknowledged datagram counts only for parts whose cell has been in view without a break since it was
sent (the entry counter). Whatever the server believes, a NACK makes it send again, so a wrong belief heals. A row is
at most 8 kB. Snapshot numbers are kept in 16 bits and compared by difference.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.core.prefetch import LINE_BYTES, prefetch
from myriad.replication.cells import (
    ACKS_IGNORED,
    COUNTER_NAMES,
    MAX_DELTA_PERIOD,
    NACKS,
    NUM_KNOWN,
    NUM_SLOTS,
    CellArrays,
    Table,
)
from myriad.replication.geometry import cell_number, torus_slot, view_mask_of
from myriad.wire.layouts import MAX_PARTS, VIEW_CELLS, VIEW_RADIUS_CELLS, VIEW_SIDE_CELLS

SENT_DATAGRAMS = 64
MAX_DATAGRAM_KEYFRAMES = 12
MIN_RESEND_SNAPSHOTS = 3
ENTIRE_VIEW = (1 << VIEW_CELLS) - 1

HAS_NEW = 1
HAS_OLD = 2
WAS_SENT = 4
SENT_OWN = 1
SENT_PRIVATE = 2
NACK_QUIET = 64
"""A NACK's generation: 0..63 what a section named (mod 64), 64..78 what a quiet nibble named (64 + mod 15)."""

VIEWER = np.dtype(
    [
        ("view_mask", "i4"),  # places of the view that were in view at the newest datagram
        ("view_x", "i4"),
        ("view_y", "i4"),
        ("tier", "u1"),
        ("own_mode", "u1"),  # 1: something due was left out; picks its own until nothing is
        ("hungry", "u1"),  # 1: keyframes crowded out the part that has waited longest; none next time
        ("acked", "u1"),  # SENT_OWN, SENT_PRIVATE: whether some version is acknowledged
        ("own_version", "u1"),  # newest acknowledged
        ("private_version", "u1"),
        ("entry", "u1", (NUM_SLOTS,)),  # counts the entries of cells into view
        ("known_new", "u1", (NUM_KNOWN,)),  # the two newest acknowledged generations
        ("known_old", "u1", (NUM_KNOWN,)),
        ("sent", "u1", (NUM_KNOWN,)),  # generation sent last
        ("has", "u1", (NUM_KNOWN,)),  # HAS_NEW | HAS_OLD | WAS_SENT
        ("sent_at", "u2", (NUM_KNOWN,)),  # snapshot
        ("covered_at", "u2", (NUM_KNOWN,)),  # snapshot; kept in own mode only
        # What each datagram said: sequence | flags << 16 | own version << 24 | private << 32 | keyframes << 40 | SENT.
        ("ring", "i8", (SENT_DATAGRAMS,)),
        ("ring_keys", "u4", (SENT_DATAGRAMS, MAX_DATAGRAM_KEYFRAMES)),  # place | generation << 9 | entry << 17
    ],
    align=True,
)
RING_FLAGS = 16
RING_OWN = 24
RING_PRIVATE = 32
RING_COUNT = 40
RING_SENT = 1 << 48
"""Bit of a datagram of which something is remembered; 0 in all else means nothing."""

KNOWN_NEW_AT = VIEWER.fields["known_new"][1]  # type: ignore[index]
HAS_AT = VIEWER.fields["has"][1]  # type: ignore[index]
SENT_WHAT_AT = VIEWER.fields["sent"][1]  # type: ignore[index]
RING_AT = VIEWER.fields["ring"][1]  # type: ignore[index]
SENT_WHEN_AT = VIEWER.fields["sent_at"][1]  # type: ignore[index]

PICK = np.dtype(
    [
        ("score", "i8"),
        ("known", "i4"),  # place in the viewer's tables
        ("key", "i4"),  # keyframe the section needs, -1 = none
        ("length", "i4"),  # of the section, 0 = quiet
        ("place", "u1"),  # in the view
        ("number", "u1"),  # of the part
        ("decodable", "u1"),
        ("wanted", "u1"),
        ("next", "u1"),  # the part has an announced keyframe
        ("in_full", "u1"),
    ],
    align=True,
)
MAX_PICKS = VIEW_CELLS * MAX_PARTS


class ViewerArrays(NamedTuple):
    """All viewers of a zone, one row a connection row, and the scratch of the kernels that serve them."""

    rows: Table  # (capacity,) VIEWER
    counters: np.ndarray[tuple[int], np.dtype[np.int64]]  # (len(COUNTER_NAMES),)
    picks: Table  # (200,) PICK
    order: np.ndarray[tuple[int], np.dtype[np.int64]]  # (256,)
    cover: np.ndarray[tuple[int], np.dtype[np.int64]]  # (25,)
    chosen: np.ndarray[tuple[int], np.dtype[np.int64]]  # (12,) needs
    run_bytes: np.ndarray[tuple[int], np.dtype[np.uint8]]  # (1312,) the run being written


def create_viewers(capacity: int) -> ViewerArrays:
    """Arrays for `capacity` viewers (>= 1). One thread at a time may use them."""
    if capacity < 1:
        raise ValueError("there must be room for a viewer")
    return ViewerArrays(
        rows=np.zeros(capacity, VIEWER),
        counters=np.zeros(len(COUNTER_NAMES), np.int64),
        picks=np.zeros(MAX_PICKS, PICK),
        order=np.zeros(256, np.int64),
        cover=np.zeros(VIEW_CELLS, np.int64),
        chosen=np.zeros(MAX_DATAGRAM_KEYFRAMES, np.int64),
        run_bytes=np.zeros(1312, np.uint8),
    )


@inner_kernel
def ask_ahead(viewers: ViewerArrays, row: int, sequence: int) -> None:
    """Have what `write_view` reads of a viewer (undivided cells only) on its way; changes nothing.

    `sequence` is that of the datagram to come.
    """
    start = viewers.rows.ctypes.data + row * viewers.rows.itemsize
    prefetch(start)
    prefetch(start + RING_AT + (sequence % SENT_DATAGRAMS) * 8)
    for at in (KNOWN_NEW_AT, HAS_AT, SENT_WHAT_AT, SENT_WHEN_AT, SENT_WHEN_AT + LINE_BYTES):
        prefetch(start + at)
        prefetch(start + at + LINE_BYTES - 1)


@bare_kernel
def view_enter(viewers: ViewerArrays, row: int, x: int, y: int, tier: int) -> None:
    """Start a viewer from nothing, its view around world-wide cell (x, y). Forgets whoever had the row."""
    rows = viewers.rows
    rows["view_mask"][row] = 0
    rows["view_x"][row] = x
    rows["view_y"][row] = y
    rows["tier"][row] = tier
    rows["own_mode"][row] = 0
    rows["hungry"][row] = 0
    rows["acked"][row] = 0
    for k in range(NUM_KNOWN):
        rows["has"][row, k] = 0
    for k in range(SENT_DATAGRAMS):
        rows["ring"][row, k] = 0


@bare_kernel
def view_move(viewers: ViewerArrays, row: int, x: int, y: int) -> None:
    """Move the view to world-wide cell (x, y). What was in view and still is stays known; the rest is forgotten."""
    rows = viewers.rows
    dx, dy = x - i64(rows["view_x"][row]), y - i64(rows["view_y"][row])
    if dx == 0 and dy == 0:
        return
    old, mask = i64(rows["view_mask"][row]), 0
    for place in range(VIEW_CELLS):
        column, line = place % VIEW_SIDE_CELLS + dx, place // VIEW_SIDE_CELLS + dy
        if 0 <= column < VIEW_SIDE_CELLS and 0 <= line < VIEW_SIDE_CELLS:
            mask |= ((old >> (line * VIEW_SIDE_CELLS + column)) & 1) << place
    rows["view_mask"][row] = mask
    rows["view_x"][row] = x
    rows["view_y"][row] = y


@bare_kernel
def view_follow(cells: CellArrays, viewers: ViewerArrays, row: int, entity_row: int) -> None:
    """Move the view to the cell in which the newest encode listed an entity row; stays if it is in none."""
    cell = i64(cells.rows["cell"][entity_row])
    if cell >= 0:
        view_move(viewers, row, i64(cells.cells["x"][cell]), i64(cells.cells["y"][cell]))


@inner_kernel
def enter_cells(viewers: ViewerArrays, row: int, tier: int, level: int, snapshot: int) -> None:
    """Bring the set of cells in view up to date: what came in is unknown, and counts one entry more."""
    rows = viewers.rows
    mask = view_mask_of(tier, level)
    old = i64(rows["view_mask"][row])
    if mask == old:
        return
    for place in range(VIEW_CELLS):
        if (mask & ~old) >> place & 1:
            x = i64(rows["view_x"][row]) + place % VIEW_SIDE_CELLS - VIEW_RADIUS_CELLS
            y = i64(rows["view_y"][row]) + place // VIEW_SIDE_CELLS - VIEW_RADIUS_CELLS
            slot = torus_slot(x, y)
            rows["entry"][row, slot] = (i64(rows["entry"][row, slot]) + 1) & 255
            for number in range(MAX_PARTS):
                rows["has"][row, slot + number * NUM_SLOTS] = 0
                rows["covered_at"][row, slot + number * NUM_SLOTS] = (snapshot - MAX_DELTA_PERIOD) & 0xFFFF
    rows["view_mask"][row] = mask


@inner_kernel
def knows(rows: Table, row: int, known: int, generation: int) -> bool:
    """True if the viewer acknowledged that keyframe and is not believed to have dropped it."""
    has = i64(rows["has"][row, known])
    if has & HAS_NEW and rows["known_new"][row, known] == generation:
        return True
    return has & HAS_OLD != 0 and rows["known_old"][row, known] == generation


@inner_kernel
def in_flight(rows: Table, row: int, known: int, generation: int, snapshot: int, patience: int) -> bool:
    """True if that keyframe was the last one sent for the part, less than `patience` snapshots ago."""
    if i64(rows["has"][row, known]) & WAS_SENT == 0 or rows["sent"][row, known] != generation:
        return False
    return (snapshot - i64(rows["sent_at"][row, known])) & 0xFFFF < patience


@inner_kernel
def _learn(rows: Table, row: int, known: int, generation: int) -> None:
    """Add an acknowledged generation, keeping the two newest by serial comparison."""
    has = i64(rows["has"][row, known])
    if knows(rows, row, known, generation):
        return
    newest = i64(rows["known_new"][row, known])
    if has & HAS_NEW == 0:
        rows["known_new"][row, known] = generation
        rows["has"][row, known] = has | HAS_NEW
    elif (generation - newest) & 255 < 128:
        rows["known_old"][row, known] = newest
        rows["known_new"][row, known] = generation
        rows["has"][row, known] = has | HAS_OLD
    elif has & HAS_OLD == 0 or (generation - i64(rows["known_old"][row, known])) & 255 < 128:
        rows["known_old"][row, known] = generation
        rows["has"][row, known] = has | HAS_OLD


@bare_kernel
def on_acked(viewers: ViewerArrays, row: int, sequence: int) -> None:
    """The viewer received the datagram with inner sequence `sequence` (u16).

    A sequence of which nothing is remembered (older than 64 datagrams, or never sent) is ignored and counted.
    """
    rows = viewers.rows
    at = sequence % SENT_DATAGRAMS
    sent = i64(rows["ring"][row, at])
    if sent & RING_SENT == 0 or sent & 0xFFFF != sequence:
        viewers.counters[ACKS_IGNORED] += 1
        return
    for e in range((sent >> RING_COUNT) & 255):
        entry = i64(rows["ring_keys"][row, at, e])
        known = entry & (NUM_KNOWN - 1)
        if rows["entry"][row, known & (NUM_SLOTS - 1)] == entry >> 17:
            _learn(rows, row, known, (entry >> 9) & 255)
    flags, acked = (sent >> RING_FLAGS) & 255, i64(rows["acked"][row])
    own, private = (sent >> RING_OWN) & 255, (sent >> RING_PRIVATE) & 255
    # The newer of two versions wins, so that late acknowledgements do not make the server repeat itself.
    if flags & SENT_OWN and (acked & SENT_OWN == 0 or (own - i64(rows["own_version"][row])) & 255 < 128):
        rows["own_version"][row] = own
    if flags & SENT_PRIVATE and (
        acked & SENT_PRIVATE == 0 or (private - i64(rows["private_version"][row])) & 255 < 128
    ):
        rows["private_version"][row] = private
    rows["acked"][row] = acked | flags
    rows["ring"][row, at] = 0


@bare_kernel
def on_nack(cells: CellArrays, viewers: ViewerArrays, row: int, x: int, y: int, number: int, generation: int) -> bool:
    """The viewer lacks the keyframe that a datagram named for part `number` of world-wide cell (x, y).

    `generation` is the byte of the NACK (see `NACK_QUIET`). Returns False, and changes nothing, if the cell is not in
    view, the part or generation is no longer the one in use, or it was sent again less than 3 snapshots ago.
    """
    rows = viewers.rows
    column = x - i64(rows["view_x"][row]) + VIEW_RADIUS_CELLS
    line = y - i64(rows["view_y"][row]) + VIEW_RADIUS_CELLS
    if not (0 <= column < VIEW_SIDE_CELLS and 0 <= line < VIEW_SIDE_CELLS):
        return False
    if i64(rows["view_mask"][row]) >> (line * VIEW_SIDE_CELLS + column) & 1 == 0:
        return False
    cell = cell_number(cells.zone, x, y)
    if cell < 0 or number < 0 or number >= i64(cells.cells["num_parts"][cell]):
        return False
    part = i64(cells.cells["part"][cell, number])
    if cells.parts["has_base"][part] == 0:
        return False
    base = i64(cells.keys["generation"][part * 2 + i64(cells.parts["base"][part])])
    named = base & 63 if generation < NACK_QUIET else NACK_QUIET + base % 15
    known = torus_slot(x, y) + number * NUM_SLOTS
    snapshot = i64(cells.zone["snapshot"][0])
    if named != generation or in_flight(rows, row, known, base, snapshot + 1, MIN_RESEND_SNAPSHOTS):
        return False
    has = i64(rows["has"][row, known])
    if has & HAS_NEW and rows["known_new"][row, known] == base:
        has &= ~HAS_NEW
    if has & HAS_OLD and rows["known_old"][row, known] == base:
        has &= ~HAS_OLD
    if has & WAS_SENT and rows["sent"][row, known] == base:
        # Still remembered as sent (a resend is counted as one), but too long ago to be under way.
        rows["sent_at"][row, known] = (snapshot - 0x4000) & 0xFFFF
    rows["has"][row, known] = has
    viewers.counters[NACKS] += 1
    return True

"""The arrays in which many clients keep what they see.

Responsible for: layouts, construction and reset of the client side's state, and the two rules that several of its
kernels share: serial comparison of ticks, and which keyframe a new one replaces.
Not here: reading payloads (`view_parse.py`, `view.py`), asking what is visible (`view_listing.py`).

Invariants: all memory is taken at construction and touched only as cells come into view (at most 300 kB a client). A
client's row, slots, parts, lingering entities and events are its own; the scratch belongs to one call at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.replication.cells import NUM_SLOTS, Table
from myriad.wire.layouts import MAX_NACKS, MAX_PART_ENTITIES, MAX_PARTS, VIEW_CELLS

POOL_PARTS = 128
MAX_LINGERING = 64
MAX_VIEW_EVENTS = 64
MAX_KEYFRAMES = 128
U32 = 0xFFFFFFFF

LINGER_MS = 300
NACK_MS = 150
QUIET_KEYFRAME_MS = 1250
"""How long after its last use a keyframe may be named by a quiet nibble: generations go up at most four a second, and
a nibble names them modulo 15, so a longer silence could confuse two of them."""
KEYFRAME_MS = 10_000
"""The same for deltas (modulo 64), and for comparing generations at all (modulo 256)."""
STALE_MS = 3000
"""A part not heard of for so long is no longer shown."""

VIEW = np.dtype(
    [
        ("datagrams", "i8"),  # applied, old and doubled ones included
        ("malformed", "i8"),
        ("sections", "i8"),  # sections and quiet marks that moved a part's tick on
        ("undecodable", "i8"),  # those whose keyframe was missing
        ("keyframes", "i8"),  # kept
        ("no_room", "i8"),  # parts for which the pool had none
        ("near_parts", "i8"),  # parts of near cells at each newest snapshot, summed
        ("near_covered", "i8"),  # those of them that it brought up to date
        ("num_events", "i8"),  # written to the ring of events since the start
        ("tick", "u4"),  # of the newest snapshot
        ("has_tick", "u1"),
        ("num_nacks", "u1"),
        ("linger_at", "u1"),  # next place in the ring of lingering entities
        ("view_x", "i4"),
        ("view_y", "i4"),
        ("num_free", "i4"),  # entries of free_parts
        ("tick_hz", "i4"),
        ("nack_x", "i4", (MAX_NACKS,)),
        ("nack_y", "i4", (MAX_NACKS,)),
        ("nack_part", "u1", (MAX_NACKS,)),
        ("nack_generation", "u1", (MAX_NACKS,)),
    ],
    align=True,
)
SLOT = np.dtype(
    [
        ("x", "i4"),
        ("y", "i4"),
        ("entered", "u4"),  # older snapshots say nothing about this cell
        ("parts_tick", "u4"),  # of num_parts
        ("in_view", "u1"),
        ("num_parts", "u1"),  # 0 = never covered
        ("has_tick", "u1"),  # bit per part
        ("has_event", "u1"),
        ("has_nack", "u1"),
        ("event", "u1", (MAX_PARTS,)),  # newest number seen
        ("part", "i2", (MAX_PARTS,)),  # in the pool, -1 = none
        ("tick", "u4", (MAX_PARTS,)),  # as of which the state is
        ("nacked", "u4", (MAX_PARTS,)),  # tick of the snapshot that led to the last NACK
    ],
    align=True,
)
VIEW_PART = np.dtype(
    [
        ("used", "u4"),  # tick of the snapshot that last named or brought one of the keyframes
        ("count", "i2"),  # entities now
        ("quiet", "i2"),  # generation that the state equals, -1 = none
        ("has", "u1", (2,)),
        ("generation", "u1", (2,)),
        ("key_count", "u1", (2,)),
    ],
    align=True,
)
ENTITY_STATE = np.dtype([("word", "i8"), ("id", "u4")], align=False)
LINGERING = np.dtype([("word", "i8"), ("id", "u4"), ("tick", "u4"), ("x", "i4"), ("y", "i4")], align=True)
VIEW_EVENT = np.dtype(
    [("tick", "u4"), ("target", "u4"), ("source", "u2"), ("kind", "u1"), ("amount", "u1")], align=True
)
"""A blow that was seen: snapshot tick, id of the target, low bits of the source's, the game's kind, capped amount."""

KEYFRAME_REF = np.dtype(
    [("place", "i4"), ("number", "i4"), ("generation", "i4"), ("count", "i4"), ("at", "i4")], align=True
)
NEWS = np.dtype(
    [
        ("place", "i4"),
        ("number", "i4"),
        ("kind", "i4"),  # NEWS_QUIET, SECTION_DELTA or SECTION_FULL
        ("named", "i4"),  # nibble, or generation & 63
        ("at", "i4"),  # body
        ("end", "i4"),
        ("base_count", "i4"),  # records of the keyframe that the body was checked against, -1 = none
    ],
    align=True,
)
NEWS_QUIET = 0


class ViewArrays(NamedTuple):
    """Views of many clients: one row each of everything but the scratch."""

    views: Table  # (clients,) VIEW
    slots: Table  # (clients, 64) SLOT
    parts: Table  # (clients, 128) VIEW_PART
    keys: Table  # (clients, 256, 64) ENTITY_STATE; part * 2 + 0 or 1
    states: Table  # (clients, 128, 64) ENTITY_STATE
    free_parts: npt.NDArray[np.int16]  # (clients, 128)
    lingering: Table  # (clients, 64) LINGERING
    events: Table  # (clients, 64) VIEW_EVENT, ring
    keyframe_refs: Table  # scratch (128,) of the payload being read
    news: Table  # scratch (200,)
    num_parts: npt.NDArray[np.int64]  # scratch (25,) parts of each covered cell, 0 = not covered
    decoded: Table  # scratch (64,) ENTITY_STATE
    reasons: npt.NDArray[np.int64]  # scratch (64,) of the keyframe's records: -1 present, else why removed
    table: npt.NDArray[np.int64]  # scratch (2, 16384) of listings: stamp and id, index
    stamp: npt.NDArray[np.int64]  # (1,)


def create_views(num_clients: int, tick_hz: int) -> ViewArrays:
    """Views for `num_clients` (>= 1) clients of a server that ticks at `tick_hz`, all reset."""
    if num_clients < 1 or tick_hz < 1:
        raise ValueError("views need a client and a tick rate")
    views = ViewArrays(
        views=np.zeros(num_clients, VIEW),
        slots=np.zeros((num_clients, NUM_SLOTS), SLOT),
        parts=np.zeros((num_clients, POOL_PARTS), VIEW_PART),
        keys=np.zeros((num_clients, POOL_PARTS * 2, MAX_PART_ENTITIES), ENTITY_STATE),
        states=np.zeros((num_clients, POOL_PARTS, MAX_PART_ENTITIES), ENTITY_STATE),
        free_parts=np.zeros((num_clients, POOL_PARTS), np.int16),
        lingering=np.zeros((num_clients, MAX_LINGERING), LINGERING),
        events=np.zeros((num_clients, MAX_VIEW_EVENTS), VIEW_EVENT),
        keyframe_refs=np.zeros(MAX_KEYFRAMES, KEYFRAME_REF),
        news=np.zeros(VIEW_CELLS * MAX_PARTS, NEWS),
        num_parts=np.zeros(VIEW_CELLS, np.int64),
        decoded=np.zeros(MAX_PART_ENTITIES, ENTITY_STATE),
        reasons=np.zeros(MAX_PART_ENTITIES, np.int64),
        table=np.zeros((2, 16384), np.int64),
        stamp=np.zeros(1, np.int64),
    )
    views.views["tick_hz"] = tick_hz
    for row in range(num_clients):
        view_reset(views, row)
    return views


@bare_kernel
def view_reset(views: ViewArrays, row: int) -> None:
    """Forget everything that client `row` saw (a new session); its counters go on."""
    views.views["has_tick"][row] = 0
    views.views["num_nacks"][row] = 0
    views.views["num_free"][row] = POOL_PARTS
    for k in range(POOL_PARTS):
        views.free_parts[row, k] = POOL_PARTS - 1 - k
    for slot in range(NUM_SLOTS):
        views.slots["in_view"][row, slot] = 0
        views.slots["num_parts"][row, slot] = 0
        views.slots["has_tick"][row, slot] = 0
        views.slots["has_event"][row, slot] = 0
        views.slots["has_nack"][row, slot] = 0
        for number in range(MAX_PARTS):
            views.slots["part"][row, slot, number] = -1
    for k in range(MAX_LINGERING):
        views.lingering["id"][row, k] = 0


@bare_kernel
def newer(one: int, other: int) -> bool:
    """True if tick `one` (u32) comes after `other`, by serial arithmetic."""
    return 0 < ((one - other) & U32) < 0x80000000


@inner_kernel
def ticks_of(milliseconds: int, tick_hz: int) -> int:
    """Whole ticks in that time, rounded up."""
    return (milliseconds * tick_hz + 999) // 1000


@bare_kernel
def keyframe_place(has0: bool, generation0: int, has1: bool, generation1: int, generation: int) -> int:
    """Which of two held keyframes a received one replaces (0 or 1), -1 for none.

    The two newest are kept, by serial comparison: one sent again never evicts a newer. One that is held already, or
    is more than 8 older than the newest, is of no use.
    """
    if (has0 and generation == generation0) or (has1 and generation == generation1):
        return -1
    if not has0:
        if has1 and (generation1 - generation) & 255 < 128 and (generation1 - generation) & 255 > 8:
            return -1
        return 0
    if not has1:
        if (generation0 - generation) & 255 < 128 and (generation0 - generation) & 255 > 8:
            return -1
        return 1
    oldest, newest = 0, generation1
    if (generation0 - generation1) & 255 < 128:
        oldest, newest = 1, generation0
    if (generation - newest) & 255 < 128:
        return oldest
    if (newest - generation) & 255 > 8:
        return -1
    lesser = generation0 if oldest == 0 else generation1
    return oldest if (generation - lesser) & 255 < 128 else -1

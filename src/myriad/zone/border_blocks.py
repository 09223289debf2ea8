"""The bytes of a border block, written and read by kernels.

Responsible for: `u32 tick · u8 n · n × GHOST_RECORD (24 bytes) · u8 m · m × {u32 id · u8 version · u8 length · name}`.
Not here: which entities are shown and when (`border.py`), rows of ghosts (`sim/ghosts.py`).

Each block has some of the names, others each time, so that each comes again soon and nothing has to be asked for.

Invariant: a block is checked to its last byte before anything of it counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from myriad.core.bundle import Bundle, unbundle
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.core.native import copy_memory
from myriad.sim.ghosts import GHOST_RECORD, apply_ghosts, collect_border, name_ghost
from myriad.sim.world import World
from myriad.wire.layouts import MAX_NAME_BYTES
from myriad.wire.pack import get_u32, put_u32

RECORDS_PER_BLOCK = 40
NAMES_PER_BLOCK = 4
RECORD_BYTES = GHOST_RECORD.itemsize
HEAD_BYTES = 5
NAME_HEAD_BYTES = 6
MAX_BLOCK_BYTES = (
    HEAD_BYTES + RECORDS_PER_BLOCK * RECORD_BYTES + 1 + NAMES_PER_BLOCK * (NAME_HEAD_BYTES + MAX_NAME_BYTES)
)
MALFORMED = -1

Bytes = npt.NDArray[np.uint8]
Records = npt.NDArray[Any]
Rows = npt.NDArray[np.int32]


@bare_kernel
def show(bundle: Bundle[World], west: int, south: int, east: int, north: int, shown: Records, rows: Rows) -> int:
    """As `sim.ghosts.collect_border`."""
    return int(collect_border(unbundle(bundle), west, south, east, north, shown, rows))


@bare_kernel
def write_block(
    bundle: Bundle[World], shown: Records, rows: Rows, first: int, count: int, first_name: int, out: Bytes
) -> int:
    """Writes the block of `shown[first : first + count]` (count <= 40) to `out` (MAX_BLOCK_BYTES); returns its length.

    Names are those of the records from `first_name` on, modulo `count`.
    """
    world = unbundle(bundle)
    put_u32(out, 0, int(world.clock["tick"][0]))
    out[4] = count
    copy_memory(out.ctypes.data + HEAD_BYTES, shown.ctypes.data + first * RECORD_BYTES, count * RECORD_BYTES)
    at = HEAD_BYTES + count * RECORD_BYTES
    num_names = min(NAMES_PER_BLOCK, count)
    out[at] = num_names
    at += 1
    for k in range(num_names):
        row = int(rows[first + (first_name + k) % count])
        me = world.entities[row]
        length = int(me["name_length"])
        put_u32(out, at, int(me["id"]))
        out[at + 4] = me["name_version"]
        out[at + 5] = length
        at += NAME_HEAD_BYTES
        for i in range(length):
            out[at + i] = world.entities["name"][row, i]
        at += length
    return at


@inner_kernel
def _names_end(block: Bytes, at: int, length: int) -> int:
    """Where the names that begin at `at` end, MALFORMED if they are not well formed."""
    if at >= length:
        return MALFORMED
    count = int(block[at])
    at += 1
    for _ in range(count):
        if at + NAME_HEAD_BYTES > length:
            return MALFORMED
        size = int(block[at + 5])
        at += NAME_HEAD_BYTES + size
        if size > MAX_NAME_BYTES or at > length:
            return MALFORMED
    return at


@bare_kernel
def read_block(
    bundle: Bundle[World],
    neighbour: int,
    block: Bytes,
    length: int,
    scratch: Records,
    seen_ns: npt.NDArray[np.int64],
    now_ns: int,
) -> int:
    """Brings the ghosts of `block[:length]` up to date; how many found no row, or MALFORMED with nothing changed.

    `scratch` is RECORDS_PER_BLOCK of GHOST_RECORD, `seen_ns` as for `apply_ghosts`.
    """
    if length < HEAD_BYTES:
        return MALFORMED
    count = int(block[4])
    names_at = HEAD_BYTES + count * RECORD_BYTES
    if count > RECORDS_PER_BLOCK or _names_end(block, names_at, length) != length:
        return MALFORMED
    world = unbundle(bundle)
    copy_memory(scratch.ctypes.data, block.ctypes.data + HEAD_BYTES, count * RECORD_BYTES)
    refused = int(apply_ghosts(world, neighbour, scratch, count, seen_ns, now_ns))
    at = names_at + 1
    for _ in range(int(block[names_at])):
        size = int(block[at + 5])
        name_ghost(world, get_u32(block, at), int(block[at + 4]), block, at + NAME_HEAD_BYTES, size)
        at += NAME_HEAD_BYTES + size
    return refused

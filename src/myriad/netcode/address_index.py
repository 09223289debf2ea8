"""An open-addressing hash index from four integers (an address, a token's tag) to a row of some table.

Responsible for: find, insert and remove, seeded so that nobody outside can aim at one slot.
Not here: the table that holds the keys; the index stores a hash and a row only.

Invariants: linear probing, and removal shifts later entries back, so there are no tombstones and a lookup never gets
slower with age. The owner keeps at least half of the slots empty.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel

SLOT = np.dtype([("tag", "<u4"), ("row", "<i4")], align=True)
"""One slot: the key's hash, and the row (-1: empty)."""

NUM_SEEDS = 16
_LOW_32 = np.uint64(0xFFFF_FFFF)
_HIGH_SHIFT = np.uint64(32)


def new_slots(max_rows: int) -> npt.NDArray[np.void]:
    """An empty index for at most `max_rows` entries: a power of two of slots, at least twice as many."""
    slots = np.zeros(1 << max(3, (2 * max_rows - 1).bit_length()), SLOT)
    slots["row"] = -1
    return slots


def seeds_from(random_bytes: bytes) -> npt.NDArray[np.int64]:
    """The secret numbers of an index from 128 random bytes: i8[16], eight to add and eight odd ones to multiply by."""
    seeds = np.frombuffer(random_bytes[:128], "<i8") & 0x3FFF_FFFF
    seeds[8:] |= 0x2000_0001
    return seeds.astype(np.int64)


@inner_kernel
def _mix(value: int, word: int, add: int, multiply: int) -> int:
    # 32 x 30 bits fit a signed 64-bit product, so the same line is exact with and without the JIT
    product = ((value ^ word ^ add) & 0xFFFF_FFFF) * multiply
    return (product ^ (product >> 29)) & 0xFFFF_FFFF


@bare_kernel
def hash_key(seeds: npt.NDArray[np.int64], a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> int:
    """Hash (0 .. 2^32 - 1) of four u64 under the index's `seeds`."""
    value = _mix(int(seeds[0]), int(a & _LOW_32), int(seeds[1]), int(seeds[8]))
    value = _mix(value, int(a >> _HIGH_SHIFT), int(seeds[2]), int(seeds[9]))
    if (b | c | d) != np.uint64(0):
        value = _mix(value, int(b & _LOW_32), int(seeds[3]), int(seeds[10]))
        value = _mix(value, int(b >> _HIGH_SHIFT), int(seeds[4]), int(seeds[11]))
        value = _mix(value, int(c & _LOW_32), int(seeds[5]), int(seeds[12]))
        value = _mix(value, int(c >> _HIGH_SHIFT), int(seeds[6]), int(seeds[13]))
        value = _mix(value, int((d ^ (d >> _HIGH_SHIFT)) & _LOW_32), int(seeds[7]), int(seeds[14]))
    return _mix(value, 0, int(seeds[0]), int(seeds[15]))


@bare_kernel
def index_find(
    slots: npt.NDArray[np.void],
    keys: npt.NDArray[np.uint64],
    tag: int,
    a: np.uint64,
    b: np.uint64,
    c: np.uint64,
    d: np.uint64,
) -> int:
    """Row whose key (`keys[row]`, u8[4]) is (a, b, c, d), or -1; `tag` is that key's `hash_key`."""
    mask = len(slots) - 1
    tags = slots["tag"]
    rows = slots["row"]
    at = tag & mask
    while rows[at] >= 0:
        if int(tags[at]) == tag:
            row = int(np.int64(rows[at]))
            if keys[row, 0] == a and keys[row, 1] == b and keys[row, 2] == c and keys[row, 3] == d:
                return row
        at = (at + 1) & mask
    return -1


@inner_kernel
def index_guess(slots: npt.NDArray[np.void], tag: int) -> int:
    """The row that `index_find` is most likely to find under `tag`, without a look at any key; -1 if there is none."""
    at = tag & (len(slots) - 1)
    return int(np.int64(slots["row"][at])) if int(slots["tag"][at]) == tag else -1


@bare_kernel
def index_insert(slots: npt.NDArray[np.void], tag: int, row: int) -> None:
    """Add `row` under `tag`; the key must not be present."""
    mask = len(slots) - 1
    tags = slots["tag"]
    rows = slots["row"]
    at = tag & mask
    while rows[at] >= 0:
        at = (at + 1) & mask
    tags[at] = tag
    rows[at] = row


@bare_kernel
def index_remove(slots: npt.NDArray[np.void], tag: int, row: int) -> bool:
    """Remove the entry of `row` under `tag`; False if there is none."""
    mask = len(slots) - 1
    tags = slots["tag"]
    rows = slots["row"]
    at = tag & mask
    while rows[at] != row:
        if rows[at] < 0:
            return False
        at = (at + 1) & mask
    hole = at
    at = (hole + 1) & mask
    while rows[at] >= 0:
        home = int(tags[at]) & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            tags[hole] = tags[at]
            rows[hole] = rows[at]
            hole = at
        at = (at + 1) & mask
    rows[hole] = -1
    tags[hole] = 0
    return True

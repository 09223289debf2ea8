"""Digests of parts: a few bits that tell whether server and client agree.

Responsible for: the digest of a record, and looking up what the server's parts were at a recent tick.
Not here: keeping them (`encode.py`), a client's digests (`view_listing.py`).

Invariant: a digest is taken from the quantised records, not from encoded bytes, so it judges the encoder too.
"""

from __future__ import annotations

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel
from myriad.replication.cells import DIGEST_SNAPSHOTS, CellArrays
from myriad.replication.geometry import cell_number
from myriad.wire.layouts import MAX_PARTS


@bare_kernel
def record_digest(entity: int, word: int) -> int:
    """63 bits that depend on every bit of a record; a part's digest is their sum mod 2^63, in any order.

    Two lanes of 32 bits, so that nothing overflows whether compiled or not.
    """
    low = (entity * 0x2C1B3C6D + (word & 0xFFFFFFFF)) & 0xFFFFFFFF
    high = ((word >> 32) * 0x297A2D39 + entity) & 0xFFFFFFFF
    for _ in range(2):
        low = ((low ^ (low >> 15)) * 0x2C1B3C6D + high) & 0xFFFFFFFF
        high = ((high ^ (high >> 13)) * 0x297A2D39 + low) & 0xFFFFFFFF
    return ((high & 0x3FFFFFFF) << 32) | low


@bare_kernel
def add_digests(one: int, other: int) -> int:
    """Sum of two digests, mod 2^62."""
    return (one + other) & 0x3FFFFFFFFFFFFFFF


@bare_kernel
def digest_at(cells: CellArrays, tick: int, x: int, y: int, part: int) -> int:
    """Digest of part `part` (0..7) of world-wide cell (x, y) as of `tick` (u32), -1 if that is not kept."""
    number = cell_number(cells.zone, x, y)
    if number < 0 or cells.digests.shape[1] == 0:
        return -1
    for k in range(DIGEST_SNAPSHOTS):
        if cells.digest_ticks[k] == tick:
            return i64(cells.digests[k, number * MAX_PARTS + part])
    return -1

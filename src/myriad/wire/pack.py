"""Little-endian integers in byte arrays, inside kernels.

Responsible for: reading and writing u16, u32, u64 and i16 at any offset of a u1 array.
Not here: bounds checks; every caller knows its limits before it calls.

Values become int64 before any arithmetic: Numba gives up on integers (it turns to floats) where u64 and i64 meet.

Invariant: `put_*` write exactly their width and nothing else; `get_*` return plain non-negative integers (int64),
`get_i16` and `get_i8` signed ones, `get_u64` a uint64.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.integers import i64
from myriad.core.kernel import kernel

Bytes = npt.NDArray[np.uint8]


@kernel
def put_u16(buf: Bytes, at: int, value: int) -> None:
    """Write the low 16 bits of `value` at `buf[at:]`."""
    buf[at] = value & 0xFF
    buf[at + 1] = (value >> 8) & 0xFF


@kernel
def put_u32(buf: Bytes, at: int, value: int) -> None:
    """Write the low 32 bits of `value` at `buf[at:]`."""
    buf[at] = value & 0xFF
    buf[at + 1] = (value >> 8) & 0xFF
    buf[at + 2] = (value >> 16) & 0xFF
    buf[at + 3] = (value >> 24) & 0xFF


@kernel
def put_u64(buf: Bytes, at: int, value: int) -> None:
    """Write `value` (u64) at `buf[at:]`."""
    wide = np.uint64(value)
    for k in range(8):
        buf[at + k] = np.uint8((wide >> np.uint64(8 * k)) & np.uint64(0xFF))


@kernel
def get_u16(buf: Bytes, at: int) -> int:
    """The u16 at `buf[at:]`."""
    return i64(buf[at]) | (i64(buf[at + 1]) << 8)


@kernel
def get_u32(buf: Bytes, at: int) -> int:
    """The u32 at `buf[at:]`."""
    return i64(buf[at]) | (i64(buf[at + 1]) << 8) | (i64(buf[at + 2]) << 16) | (i64(buf[at + 3]) << 24)


@kernel
def get_u64(buf: Bytes, at: int) -> int:
    """The u64 at `buf[at:]`, as np.uint64."""
    value = np.uint64(0)
    for k in range(8):
        value |= np.uint64(buf[at + k]) << np.uint64(8 * k)
    return value  # type: ignore[return-value]


@kernel
def get_i16(buf: Bytes, at: int) -> int:
    """The i16 at `buf[at:]`."""
    value = i64(buf[at]) | (i64(buf[at + 1]) << 8)
    return value - 65536 if value >= 32768 else value


@kernel
def get_i8(buf: Bytes, at: int) -> int:
    """The i8 at `buf[at]`."""
    value = i64(buf[at])
    return value - 256 if value >= 128 else value

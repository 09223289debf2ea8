"""The residents of a zone as bytes in its cut: who they are, and each one's record.

Responsible for: the head of a resident, and packing and unpacking the array.
Not here: what is in a record (the game's; `Game.layout` names it), which of two records is newer (`member.py`).

Invariant: all records of a blob have the same length, so that a zone writes it with one copy of its columns.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESIDENT_HEAD = np.dtype([("character", "<u4"), ("hop", "<u4"), ("session", "<u8"), ("last_input", "<u4")])
"""Who a resident is: 20 bytes before its record."""

_RECORD_BYTES = struct.Struct("<I")

Bytes = NDArray[np.uint8]


def pack_residents(heads: NDArray[Any], records: Bytes) -> bytes:
    """The blob of `heads` ((n,) RESIDENT_HEAD) and `records` ((n, size) u1); nothing for nobody."""
    if len(heads) == 0:
        return b""
    raw = heads.view(np.uint8).reshape(len(heads), RESIDENT_HEAD.itemsize)
    return _RECORD_BYTES.pack(records.shape[1]) + np.hstack([raw, records]).tobytes()


def unpack_residents(blob: bytes) -> tuple[NDArray[Any], Bytes]:
    """Heads and records of a blob, none for an empty one. Raises ValueError if the bytes do not add up."""
    if not blob:
        return np.zeros(0, RESIDENT_HEAD), np.zeros((0, 0), np.uint8)
    if len(blob) < _RECORD_BYTES.size:
        raise ValueError("a blob of residents begins with the size of a record")
    size = _RECORD_BYTES.unpack_from(blob)[0]
    rows = np.frombuffer(blob, np.uint8, offset=_RECORD_BYTES.size)
    if len(rows) % (RESIDENT_HEAD.itemsize + size):
        raise ValueError("a blob of residents holds whole records only")
    rows = rows.reshape(-1, RESIDENT_HEAD.itemsize + size)
    heads = np.ascontiguousarray(rows[:, : RESIDENT_HEAD.itemsize]).view(RESIDENT_HEAD).reshape(-1)
    return heads, np.ascontiguousarray(rows[:, RESIDENT_HEAD.itemsize :])

"""Columns of an entity as bytes for its owner, and back.

Responsible for: the layout of a game's own and private fields on the wire (raw little-endian values, in the given
order, without gaps) and the kernel that copies them out of a row.
Not here: when they are sent (`zone/`).

Invariant: `own_dtype(...)` of the bytes that `copy_fields` wrote gives the values of the columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myriad.core.kernel import kernel
from myriad.sim.columns import as_int


def packed_dtype(entity: np.dtype[Any], names: Sequence[str]) -> np.dtype[Any]:
    """The dtype, without padding, of the named entity columns in that order. Raises ValueError on an unknown name."""
    fields: Mapping[str, Any] = entity.fields or {}
    for name in names:
        if name not in fields:
            raise ValueError(f"there is no entity field {name!r}")
    return np.dtype([(name, fields[name][0].base, fields[name][0].shape) for name in names])


def copy_plan(entity: np.dtype[Any], names: Sequence[str]) -> NDArray[np.int32]:
    """(n, 2) i4 of (offset in the row, bytes), neighbours joined, for `copy_fields`."""
    fields: Mapping[str, Any] = entity.fields or {}
    plan: list[list[int]] = []
    for name in names:
        dtype, offset = fields[name][0], fields[name][1]
        if plan and sum(plan[-1]) == offset:
            plan[-1][1] += dtype.itemsize
        else:
            plan.append([offset, dtype.itemsize])
    return np.array(plan, np.int32).reshape(-1, 2)


@kernel
def copy_fields(
    entity_bytes: NDArray[np.uint8], row: int, plan: NDArray[np.int32], out: NDArray[np.uint8], at: int
) -> int:
    """Copy the planned bytes of a row to `out` from `at` on; returns the end. The caller makes sure of the room."""
    for i in range(plan.shape[0]):
        offset = as_int(plan[i, 0])
        for k in range(as_int(plan[i, 1])):
            out[at] = entity_bytes[row, offset + k]
            at += 1
    return at

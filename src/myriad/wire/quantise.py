"""World positions to the twelve bits that a cell's record carries, and back.

Responsible for: cell indices and in-cell positions of exact coordinates (integers of 1/1024 m).
Not here: which cell an entity is listed in (`replication/` keeps it there for 7 m beyond the border).

Invariant: integer arithmetic only, so that every machine and language gets the same bits. The error of a position
that lies inside its cell or the margin is below 1/64 m.
"""

from __future__ import annotations

from myriad.core.kernel import kernel
from myriad.wire.layouts import CELL_UNITS, MARGIN_UNITS, MAX_CELL_POSITION, POSITION_SHIFT


@kernel
def cell_of(position: int) -> int:
    """Cell index of an exact coordinate (1/1024 m, any sign); cells are half-open, [0, 50) is cell 0."""
    return position // CELL_UNITS


@kernel
def to_cell_position(position: int, cell: int) -> int:
    """In-cell position (0..4095, 1/64 m from 7 m before the cell's edge) of an exact coordinate, clamped."""
    units = (position - cell * CELL_UNITS + MARGIN_UNITS) >> POSITION_SHIFT
    if units < 0:
        return 0
    if units > MAX_CELL_POSITION:
        return MAX_CELL_POSITION
    return units


@kernel
def from_cell_position(units: int, cell: int) -> int:
    """Exact coordinate (1/1024 m) of the lower edge of an in-cell position (0..4095)."""
    return (units << POSITION_SHIFT) + cell * CELL_UNITS - MARGIN_UNITS

"""Where cells, rings and sub-squares are, and when cells are due.

Responsible for: the arithmetic on cell indices, places of a view, periods and phases that server and client share.
Not here: any state (`cells.py`, `viewers.py`, `view_arrays.py`).

Invariant: cells are world-wide indices (i16, any sign); a view's places 0..24 go east, then north, from its south-west.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel
from myriad.wire.layouts import RING_PERIODS, VIEW_CELLS, VIEW_RADIUS_CELLS, VIEW_SIDE_CELLS

Table = npt.NDArray[np.void]
SUB_SQUARES = 16
SUB_SQUARE_STEPS = 800  # 12.5 m in 1/64 m
MARGIN_STEPS = 448  # 7 m in 1/64 m


@bare_kernel
def mix_cell(x: int, y: int) -> int:
    """A number 0..2^31-1 that spreads cells evenly over phases."""
    mixed = (x * 73856093) ^ (y * 19349663)
    mixed = (mixed ^ (mixed >> 13)) & 0x7FFFFFFF
    return ((mixed * 0x2C1B3C6D) >> 8) & 0x7FFFFFFF


@bare_kernel
def torus_slot(x: int, y: int) -> int:
    """Place 0..63 of a world-wide cell in a view's tables; unique within any 8 x 8 cells."""
    return (x & 7) | ((y & 7) << 3)


@bare_kernel
def cell_number(zone: Table, x: int, y: int) -> int:
    """Number of world-wide cell (x, y) in the rectangle, -1 if outside."""
    column = x - i64(zone["origin_x"][0])
    line = y - i64(zone["origin_y"][0])
    if column < 0 or line < 0 or column >= zone["width"][0] or line >= zone["height"][0]:
        return -1
    return line * i64(zone["width"][0]) + column


@bare_kernel
def ring_of(place: int) -> int:
    """Ring 0 near, 1 mid, 2 far of place 0..24 in a view."""
    dx = abs(place % VIEW_SIDE_CELLS - VIEW_RADIUS_CELLS)
    dy = abs(place // VIEW_SIDE_CELLS - VIEW_RADIUS_CELLS)
    if max(dx, dy) <= 1:
        return 0
    return 1 if min(dx, dy) <= 1 else 2


@bare_kernel
def ring_period(tier: int, ring: int, level: int) -> int:
    """Snapshots between two sendings of a cell; 0 = not in view."""
    period = RING_PERIODS[tier][ring]
    if ring == 2 and level >= 2:
        return 0
    if ring == 2 and level == 1:
        return period * 2
    return period


def _view_mask(tier: int, level: int) -> int:
    mask = 0
    for place in range(VIEW_CELLS):
        offsets = (abs(place % VIEW_SIDE_CELLS - VIEW_RADIUS_CELLS), abs(place // VIEW_SIDE_CELLS - VIEW_RADIUS_CELLS))
        ring = 0 if max(offsets) <= 1 else 1 if min(offsets) <= 1 else 2
        if RING_PERIODS[tier][ring] > 0 and not (ring == 2 and level >= 2):
            mask |= 1 << place
    return mask


_VIEW_MASKS = tuple(tuple(_view_mask(tier, level) for tier in range(len(RING_PERIODS))) for level in range(3))


@bare_kernel
def view_mask_of(tier: int, level: int) -> int:
    """Bits of the places 0..24 that are in view at overload level 0..2."""
    return _VIEW_MASKS[level][tier]


@bare_kernel
def since_due(snapshot: int, tier: int, period: int, cell_hash: int, view_hash: int) -> int:
    """Snapshots since the cell was last due for viewers of that tier and view cell; 0 = it is due now.

    All cells of a view of tier 1 or 2 are due in the same snapshots (every second, every fourth), so that a
    connection in trouble gets fewer datagrams, not emptier ones.
    """
    step = 1 << tier
    shifted = snapshot + view_hash % step
    turns = shifted // step + cell_hash
    return (turns % (period // step)) * step + shifted % step


@bare_kernel
def sub_square(word: int) -> int:
    """Morton number 0..15 of the 12.5 m sub-square that a record's position is in."""
    x = min(max(((word & 4095) - MARGIN_STEPS) // SUB_SQUARE_STEPS, 0), 3)
    y = min(max((((word >> 12) & 4095) - MARGIN_STEPS) // SUB_SQUARE_STEPS, 0), 3)
    return (x & 1) | ((y & 1) << 1) | ((x & 2) << 1) | ((y & 2) << 2)


@bare_kernel
def sort_ascending(values: npt.NDArray[np.int64], count: int) -> None:
    """Sort `values[:count]` in place (Shell's method: short code, at most 512 values)."""
    gap = 1
    while gap < count // 3:
        gap = gap * 3 + 1
    while gap > 0:
        for i in range(gap, count):
            value = values[i]
            k = i
            while k >= gap and values[k - gap] > value:
                values[k] = values[k - gap]
                k -= gap
            values[k] = value
        gap //= 3

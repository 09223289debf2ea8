"""Moving a square body over the tiles of a map, sliding along what is solid.

Responsible for: collision of a body with the 2 m tiles, lines of sight, and finding somewhere to stand.
Not here: speeds and stamina (the game), collision between bodies (there is none).

Invariants: integers of 1/1024 m only, so that client and server agree to the bit; a body that stands free never
overlaps a solid tile afterwards; what lies outside of the map is solid. A step is shorter than a tile per axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from myriad.core.kernel import inner_kernel, kernel
from myriad.sim.columns import UNITS_PER_M
from myriad.sim.world import TILE_M

TILE_SHIFT = 11
TILE_UNITS = TILE_M * UNITS_PER_M
MAX_STEP_UNITS = TILE_UNITS - 1


@kernel
def is_solid(solid: NDArray[np.uint8], column: int, row: int) -> bool:
    """True if the tile blocks; tiles outside of the map do."""
    if column < 0 or row < 0 or column >= solid.shape[1] or row >= solid.shape[0]:
        return True
    return bool(solid[row, column] != 0)


@inner_kernel
def _slide(solid: NDArray[np.uint8], at: int, across: int, step: int, radius: int, along_x: bool) -> int:
    """New coordinate along one axis; `across` is the coordinate on the other. All relative to the map's corner."""
    new = at + step
    if step > 0:
        tile = (new + radius - 1) >> TILE_SHIFT
        if tile == (at + radius - 1) >> TILE_SHIFT:
            return new
        stop = (tile << TILE_SHIFT) - radius
    else:
        tile = (new - radius) >> TILE_SHIFT
        if tile == (at - radius) >> TILE_SHIFT:
            return new
        stop = ((tile + 1) << TILE_SHIFT) + radius
    for other in range((across - radius) >> TILE_SHIFT, ((across + radius - 1) >> TILE_SHIFT) + 1):
        if along_x:
            if is_solid(solid, tile, other):
                return stop
        elif is_solid(solid, other, tile):
            return stop
    return new


@kernel
def move_body(solid: NDArray[np.uint8], x: int, y: int, step_x: int, step_y: int, radius: int) -> tuple[int, int]:
    """Move a square body (half side `radius`) by a step, first along x, then along y; a blocked axis stops at the tile.

    All in 1/1024 m; `x`, `y` relative to the map's south-west corner. Steps beyond a tile are cut to `MAX_STEP_UNITS`.
    Returns the new (x, y).
    """
    step_x = max(-MAX_STEP_UNITS, min(MAX_STEP_UNITS, step_x))
    step_y = max(-MAX_STEP_UNITS, min(MAX_STEP_UNITS, step_y))
    if step_x != 0:
        x = _slide(solid, x, y, step_x, radius, True)
    if step_y != 0:
        y = _slide(solid, y, x, step_y, radius, False)
    return x, y


@kernel
def is_clear(solid: NDArray[np.uint8], x: int, y: int, to_x: int, to_y: int) -> bool:
    """True if no solid tile lies on a straight line, looked at every half metre; units and corner as in `move_body`."""
    steps = 1 + max(abs(to_x - x), abs(to_y - y)) // (UNITS_PER_M // 2)
    for i in range(1, steps):
        column = (x + (to_x - x) * i // steps) >> TILE_SHIFT
        row = (y + (to_y - y) * i // steps) >> TILE_SHIFT
        if is_solid(solid, column, row):
            return False
    return True


@kernel
def is_walkable(solid: NDArray[np.uint8], x: int, y: int, radius: int) -> bool:
    """True if a body at (x, y) (1/1024 m, relative to the corner) overlaps no solid tile and lies in the map."""
    for column in range((x - radius) >> TILE_SHIFT, ((x + radius - 1) >> TILE_SHIFT) + 1):
        for row in range((y - radius) >> TILE_SHIFT, ((y + radius - 1) >> TILE_SHIFT) + 1):
            if is_solid(solid, column, row):
                return False
    return True


def nearest_walkable(solid: NDArray[np.uint8], x: int, y: int, radius: int) -> tuple[int, int]:
    """(x, y) itself if a body can stand there, else the centre of the nearest free tile (lowest row, column on ties).

    Units as in `is_walkable`. Raises ValueError when the whole map is solid.
    """
    if is_walkable(solid, x, y, radius):
        return x, y
    rows, columns = np.nonzero(solid == 0)
    if rows.size == 0:
        raise ValueError("the map has no walkable tile")
    centre_x = columns.astype(np.int64) * TILE_UNITS + TILE_UNITS // 2
    centre_y = rows.astype(np.int64) * TILE_UNITS + TILE_UNITS // 2
    best = int(np.argmin((centre_x - x) ** 2 + (centre_y - y) ** 2))
    return int(centre_x[best]), int(centre_y[best])

"""Numbers that look like chance and are always the same: single ones, noise that repeats, specks.

Responsible for: where the irregular in pictures comes from. Not here: what it is used for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emberdale.terrain import draw, hashed

Field = NDArray[np.float64]


def chance(i: int, j: int, salt: int) -> float:
    """A number in [0, 1)."""
    return draw(i, j, salt)


def speckle(width: int, height: int, salt: int) -> Field:
    """(height, width): each pixel a number of its own, in [0, 1)."""
    column, line = np.arange(width)[None, :], np.arange(height)[:, None]
    return hashed(column + 0 * line, line + 0 * column, salt)


def tiled_noise(side: int, scale_x: int, scale_y: int, salt: int) -> Field:
    """(side, side) smooth noise in [0, 1) that goes on at the opposite edge; scales divide the side."""
    place = np.arange(side)
    wide, high = side // scale_x, side // scale_y
    lattice = hashed(np.arange(wide)[None, :] + np.zeros((high, 1), np.int64), np.arange(high)[:, None] * 57, salt)
    x, y = place // scale_x, place // scale_y
    u, v = (place % scale_x) / scale_x, ((place % scale_y) / scale_y)[:, None]
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    rows = lattice[:, x] * (1 - u) + lattice[:, (x + 1) % wide] * u
    return np.asarray(rows[y] * (1 - v) + rows[(y + 1) % high] * v)


def cloudy(side: int, scale: int, salt: int) -> Field:
    """Noise with finer noise on top, bent so that its lattice does not show."""
    bend_x, bend_y = ((tiled_noise(side, 32, 32, salt + k) - 0.5) * 30 for k in (7, 8))
    line, column = np.mgrid[0:side, 0:side]
    layers = (
        0.55 * tiled_noise(side, scale, scale, salt)
        + 0.3 * tiled_noise(side, scale // 2, scale // 2, salt + 1)
        + 0.15 * tiled_noise(side, max(2, scale // 4), max(2, scale // 4), salt + 2)
    )
    return np.asarray(layers[(line + bend_y.astype(int)) % side, (column + bend_x.astype(int)) % side])

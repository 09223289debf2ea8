"""Angles by table: cosine and sine of 256 directions, and the heading of a vector.

Responsible for: the only trigonometry that rules may use. The C library's differs between machines.
Not here: the meaning of a heading on the wire.

Invariant: table entries are whole multiples of 2**-30, computed here in exact decimal arithmetic, so that every
machine and language makes the same table (JavaScript: `Math.round(Math.cos(a) * 2 ** 30) / 2 ** 30`).
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from myriad.core.kernel import kernel
from myriad.sim.columns import as_int

DIRECTIONS = 256
"""Directions a turn in `COSINE` and `SINE`; direction 0 is +x (east), 64 is +y (north)."""

TURN = 65536
"""Heading units a turn."""

_RATIOS = 256
_PI = Decimal("3.14159265358979323846264338327950288419716939937510")


def _cosine(angle: Decimal) -> Decimal:
    term = total = Decimal(1)
    for n in range(1, 15):
        term *= -angle * angle / ((2 * n - 1) * (2 * n))
        total += term
    return total


def _arctangent(ratio: Decimal) -> Decimal:
    for _ in range(2):  # halve the angle twice, so that the series is short
        ratio = ratio / (1 + (1 + ratio * ratio).sqrt())
    term, total = ratio, ratio
    for n in range(1, 20):
        term *= -ratio * ratio
        total += term / (2 * n + 1)
    return 4 * total


def _cosine_table() -> NDArray[np.float64]:
    with localcontext() as context:
        context.prec = 36
        step = 2 * _PI / DIRECTIONS
        first = [round(_cosine(step * i) * 2**30) for i in range(DIRECTIONS // 4 + 1)]
    half = first + [-value for value in first[-2::-1]]
    return np.array(half + half[-2:0:-1], np.float64) / 2**30


def _heading_table() -> NDArray[np.int64]:
    with localcontext() as context:
        context.prec = 36
        unit = TURN / (2 * _PI)
        return np.array([round(_arctangent(Decimal(i) / _RATIOS) * unit) for i in range(_RATIOS + 1)], np.int64)


COSINE = _cosine_table()
"""(256,) f8: cosine of direction i."""
SINE = np.roll(COSINE, DIRECTIONS // 4)
"""(256,) f8: sine of direction i."""
_HEADINGS = _heading_table()


@kernel
def heading_of(dx: int, dy: int) -> int:
    """Heading (0..65535) of the vector (dx, dy), integers below 2**54; 0 for the null vector. Exact to 0.12 degrees."""
    ax = abs(dx)
    ay = abs(dy)
    if ax == 0 and ay == 0:
        return 0
    if ax >= ay:
        angle = as_int(_HEADINGS[(ay * _RATIOS + ax // 2) // ax])
    else:
        angle = TURN // 4 - as_int(_HEADINGS[(ax * _RATIOS + ay // 2) // ay])
    if dx < 0:
        angle = TURN // 2 - angle
    if dy < 0:
        angle = -angle
    return angle & (TURN - 1)

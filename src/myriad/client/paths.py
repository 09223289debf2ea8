"""Finding a way around what is solid, on the map's tiles.

Responsible for: where to walk next so as to reach a point.
Not here: walking (`client/player.py`), the server's own NPCs.

Invariants: a way never cuts the corner of a solid tile, so a body narrower than a tile passes; only the square of
`2 × REACH_TILES + 1` tiles around the walker is looked at.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel
from myriad.game import TILE_M, TILE_UNITS, UNITS_PER_M, ZoneMap, is_clear, is_solid

REACH_TILES = 48
SIDE = 2 * REACH_TILES + 1
BODY_UNITS = UNITS_PER_M // 2
"""Ways keep this far from walls where they go straight (1/1024 m)."""

Tiles = npt.NDArray[np.uint8]


@bare_kernel
def _is_open(solid: Tiles, column: int, line: int, step_x: int, step_y: int) -> bool:
    """True if a body can go from a tile to the next one in a direction, diagonally only past free corners."""
    if is_solid(solid, column + step_x, line + step_y):
        return False
    if step_x != 0 and step_y != 0:
        return not is_solid(solid, column + step_x, line) and not is_solid(solid, column, line + step_y)
    return True


@bare_kernel
def flood(
    solid: Tiles,
    column: int,
    line: int,
    to_column: int,
    to_line: int,
    steps: npt.NDArray[np.int32],
    queue: npt.NDArray[np.int32],
) -> int:
    """Counts steps from tile (`to_column`, `to_line`) back to tile (`column`, `line`), breadth first.

    `steps` and `queue` are scratch of SIDE × SIDE. Returns the place (0..8, column first, 4 is the tile itself) of the
    neighbour to go to next, or -1 if there is no way within reach.
    """
    left, bottom = column - REACH_TILES, line - REACH_TILES
    if abs(to_column - column) > REACH_TILES or abs(to_line - line) > REACH_TILES:
        return -1
    for k in range(SIDE * SIDE):
        steps[k] = -1
    start = (to_line - bottom) * SIDE + to_column - left
    steps[start] = 0
    queue[0] = start
    head, tail = 0, 1
    while head < tail:
        place = int(queue[head])
        head += 1
        here_x, here_y = place % SIDE, place // SIDE
        for k in range(9):
            step_x, step_y = k % 3 - 1, k // 3 - 1
            x, y = here_x + step_x, here_y + step_y
            if x < 0 or y < 0 or x >= SIDE or y >= SIDE or int(steps[y * SIDE + x]) >= 0:
                continue
            if not _is_open(solid, left + here_x, bottom + here_y, step_x, step_y):
                continue
            steps[y * SIDE + x] = int(steps[place]) + 1
            if x == REACH_TILES and y == REACH_TILES:
                return (1 - step_y) * 3 + 1 - step_x
            queue[tail] = y * SIDE + x
            tail += 1
    return -1


class PathFinder:
    """Ways on one map."""

    def __init__(self, zone_map: ZoneMap) -> None:
        self._map = zone_map
        self._steps = np.zeros(SIDE * SIDE, np.int32)
        self._queue = np.zeros(SIDE * SIDE, np.int32)

    def next_point(self, x: float, y: float, to_x: float, to_y: float) -> tuple[float, float]:
        """Where to walk straight from (x, y) to get to (`to_x`, `to_y`); all in metres, world-wide.

        The goal itself if nothing solid is between, or if there is no way within reach.
        """
        zone = self._map
        here = self._units(x, y)
        goal = self._units(to_x, to_y)
        if self._is_free(here, goal):
            return to_x, to_y
        column, line = here[0] // TILE_UNITS, here[1] // TILE_UNITS
        to_column, to_line = goal[0] // TILE_UNITS, goal[1] // TILE_UNITS
        place = int(flood(zone.solid, column, line, to_column, to_line, self._steps, self._queue))
        if place < 0:
            return to_x, to_y
        return (
            zone.origin_x + (column + place % 3 - 1 + 0.5) * TILE_M,
            zone.origin_y + (line + place // 3 - 1 + 0.5) * TILE_M,
        )

    def _units(self, x: float, y: float) -> tuple[int, int]:
        """Exact coordinates relative to the map's corner."""
        return int((x - self._map.origin_x) * UNITS_PER_M), int((y - self._map.origin_y) * UNITS_PER_M)

    def _is_free(self, here: tuple[int, int], goal: tuple[int, int]) -> bool:
        """True if a body can go straight: the lines along its four corners are clear."""
        return all(
            is_clear(self._map.solid, here[0] + across, here[1] + along, goal[0] + across, goal[1] + along)
            for across in (-BODY_UNITS, BODY_UNITS)
            for along in (-BODY_UNITS, BODY_UNITS)
        )

"""Where simulated players start, and the ground that each calls home.

Responsible for: seeded starting points on walkable tiles, everywhere or with most of them inside one square of 100 m.
Not here: how a login carries the wish (`runtime/login.py`), what bots do there (`loadtest/bots.py`).

Invariant: the same map, number and seed give the same places; every place lies on a walkable tile inside its home.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.ground import TILE_M, ZoneMap

SQUARE_M = 100
EDGE_M = 12
"""Bots keep this far from the zone's border."""


class Places(NamedTuple):
    """For n clients, in metres, all f8: `starts` (n, 2); `homes` (n, 4): left, bottom, right, top; `lanes` (n, 4): both
    ends of a traveller's lane, zeros for the others."""

    starts: npt.NDArray[np.float64]
    homes: npt.NDArray[np.float64]
    lanes: npt.NDArray[np.float64]

    @property
    def travels(self) -> npt.NDArray[np.bool_]:
        """(n,): who has a lane."""
        return np.asarray(self.lanes.any(1))


def own_ground(zone: ZoneMap) -> ZoneMap:
    """The part of a map that is the zone's own."""
    west, south, east, north = zone.bounds
    column, line = (west - zone.origin_x) // TILE_M, (south - zone.origin_y) // TILE_M
    solid = zone.solid[line : line + (north - south) // TILE_M, column : column + (east - west) // TILE_M]
    return ZoneMap(zone.zone_name, west, south, solid, zone.spawn_points, zone.params)


def find_square(zone: ZoneMap) -> tuple[int, int]:
    """South-west corner (metres) of the 100 m square, on whole cells of 50 m, that has the most walkable tiles."""
    side = SQUARE_M // TILE_M
    step = 50 // TILE_M
    height, width = zone.solid.shape
    free = np.zeros((height + 1, width + 1), np.int64)
    free[1:, 1:] = (zone.solid == 0).cumsum(0).cumsum(1)
    best = (-1, 0.0, 0, 0)
    for bottom in range(0, height - side + 1, step):
        for left in range(0, width - side + 1, step):
            top, right = bottom + side, left + side
            count = int(free[top, right] - free[bottom, right] - free[top, left] + free[bottom, left])
            off_centre = abs(bottom + side / 2 - height / 2) + abs(left + side / 2 - width / 2)
            best = max(best, (count, -off_centre, bottom, left))
    return zone.origin_x + best[3] * TILE_M, zone.origin_y + best[2] * TILE_M


def choose_places(zone: ZoneMap, number: int, spread: str, seed: int, share: float = 0.6) -> Places:
    """Starting points and homes for `number` clients. `spread` is "uniform" or "square": the first `share` are in it.

    On a map without walkable tiles inside a home, its middle is taken.
    """
    zone = own_ground(zone)
    rng = np.random.default_rng(seed)
    height, width = zone.solid.shape
    whole = (
        zone.origin_x + EDGE_M,
        zone.origin_y + EDGE_M,
        zone.origin_x + width * TILE_M - EDGE_M,
        zone.origin_y + height * TILE_M - EDGE_M,
    )
    inside = round(number * share) if spread == "square" else 0
    homes = np.tile(np.array(whole, np.float64), (number, 1))
    if inside:
        left, bottom = find_square(zone)
        homes[:inside] = (left, bottom, left + SQUARE_M, bottom + SQUARE_M)
    starts = np.concatenate(
        [points_in(zone, homes[0], inside, rng), points_in(zone, np.array(whole, np.float64), number - inside, rng)]
    )
    return Places(starts, homes, np.zeros((number, 4)))


def points_in(
    zone: ZoneMap, home: npt.NDArray[np.float64], number: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """`number` points spread evenly over the middles of the walkable tiles of a rectangle."""
    lines, columns = np.nonzero(zone.solid == 0)
    x = zone.origin_x + columns * TILE_M + TILE_M / 2
    y = zone.origin_y + lines * TILE_M + TILE_M / 2
    chosen = np.flatnonzero((x >= home[0]) & (x <= home[2]) & (y >= home[1]) & (y <= home[3]))
    if len(chosen) == 0:
        return np.tile([(home[0] + home[2]) / 2, (home[1] + home[3]) / 2], (number, 1))
    picks = chosen[rng.integers(0, len(chosen), number)]
    return np.stack([x[picks], y[picks]], axis=1)

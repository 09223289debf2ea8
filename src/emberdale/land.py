"""A zone's map in the making: roads across its borders, a village, ruins, camps.

Responsible for: what is built on the ground of `terrain.py`, and that all that is not solid can be walked to.
Not here: reading maps that are on disk (`ground.py`), writing them (`tools/make-maps`).

Invariants: the same site gives the same map, tile by tile; the roads of two neighbours meet at their border.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from emberdale.terrain import (
    ASH,
    BLOCKED,
    BRIDGE,
    FLAGSTONE,
    GRASS,
    IS_GROWN,
    IS_OPEN,
    IS_SOLID,
    MEADOW,
    MOSS,
    ROAD,
    ROCK,
    ROOF,
    SAND,
    SIDE,
    WALL,
    WATER,
    Biome,
    Mask,
    Tiles,
    discs,
    draw,
    hashed,
    lay_ground,
    lay_lake,
    lay_rivers,
    noise,
)
from myriad.game import TILE_M, MapObject, TileMap, kernel

Spot = tuple[int, int]
Camps = tuple[tuple[str, int, int], ...]
"""(kind of NPC, camps, NPCs in each)."""

GATES = ((1, 0), (0, 1), (-1, 0), (0, -1))
RAIDERS = "Ash Raider"


class Site(NamedTuple):
    """A zone to be made: where it lies in the world, and what is its own."""

    name: str
    column: int
    row: int
    seed: int
    camps: Camps
    village: tuple[int, int, int]
    """Tile in the middle of the market, and half its side."""


def choose_village(column: int, row: int) -> tuple[int, int, int]:
    """Where a zone's village is unless somebody has chosen it."""
    x, y = (int(150 + 200 * draw(column, row, salt)) for salt in (301, 302))
    return x, y, int(25 + 9 * draw(column, row, 303))


def crossing(column: int, row: int, gate: Spot) -> Spot:
    """The tile at the zone's edge where the road through that border goes; the neighbour's lies beside it."""
    across, along = gate
    edge = (column + (across > 0), row + (along > 0))
    place = int(120 + 260 * draw(*edge, 401 if across else 402))
    return (SIDE - 1 if across > 0 else 0, place) if across else (place, SIDE - 1 if along > 0 else 0)


@dataclass
class Land:
    """The map so far. `objects` are in metres, as the game wants them."""

    site: Site
    tiles: Tiles
    objects: list[MapObject] = field(default_factory=list)
    waysides: list[Spot] = field(default_factory=list)

    def paint(self, x: float, y: float, radius: float, tile: int, only: Mask | None = None) -> None:
        """A disc of one tile, over all tiles or those of a table."""
        low_x, low_y = max(0, int(x - radius)), max(0, int(y - radius))
        part = self.tiles[low_y : int(y + radius) + 2, low_x : int(x + radius) + 2]
        line, column = np.mgrid[low_y : low_y + part.shape[0], low_x : low_x + part.shape[1]]
        inside = (column + 0.5 - x) ** 2 + (line + 0.5 - y) ** 2 <= radius * radius
        part[inside if only is None else inside & only[part]] = tile

    def add(
        self, group: str, name: str, x: float, y: float, width: float = 0, height: float = 0, **properties: Any
    ) -> None:
        """An object with its south-west corner at (x, y), in tiles."""
        middle = (x + width / 2) * TILE_M, (y + height / 2) * TILE_M
        self.objects.append(MapObject(name, group, *middle, width * TILE_M, height * TILE_M, properties))


def _lay_road(land: Land, points: list[Spot]) -> None:
    """A road of three tiles through the points, gently winding; bridges where it meets water."""
    all_x, all_y = [], []
    for i in range(len(points) - 1):
        (from_x, from_y), (to_x, to_y) = points[i], points[i + 1]
        length = max(abs(to_x - from_x), abs(to_y - from_y), 1)
        part = np.arange(2 * length + 1) / (2 * length)
        bends = noise(np.array([from_x]), np.arange(2 * length + 1), 60, land.site.seed)[:, 0] - 0.5
        wind = part * (1 - part) * 40 * bends
        all_x.append(from_x + 0.5 + (to_x - from_x) * part + wind * (to_y - from_y) / length)
        all_y.append(from_y + 0.5 + (to_y - from_y) * part - wind * (to_x - from_x) / length)
    x, y = np.concatenate(all_x), np.concatenate(all_y)
    tiles = land.tiles
    verge = discs(x, y, 2.6) & IS_GROWN[tiles]
    tiles[verge] = GRASS
    water = discs(x, y, 2.0) & (tiles == WATER)
    tiles[water] = BRIDGE
    tiles[discs(x, y, 1.6) & IS_OPEN[tiles]] = ROAD


def _lay_roads(land: Land) -> None:
    """From each gate of the village to the middle of its border, straight over the last tiles."""
    site = land.site
    x, y, half = site.village
    for number, (across, along) in enumerate(GATES):
        end_x, end_y = crossing(site.column, site.row, (across, along))
        gate = (x + across * (half + 2), y + along * (half + 2))
        before = (end_x - across * 24, end_y - along * 24)
        sway = int(70 * (draw(site.seed, number, 405) - 0.5))
        halfway = ((gate[0] + before[0]) // 2 + sway * abs(along), (gate[1] + before[1]) // 2 + sway * abs(across))
        _lay_road(land, [gate, halfway, before, (end_x, end_y)])
        land.waysides.append(halfway)


def _lay_houses(land: Land) -> None:
    x, y, half = land.site.village
    for line in range(-half + 5, half - 8, 11):
        for column in range(-half + 5, half - 9, 11):
            if abs(line + 3) > 7 and abs(column + 3) > 7:
                turn = int(draw(column, line, land.site.seed) * 4)
                width, height = 5 + turn % 2, 4 + turn // 2
                left, low = x + column, y + line
                land.tiles[low - 1 : low + height + 1, left - 1 : left + width + 1] = MEADOW
                land.tiles[low : low + height, left : left + width] = ROOF


def _lay_village(land: Land) -> None:
    """Houses around a market square inside a palisade with a gate in the middle of each side; a sanctuary."""
    x, y, half = land.site.village
    area = land.tiles[y - half : y + half + 1, x - half : x + half + 1]
    area[...] = MEADOW
    for side in (0, -1):
        area[side, :] = WALL
        area[:, side] = WALL
    gate = slice(half - 3, half + 4)
    area[0, gate] = area[-1, gate] = ROAD
    area[gate, 0] = area[gate, -1] = ROAD
    area[:, half - 1 : half + 2] = area[half - 1 : half + 2, :] = ROAD
    _lay_houses(land)
    land.tiles[y - 6 : y + 7, x - 6 : x + 7] = FLAGSTONE
    land.tiles[y - 1 : y + 2, x - 1 : x + 2] = WATER  # the well
    land.add("sanctuary", f"{land.site.name} village", x - half, y - half, 2 * half + 1, 2 * half + 1)
    for i in range(12):
        column, line = ((-5, -4, -3, 3, 4, 5)[i % 6], (-4, 4)[i // 6])
        land.add("spawn", f"market {i + 1}", x + column + 0.5, y + line + 0.5)
    for i, (column, line) in enumerate(land.waysides):
        land.paint(column + 0.5, line + 0.5, 2.5, ROAD)
        land.add("spawn", f"wayside {i + 1}", column + 0.5, line + 0.5)


def _lay_ruins(land: Land) -> list[Spot]:
    """Fallen buildings: broken walls around flagstones, far from the village, the edges and each other."""
    x, y, _ = land.site.village
    ruins: list[Spot] = []
    for turn in range(60):
        spot = (_draw_spot(land, turn, 501, 40), _draw_spot(land, turn, 502, 40))
        if len(ruins) < 8 and max(abs(spot[0] - x), abs(spot[1] - y)) > 60 and _apart(spot, ruins, 70):
            ruins.append(spot)
    for spot in ruins:
        half = 7 + sum(spot) % 5
        line, column = np.mgrid[spot[1] - half : spot[1] + half + 1, spot[0] - half : spot[0] + half + 1]
        edge = np.maximum(abs(line - spot[1]), abs(column - spot[0]))
        luck = hashed(column, line, land.site.seed + 77)
        part = land.tiles[spot[1] - half : spot[1] + half + 1, spot[0] - half : spot[0] + half + 1]
        part[...] = np.where(luck < 0.7, FLAGSTONE, MOSS)
        part[(edge == half) & (luck < 0.62)] = WALL
        part[(edge == half // 2) & (luck < 0.3)] = WALL
    return ruins


def _draw_spot(land: Land, turn: int, salt: int, edge: int) -> int:
    return edge + int(draw(turn, land.site.seed, salt) * (SIDE - 2 * edge))


def _apart(spot: Spot, others: list[Spot], distance: int) -> bool:
    return all((spot[0] - x) ** 2 + (spot[1] - y) ** 2 > distance**2 for x, y in others)


def _lay_camps(land: Land, ruins: list[Spot]) -> None:
    """Camps far enough from each other, the edges and the village; raiders live in the ruins first."""
    x, y, _ = land.site.village
    free = reachable(land.tiles, x + 4, y)
    taken = list(ruins)
    ruins = [spot for spot in ruins if free[spot[1], spot[0]]]
    turn = 0
    for kind, num_camps, count in land.site.camps:
        for number in range(num_camps):
            radius = 8 + (number * 5) % 4
            if kind == RAIDERS and number < len(ruins):
                spot = ruins[number]
            else:
                away = 60 if kind == RAIDERS else 45
                while True:
                    turn += 1
                    if turn > 20_000:
                        raise ValueError(f"{land.site.name} has no room for its camps")
                    spot = (_draw_spot(land, turn, 511, 24), _draw_spot(land, turn, 512, 24))
                    apart = 30 if turn > 2_000 else 38
                    if (
                        free[spot[1], spot[0]]
                        and max(abs(spot[0] - x), abs(spot[1] - y)) > away
                        and _apart(spot, taken, apart)
                        and _is_open_land(
                            land.tiles[spot[1] - radius : spot[1] + radius, spot[0] - radius :][:, : 2 * radius]
                        )
                    ):
                        break
                taken.append(spot)
                land.paint(*spot, 4, MEADOW if kind != RAIDERS else ASH, IS_GROWN)
                if kind == RAIDERS:
                    land.paint(*spot, 2.5, ASH, IS_OPEN)
            land.add(
                "camp", f"{kind} {number + 1}", spot[0] - radius, spot[1] - radius, 2 * radius, 2 * radius,
                kind=kind, count=count, radius=float(radius * TILE_M),
            )  # fmt: skip


def _is_open_land(part: Tiles) -> bool:
    return bool(IS_OPEN[part].mean() > 0.55 and (part == WATER).mean() < 0.05)


@kernel
def _flood(free: Mask, x: int, y: int, seen: Mask, waiting: Tiles) -> None:
    """Mark every free tile that can be walked to from (x, y)."""
    height, width = free.shape
    num = 1
    waiting[0] = y * width + x
    seen[y, x] = True
    while num > 0:
        num -= 1
        line, column = waiting[num] // width, waiting[num] % width
        for side in range(4):
            to_line = line + (side == 0) - (side == 1)
            to_column = column + (side == 2) - (side == 3)
            if to_line < 0 or to_column < 0 or to_line >= height or to_column >= width:
                continue
            if free[to_line, to_column] and not seen[to_line, to_column]:
                seen[to_line, to_column] = True
                waiting[num] = to_line * width + to_column
                num += 1


def reachable(tiles: Tiles, x: int, y: int) -> Mask:
    """Which tiles can be walked to from (x, y)."""
    seen = np.zeros(tiles.shape, np.bool_)
    _flood(~IS_SOLID[tiles], x, y, seen, np.zeros(tiles.size, np.int64))
    return seen


def _fill_pockets(land: Land) -> None:
    """What cannot be reached becomes solid like what encloses it, so that nobody ever spawns in a hole."""
    x, y, _ = land.site.village
    tiles = land.tiles
    lost = ~IS_SOLID[tiles] & ~reachable(tiles, x + 4, y)
    tiles[lost] = np.where((tiles[lost] == SAND) | (tiles[lost] == BRIDGE), WATER, ROCK)


def make_land(site: Site, biome_at: Callable[[int, int], Biome]) -> TileMap:
    """The map of a zone; `biome_at(column, row)` names the land of any zone of the world.

    Raises ValueError if the zone has no room for its camps.
    """
    land = Land(site, lay_ground(site.column, site.row, biome_at))
    lay_rivers(land.tiles, site.column, site.row)
    x, y, half = site.village
    lake = _draw_spot(land, 1, 521, 110), _draw_spot(land, 2, 521, 110)
    if max(abs(lake[0] - x), abs(lake[1] - y)) > half + 75:
        lay_lake(land.tiles, *lake, int(22 + 24 * draw(site.seed, 3, 521)), site.seed + 9)
    _lay_roads(land)
    ruins = _lay_ruins(land)
    _lay_village(land)
    _fill_pockets(land)
    _lay_camps(land, ruins)
    _fill_pockets(land)
    layers = {
        "ground": land.tiles.astype(np.uint32),
        "collision": np.where(IS_SOLID[land.tiles], BLOCKED, 0).astype(np.uint32),
    }
    return TileMap(SIDE, SIDE, layers, tuple(land.objects))

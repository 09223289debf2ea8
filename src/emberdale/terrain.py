"""The ground of Emberdale as a function of place: tiles, noise, kinds of land, rivers.

Responsible for: what grows where before anybody built something; the same for whoever asks, so that land goes on across
the borders of zones. Not here: roads, villages, ruins, camps (`land.py`).

Invariant: everything is decided by hashes of world-wide tile coordinates, with + − × ÷ and comparisons alone, so that a
client on another machine makes the very same tiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SIDE = 500
"""Tiles along a zone's side."""

GRASS, MEADOW, MOSS, ROAD, WATER, BRIDGE, SAND, ROCK, TREE, WALL, ROOF, FLAGSTONE, ASH, STUMP, BLOCKED = range(1, 16)
SNOW, ICE, PINE, GLACIER, DUNE, CRACKED, CACTUS, SANDSTONE, MUD, REEDS, WILLOW = range(16, 27)
NUM_TILES = 32
SOLID = (WATER, ROCK, TREE, WALL, ROOF, STUMP, PINE, GLACIER, CACTUS, SANDSTONE, WILLOW)
OPEN = (GRASS, MEADOW, MOSS, ASH, SAND, SNOW, ICE, DUNE, CRACKED, MUD, REEDS)
GROWN = (TREE, STUMP, ROCK, PINE, GLACIER, CACTUS, SANDSTONE, WILLOW)
"""Solid things that give way to what is built."""

Tiles = NDArray[np.int64]
Field = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Look(NamedTuple):
    """The tiles of a kind of land: open ground, patches of another, the floor of woods, what stands in them, rocks."""

    ground: int
    patch: int
    floor: int
    tree: int
    rock: int
    woods: float = 0.56
    """Where noise is above it, woods grow."""
    thickness: float = 0.3
    """Share of trees in the depth of a wood."""


LOOKS = {
    "vale": Look(GRASS, MEADOW, MOSS, TREE, ROCK),
    "ashlands": Look(GRASS, MEADOW, MOSS, TREE, ROCK),
    "frost": Look(SNOW, ICE, SNOW, PINE, GLACIER),
    "dunes": Look(DUNE, CRACKED, CRACKED, CACTUS, SANDSTONE, 0.6, 0.1),
    "fen": Look(MOSS, REEDS, MUD, WILLOW, WATER, 0.52, 0.2),
}


class Biome(NamedTuple):
    """A kind of land: its looks by name, the share of it that is burnt, and how many rocks there are."""

    look: str
    burnt: float
    rocks: float


def table_of(tiles: tuple[int, ...]) -> Mask:
    """(NUM_TILES,): true for these tiles, to look maps up in."""
    table = np.zeros(NUM_TILES, np.bool_)
    table[list(tiles)] = True
    return table


IS_SOLID, IS_OPEN, IS_GROWN = table_of(SOLID), table_of(OPEN), table_of(GROWN)


def hashed(x: NDArray[np.int64], y: NDArray[np.int64], salt: int) -> Field:
    """Numbers in [0, 1) that depend on two integer coordinates and a salt."""
    mixed = (x.astype(np.int64) * 0x9E3779B1 + y.astype(np.int64) * 0x85EBCA77 + salt * 0x27D4EB2F) & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        mixed ^= mixed >> shift
        mixed = (mixed * factor) & 0xFFFFFFFF
    return np.asarray((mixed ^ (mixed >> 16)) / 2.0**32)


def draw(x: int, y: int, salt: int) -> float:
    """One such number, the same without arrays."""
    mixed = (x * 0x9E3779B1 + y * 0x85EBCA77 + salt * 0x27D4EB2F) & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        mixed ^= mixed >> shift
        mixed = (mixed * factor) & 0xFFFFFFFF
    return float((mixed ^ (mixed >> 16)) / 2.0**32)


def noise(x: NDArray[np.int64], y: NDArray[np.int64], scale: int, salt: int) -> Field:
    """(len(y), len(x)) smooth value noise in [0, 1) over a rectangle of ascending coordinates; `scale` tiles between
    lattice points."""
    column, line = x // scale, y // scale
    u, v = (x % scale) / scale, ((y % scale) / scale)[:, None]
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    across = np.arange(column[0], column[-1] + 2)
    along = np.arange(line[0], line[-1] + 2)
    lattice = hashed(across[None, :], along[:, None], salt)
    column, line = column - column[0], line - line[0]
    rows = lattice[:, column] * (1 - u) + lattice[:, column + 1] * u
    return np.asarray(rows[line] * (1 - v) + rows[line + 1] * v)


def layered(x: NDArray[np.int64], y: NDArray[np.int64], scale: int, salt: int) -> Field:
    """Noise with finer noise on top."""
    return 0.6 * noise(x, y, scale, salt) + 0.28 * noise(x, y, scale // 3, salt + 1) + 0.12 * noise(x, y, 5, salt + 2)


def lay_ground(column: int, row: int, biome_at: Callable[[int, int], Biome]) -> Tiles:
    """(SIDE, SIDE) tiles of the zone in that column and row of the world: grounds, woods, rocks.

    `biome_at(column, row)` names any zone's land. Where two kinds meet, the line between them wanders.
    """
    x = np.arange(column * SIDE, (column + 1) * SIDE)
    y = np.arange(row * SIDE, (row + 1) * SIDE)
    stray = 110
    over_x = (x + ((layered(x, y, 64, 61) - 0.5) * stray).astype(np.int64)) // SIDE - column
    over_y = (y[:, None] + ((layered(x, y, 64, 67) - 0.5) * stray).astype(np.int64)) // SIDE - row
    whose = np.clip(over_y + 1, 0, 2) * 3 + np.clip(over_x + 1, 0, 2)
    biomes = [biome_at(column + place % 3 - 1, row + place // 3 - 1) for place in range(9)]
    looks = [LOOKS[biome.look] for biome in biomes]

    def by_biome(values: list[float]) -> Field:
        return np.array(values)[whose]

    def tile(values: list[int]) -> Tiles:
        return np.array(values, np.int64)[whose]

    wood = layered(x, y, 60, 11)
    hill = layered(x + 4000, y, 75, 23)
    detail = hashed(x[None, :], y[:, None], 31)
    woods = wood > by_biome([look.woods for look in looks])
    burnt = noise(x, y, 90, 47) < by_biome([biome.burnt for biome in biomes])
    tiles = np.where(noise(x, y, 40, 5) > 0.62, tile([look.patch for look in looks]), tile([k.ground for k in looks]))
    tiles[woods] = tile([look.floor for look in looks])[woods]
    tiles[burnt] = ASH
    trees = tile([look.tree for look in looks])
    density = np.clip((wood - by_biome([look.woods - 0.02 for look in looks])) * 1.9, 0, None)
    dense = woods & (detail < np.minimum(density, by_biome([look.thickness for look in looks])))
    tiles[dense] = np.where(burnt, STUMP, trees)[dense]
    sparse = ~woods & (detail < 0.006)
    tiles[sparse] = trees[sparse]
    rocks = hill > 0.74 - by_biome([biome.rocks for biome in biomes])
    tiles[rocks] = tile([look.rock for look in looks])[rocks]
    return tiles


def discs(x: NDArray[Any], y: NDArray[Any], radius: NDArray[Any] | float) -> Mask:
    """(SIDE, SIDE): tiles whose centre is within `radius` of one of the points; what lies outside is left out."""
    mask = np.zeros((SIDE, SIDE), np.bool_)
    radius = np.broadcast_to(np.asarray(radius, np.float64), x.shape)
    widest = float(radius.max(initial=0))
    reach = int(widest) + 2
    near = (x > -reach) & (x < SIDE + reach) & (y > -reach) & (y < SIDE + reach)
    x, y, radius = x[near], y[near], radius[near]
    near_x, near_y = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    for across in range(-reach, reach + 1):
        for along in range(-reach, reach + 1):
            if across * across + along * along > (widest + 0.75) * (widest + 0.75):
                continue
            column, line = near_x + across, near_y + along
            away_x, away_y = column + 0.5 - x, line + 0.5 - y
            inside = away_x * away_x + away_y * away_y <= radius * radius
            inside &= (column >= 0) & (column < SIDE) & (line >= 0) & (line < SIDE)
            mask[line[inside], column[inside]] = True
    return mask


def _course(column: int, y: NDArray[np.int64]) -> tuple[Field, Field] | None:
    """Where the river of a column of zones flows, and how wide it is, at each y; None if the column has none."""
    known = {0: (300, 40, 5, 71), 1: (120, -20, 3, 91)}
    start, drift, width, salt = known.get(
        column, (int(90 + 320 * draw(column, 7, 3)), 0, int(3 + 3 * draw(column, 8, 3)), 101 + 4 * column)
    )
    if column not in known and draw(column, 9, 3) < 0.35:
        return None
    along = np.array([salt])
    bends = noise(along, y, 70, salt)[:, 0] - 0.5 + 0.35 * (noise(along, y, 25, salt + 1)[:, 0] - 0.5)
    course = column * SIDE + start + drift * np.clip(y, 0, SIDE) / SIDE + 90 * bends
    return course, width + noise(along, y, 18, 3)[:, 0]


def lay_rivers(tiles: Tiles, column: int, row: int) -> None:
    """Rivers with sandy banks that flow from north to south through all zones of a column, with a ford now and then."""
    y = np.arange(row * SIDE - 12, (row + 1) * SIDE + 12)
    for source in (column - 1, column, column + 1):
        found = _course(source, y)
        if found is None:
            continue
        course, width = found
        x, line = course - column * SIDE, y - row * SIDE + 0.5
        tiles[discs(x, line, np.floor(width) + 2)] = SAND
        stretch = y // 64
        ford = hashed(stretch, stretch * 0 + source, 93) * 40 + 12
        deep = abs(y % 64 - ford) > width + 2
        tiles[discs(x[deep], line[deep], width[deep])] = WATER


def lay_lake(tiles: Tiles, x: int, y: int, radius: int, salt: int) -> None:
    """A lake with a sandy shore."""
    place = np.arange(SIDE)
    away_x, away_y = (place - x)[None, :], (place - y)[:, None]
    away = np.sqrt(away_x * away_x + away_y * away_y)
    shore = radius * (0.75 + 0.5 * noise(place, place, 22, salt))
    tiles[away < shore + 3] = SAND
    tiles[away < shore] = WATER

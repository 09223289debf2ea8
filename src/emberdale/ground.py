"""Maps of zones, read or made, kept in memory, and put together with their neighbours' edges.

Responsible for: what can be walked on in a zone, its margin included, its sanctuaries, spawn points and camps.
Not here: making land (`land.py`), where zones lie (`places.py`), worlds in play (`zones.py`).

Invariants: the server and its clients get the very same tiles; bodies get 6 m across where there is a neighbour and not
at all where the world ends; nobody is placed in a neighbour's land. What is kept is never changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emberdale.fields import AREA_SANCTUARY
from emberdale.land import make_land
from emberdale.places import ZonePlan, biome_at, plan_of, zone_plan
from myriad.game import MAX_TILE_MARGIN_M, TILE_M, MapObject, StartupError, TileMap, WorldMap, ZoneArea, read_map

MAPS = Path(__file__).parent / "maps"
MARGIN = MAX_TILE_MARGIN_M // TILE_M
"""Tiles of neighbours' land around a zone's own."""
CROSSING = 3
"""Tiles across a border that a body can walk: 6 m."""

Tiles = NDArray[np.uint8]


class Ground(NamedTuple):
    """A zone's own land: (H, W) tiles, row 0 in the south, and where players and NPCs start."""

    solid: Tiles
    areas: Tiles
    spawns: tuple[MapObject, ...]
    camps: tuple[MapObject, ...]


def _areas(tiles: TileMap) -> Tiles:
    areas = np.zeros((tiles.height, tiles.width), np.uint8)
    for item in tiles.objects_of("sanctuary"):
        west, east = (int((item.x + side * item.width_m / 2) / TILE_M) for side in (-1, 1))
        south, north = (int((item.y + side * item.height_m / 2) / TILE_M) for side in (-1, 1))
        areas[max(0, south) : max(0, north), max(0, west) : max(0, east)] |= AREA_SANCTUARY
    return areas


def ground_from(tiles: TileMap, plan: ZonePlan) -> Ground:
    """What the game needs of a map. Raises StartupError if it is not in there."""
    source = plan.map_file or plan.area.name
    if "collision" not in tiles.layers:
        raise StartupError(f"map {source} cannot be used: it has no layer 'collision'")
    if (tiles.width * TILE_M, tiles.height * TILE_M) != (plan.area.width, plan.area.height):
        raise StartupError(f"map {source} cannot be used: it is not {plan.area.width} m x {plan.area.height} m")
    spawns, camps = tiles.objects_of("spawn"), tiles.objects_of("camp")
    if not spawns:
        raise StartupError(f"map {source} cannot be used: it has no object of class 'spawn'")
    for item in (*spawns, *camps):
        if not (0 <= item.x < plan.area.width and 0 <= item.y < plan.area.height):
            raise StartupError(f"map {source} cannot be used: {item.name!r} lies beyond it")
    return Ground(np.asarray(tiles.layers["collision"] != 0, np.uint8), _areas(tiles), spawns, camps)


@cache
def own_ground(number: int) -> Ground:
    """The land of the zone with a number: its map is read once, or made once."""
    plan = zone_plan(number)
    if plan.map_file:
        return ground_from(read_map(MAPS / plan.map_file), plan)
    try:
        return ground_from(make_land(plan.site, biome_at), plan)
    except ValueError as error:
        raise StartupError(f"no map can be made: {error}") from error


def preload(world: WorldMap, zone_names: Iterable[str]) -> None:
    """Keep these zones' and their neighbours' land in memory."""
    for name in zone_names:
        for area in (plan_of(world, name).area, *world.neighbours(name)):
            own_ground(area.number)


def _paste(target: Tiles, source: Tiles, me: ZoneArea, other: ZoneArea, depth: int) -> None:
    """Copy those of `other`'s tiles that are within `depth` tiles of `me`; `target` begins MARGIN tiles before `me`."""
    height, width = source.shape
    left, low = (other.x - me.x) // TILE_M, (other.y - me.y) // TILE_M  # of `other`, from `me`'s corner
    first_x, first_y = max(left, -depth), max(low, -depth)
    end_x, end_y = min(left + width, me.width // TILE_M + depth), min(low + height, me.height // TILE_M + depth)
    target[first_y + MARGIN : end_y + MARGIN, first_x + MARGIN : end_x + MARGIN] = source[
        first_y - low : end_y - low, first_x - left : end_x - left
    ]


def whole_ground(world: WorldMap, area: ZoneArea) -> tuple[Tiles, Tiles]:
    """Solid tiles and areas of a zone with its margin, fresh arrays whose corner is MARGIN tiles before the zone's."""
    shape = (area.height // TILE_M + 2 * MARGIN, area.width // TILE_M + 2 * MARGIN)
    solid, areas = np.ones(shape, np.uint8), np.zeros(shape, np.uint8)
    for other in (*world.neighbours(area.name), area):
        ground = own_ground(other.number)
        _paste(solid, ground.solid, area, other, CROSSING)
        _paste(areas, ground.areas, area, other, MARGIN)
    return solid, areas

"""A zone's map as a browser draws it: the tiles that Tiled shows, with 100 m of its neighbours around them.

Responsible for: which tiles, places and names of a zone are told to browsers. Not here: how they are sent
(`myriad/web/gateway/maps.py`), what is solid (`ground.py`, which is asked), how tiles look (`browser/art/`).

Invariants: tiles and what is solid have the same corner and size; what is solid is what the server's rules use. What is
kept is never changed, and is bounded.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emberdale.ground import MAPS, MARGIN, whole_ground
from emberdale.land import make_land
from emberdale.places import ZonePlan, biome_at, plan_of, zone_plan
from myriad.game import MAX_TILE_MARGIN_M, TILE_M, MapObject, StartupError, TileMap, WorldMap, ZoneArea, read_map

KEPT_LANDS: Final = 64
"""Zones whose tiles stay in memory: 250 kB each."""
TILESET: Final = MAPS / "emberdale.png"
TILE_PX: Final = 16
COLUMNS: Final = 8


@lru_cache(maxsize=KEPT_LANDS)
def _land(number: int) -> tuple[NDArray[np.uint8], tuple[MapObject, ...]]:
    """Tiles and placed objects of a zone: its map is read, or made as `own_ground` makes it."""
    plan = zone_plan(number)
    tiles = _tile_map(plan)
    if "ground" not in tiles.layers:
        raise StartupError(f"map {plan.map_file} cannot be shown: it has no layer 'ground'")
    return tiles.layers["ground"].astype(np.uint8), tiles.objects


def _tile_map(plan: ZonePlan) -> TileMap:
    if plan.map_file:
        return read_map(MAPS / plan.map_file)
    try:
        return make_land(plan.site, biome_at)
    except ValueError as error:
        raise StartupError(f"no map can be made: {error}") from error


def _whole_tiles(world: WorldMap, area: ZoneArea) -> NDArray[np.uint16]:
    """Tiles of a zone and its surroundings, row 0 in the south; 0 where the world ends."""
    wide, high = area.width // TILE_M + 2 * MARGIN, area.height // TILE_M + 2 * MARGIN
    whole = np.zeros((high, wide), np.uint16)
    for other in (*world.neighbours(area.name), area):
        tiles = _land(other.number)[0]
        left, low = (other.x - area.x) // TILE_M + MARGIN, (other.y - area.y) // TILE_M + MARGIN
        height, width = tiles.shape
        x, y = max(left, 0), max(low, 0)
        end_x, end_y = min(left + width, wide), min(low + height, high)
        whole[y:end_y, x:end_x] = tiles[y - low : end_y - low, x - left : end_x - left]
    return whole


def _placed(item: MapObject, area: ZoneArea, **more: Any) -> dict[str, Any]:
    """A rectangle of a zone in metres of the world; `x`, `y` are its south-west corner."""
    return {
        "name": item.name,
        "x": item.x - item.width_m / 2 + area.x,
        "y": item.y - item.height_m / 2 + area.y,
        "width": item.width_m,
        "height": item.height_m,
        **more,
    }


def _is_near(rectangle: dict[str, Any], area: ZoneArea) -> bool:
    margin = MAX_TILE_MARGIN_M
    return bool(
        area.x - margin < rectangle["x"] + rectangle["width"]
        and rectangle["x"] < area.east + margin
        and area.y - margin < rectangle["y"] + rectangle["height"]
        and rectangle["y"] < area.north + margin
    )


def _sanctuaries(world: WorldMap, area: ZoneArea) -> list[dict[str, Any]]:
    every = [
        _placed(item, other, kind="sanctuary")
        for other in (area, *world.neighbours(area.name))
        for item in _land(other.number)[1]
        if item.kind == "sanctuary"
    ]
    return [rectangle for rectangle in every if _is_near(rectangle, area)]


def _camps(area: ZoneArea) -> list[dict[str, Any]]:
    return [
        {
            "name": item.name,
            "kind": item.properties.get("kind", ""),
            "x": item.x + area.x,
            "y": item.y + area.y,
            "radius": item.properties.get("radius", 0),
        }
        for item in _land(area.number)[1]
        if item.kind == "camp"
    ]


def _zone(area: ZoneArea) -> dict[str, Any]:
    plan = zone_plan(area.number)
    return {
        "zone": area.name,
        "title": plan.title,
        "biome": plan.biome,
        "area": {"x": area.x, "y": area.y, "width": area.width, "height": area.height},
    }


def shown_map(world: WorldMap, zone_name: str) -> dict[str, Any]:
    """All that a browser draws and predicts with. Arrays are (height, width), row 0 in the south.

    Raises StartupError for an unknown zone, or one whose map cannot be read or made.
    """
    area = plan_of(world, zone_name).area
    tiles = _whole_tiles(world, area)
    spawns = [(item.x + area.x, item.y + area.y) for item in _land(area.number)[1] if item.kind == "spawn"]
    return {
        **_zone(area),
        "origin_x": area.x - MAX_TILE_MARGIN_M,
        "origin_y": area.y - MAX_TILE_MARGIN_M,
        "tile_m": TILE_M,
        "width": tiles.shape[1],
        "height": tiles.shape[0],
        "layers": {"ground": tiles},
        "solid": whole_ground(world, area)[0] != 0,
        "areas": _sanctuaries(world, area),
        "spawns": spawns,
        "camps": _camps(area),
        "neighbours": [_zone(other) for other in world.neighbours(zone_name)],
        "tileset": {"tile_px": TILE_PX, "columns": COLUMNS, "first": 1},
    }

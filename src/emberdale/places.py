"""The world of Emberdale: which zones there are, where they lie, and what land they have.

Responsible for: the zones of `worlds/emberdale.toml`, those beyond them by seed, and worlds of any size.
Not here: a zone's tiles (`ground.py`).

Invariants: number, name and place of a zone are the same in worlds of all sizes; a world of n zones is the first n, and
each of them but the first lies beside an earlier one.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from emberdale.land import Camps, Site, choose_village
from emberdale.terrain import LOOKS, Biome, draw
from myriad.game import StartupError, WorldMap, ZoneArea, read_toml

FOLDER = Path(__file__).parent / "worlds"
MAX_ZONES = 1000


class ZonePlan(NamedTuple):
    """What is known of a zone before its map is read or made."""

    area: ZoneArea
    title: str
    biome: str
    map_file: str
    """Empty for a zone that is made by seed."""
    site: Site


class Atlas(NamedTuple):
    """The file, read."""

    side_m: int
    seed: int
    biomes: dict[str, dict[str, Any]]
    zones: tuple[dict[str, Any], ...]
    by_place: dict[tuple[int, int], dict[str, Any]]


@cache
def atlas() -> Atlas:
    """The content of `worlds/emberdale.toml`. Raises StartupError if something in it cannot be."""
    file = "worlds/emberdale.toml"
    raw = read_toml(FOLDER / "emberdale.toml")
    try:
        side_m = int(raw["side_m"])
        biomes = {row["name"]: row for row in raw["biome"]}
        zones = tuple(raw["zone"])
        by_place = {(row["origin_x"] // side_m, row["origin_y"] // side_m): row for row in zones}
        if [row["name"] for row in zones] != [f"zone-{number + 1}" for number in range(len(zones))]:
            raise ValueError("zones are named zone-1, zone-2 and so on")
        if len(by_place) != len(zones) or any(row["origin_x"] % side_m or row["origin_y"] % side_m for row in zones):
            raise ValueError("each zone has a square of its own")
        if set(biomes) != set(LOOKS):
            raise ValueError(f"the biomes are {', '.join(LOOKS)}")
        for row in zones:
            biomes[row["biome"]]
    except KeyError as error:
        raise StartupError(f"{file}: {error.args[0]!r} is missing or unknown") from error
    except (ValueError, TypeError) as error:
        raise StartupError(f"{file}: {error}") from error
    return Atlas(side_m, int(raw["seed"]), biomes, zones, by_place)


def drawn_zones() -> int:
    """How many zones the file has."""
    return len(atlas().zones)


def _biome_name(column: int, row: int) -> str:
    known = atlas().by_place.get((column, row))
    if known is not None:
        return str(known["biome"])
    names = sorted(atlas().biomes)  # regions of two by two zones
    return names[int(draw(column // 2, row // 2, atlas().seed) * len(names))]


def biome_at(column: int, row: int) -> Biome:
    """The land of the zone in a column and row of the world, whether there is such a zone or not."""
    name = _biome_name(column, row)
    row_of = atlas().biomes[name]
    return Biome(name, float(row_of["burnt"]), float(row_of["rocks"]))


def _ring_place(number: int) -> tuple[int, int]:
    """Column and row of a zone with a number beyond the file: in rings around it, from the east on by the north."""
    places = atlas().by_place
    east, north = max(column for column, _ in places), max(row for _, row in places)
    left = number - 1 - len(places)
    ring = 1
    while True:
        high, wide = north + 2 * ring, east + 2 * ring
        sides = (
            ((east + ring, 1 - ring), (0, 1), high),
            ((east + ring - 1, north + ring), (-1, 0), wide),
            ((-ring, north + ring - 1), (0, -1), high),
            ((1 - ring, -ring), (1, 0), wide),
        )
        for (column, row), (across, along), length in sides:
            if left < length:
                return column + across * left, row + along * left
            left -= length
        ring += 1


@cache
def zone_plan(number: int) -> ZonePlan:
    """What is known of the zone with a number, from 1 on."""
    known = atlas().zones[number - 1] if number <= len(atlas().zones) else None
    side = atlas().side_m
    if known is not None:
        column, row = known["origin_x"] // side, known["origin_y"] // side
    else:
        column, row = _ring_place(number)
    biome = _biome_name(column, row)
    titles = atlas().biomes[biome]["titles"]
    title = str(known["title"]) if known else f"{titles[int(draw(number, 0, 77) * len(titles))]} {number}"
    camps: Camps = tuple(
        (str(k), int(n), int(c)) for k, n, c in (known or {}).get("camps", atlas().biomes[biome]["camps"])
    )
    chosen = (known or {}).get("village")
    village = tuple(chosen) if chosen else choose_village(column, row)
    name = f"zone-{number}"
    site = Site(name, column, row, 101 * number, camps, village)
    area = ZoneArea(name, number, column * side, row * side, side, side)
    return ZonePlan(area, title, biome, str(known["map"]) if known else "", site)


@cache
def world_map(num_zones: int) -> WorldMap:
    """The world of the first `num_zones` zones. Raises StartupError unless there are 1 to 1000."""
    if not 1 <= num_zones <= MAX_ZONES:
        raise StartupError(f"a world of Emberdale has 1 to {MAX_ZONES} zones, not {num_zones}")
    return WorldMap(zone_plan(number).area for number in range(1, num_zones + 1))


def plan_of(world: WorldMap, zone_name: str) -> ZonePlan:
    """What is known of a zone of a world. Raises StartupError if it is not in it."""
    area = world.by_name.get(zone_name)
    if area is None:
        raise StartupError(f"unknown zone {zone_name!r}; this world of Emberdale has zone-1 to zone-{len(world.zones)}")
    return zone_plan(area.number)

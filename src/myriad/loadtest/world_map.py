"""The ground of a whole world, and the lanes on which travellers cross its borders.

Responsible for: one raster of all zones, where borders can be crossed straight on, and places for a world's players.
Not here: places in a single zone (`loadtest/places.py`), walking (`loadtest/bots.py`).

Invariants: every lane is free of solid tiles, a tile to either side too, and lies with one half in each of two zones;
the same world, number and seed give the same places. A world's ground is one array, so bots need no zone's map.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.ground import TILE_M, Game, WorldMap, ZoneArea, ZoneMap
from myriad.loadtest.places import EDGE_M, Places, own_ground, points_in

REACHES_TILES = (12, 8, 5)
"""Half the length of a lane; the longest that a border has room for is taken."""

ROOM_M = 15.0
"""How far from its lane a traveller strays when the way is blocked."""


PARTY = 5
CLOSE_M = 6.0
"""So far from its middle a party starts."""

HOME_M = 100.0
"""So far it strays."""


class Border(NamedTuple):
    """Where zone `a` and zone `b` (east or north of it) touch: along a line of constant x (`is_meridian`) or y."""

    a: ZoneArea
    b: ZoneArea
    is_meridian: bool
    at: int
    first: int
    end: int


ANY_TICK_HZ = 60
"""Tiles are the same at every rate."""


def read_ground(game: Game) -> ZoneMap:
    """All zones of the game's world as one map; what no zone covers is solid. Raises StartupError."""
    game.preload(game.zones)
    zones = [own_ground(game.read_map(name, ANY_TICK_HZ)) for name in game.zones]
    west, south = min(zone.origin_x for zone in zones), min(zone.origin_y for zone in zones)
    east = max(zone.origin_x + zone.solid.shape[1] * TILE_M for zone in zones)
    north = max(zone.origin_y + zone.solid.shape[0] * TILE_M for zone in zones)
    solid = np.ones(((north - south) // TILE_M, (east - west) // TILE_M), np.uint8)
    for zone in zones:
        line, column = (zone.origin_y - south) // TILE_M, (zone.origin_x - west) // TILE_M
        height, width = zone.solid.shape
        solid[line : line + height, column : column + width] = zone.solid
    points = np.concatenate([zone.spawn_points for zone in zones])
    return ZoneMap("world", west, south, solid, points, zones[0].params)


def borders_of(world: WorldMap) -> list[Border]:
    """All borders along edges, each once."""
    found = []
    for a in world.zones:
        for b in world.neighbours(a.name):
            low_x, high_x = max(a.x, b.x), min(a.east, b.east)
            low_y, high_y = max(a.y, b.y), min(a.north, b.north)
            if a.east == b.x and low_y < high_y:
                found.append(Border(a, b, True, b.x, low_y, high_y))
            if a.north == b.y and low_x < high_x:
                found.append(Border(a, b, False, b.y, low_x, high_x))
    return found


def lanes_of(ground: ZoneMap, border: Border) -> npt.NDArray[np.float64]:
    """(n, 4): x, y of one end and of the other, in metres, of the lanes straight across a border."""
    solid = ground.solid if border.is_meridian else ground.solid.T
    across_from, along_from = ground.origin_x, ground.origin_y
    if not border.is_meridian:
        across_from, along_from = along_from, across_from
    at = (border.at - across_from) // TILE_M
    first, end = (border.first - along_from) // TILE_M, (border.end - along_from) // TILE_M
    for reach in REACHES_TILES:
        blocked = solid[first:end, at - reach : at + reach].sum(1, dtype=np.int64)
        clear = np.flatnonzero(blocked[:-2] + blocked[1:-1] + blocked[2:] == 0) + 1
        if len(clear):
            along = along_from + (first + clear) * TILE_M + TILE_M / 2
            half = np.full(len(clear), (reach - 0.5) * TILE_M)
            ends = np.stack([border.at - half, along, border.at + half, along], 1)
            return ends if border.is_meridian else ends[:, [1, 0, 3, 2]]
    return np.zeros((0, 4))


def choose_world_places(
    game: Game, ground: ZoneMap, number: int, travel: float, seed: int, party: int = PARTY
) -> Places:
    """Places for `number` players, of whom the share `travel` (0..1) has a lane and starts on it.

    The others are spread evenly over all zones, each at home in its own, in parties: alone a player cannot win much.
    With parties of 1 each starts anywhere in its zone and is at home in all of it.
    """
    rng = np.random.default_rng(seed)
    borders = [lanes for border in borders_of(game.world_map) if len(lanes := lanes_of(ground, border))]
    num_travellers = round(number * travel) if borders else 0
    travellers = rng.permutation(number)[:num_travellers]
    places = Places(np.zeros((number, 2)), np.zeros((number, 4)), np.zeros((number, 4)))
    for k, player in enumerate(travellers.tolist()):
        lanes = borders[k % len(borders)]
        lane = _shortened(lanes[rng.integers(len(lanes))], rng)
        side = 2 * int(rng.integers(2))
        places.starts[player] = lane[side : side + 2]
        places.lanes[player] = lane
        places.homes[player] = (
            min(lane[0], lane[2]) - ROOM_M, min(lane[1], lane[3]) - ROOM_M,
            max(lane[0], lane[2]) + ROOM_M, max(lane[1], lane[3]) + ROOM_M,
        )  # fmt: skip
    others = np.setdiff1d(np.arange(number), travellers)
    for k, area in enumerate(game.world_map.zones):
        here = others[k :: len(game.world_map.zones)]
        if party == 1:
            _place_each(places, here, _part(ground, area), rng)
            continue
        for first in range(0, len(here), party):
            _place_party(places, here[first : first + party], _part(ground, area), rng)
    return places


def _place_each(places: Places, players: npt.NDArray[np.int64], zone: ZoneMap, rng: np.random.Generator) -> None:
    west, south, east, north = zone.bounds
    home = np.array([west + EDGE_M, south + EDGE_M, east - EDGE_M, north - EDGE_M], np.float64)
    places.starts[players] = points_in(zone, home, len(players), rng)
    places.homes[players] = home


def _place_party(places: Places, party: npt.NDArray[np.int64], zone: ZoneMap, rng: np.random.Generator) -> None:
    west, south, east, north = zone.bounds
    room = np.array([west + HOME_M, south + HOME_M, east - HOME_M, north - HOME_M])
    x, y = points_in(zone, room, 1, rng)[0]
    close = np.array([x - CLOSE_M, y - CLOSE_M, x + CLOSE_M, y + CLOSE_M])
    places.starts[party] = points_in(zone, close, len(party), rng)
    places.homes[party] = (x - HOME_M, y - HOME_M, x + HOME_M, y + HOME_M)


def _shortened(lane: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A lane of 0.5 to 1 of the length, with the same middle."""
    middle = (lane[:2] + lane[2:]) / 2
    share = 0.5 + rng.random() / 2
    return np.concatenate([middle + (lane[:2] - middle) * share, middle + (lane[2:] - middle) * share])


def _part(ground: ZoneMap, area: ZoneArea) -> ZoneMap:
    line, column = (area.y - ground.origin_y) // TILE_M, (area.x - ground.origin_x) // TILE_M
    solid = ground.solid[line : line + area.height // TILE_M, column : column + area.width // TILE_M]
    return ZoneMap(area.name, area.x, area.y, solid, ground.spawn_points, ground.params)

"""Zones of Emberdale: their maps, camps and spawn points, and players coming and going.

Responsible for: building a zone's world from its map, NPCs in their camps, spawning and removing players.
Not here: the maps' making (`tools/make-maps`), rules (`combat.py`, `npcs.py` ...).

Invariants: the same zone, seed and arguments give the same world; nobody is ever put where a body cannot stand.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emberdale.data import FOLDER, PLACE, load_items, load_kinds, load_params
from emberdale.fields import AREA_SANCTUARY, COUNTERS, ENTITY, KIND_PLAYER, MODE_REST, STATE_DEAD, STATE_IDLE
from myriad.game import (
    NPC,
    PLAYER,
    TILE_M,
    UNITS_PER_M,
    StartupError,
    TileMap,
    World,
    ZoneMap,
    allocate_row,
    create_world,
    free_row,
    is_walkable,
    nearest_walkable,
    origin_units,
    place,
    random_below,
    read_map,
    read_toml,
    take_transient_id,
    write_name,
)

MAPS = Path(__file__).parent / "maps"
DRAW_CAMP_X = 1
DRAW_CAMP_Y = 2
DRAW_FIRST_REST = 3
DRAW_SPAWN_POINT = 4
CAMP_TRIES = 32


def zone_rows() -> dict[str, dict[str, Any]]:
    """The zones of `zones.toml` by name."""
    return {row["name"]: row for row in read_toml(FOLDER / "zones.toml")["zone"]}


def _zone_row(zone_name: str) -> dict[str, Any]:
    zones = zone_rows()
    if zone_name not in zones:
        raise StartupError(f"unknown zone {zone_name!r}; Emberdale has {', '.join(zones)}")
    return zones[zone_name]


@lru_cache(maxsize=4)
def _tile_map(path: Path) -> TileMap:
    return read_map(path)


def _solid_tiles(tiles: TileMap, name: str) -> NDArray[np.uint8]:
    if "collision" not in tiles.layers:
        raise StartupError(f"map {name} cannot be used: it has no layer 'collision'")
    return np.asarray(tiles.layers["collision"] != 0, np.uint8)


def _area_tiles(tiles: TileMap) -> NDArray[np.uint8]:
    areas = np.zeros((tiles.height, tiles.width), np.uint8)
    for item in tiles.objects_of("sanctuary"):
        west, east = (int((item.x + side * item.width_m / 2) / TILE_M) for side in (-1, 1))
        south, north = (int((item.y + side * item.height_m / 2) / TILE_M) for side in (-1, 1))
        areas[max(0, south) : max(0, north), max(0, west) : max(0, east)] |= AREA_SANCTUARY
    return areas


def _places(tiles: TileMap, row: dict[str, Any], kinds: dict[str, int]) -> NDArray[Any]:
    """(n,) PLACE: spawn points first, then camps. Raises StartupError on a camp of an unknown kind."""
    table = []
    for item in (*tiles.objects_of("spawn"), *tiles.objects_of("camp")):
        kind, radius, count = KIND_PLAYER, 0.0, 0
        if item.kind == "camp":
            name = item.properties.get("kind")
            if name not in kinds:
                raise StartupError(f"map {row['map']} cannot be used: camp {item.name!r} has an unknown kind {name!r}")
            kind, count = kinds[name], int(item.properties["count"])
            radius = float(item.properties["radius"])
        x = round((item.x + row["origin_x"]) * UNITS_PER_M)
        y = round((item.y + row["origin_y"]) * UNITS_PER_M)
        table.append((kind, x, y, round(radius * UNITS_PER_M), count))
    places = np.array(table, PLACE)
    if not np.any(places["kind"] == KIND_PLAYER):
        raise StartupError(f"map {row['map']} cannot be used: it has no object of class 'spawn'")
    return places


def _camp_sizes(counts: NDArray[np.int32], num_npcs: int | None) -> list[int]:
    """NPCs per camp; scaled by largest remainder when another total is asked for."""
    total = int(counts.sum())
    if num_npcs is None or total == 0:
        return [int(count) for count in counts]
    exact = [(int(count) * num_npcs // total, -(int(count) * num_npcs % total), i) for i, count in enumerate(counts)]
    sizes = [share for share, _, _ in exact]
    for _, _, i in sorted(exact, key=lambda item: item[1:])[: num_npcs - sum(sizes)]:
        sizes[i] += 1
    return sizes


def _spot_in_camp(world: World, camp: int, entity_id: int) -> tuple[int, int]:
    """A walkable place in a camp (1/1024 m, world-wide), a function of seed and id."""
    left, bottom = origin_units(world)
    radius = int(world.places["radius"][camp])
    x, y = int(world.places["x"][camp]) - left, int(world.places["y"][camp]) - bottom
    body = int(world.params["body_radius"][0])
    for turn in range(CAMP_TRIES):
        dx = int(random_below(world.rng, turn, entity_id, DRAW_CAMP_X, 2 * radius + 1)) - radius
        dy = int(random_below(world.rng, turn, entity_id, DRAW_CAMP_Y, 2 * radius + 1)) - radius
        if dx * dx + dy * dy <= radius * radius and is_walkable(world.solid, x + dx, y + dy, body):
            return x + dx + left, y + dy + bottom
    x, y = nearest_walkable(world.solid, x, y, body)
    return x + left, y + bottom


def _add_npc(world: World, camp: int, name: str) -> None:
    entity_id = int(take_transient_id(world))
    row = int(allocate_row(world, entity_id))
    if row < 0:
        raise StartupError("the zone has no room for its NPCs: raise its capacity")
    entities = world.entities
    kind = int(world.places["kind"][camp])
    qx, qy = _spot_in_camp(world, camp, entity_id)
    rest = int(world.params["rest_max_ticks"][0])
    for field, value in (
        ("kind", kind),
        ("flags", NPC),
        ("hp", world.kinds["hp"][kind]),
        ("max_hp", world.kinds["hp"][kind]),
        ("mode", MODE_REST),
        ("place", camp),
        ("home_x", qx),
        ("home_y", qy),
        ("heading", random_below(world.rng, 0, entity_id, DRAW_FIRST_REST, 65536)),
        ("timer_tick", 1 + random_below(world.rng, 1, entity_id, DRAW_FIRST_REST, rest)),
    ):
        entities[field][row] = value
    place(world, row, qx, qy, int(world.clock["tick"][0]))
    write_name(world, row, name)


def create(
    zone_name: str, capacity: int, seed: int, tick_hz: int, num_npcs: int | None, next_id: int, end_id: int
) -> World:
    """The world of a zone with its NPCs (`Game.create_zone`)."""
    row = _zone_row(zone_name)
    tiles = _tile_map(MAPS / row["map"])
    kinds, numbers = load_kinds(tick_hz)
    places = _places(tiles, row, numbers)
    world = create_world(
        ENTITY,
        capacity,
        _solid_tiles(tiles, row["map"]),
        seed=seed,
        tick_hz=tick_hz,
        origin_x=row["origin_x"],
        origin_y=row["origin_y"],
        areas=_area_tiles(tiles),
        num_counters=len(COUNTERS),
        next_id=next_id,
        end_id=end_id,
        params=load_params(tick_hz),
        kinds=kinds,
        items=load_items(tick_hz)[0],
        places=places,
    )
    names = {number: name for name, number in numbers.items()}
    for camp, size in enumerate(_camp_sizes(places["count"], num_npcs)):
        for _ in range(size):
            _add_npc(world, camp, names[int(places["kind"][camp])])
    return world


def read_zone_map(zone_name: str, tick_hz: int) -> ZoneMap:
    """The map as a client needs it (`Game.read_map`)."""
    row = _zone_row(zone_name)
    tiles = _tile_map(MAPS / row["map"])
    points = [(item.x + row["origin_x"], item.y + row["origin_y"]) for item in tiles.objects_of("spawn")]
    return ZoneMap(
        zone_name=zone_name,
        origin_x=row["origin_x"],
        origin_y=row["origin_y"],
        solid=_solid_tiles(tiles, row["map"]),
        spawn_points=np.array(points, np.float64).reshape(-1, 2),
        params=load_params(tick_hz),
    )


def _start(world: World, entity_id: int, x: float | None, y: float | None) -> tuple[int, int]:
    """Where a player starts, in 1/1024 m: the nearest walkable place to (x, y), else one of the spawn points."""
    left, bottom = origin_units(world)
    if x is None or y is None:
        points = np.flatnonzero(world.places["kind"] == KIND_PLAYER)
        at = int(points[random_below(world.rng, 0, entity_id, DRAW_SPAWN_POINT, points.size)])
        qx, qy = int(world.places["x"][at]), int(world.places["y"][at])
    else:
        height, width = world.solid.shape
        tile = TILE_M * UNITS_PER_M
        qx = max(left, min(left + width * tile - 1, round(max(-1e6, min(1e6, x)) * UNITS_PER_M)))
        qy = max(bottom, min(bottom + height * tile - 1, round(max(-1e6, min(1e6, y)) * UNITS_PER_M)))
    near_x, near_y = nearest_walkable(world.solid, qx - left, qy - bottom, int(world.params["body_radius"][0]))
    return near_x + left, near_y + bottom


def spawn(world: World, entity_id: int, client: int, name: str, x: float | None, y: float | None) -> int:
    """Put a player into the world between two steps (`Game.spawn_player`)."""
    row = int(allocate_row(world, entity_id))
    if row < 0:
        return -1
    tick = int(world.clock["tick"][0])
    qx, qy = _start(world, entity_id, x, y)
    for field, value in (
        ("kind", KIND_PLAYER),
        ("state", STATE_IDLE),
        ("flags", PLAYER),
        ("client", client),
        ("hp", world.params["player_hp"][0]),
        ("max_hp", world.params["player_hp"][0]),
        ("stamina", world.params["stamina"][0]),
        ("place", -1),
        ("home_x", qx),
        ("home_y", qy),
        ("protected_tick", tick + int(world.params["protection_ticks"][0])),
        ("private_version", 1),
        ("level", 1),
    ):
        world.entities[field][row] = value
    place(world, row, qx, qy, tick)
    write_name(world, row, name)
    world.clock["num_players"][0] += 1
    return row


def detach(world: World, row: int) -> None:
    """The avatar stays without a client: it stands where it is, and everything may happen to it."""
    world.entities["client"][row] = -1
    world.inputs["count"][row] = 0
    if world.entities["state"][row] != STATE_DEAD:
        world.entities["state"][row] = STATE_IDLE


def attach(world: World, row: int, client: int) -> None:
    """The player of a lingering avatar is back on connection row `client`."""
    world.entities["client"][row] = client
    world.entities["private_version"][row] = (int(world.entities["private_version"][row]) + 1) & 0xFF


def remove(world: World, row: int) -> None:
    """Take a player's avatar out of the world."""
    free_row(world, row)
    world.clock["num_players"][0] -= 1

"""Zones of Emberdale in play: NPCs in their camps, players coming and going.

Responsible for: building a zone's world from its land, NPCs in their camps, spawning and removing players.
Not here: land and maps (`ground.py`), where zones lie (`places.py`), rules (`combat.py`, `npcs.py` ...).

Invariants: the same zone of the same world, seed and arguments give the same state; nobody is ever put where a body
cannot stand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emberdale.data import PLACE, load_items, load_kinds, load_params
from emberdale.fields import COUNTERS, ENTITY, KIND_PLAYER, MODE_REST, STATE_DEAD, STATE_IDLE
from emberdale.ground import own_ground, whole_ground
from emberdale.places import ZonePlan, plan_of
from myriad.game import (
    MAX_TILE_MARGIN_M,
    NPC,
    PLAYER,
    TILE_M,
    UNITS_PER_M,
    Record,
    StartupError,
    World,
    WorldMap,
    ZoneMap,
    allocate_row,
    as_int,
    create_world,
    free_row,
    inner_kernel,
    is_walkable,
    kernel,
    nearest_walkable,
    origin_units,
    place,
    random_below,
    take_transient_id,
    write_name,
)

DRAW_CAMP_X = 1
DRAW_CAMP_Y = 2
DRAW_FIRST_REST = 3
DRAW_SPAWN_POINT = 4
CAMP_TRIES = 32


def _places(plan: ZonePlan, kinds: dict[str, int]) -> NDArray[Any]:
    """(n,) PLACE: spawn points first, then camps. Raises StartupError on a camp of an unknown kind."""
    table = []
    ground = own_ground(plan.area.number)
    for item in (*ground.spawns, *ground.camps):
        kind, radius, count = KIND_PLAYER, 0.0, 0
        if item.kind == "camp":
            name = item.properties.get("kind")
            if name not in kinds:
                raise StartupError(f"{plan.area.name} cannot be used: camp {item.name!r} has an unknown kind {name!r}")
            kind, count = kinds[name], int(item.properties["count"])
            radius = float(item.properties["radius"])
        x, y = round((item.x + plan.area.x) * UNITS_PER_M), round((item.y + plan.area.y) * UNITS_PER_M)
        table.append((kind, x, y, round(radius * UNITS_PER_M), count))
    return np.array(table, PLACE)


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


@inner_kernel
def _spot_in_camp(world: World, camp: Record, entity_id: int, refuge_x: int, refuge_y: int) -> tuple[int, int]:
    """A walkable place in a camp (1/1024 m, world-wide), a function of seed and id; the refuge if none is found."""
    left = as_int(world.clock["origin_x"][0]) * UNITS_PER_M
    bottom = as_int(world.clock["origin_y"][0]) * UNITS_PER_M
    radius = as_int(camp["radius"])
    body = as_int(world.params["body_radius"][0])
    for turn in range(CAMP_TRIES):
        dx = random_below(world.rng, turn, entity_id, DRAW_CAMP_X, 2 * radius + 1) - radius
        dy = random_below(world.rng, turn, entity_id, DRAW_CAMP_Y, 2 * radius + 1) - radius
        x, y = as_int(camp["x"]) + dx, as_int(camp["y"]) + dy
        if dx * dx + dy * dy <= radius * radius and is_walkable(world.solid, x - left, y - bottom, body):
            return x, y
    return refuge_x, refuge_y


@kernel
def _add_npcs(world: World, camp: int, rows: NDArray[np.int64], refuge_x: int, refuge_y: int) -> int:
    """As many nameless NPCs in a camp as there are `rows`, which is filled. How many found room.

    Compiled because a world makes ten thousand of them while somebody waits for its start.
    """
    entities, place_of_camp = world.entities, world.places[camp]
    kind = as_int(place_of_camp["kind"])
    rest = as_int(world.params["rest_max_ticks"][0])
    for i in range(len(rows)):
        entity_id = take_transient_id(world)
        row = allocate_row(world, entity_id)
        if row < 0:
            return i
        qx, qy = _spot_in_camp(world, place_of_camp, entity_id, refuge_x, refuge_y)
        npc = entities[row]
        npc["kind"] = kind
        npc["flags"] = NPC
        npc["hp"] = world.kinds["hp"][kind]
        npc["max_hp"] = world.kinds["hp"][kind]
        npc["mode"] = MODE_REST
        npc["place"] = camp
        npc["home_x"] = qx
        npc["home_y"] = qy
        npc["heading"] = random_below(world.rng, 0, entity_id, DRAW_FIRST_REST, 65536)
        npc["timer_tick"] = 1 + random_below(world.rng, 1, entity_id, DRAW_FIRST_REST, rest)
        place(world, row, qx, qy, as_int(world.clock["tick"][0]))
        rows[i] = row
    return len(rows)


def _fill_camp(world: World, camp: int, size: int, name: str) -> None:
    """Its NPCs. Raises StartupError if the zone has no room for them."""
    left, bottom = origin_units(world)
    centre_x, centre_y = int(world.places["x"][camp]) - left, int(world.places["y"][camp]) - bottom
    x, y = nearest_walkable(world.solid, centre_x, centre_y, int(world.params["body_radius"][0]))
    rows = np.zeros(size, np.int64)
    if _add_npcs(world, camp, rows, x + left, y + bottom) < size:
        raise StartupError("the zone has no room for its NPCs: raise its capacity")
    write_name(world, int(rows[0]), name)
    for field in ("name", "name_length", "name_version"):
        world.entities[field][rows] = world.entities[field][rows[0]]


def create(
    world_map: WorldMap,
    zone_name: str,
    capacity: int,
    seed: int,
    tick_hz: int,
    num_npcs: int | None,
    next_id: int,
    end_id: int,
) -> World:
    """The world of a zone with its NPCs (`Game.create_zone`)."""
    plan = plan_of(world_map, zone_name)
    kinds, numbers = load_kinds(tick_hz)
    places = _places(plan, numbers)
    solid, areas = whole_ground(world_map, plan.area)
    world = create_world(
        ENTITY,
        capacity,
        solid,
        seed=seed,
        tick_hz=tick_hz,
        origin_x=plan.area.x - MAX_TILE_MARGIN_M,
        origin_y=plan.area.y - MAX_TILE_MARGIN_M,
        areas=areas,
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
        if size:
            _fill_camp(world, camp, size, names[int(places["kind"][camp])])
    return world


def read_zone_map(world_map: WorldMap, zone_name: str, tick_hz: int) -> ZoneMap:
    """The map as a client needs it (`Game.read_map`)."""
    area = plan_of(world_map, zone_name).area
    points = [(item.x + area.x, item.y + area.y) for item in own_ground(area.number).spawns]
    return ZoneMap(
        zone_name=zone_name,
        origin_x=area.x - MAX_TILE_MARGIN_M,
        origin_y=area.y - MAX_TILE_MARGIN_M,
        solid=whole_ground(world_map, area)[0],
        spawn_points=np.array(points, np.float64).reshape(-1, 2),
        params=load_params(tick_hz),
        area=area,
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


def arrive(world: World, row: int) -> None:
    """A restored player: health as its level gives it, and a home in this zone, if its own is in another."""
    entity = world.entities[row]
    params = world.params[0]
    level = max(1, min(int(entity["level"]), int(params["max_level"])))
    entity["level"] = level
    entity["max_hp"] = int(params["player_hp"]) + (level - 1) * int(params["level_hp"])
    entity["hp"] = min(int(entity["hp"]), int(entity["max_hp"]))
    left, bottom = origin_units(world)
    home = int(entity["home_x"]) - left, int(entity["home_y"]) - bottom
    if not is_walkable(world.solid, *home, int(params["body_radius"])):
        entity["home_x"], entity["home_y"] = _start(world, int(entity["id"]), None, None)


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

"""Beacon: players walk on a meadow; who stands within 5 m of the beacon scores a point a second.

The smallest game that uses every part of the public API: fields, a movement shared with the client, one rule, one
event, and the functions that the engine calls. `docs/game-authors.md` goes through it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myriad.game import (
    COSINE,
    NPC,
    PLAYER,
    SINE,
    UNITS_PER_M,
    Bundle,
    Game,
    StartupError,
    World,
    WorldMap,
    ZoneArea,
    ZoneMap,
    allocate_row,
    as_int,
    begin_tick,
    create_world,
    emit,
    entity_dtype,
    finish_tick,
    free_row,
    inner_kernel,
    kernel,
    move_body,
    place,
    take_transient_id,
    unbundle,
    write_name,
)

SIDE_TILES = 100  # a tile is 2 m
KIND_PLAYER, KIND_BEACON = 1, 2
EVENT_SCORED = 1
ENTITY = entity_dtype([("score", "u2")])
PARAMS = np.dtype([("walk_mps", "f8"), ("body_radius", "i4"), ("beacon_reach", "i4")], align=True)


def load_params() -> NDArray[Any]:
    """A real game reads them from a TOML file: `read_toml`, `make_table`."""
    return np.array([(3.0, 384, 5 * UNITS_PER_M)], PARAMS)


@inner_kernel
def move_step(
    solid: NDArray[np.uint8], params: NDArray[Any], dt: float, x: int, y: int, direction: int, mag: int
) -> tuple[int, int]:
    """One input-tick of walking, in 1/1024 m from the map's corner; the server and the client both call it."""
    length = params[0]["walk_mps"] * UNITS_PER_M * dt * (mag / 255.0)
    step_x = as_int(math.floor(COSINE[direction] * length + 0.5))
    step_y = as_int(math.floor(SINE[direction] * length + 0.5))
    return move_body(solid, x, y, step_x, step_y, as_int(params[0]["body_radius"]))


@kernel
def predict(
    own: NDArray[Any],
    row: int,
    buttons: int,
    move_dir: int,
    move_mag: int,
    heading: int,
    dt: float,
    solid: NDArray[np.uint8],
    origin_x: int,
    origin_y: int,
    params: NDArray[Any],
) -> None:
    """What the client does with its own record for one input-tick."""
    me = own[row]
    x, y = move_step(solid, params, dt, as_int(me["qx"]), as_int(me["qy"]), as_int(move_dir), as_int(move_mag))
    me["qx"] = x
    me["qy"] = y
    me["heading"] = heading


@inner_kernel
def walk_rule(world: World) -> None:
    """Players move by their inputs."""
    dt = world.clock[0]["dt"]
    for row in range(world.clock[0]["num_rows"]):
        me = world.entities[row]
        if (me["flags"] & PLAYER) == 0:
            continue
        given = world.inputs[row]
        for k in range(as_int(given["count"])):
            direction, mag = as_int(given["move_dir"][k]), as_int(given["move_mag"][k])
            x, y = move_step(world.solid, world.params, dt, as_int(me["qx"]), as_int(me["qy"]), direction, mag)
            me["qx"] = x
            me["qy"] = y
            me["x"] = x / UNITS_PER_M
            me["y"] = y / UNITS_PER_M
            me["heading"] = given["heading"][k]


@inner_kernel
def beacon_rule(world: World) -> None:
    """Once a second: a point for everybody near the beacon, which is in row 0."""
    clock = world.clock[0]
    if (as_int(clock["tick"]) + 1) % as_int(clock["tick_hz"]) != 0:
        return
    beacon = world.entities[0]
    reach = as_int(world.params[0]["beacon_reach"])
    for row in range(1, clock["num_rows"]):
        me = world.entities[row]
        dx = as_int(me["qx"]) - as_int(beacon["qx"])
        dy = as_int(me["qy"]) - as_int(beacon["qy"])
        if me["id"] != 0 and dx * dx + dy * dy <= reach * reach:
            me["score"] = as_int(me["score"]) + 1
            me["private_version"] = (as_int(me["private_version"]) + 1) & 0xFF
            world.counters[0] += 1
            emit(world, EVENT_SCORED, 1, 0, row)


@kernel
def step(bundle: Bundle[World]) -> None:
    """One tick."""
    world = unbundle(bundle)
    begin_tick(world)
    walk_rule(world)
    beacon_rule(world)
    finish_tick(world)


def create(
    zone_name: str, capacity: int, seed: int, tick_hz: int, num_npcs: int | None, next_id: int, end_id: int
) -> World:
    """A meadow with the beacon in its middle."""
    if zone_name != "meadow":
        raise StartupError(f"unknown zone {zone_name!r}; this game has meadow")
    solid = np.zeros((SIDE_TILES, SIDE_TILES), np.uint8)
    world = create_world(
        ENTITY, capacity, solid, seed=seed, tick_hz=tick_hz, num_counters=1, next_id=next_id, end_id=end_id,
        params=load_params(),
    )  # fmt: skip
    row = int(allocate_row(world, take_transient_id(world)))
    world.entities["kind"][row], world.entities["flags"][row] = KIND_BEACON, NPC
    place(world, row, SIDE_TILES * UNITS_PER_M, SIDE_TILES * UNITS_PER_M, 1)
    write_name(world, row, "The Beacon")
    return world


def read_map(zone_name: str, tick_hz: int) -> ZoneMap:
    """What the client needs in order to predict."""
    solid = np.zeros((SIDE_TILES, SIDE_TILES), np.uint8)
    return ZoneMap(zone_name, 0, 0, solid, np.array([[20.0, 20.0]]), load_params())


def spawn(world: World, entity_id: int, client: int, name: str, x: float | None, y: float | None) -> int:
    """A new player; the row, or -1 when there is no room."""
    row = int(allocate_row(world, entity_id))
    if row < 0:
        return -1
    entity = world.entities[row]
    entity["kind"], entity["flags"], entity["client"] = KIND_PLAYER, PLAYER, client
    qx, qy = (round(min(max(20.0 if at is None else at, 1.0), 199.0) * UNITS_PER_M) for at in (x, y))
    place(world, row, qx, qy, int(world.clock["tick"][0]))
    write_name(world, row, name)
    return row


def detach(world: World, row: int) -> None:
    """The connection is gone."""
    world.entities["client"][row] = -1


def attach(world: World, row: int, client: int) -> None:
    """It is back."""
    world.entities["client"][row] = client


def remove(world: World, row: int) -> None:
    """The avatar leaves."""
    free_row(world, row)


GAME = Game(
    name="beacon",
    zones=("meadow",),
    entity=ENTITY,
    own_fields=("qx", "qy", "heading"),
    private_fields=("score",),
    kinds={"player": KIND_PLAYER, "beacon": KIND_BEACON},
    states={"idle": 0},
    intents={},
    buttons={},
    event_kinds={"scored": EVENT_SCORED},
    counters=("points",),
    step=step,
    predict=predict,
    create=create,
    read_map=read_map,
    spawn=spawn,
    detach=detach,
    attach=attach,
    remove=remove,
    world_map=WorldMap([ZoneArea("meadow", 1, 0, 0, 2 * SIDE_TILES, 2 * SIDE_TILES)]),
)

"""The arrays of one zone's simulation, as one tuple that kernels take.

Responsible for: `World`, its creation and the shapes of its arrays.
Not here: taking and freeing rows (`sim/rows.py`), what happens in a tick (the game, `sim/ticks.py`).

Invariant: the arrays of a world are allocated once; nothing in a tick allocates or replaces one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from myriad.sim.columns import (
    CLOCK,
    EFFECT,
    EVENT,
    EVENT_RING,
    GRID,
    HISTORY_TICKS,
    INPUT,
    LEDGER,
    MAX_EFFECTS,
    MAX_LEDGER,
    UNITS_PER_M,
)
from myriad.sim.rng import seeded

TILE_M = 2
"""Side of a collision tile in metres."""

GRID_CELL_M = 16
"""Side of a cell of the neighbour grid in metres."""

COARSE_CELL_M = 64
"""Side of a cell of the player-presence grid in metres."""


class World(NamedTuple):
    """All state of one zone's simulation. Shapes: N = capacity (rows), H x W = tiles of `TILE_M` metres."""

    clock: NDArray[Any]  # (1,) CLOCK
    entities: NDArray[Any]  # (N,) the game's entity dtype
    entity_words: NDArray[np.uint32]  # (N, itemsize/4): the same memory as `entities`
    entity_bytes: NDArray[np.uint8]  # (N, itemsize): the same memory as `entities`
    inputs: NDArray[Any]  # (N,) INPUT; the zone fills it before a step, the step clears it
    free_rows: NDArray[np.int32]  # (N,): stack of freed rows below num_rows
    id_index: NDArray[np.int32]  # (power of two,): open addressing, row + 1 by id, 0 = empty
    events: NDArray[Any]  # (EVENT_RING,) EVENT ring
    grid: NDArray[Any]  # (1,) GRID
    cell_start: NDArray[np.int32]  # (cells + 1,): cell c lists cell_rows[cell_start[c]:cell_start[c + 1]]
    cell_rows: NDArray[np.int32]  # (N,)
    row_cell: NDArray[np.int32]  # (N,): cell of each row at the last rebuild, -1 = not listed
    presence: NDArray[np.int32]  # (coarse cells,): players in each coarse cell at the last rebuild
    solid: NDArray[np.uint8]  # (H, W): 1 = blocked; row 0 is the south edge
    areas: NDArray[np.uint8]  # (H, W): tile flags of the game's own meaning
    rng: NDArray[np.uint64]  # (4,): seed words (see sim/rng.py)
    history_x: NDArray[np.int32]  # (HISTORY_TICKS, N) in 1/1024 m, slot = tick % HISTORY_TICKS
    history_y: NDArray[np.int32]
    history_tick: NDArray[np.uint32]  # (HISTORY_TICKS,): the tick that a slot holds
    ledger: NDArray[Any]  # (MAX_LEDGER,) LEDGER: movements of assets since the last cut, `clock.num_ledger` of them
    effects: NDArray[Any]  # (MAX_EFFECTS,) EFFECT: done to ghosts since the zone last took them, `clock.num_effects`
    ghost_neighbour: NDArray[np.uint8]  # (N,): which neighbour owns a ghost's original
    counters: NDArray[np.int64]  # (game counters,)
    params: NDArray[Any]  # (1,) the game's numbers
    kinds: NDArray[Any]  # the game's table of entity kinds
    items: NDArray[Any]  # the game's table of item types
    places: NDArray[Any]  # the game's table of places (spawn points, camps)


def _empty_grid(height: int, width: int) -> NDArray[Any]:
    """(1,) GRID for a map of so many tiles."""
    grid = np.zeros(1, GRID)
    for prefix, cell_m in (("num_", GRID_CELL_M), ("num_coarse_", COARSE_CELL_M)):
        grid[f"{prefix}columns"] = -(-width * TILE_M // cell_m)
        grid[f"{prefix}rows"] = -(-height * TILE_M // cell_m)
    return grid


# A long function because `World` has many arrays: each gets its line.
def create_world(
    entity: np.dtype[Any],
    capacity: int,
    solid: NDArray[np.uint8],
    *,
    seed: int,
    tick_hz: int = 60,
    origin_x: float = 0.0,
    origin_y: float = 0.0,
    areas: NDArray[np.uint8] | None = None,
    num_counters: int = 0,
    next_id: int = 1 << 24,
    end_id: int = 1 << 31,
    params: NDArray[Any] | None = None,
    kinds: NDArray[Any] | None = None,
    items: NDArray[Any] | None = None,
    places: NDArray[Any] | None = None,
) -> World:
    """An empty world: no entity, at tick 1.

    `solid` and `areas` are (H, W) u1 of 2 m tiles, row 0 in the south, and are used as they are (not copied).
    `origin_x`, `origin_y` are whole metres. Transient ids come from `next_id` to `end_id - 1`.
    Raises ValueError on wrong shapes or ranges.
    """
    if capacity < 1 or tick_hz < 1 or solid.ndim != 2 or solid.dtype != np.uint8:
        raise ValueError("a world needs capacity >= 1, tick_hz >= 1 and a two-dimensional u1 collision map")
    if origin_x != int(origin_x) or origin_y != int(origin_y):
        raise ValueError("the origin of a zone is in whole metres")
    if not 0 < next_id <= end_id < 1 << 32:
        raise ValueError("transient ids are a block 0 < next_id <= end_id < 2**32")
    none = np.zeros(1, np.dtype([("unused", "u1")]))
    solid = np.ascontiguousarray(solid)
    grid = _empty_grid(*solid.shape)
    entities = np.zeros(capacity, entity)
    raw = entities.view(np.uint8).reshape(capacity, entity.itemsize)
    clock = np.zeros(1, CLOCK)
    clock[0] = (1, tick_hz, 0, 1, 1.0 / tick_hz, 0, next_id, end_id, 0, origin_x, origin_y, 0, 0, 0, 0, 0)
    history_tick = np.zeros(HISTORY_TICKS, np.uint32)
    history_tick[1] = 1
    return World(
        clock=clock,
        entities=entities,
        entity_words=raw.view(np.uint32),
        entity_bytes=raw,
        inputs=np.zeros(capacity, INPUT),
        free_rows=np.zeros(capacity, np.int32),
        id_index=np.zeros(1 << (2 * capacity - 1).bit_length(), np.int32),
        events=np.zeros(EVENT_RING, EVENT),
        grid=grid,
        cell_start=np.zeros(int(grid["num_columns"][0] * grid["num_rows"][0]) + 1, np.int32),
        cell_rows=np.zeros(capacity, np.int32),
        row_cell=np.full(capacity, -1, np.int32),
        presence=np.zeros(int(grid["num_coarse_columns"][0] * grid["num_coarse_rows"][0]), np.int32),
        solid=solid,
        areas=np.ascontiguousarray(areas) if areas is not None else np.zeros_like(solid),
        rng=seeded(seed),
        history_x=np.zeros((HISTORY_TICKS, capacity), np.int32),
        history_y=np.zeros((HISTORY_TICKS, capacity), np.int32),
        history_tick=history_tick,
        ledger=np.zeros(MAX_LEDGER, LEDGER),
        effects=np.zeros(MAX_EFFECTS, EFFECT),
        ghost_neighbour=np.zeros(capacity, np.uint8),
        counters=np.zeros(max(num_counters, 1), np.int64),
        params=params if params is not None else none,
        kinds=kinds if kinds is not None else none.copy(),
        items=items if items is not None else none.copy(),
        places=places if places is not None else none.copy(),
    )


def origin_units(world: World) -> tuple[int, int]:
    """The south-west corner of the map in 1/1024 m."""
    return int(world.clock["origin_x"][0]) * UNITS_PER_M, int(world.clock["origin_y"][0]) * UNITS_PER_M

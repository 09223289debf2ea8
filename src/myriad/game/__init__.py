"""The public API for game authors: everything a game imports comes from here.

`docs/game-authors.md` is its guide; `examples/tiny_game` the smallest game.
"""

from myriad.core.errors import StartupError
from myriad.core.kernel import inner_kernel, kernel
from myriad.game.fields import copy_fields, copy_plan, packed_dtype
from myriad.game.game import Game, ZoneMap, write_name
from myriad.game.tables import make_table, read_toml
from myriad.game.tilemap import MapObject, TileMap, read_map
from myriad.sim.angles import COSINE, DIRECTIONS, SINE, TURN, heading_of
from myriad.sim.collision import (
    TILE_UNITS,
    is_clear,
    is_solid,
    is_walkable,
    move_body,
    nearest_walkable,
)
from myriad.sim.columns import (
    HIDDEN,
    HISTORY_TICKS,
    ITEM,
    ITEM_KIND_BASE,
    NPC,
    PLAYER,
    UNITS_PER_M,
    Record,
    as_int,
    entity_dtype,
)
from myriad.sim.grid import nearest_entity, players_around
from myriad.sim.rng import chance, chance_threshold, random_below, random_u32
from myriad.sim.rows import allocate_row, find_row, free_row, place, take_transient_id
from myriad.sim.state_hash import state_hash
from myriad.sim.ticks import begin_tick, emit, finish_tick, position_before
from myriad.sim.world import TILE_M, World, create_world, origin_units

__all__ = [
    "COSINE",
    "DIRECTIONS",
    "HIDDEN",
    "HISTORY_TICKS",
    "ITEM",
    "ITEM_KIND_BASE",
    "NPC",
    "PLAYER",
    "SINE",
    "TILE_M",
    "TILE_UNITS",
    "TURN",
    "UNITS_PER_M",
    "Game",
    "MapObject",
    "Record",
    "StartupError",
    "TileMap",
    "World",
    "ZoneMap",
    "allocate_row",
    "as_int",
    "begin_tick",
    "chance",
    "chance_threshold",
    "copy_fields",
    "copy_plan",
    "create_world",
    "emit",
    "entity_dtype",
    "find_row",
    "finish_tick",
    "free_row",
    "heading_of",
    "inner_kernel",
    "is_clear",
    "is_solid",
    "is_walkable",
    "kernel",
    "make_table",
    "move_body",
    "nearest_entity",
    "nearest_walkable",
    "origin_units",
    "packed_dtype",
    "place",
    "players_around",
    "position_before",
    "random_below",
    "random_u32",
    "read_map",
    "read_toml",
    "state_hash",
    "take_transient_id",
    "write_name",
]

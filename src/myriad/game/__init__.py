"""The public API for game authors: everything a game imports comes from here.

`docs/game-authors.md` is its guide; `examples/tiny_game` the smallest game.
"""

from myriad.core.bundle import Bundle, unbundle
from myriad.core.errors import StartupError
from myriad.core.kernel import inner_kernel, kernel
from myriad.game.fields import copy_fields, copy_plan, packed_dtype
from myriad.game.game import Game, Given, ZoneMap, write_name
from myriad.game.ledger import (
    CHARACTER,
    COINS,
    GROUND,
    LEVEL_ASSET,
    NUM_ASSETS,
    VOID,
    add_effect,
    has_ledger_room,
    note_level,
    note_movement,
)
from myriad.game.tables import make_table, read_toml
from myriad.game.tilemap import MapObject, TileMap, read_map
from myriad.game.world_map import WorldMap, ZoneArea
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
    FROZEN,
    GHOST,
    HIDDEN,
    HISTORY_TICKS,
    ITEM,
    ITEM_KIND_BASE,
    MAX_TILE_MARGIN_M,
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
    "CHARACTER",
    "COINS",
    "COSINE",
    "DIRECTIONS",
    "FROZEN",
    "GHOST",
    "GROUND",
    "HIDDEN",
    "HISTORY_TICKS",
    "ITEM",
    "ITEM_KIND_BASE",
    "LEVEL_ASSET",
    "MAX_TILE_MARGIN_M",
    "NPC",
    "NUM_ASSETS",
    "PLAYER",
    "SINE",
    "TILE_M",
    "TILE_UNITS",
    "TURN",
    "UNITS_PER_M",
    "VOID",
    "Bundle",
    "Game",
    "Given",
    "MapObject",
    "Record",
    "StartupError",
    "TileMap",
    "World",
    "WorldMap",
    "ZoneArea",
    "ZoneMap",
    "add_effect",
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
    "has_ledger_room",
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
    "note_level",
    "note_movement",
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
    "unbundle",
    "write_name",
]

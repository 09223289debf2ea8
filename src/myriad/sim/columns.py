"""Layouts of the arrays that a zone simulates: entities, inputs, events, clock, grid.

Responsible for: every engine dtype, the entity flags, and putting a game's own fields between the engine's.
Not here: the arrays themselves (`sim/world.py`), what a game's fields mean (the game), how they go on the wire.

Invariants: all dtypes are aligned and their padding stays zero (rows are written field by field and freed by zeroing),
so the bytes of a row are a function of its values; engine fields that every tick touches come first in a row, within
one cache line; names come last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

Field = tuple[str, str] | tuple[str, str, tuple[int, ...]]

Record = Any
"""One row of a structured array, as kernels pass it on: cheaper to compile than an argument of many arrays."""

as_int = cast("Callable[[Any], int]", np.int64)
"""What kernels load columns with: arithmetic of unsigned columns would wrap, or turn into floats, without it."""

UNITS_PER_M = 1024
"""Positions after a tick are whole multiples of 1/1024 m; `qx`, `qy` count them."""

HIDDEN = 1
PLAYER = 2
NPC = 4
ITEM = 8
GHOST = 16
"""A read-only copy of a neighbour zone's entity: shown, never simulated. Always beside PLAYER, NPC or ITEM."""
FROZEN = 32
"""A player who is being handed over: shown, and nothing happens to it."""
ITEM_KIND_BASE = 128
"""`kind` of a ground item is this plus its item type."""

MAX_NAME_BYTES = 24
HISTORY_TICKS = 16
MAX_INPUTS_PER_TICK = 2
EVENT_RING = 4096
MAX_LEDGER = 8192
"""Movements of assets between two cuts; where there is no room, rules refuse to move anything."""
MAX_EFFECTS = 1024
MAX_TILE_MARGIN_M = 100
"""A zone's map reaches so far beyond the zone, with its neighbours' tiles."""

ENGINE_HEAD: tuple[Field, ...] = (
    ("id", "u4"),  # 0 = the row is free
    ("kind", "u1"),  # the game's; on the wire
    ("state", "u1"),  # the game's; on the wire
    ("flags", "u1"),  # HIDDEN | PLAYER | NPC | ITEM | GHOST | FROZEN
    ("name_version", "u1"),  # goes up when the name or look changes
    ("x", "f8"),  # metres, world-wide; multiples of 1/1024 at the end of a tick
    ("y", "f8"),
    ("qx", "i4"),  # x * 1024, refreshed at the end of a tick
    ("qy", "i4"),
    ("heading", "u2"),  # 65536 per turn, 0 = +x, 16384 = +y
    ("hp", "u2"),
    ("max_hp", "u2"),  # 0 = has no health
    ("private_version", "u1"),  # goes up when one of the game's private fields changed
    ("client", "i4"),  # connection row, -1 = none
    ("placed_tick", "u4"),  # tick of the last spawn or teleport; history before it is another place
)
ENGINE_TAIL: tuple[Field, ...] = (("name_length", "u1"), ("name", "u1", (MAX_NAME_BYTES,)))

INPUT = np.dtype(
    [
        ("count", "u1"),  # 0..2 input-ticks to apply this tick
        ("rewind_ticks", "u1"),  # how far back this player sees others, 0..HISTORY_TICKS-1
        ("buttons", "u1", (MAX_INPUTS_PER_TICK,)),
        ("move_dir", "u1", (MAX_INPUTS_PER_TICK,)),  # 256 per turn
        ("move_mag", "u1", (MAX_INPUTS_PER_TICK,)),  # 0..255 of full speed
        ("heading", "u2", (MAX_INPUTS_PER_TICK,)),
        ("intent", "u1", (MAX_INPUTS_PER_TICK,)),  # 0 = none, else the game's
        ("argument", "u4", (MAX_INPUTS_PER_TICK,)),
    ],
    align=True,
)

EVENT = np.dtype(
    [("kind", "u1"), ("amount", "u2"), ("source", "u4"), ("target", "u4"), ("target_row", "i4"), ("tick", "u4")],
    align=True,
)

CLOCK = np.dtype(
    [
        ("tick", "u4"),  # tick of the state that the arrays hold; a step computes the next one
        ("tick_hz", "u4"),
        ("num_rows", "i4"),  # rows 0..num_rows-1 may be in use
        ("npc_stride", "u4"),  # overload: NPC rules run every n-th tick, >= 1
        ("dt", "f8"),  # simulated seconds a tick
        ("num_events", "u4"),  # events written since the start; ring index = n % len(events)
        ("next_id", "u4"),  # block of transient ids: next_id .. end_id-1 are free to take
        ("end_id", "u4"),
        ("num_free", "i4"),  # entries in free_rows
        ("origin_x", "f8"),  # metres; the south-west corner of the map
        ("origin_y", "f8"),
        ("pair_checks", "i8"),  # distance checks done by neighbour searches since the start
        ("num_items", "i4"),  # ground items in the zone
        ("num_players", "i4"),  # player rows, lingering avatars included, ghosts not
        ("num_ledger", "i4"),  # rows of `ledger` since the last cut
        ("num_effects", "i4"),  # rows of `effects` since the zone last took them
    ],
    align=True,
)

LEDGER = np.dtype(
    [
        ("asset", "u1"),  # 0 = coins, else the game's item type
        ("reason", "u1"),  # the game's word for why
        ("source_kind", "u1"),  # HOLDER_... of the store: 0 the void, 1 a character, 2 this zone's ground
        ("target_kind", "u1"),
        ("amount", "u4"),
        ("source", "u4"),  # character id where the kind is 1, else 0
        ("target", "u4"),
    ],
    align=True,
)

EFFECT = np.dtype(
    [
        ("kind", "u1"),  # the game's
        ("neighbour", "u1"),  # index of the neighbour that owns the target (see `neighbour` of ghosts)
        ("amount", "i4"),
        ("source", "u4"),  # entity id of the one who did it
        ("target", "u4"),  # entity id of the one it was done to, a ghost here
        ("x", "i4"),  # where the doer stood, 1/1024 m
        ("y", "i4"),
    ],
    align=True,
)

GRID = np.dtype(
    [("num_columns", "i4"), ("num_rows", "i4"), ("num_coarse_columns", "i4"), ("num_coarse_rows", "i4")], align=True
)


def entity_dtype(game_fields: Sequence[Field] = ()) -> np.dtype[Any]:
    """The dtype of one entity row: the engine's fields around `game_fields`.

    Raises ValueError when a game field takes the name of an engine field or is not an integer.
    """
    engine = {field[0] for field in (*ENGINE_HEAD, *ENGINE_TAIL)}
    for field in game_fields:
        if field[0] in engine:
            raise ValueError(f"entity field {field[0]!r} is the engine's; choose another name")
        if np.dtype(field[1]).kind not in "ui":
            raise ValueError(f"entity field {field[0]!r} must be an integer, not {field[1]!r}")
    return np.dtype([*ENGINE_HEAD, *game_fields, *ENGINE_TAIL], align=True)


ENTITY = entity_dtype()
"""An entity row without game fields."""

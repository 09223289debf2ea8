"""What the engine knows of a game: its fields, its words for states and intents, and the functions it calls.

Responsible for: `Game`, the one object that a game package exports, and `ZoneMap`, what a client needs to walk.
Not here: any rule; records of players in detail (`game/records.py`).

Invariant: a `Game` is immutable and holds no state of a zone; all of that is in the `World` that it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myriad.core.bundle import Bundle
from myriad.game.fields import copy_plan, packed_dtype
from myriad.game.ledger import NUM_ASSETS
from myriad.game.records import RecordKind, layout_of, load_record, read_records, record_kind, save_records
from myriad.game.world_map import WorldMap, ZoneArea
from myriad.sim.columns import GHOST, ITEM, MAX_NAME_BYTES, UNITS_PER_M
from myriad.sim.rows import allocate_row, find_row, free_row, place, take_transient_id
from myriad.sim.world import TILE_M, World

Given = Sequence[tuple[int, int]]
"""What one side of a trade gives: (asset, amount) each."""


@dataclass(frozen=True)
class ZoneMap:
    """What prediction and path finding need of a zone: tiles of 2 m, row 0 in the south."""

    zone_name: str
    origin_x: int  # metres; the corner of `solid`, which may lie beyond the zone's own rectangle
    origin_y: int
    solid: NDArray[np.uint8]  # (H, W) u1, 1 = blocked
    spawn_points: NDArray[np.float64]  # (n, 2) f8, metres, world-wide
    params: NDArray[Any]  # (1,) the game's numbers, for `predict`
    area: ZoneArea | None = None  # the zone's own rectangle; None = all of the map

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """The zone's own rectangle in metres: west, south, east, north; the last two no longer belong to it."""
        if self.area is not None:
            return self.area.x, self.area.y, self.area.east, self.area.north
        height, width = self.solid.shape
        return self.origin_x, self.origin_y, self.origin_x + width * TILE_M, self.origin_y + height * TILE_M


@dataclass(frozen=True)
class Game:
    """A game, as the engine sees it. Every function takes its state as an argument."""

    name: str
    zones: tuple[str, ...]
    entity: np.dtype[Any]  # from `entity_dtype`
    own_fields: tuple[str, ...]  # columns sent to the owner in every snapshot until acknowledged
    private_fields: tuple[str, ...]  # columns sent to the owner when private_version changed
    kinds: Mapping[str, int]
    states: Mapping[str, int]
    intents: Mapping[str, int]
    buttons: Mapping[str, int]
    event_kinds: Mapping[str, int]
    counters: tuple[str, ...]
    step: Callable[[Bundle[World]], None]
    """Kernel: compute the next tick of `unbundle(bundle)`. Calls `begin_tick` first and `finish_tick` last."""
    predict: Callable[..., None]
    """Kernel `(own (n,) own_dtype, row, buttons, move_dir, move_mag, heading, dt, solid, origin_x, origin_y, params)`:
    apply one input-tick to an own record exactly as the server will."""
    create: Callable[[str, int, int, int, int | None, int, int], World]
    """`(zone_name, capacity, seed, tick_hz, num_npcs, next_id, end_id)`; see `create_zone`."""
    read_map: Callable[[str, int], ZoneMap]
    """`(zone_name, tick_hz)`: the map as a client needs it. Raises StartupError for an unknown zone."""
    spawn: Callable[[World, int, int, str, float | None, float | None], int]
    """`(world, entity_id, client, name, x, y)`; see `spawn_player`."""
    detach: Callable[[World, int], None]
    """`(world, row)`: the player's connection is gone, the avatar stays for now."""
    attach: Callable[[World, int, int], None]
    """`(world, row, client)`: the player of a lingering avatar is back."""
    remove: Callable[[World, int], None]
    """`(world, row)`: take the avatar out of the world."""
    filter_chat: Callable[[World, int, int, str], str | None] = field(default=lambda world, row, scope, text: text)
    """`(world, row, scope, text)`: the text to pass on, or None to refuse it."""
    entity_kind_names: Mapping[int, str] = field(default_factory=dict)
    """What a `kind` is called, for people; items included."""

    # What a world of many zones needs; a game of one zone that saves nothing leaves it out.

    world_map: WorldMap = field(default_factory=lambda: WorldMap(()))
    """Where the zones lie: every name in `zones`, and who is whose neighbour."""
    resize: Callable[[int], Game] | None = None
    """`(num_zones)`; see `for_world`."""
    preload: Callable[[Iterable[str]], None] = field(default=lambda zone_names: None)
    """`(zone_names)`: keep what these zones' maps need in memory, so that `create` and `read_map` are quick."""
    saved_fields: tuple[str, ...] = ()
    """Columns of a player that outlive the zone; `qx`, `qy` and `ledger_serial` among them."""
    timer_fields: tuple[str, ...] = ()
    """Those of the saved and ground columns that are ticks."""
    ground_fields: tuple[str, ...] = ()
    """Columns of a ground item that outlive the zone; `kind`, `qx`, `qy` among them."""
    arrive: Callable[[World, int], None] = field(default=lambda world, row: None)
    """`(world, row)`: a restored player stands in the world; set right what may not stay as it was saved."""
    count_assets: Callable[[World], NDArray[np.int64]] = field(
        default=lambda world: np.zeros(NUM_ASSETS, np.int64)  # a game without assets
    )
    """`(world)`: (256,) i8, what players (frozen ones too, ghosts not) and the ground hold of each asset."""
    balance: Callable[[World, int, int], int] = field(default=lambda world, row, asset: 0)
    """`(world, row, asset)`: what a player holds of an asset; its level for LEVEL_ASSET."""
    exchange: Callable[[World, int, int, Given, Given], bool] = field(default=lambda world, row_a, row_b, a, b: False)
    """`(world, row_a, row_b, gives_a, gives_b)`: between two ticks, both lists of (asset, amount) change hands and the
    ledger says so, or nothing changes and it is False: too far apart, not held, no room, one is dead, frozen or a
    ghost. Giving is a trade with an empty second list."""
    judge_effect: Callable[[World, int, int, int, int, int, int, int], bool] | None = None
    """`(world, kind, amount, source_id, target_id, x, y, neighbour)`; see `apply_effect`."""
    asset_names: Mapping[int, str] = field(default_factory=dict)
    """What an asset is called, for people."""
    reasons: Mapping[int, str] = field(default_factory=dict)
    """What the ledger's reasons are called, for people."""

    @cached_property
    def own_dtype(self) -> np.dtype[Any]:
        """Packed layout of the own state on the wire."""
        return packed_dtype(self.entity, self.own_fields)

    @cached_property
    def private_dtype(self) -> np.dtype[Any]:
        """Packed layout of the private state on the wire."""
        return packed_dtype(self.entity, self.private_fields)

    @cached_property
    def own_plan(self) -> NDArray[np.int32]:
        """For `copy_fields`."""
        return copy_plan(self.entity, self.own_fields)

    @cached_property
    def private_plan(self) -> NDArray[np.int32]:
        """For `copy_fields`."""
        return copy_plan(self.entity, self.private_fields)

    def create_zone(
        self,
        zone_name: str,
        *,
        capacity: int,
        seed: int,
        tick_hz: int = 60,
        num_npcs: int | None = None,
        next_id: int = 1 << 24,
        end_id: int = 1 << 31,
    ) -> World:
        """The world of a zone with its NPCs, ready to step; `num_npcs` None = as many as the map says.

        Transient ids (NPCs, ground items) come from `next_id` to `end_id - 1`. Raises StartupError when the zone is
        unknown, its map or data are unusable, or `capacity` is too small for the NPCs.
        """
        return self.create(zone_name, capacity, seed, tick_hz, num_npcs, next_id, end_id)

    def advance(self, world: World) -> None:
        """One tick, for tests and tools; a zone keeps the bundle."""
        self.step(Bundle(world))

    def spawn_player(
        self,
        world: World,
        entity_id: int,
        client: int,
        name: str,
        x: float | None = None,
        y: float | None = None,
    ) -> int:
        """Put a player into the world between two steps and return its row, or -1 when there is no room or no id.

        Without `x`, `y` (metres, world-wide) the game chooses; else it is the nearest walkable place, and also where
        the player respawns.
        """
        _remove_ghost(world, entity_id)
        return self.spawn(world, entity_id, client, name, x, y)

    def for_world(self, num_zones: int) -> Game:
        """This game with a world of so many zones: `zones`, `world_map`, `create_zone` and `read_map` are that world's.

        A zone's number, name and place are the same in worlds of all sizes; who has a neighbour to walk to is not, so
        server and client must name the same size. Raises StartupError on a size that the game has not.
        """
        return self if self.resize is None else self.resize(num_zones)

    @cached_property
    def _players(self) -> RecordKind:
        return record_kind(self.entity, self.saved_fields, self.timer_fields)

    @cached_property
    def _ground(self) -> RecordKind:
        return record_kind(self.entity, self.ground_fields, self.timer_fields)

    @property
    def saved_dtype(self) -> np.dtype[Any]:
        """A player's record, without gaps; timers are signed differences to the tick."""
        return self._players.dtype

    @cached_property
    def layout(self) -> str:
        """Fields and types of players' and of ground items' records, to be stored beside them."""
        return f"{layout_of(self._players.dtype)};{layout_of(self._ground.dtype)}"

    def save_rows(self, world: World, rows: NDArray[Any]) -> NDArray[Any]:
        """(len(rows),) of `saved_dtype`: those players as they are after the last tick."""
        return save_records(self._players, world, rows)

    def restore(
        self,
        world: World,
        entity_id: int,
        client: int,
        name: str,
        record: bytes,
        layout: str,
        x: float | None = None,
        y: float | None = None,
    ) -> int:
        """Put a player into the world as `record` (written by `layout`, this game's or an older one's) says.

        It stands where it stood, or at the nearest walkable place; `x`, `y` (metres) put it elsewhere. A ghost of it
        makes way. Returns its row, or -1 when there is no room. Raises ValueError on a record that is not `layout`'s.
        In a game that saves nothing everybody is new.
        """
        if not self.saved_fields:
            return self.spawn_player(world, entity_id, client, name, x, y)
        loaded = read_records(self._players, record, layout.partition(";")[0])
        if len(loaded) != 1:
            raise ValueError(f"a player has one record, not {len(loaded)}")
        if x is None or y is None:
            x, y = (float(loaded[field][0]) / UNITS_PER_M for field in ("qx", "qy"))
        row = self.spawn_player(world, entity_id, client, name, x, y)
        if row < 0:
            return -1
        entities, tick = world.entities, int(world.clock["tick"][0])
        qx, qy = int(entities["qx"][row]), int(entities["qy"][row])
        load_record(self._players, loaded, entities, row, tick)
        place(world, row, qx, qy, tick)
        self.arrive(world, row)
        return row

    def save_ground(self, world: World) -> bytes:
        """All that lies on the ground, as records."""
        rows = np.flatnonzero(world.entities["flags"] == ITEM)  # a ghost has one more flag
        return save_records(self._ground, world, rows).tobytes()

    def load_ground(self, world: World, ground: bytes, layout: str) -> int:
        """Put what `save_ground` saved back on the ground, between two ticks; returns how many found no row.

        Raises ValueError if the bytes are not `layout`'s.
        """
        records = read_records(self._ground, ground, layout.partition(";")[2])
        tick = int(world.clock["tick"][0])
        for number in range(len(records)):
            row = int(allocate_row(world, take_transient_id(world)))
            if row < 0:
                return len(records) - number
            record = records[number : number + 1]
            load_record(self._ground, record, world.entities, row, tick)
            world.entities["flags"][row] = ITEM
            place(world, row, int(record["qx"][0]), int(record["qy"][0]), tick)
            world.clock["num_items"][0] += 1
        return 0

    def apply_effect(
        self, world: World, kind: int, amount: int, source: int, target: int, x: int, y: int, neighbour: int = -1
    ) -> bool:
        """Judge, between two ticks, what a neighbour's entity `source` at (x, y) (1/1024 m) did to our `target`.

        `neighbour` is where it came from, and where what follows goes back to (a row of `world.effects`); -1 = to the
        owner of the ghost of `source`. True if it took place.
        """
        if self.judge_effect is None:
            return False
        return self.judge_effect(world, kind, amount, source, target, x, y, neighbour)

    def describe(self, world: World, row: int) -> tuple[int, bytes]:
        """(name version, name in UTF-8) of an entity, for a WHOIS reply."""
        length = int(world.entities["name_length"][row])
        return int(world.entities["name_version"][row]), world.entities["name"][row, :length].tobytes()

    def counter(self, world: World, name: str) -> int:
        """A counter by name; KeyError-free names are those in `counters`."""
        return int(world.counters[self.counters.index(name)])


def _remove_ghost(world: World, entity_id: int) -> None:
    """Whoever comes over from a neighbour has been seen here before: its ghost makes way."""
    row = int(find_row(world, entity_id))
    if row >= 0 and int(world.entities["flags"][row]) & GHOST:
        free_row(world, row)


def write_name(world: World, row: int, name: str) -> None:
    """Set an entity's name, cut to 24 bytes at a character, and raise its name version."""
    raw = name.encode()[:MAX_NAME_BYTES].decode(errors="ignore").encode()
    world.entities["name"][row] = 0
    world.entities["name"][row, : len(raw)] = np.frombuffer(raw, np.uint8)
    world.entities["name_length"][row] = len(raw)
    world.entities["name_version"][row] = (int(world.entities["name_version"][row]) + 1) & 0xFF

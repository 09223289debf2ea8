"""What the engine knows of a game: its fields, its words for states and intents, and the functions it calls.

Responsible for: `Game`, the one object that a game package exports, and `ZoneMap`, what a client needs to walk.
Not here: any rule.

Invariant: a `Game` is immutable and holds no state of a zone; all of that is in the `World` that it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myriad.game.fields import copy_plan, packed_dtype
from myriad.sim.columns import MAX_NAME_BYTES
from myriad.sim.world import World


@dataclass(frozen=True)
class ZoneMap:
    """What prediction and path finding need of a zone: tiles of 2 m, row 0 in the south."""

    zone_name: str
    origin_x: int  # metres
    origin_y: int
    solid: NDArray[np.uint8]  # (H, W) u1, 1 = blocked
    spawn_points: NDArray[np.float64]  # (n, 2) f8, metres, world-wide
    params: NDArray[Any]  # (1,) the game's numbers, for `predict`


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
    step: Callable[[World], None]
    """Kernel: compute the next tick. Calls `begin_tick` first and `finish_tick` last."""
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
        return self.spawn(world, entity_id, client, name, x, y)

    def describe(self, world: World, row: int) -> tuple[int, bytes]:
        """(name version, name in UTF-8) of an entity, for a WHOIS reply."""
        length = int(world.entities["name_length"][row])
        return int(world.entities["name_version"][row]), world.entities["name"][row, :length].tobytes()

    def counter(self, world: World, name: str) -> int:
        """A counter by name; KeyError-free names are those in `counters`."""
        return int(world.counters[self.counters.index(name)])


def write_name(world: World, row: int, name: str) -> None:
    """Set an entity's name, cut to 24 bytes at a character, and raise its name version."""
    raw = name.encode()[:MAX_NAME_BYTES].decode(errors="ignore").encode()
    world.entities["name"][row] = 0
    world.entities["name"][row, : len(raw)] = np.frombuffer(raw, np.uint8)
    world.entities["name_length"][row] = len(raw)
    world.entities["name_version"][row] = (int(world.entities["name_version"][row]) + 1) & 0xFF

"""What a zone and its neighbours show each other: ghosts both ways, and what is done to them.

Responsible for: what is shown to whom, ghosts that come and go, effects on the way to their owners, and which avatars
are near a border.
Not here: the bytes of a block (`border_blocks.py`), the links between zones (`cluster/peer_link.py`), rows of ghosts
(`sim/ghosts.py`), what an effect does (the game).

Invariants: reading never raises, what is malformed changes nothing; a ghost that no block has shown for 300 ms is gone;
a neighbour's block never touches what is ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from myriad.core.bundle import Bundle
from myriad.game.game import Game
from myriad.game.world_map import ZoneArea
from myriad.sim.columns import EFFECT, UNITS_PER_M
from myriad.sim.ghosts import GHOST_RECORD, free_ghosts, make_ghost
from myriad.sim.world import World
from myriad.zone.border_blocks import (
    MALFORMED,
    MAX_BLOCK_BYTES,
    NAMES_PER_BLOCK,
    RECORDS_PER_BLOCK,
    read_block,
    show,
    write_block,
)

SIGHT_M = 100
"""How deep a zone shows itself to a neighbour."""
NEAR_M = 30
"""From so far on, a border concerns an avatar."""
LINGER_NS = 300_000_000
MAX_SHOWN = 400


class Border:
    """The borders of one zone."""

    def __init__(self, game: Game, world: World, area: ZoneArea, neighbours: tuple[ZoneArea, ...]) -> None:
        """`neighbours` in the order in which `ghost_neighbour` and effects count them."""
        self.area = area
        self.neighbours = neighbours
        self.num_refused = 0
        """Ghosts for which there was no row."""
        self.num_ghosts = 0
        """Ghosts at the last look, at most."""
        self.num_malformed = 0
        self._game = game
        self._world = world
        self._bundle = Bundle(world)
        self._shown: NDArray[Any] = np.zeros(MAX_SHOWN, GHOST_RECORD)
        self._rows: NDArray[np.int32] = np.zeros(MAX_SHOWN, np.int32)
        self._scratch: NDArray[Any] = np.zeros(RECORDS_PER_BLOCK, GHOST_RECORD)
        self._block: NDArray[np.uint8] = np.zeros(MAX_BLOCK_BYTES, np.uint8)
        self._seen_ns: NDArray[np.int64] = np.zeros(len(world.entities), np.int64)
        sides = [(near.x, near.y, near.east, near.north) for near in neighbours]
        self._sides = np.array(sides, np.int32).reshape(-1, 4).T * UNITS_PER_M
        self._next_name = [0] * len(neighbours)

    # Showing.

    def blocks(self, index: int) -> list[bytes]:
        """What neighbour `index` is to see of us now, as bodies of border blocks."""
        near = self.neighbours[index]
        count = int(
            show(
                self._bundle,
                (near.x - SIGHT_M) * UNITS_PER_M,
                (near.y - SIGHT_M) * UNITS_PER_M,
                (near.east + SIGHT_M) * UNITS_PER_M,
                (near.north + SIGHT_M) * UNITS_PER_M,
                self._shown,
                self._rows,
            )
        )
        first_name = self._next_name[index]
        self._next_name[index] = (first_name + NAMES_PER_BLOCK) % MAX_SHOWN
        bodies = []
        for first in range(0, count, RECORDS_PER_BLOCK):
            number = min(RECORDS_PER_BLOCK, count - first)
            length = int(write_block(self._bundle, self._shown, self._rows, first, number, first_name, self._block))
            bodies.append(self._block[:length].tobytes())
        return bodies

    # Seeing.

    def receive(self, index: int, body: bytes, now_ns: int) -> None:
        """A block of neighbour `index`."""
        if len(body) > MAX_BLOCK_BYTES:
            self.num_malformed += 1
            return
        self._block[: len(body)] = np.frombuffer(body, np.uint8)
        refused = int(read_block(self._bundle, index, self._block, len(body), self._scratch, self._seen_ns, now_ns))
        if refused == MALFORMED:
            self.num_malformed += 1
            return
        self.num_refused += refused
        self.num_ghosts += 1

    def expire(self, now_ns: int) -> None:
        """Frees ghosts that nobody shows any more."""
        if self.num_ghosts:
            self.num_ghosts = int(free_ghosts(self._world, self._seen_ns, now_ns - LINGER_NS))

    def keep_as_ghost(self, row: int, index: int, now_ns: int) -> None:
        """An avatar of ours is neighbour `index`'s from now on."""
        make_ghost(self._world, row, index, self._seen_ns, now_ns)
        self._world.clock["num_players"][0] -= 1
        self.num_ghosts += 1

    # Effects.

    def take_effects(self) -> list[tuple[int, bytes]]:
        """What was done to ghosts since the last call: (neighbour, body) each, in order."""
        clock = self._world.clock
        count = int(clock["num_effects"][0])
        if count == 0:
            return []
        clock["num_effects"][0] = 0
        done = self._world.effects[:count]
        return [
            (int(index), done[done["neighbour"] == index].tobytes())
            for index in np.unique(done["neighbour"])
            if index < len(self.neighbours)
        ]

    def apply_effects(self, index: int, body: bytes) -> None:
        """Has the game judge what entities of neighbour `index` did to ours."""
        if len(body) % EFFECT.itemsize:
            self.num_malformed += 1
            return
        for effect in np.frombuffer(body, EFFECT):
            self._game.apply_effect(
                self._world,
                int(effect["kind"]),
                int(effect["amount"]),
                int(effect["source"]),
                int(effect["target"]),
                int(effect["x"]),
                int(effect["y"]),
                index,
            )

    # Who is near.

    def seen_neighbours(self, rows: NDArray[Any], within_m: int) -> list[bool]:
        """For each neighbour whether one of these entity rows stands within so many metres of it."""
        entities = self._world.entities
        x, y = entities["qx"][rows][:, None], entities["qy"][rows][:, None]
        west, south, east, north = self._sides
        away = np.maximum(np.maximum(west - x, x - east), np.maximum(south - y, y - north))
        return [bool(seen) for seen in (away < within_m * UNITS_PER_M).any(axis=0)]

    def near(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        """For each entity row whether it is within 30 m of a border of the zone, or beyond it."""
        entities = self._world.entities
        qx, qy = entities["qx"][rows], entities["qy"][rows]
        depth = NEAR_M * UNITS_PER_M
        area = self.area
        west, south = area.x * UNITS_PER_M + depth, area.y * UNITS_PER_M + depth
        east, north = area.east * UNITS_PER_M - depth, area.north * UNITS_PER_M - depth
        return np.asarray((qx < west) | (qx >= east) | (qy < south) | (qy >= north))

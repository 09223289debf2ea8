"""The state of the naive servers: players and NPCs that walk, as NumPy columns; what a tick does to them.

Responsible for: entities, movement, who is a player. Not here: datagrams (`server.py`).

Written as a good Python developer writes it first: one structured array, whole columns at a time, no compiler.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

TICK_HZ = 20
SIDE_M = 1000.0
WALK_MPS = 4.0
TURN_SHARE = 0.05
"""Of the NPCs, how many choose another direction in one tick."""

ENTITY = np.dtype(
    [
        ("id", "<u4"),
        ("x", "<f4"),
        ("y", "<f4"),
        ("vx", "<f4"),
        ("vy", "<f4"),
        ("health", "<u2"),
        ("kind", "u1"),
        ("state", "u1"),
    ]
)
"""What everybody is told of an entity, as it goes on the wire: 24 bytes."""

PLAYER, NPC = 1, 2


class State:
    """All entities of one square kilometre: NPCs in the first rows, then players."""

    def __init__(self, npcs: int, max_players: int, seed: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self.rows = np.zeros(npcs + max_players, ENTITY)
        self.num_npcs = self.count = npcs
        self._next_id = npcs + 1
        here = self.rows[:npcs]
        here["id"] = np.arange(1, npcs + 1)
        here["x"], here["y"] = self.rng.uniform(0, SIDE_M, (2, npcs))
        here["health"], here["kind"] = 100, NPC
        self._turn(np.arange(npcs))

    @property
    def entities(self) -> npt.NDArray[np.void]:
        """Those that are there: a view."""
        return self.rows[: self.count]

    def add_player(self, x: float, y: float) -> int:
        """A new player's row."""
        row = self.count
        self.rows[row] = (self._next_id, x, y, 0, 0, 100, PLAYER, 0)
        self._next_id += 1
        self.count += 1
        return row

    def remove_player(self, row: int) -> int:
        """Takes a player out; the last row moves into its place, and its number is returned."""
        self.count -= 1
        self.rows[row] = self.rows[self.count]
        return self.count

    def steer(self, row: int, dx: float, dy: float, state: int) -> None:
        """A player's newest input: a direction of length 1 at most."""
        length = max(float(np.hypot(dx, dy)), 1.0)
        self.rows[row]["vx"], self.rows[row]["vy"] = WALK_MPS * dx / length, WALK_MPS * dy / length
        self.rows[row]["state"] = state

    def step(self) -> None:
        """One tick: some NPCs turn, everybody moves and stays inside."""
        self._turn(np.flatnonzero(self.rng.random(self.num_npcs) < TURN_SHARE))
        here = self.entities
        here["x"] = np.clip(here["x"] + here["vx"] / TICK_HZ, 0, SIDE_M)
        here["y"] = np.clip(here["y"] + here["vy"] / TICK_HZ, 0, SIDE_M)

    def _turn(self, rows: npt.NDArray[np.intp]) -> None:
        angle = self.rng.uniform(0, 2 * np.pi, len(rows))
        self.rows["vx"][rows], self.rows["vy"][rows] = WALK_MPS * np.cos(angle), WALK_MPS * np.sin(angle)

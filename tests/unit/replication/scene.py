"""A small zone with viewers for the tests of replication: entities that move by a seed, and payloads as bytes.

Not here: networks with faults (`tests/properties/replication_model.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from myriad.replication.assembly import write_view
from myriad.replication.cells import create_cells
from myriad.replication.encode import encode
from myriad.replication.viewers import create_viewers, view_enter
from myriad.sim.columns import ENTITY, EVENT, HIDDEN

LIMIT = 1200
GUARD = 0x5C


@dataclass
class Payload:
    """One viewer's part of a snapshot, and the head that goes with it."""

    data: bytes
    tick: int
    view: tuple[int, int]
    flags: int
    sequence: int


class Scene:
    """Entities, cells and viewers; `step` moves the world on by one snapshot and encodes it."""

    def __init__(self, *, seed: int = 1, width: int = 6, capacity: int = 256, viewers: int = 8, **options: int) -> None:
        print(f"seed {seed}")
        self.random = np.random.default_rng(seed)
        self.width = width
        self.cells = create_cells(0, 0, width, width, capacity, digests=True, **options)
        self.viewers = create_viewers(viewers)
        self.entities = np.zeros(capacity, ENTITY)
        self.events = np.zeros(64, EVENT)
        self.num_events = 0
        self.tick = 3000
        self.level = 0
        self.next_id = 1
        self.sequence = 0
        self.buffer = np.zeros(1312, np.uint8)

    def spawn(self, count: int, low_m: float = 0, high_m: float | None = None) -> np.ndarray:
        """Put `count` entities at random into a square; returns their rows."""
        high_m = self.width * 50 if high_m is None else high_m
        rows = np.nonzero(self.entities["id"] == 0)[0][:count]
        assert len(rows) == count
        self.entities["id"][rows] = np.arange(self.next_id, self.next_id + count)
        self.next_id += count
        for axis in ("qx", "qy"):
            self.entities[axis][rows] = self.random.integers(int(low_m * 1024), int(high_m * 1024), count)
        self.entities["kind"][rows] = 1
        self.entities["hp"][rows], self.entities["max_hp"][rows] = 70, 100
        self.entities["flags"][rows] = 2
        return rows

    def wander(self, share: float = 0.5, most: int = 900) -> None:
        """Move a share of all entities by at most `most` / 1024 m an axis, and change some other fields."""
        e = self.entities
        moving = (self.random.random(len(e)) < share) & (e["id"] > 0)
        for axis in ("qx", "qy"):
            moved = e[axis] + self.random.integers(-most, most + 1, len(e))
            e[axis][moving] = np.clip(moved, 0, self.width * 51200 - 1)[moving]
        turning = self.random.random(len(e)) < share / 4
        e["heading"][turning] = self.random.integers(0, 65536, len(e))[turning]
        hurt = self.random.random(len(e)) < share / 10
        e["hp"][hurt] = self.random.integers(0, 101, len(e))[hurt]

    def hit(self, row: int, amount: int = 5, kind: int = 1, source: int = 77) -> None:
        """Write one event about the entity in `row`."""
        self.events[self.num_events % len(self.events)] = (
            kind,
            amount,
            source,
            self.entities["id"][row],
            row,
            self.tick,
        )
        self.num_events += 1

    def step(self) -> int:
        """Encode the next snapshot; returns the bytes encoded."""
        self.tick += 3
        return encode(
            self.cells, self.entities, len(self.entities), self.events, self.num_events, self.tick, self.level
        )

    def enter(self, viewer: int, x: int, y: int, tier: int = 0) -> None:
        """Start a viewer around a cell."""
        view_enter(self.viewers, viewer, x, y, tier)

    def write(self, viewer: int, limit: int = LIMIT, rtt: int = 1) -> Payload:
        """One viewer's payload for the newest snapshot; its first byte is the flags byte."""
        self.sequence = (self.sequence + 1) & 0xFFFF
        rows = self.viewers.rows
        self.buffer[:] = GUARD
        self.buffer[0] = rows["tier"][viewer]
        end = write_view(self.cells, self.viewers, viewer, self.buffer, 0, 1, limit, self.sequence, rtt, -1, -1)
        assert 5 <= end <= limit
        assert (self.buffer[limit:] == GUARD).all()
        view = (int(rows["view_x"][viewer]), int(rows["view_y"][viewer]))
        return Payload(self.buffer[1:end].tobytes(), self.tick, view, int(self.buffer[0]), self.sequence)

    def shown(self) -> list[int]:
        """Rows that are not free and not hidden."""
        visible = (self.entities["id"] > 0) & (self.entities["flags"] & HIDDEN == 0)
        return [int(row) for row in np.nonzero(visible)[0]]

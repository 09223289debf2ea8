"""All arrays of one zone, as one tuple that kernels take.

Responsible for: `ZoneArrays` and its construction.
Not here: what changes them (`receiving.py`, `snapshots.py`, `zone.py`).

Invariant: a connection row number means the same in every array of connections; nothing is allocated after
construction.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.settings import Settings
from myriad.game.game import Game
from myriad.netcode.acks import new_acks
from myriad.netcode.reliable import ReliableArrays, new_reliable
from myriad.netcode.server_arrays import PAYLOAD_RECORD, ServerArrays
from myriad.replication.cells import CellArrays, create_cells
from myriad.replication.viewers import ViewerArrays, create_viewers
from myriad.sim.input_queue import Queues, new_queues
from myriad.sim.world import TILE_M, World, origin_units
from myriad.wire.datagram import DATA_BYTES
from myriad.wire.layouts import CELL_M, CELL_UNITS
from myriad.zone.sessions import OWN_CAPACITY_BYTES, PRIVATE_CAPACITY_BYTES, Sessions, new_sessions

MAX_RECEIVE_BATCH = 1024
MAX_FRAGMENTS_PER_TICK = 128
"""Fragments of reliable messages taken from players in one tick; those beyond are not confirmed, so they come again."""

PACE = np.dtype(
    [
        ("ticks_per_snapshot", "<i4"),
        ("snapshot_hz", "<i4"),
        ("rate_kbit_min", "<i4"),
        ("rate_kbit_max", "<i4"),
        ("dilation", "<i4"),
        ("replication_level", "<i4"),
        ("snapshot_tick", "<u4"),  # tick that the newest encode shows
        ("encoded", "<i4"),  # 1 once a tick has encoded cells
        ("slices", "<i4"),  # over how many ticks the players of this round are spread
        ("num_snapshots", "<i8"),
        ("num_inputs", "<i8"),
    ],
    align=True,
)


class ZoneArrays(NamedTuple):
    """One zone. Shapes: C connection rows."""

    server: ServerArrays
    acks: npt.NDArray[np.void]  # (C,) ACKS
    reliable: ReliableArrays
    cells: CellArrays
    viewers: ViewerArrays
    world: World
    queues: Queues  # (C,) QUEUE
    sessions: Sessions  # (C,) SESSION
    pace: npt.NDArray[np.void]  # (1,) PACE
    payloads: npt.NDArray[np.void]  # (MAX_RECEIVE_BATCH,) PAYLOAD_RECORD
    acked: npt.NDArray[np.uint16]  # (33,) newly acknowledged sequences of one header
    received: npt.NDArray[np.uint8]  # (DATA_BYTES,) the payload being read
    own_plan: npt.NDArray[np.int32]  # (n, 2) offset and size of each own field in an entity row
    private_plan: npt.NDArray[np.int32]


def new_zone_arrays(game: Game, world: World, server: ServerArrays, settings: Settings) -> ZoneArrays:
    """The arrays of a zone around its `world` and `server`. Raises ValueError if the game's states are too large."""
    if game.own_dtype.itemsize > OWN_CAPACITY_BYTES or game.private_dtype.itemsize > PRIVATE_CAPACITY_BYTES:
        raise ValueError(f"own state is at most {OWN_CAPACITY_BYTES} bytes, private {PRIVATE_CAPACITY_BYTES}")
    rows = settings.max_connections
    west, south = origin_units(world)
    height, width = world.solid.shape
    pace = np.zeros(1, PACE)
    pace["ticks_per_snapshot"] = settings.tick_hz // settings.snapshot_hz
    pace["snapshot_hz"] = settings.snapshot_hz
    pace["rate_kbit_min"] = settings.rate_kbit_min
    pace["rate_kbit_max"] = settings.rate_kbit_max
    pace["dilation"] = 100
    pace["slices"] = 1
    return ZoneArrays(
        server=server,
        acks=new_acks(rows),
        reliable=new_reliable(rows, inbox=MAX_FRAGMENTS_PER_TICK),
        cells=create_cells(
            west // CELL_UNITS,
            south // CELL_UNITS,
            -(-width * TILE_M // CELL_M),
            -(-height * TILE_M // CELL_M),
            len(world.entities),
            digests=settings.view_digests,
        ),
        viewers=create_viewers(rows),
        world=world,
        queues=new_queues(rows),
        sessions=new_sessions(rows),
        pace=pace,
        payloads=np.zeros(MAX_RECEIVE_BATCH, PAYLOAD_RECORD),
        acked=np.zeros(33, np.uint16),
        received=np.zeros(DATA_BYTES, np.uint8),
        own_plan=game.own_plan,
        private_plan=game.private_plan,
    )

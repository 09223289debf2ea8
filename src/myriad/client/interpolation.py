"""Other entities, shown a little in the past: interpolation between what snapshots said, and short extrapolation.

Responsible for: the last few positions of every entity in one view, and where to draw each of them now.
Not here: decoding (`replication/view.py`), the own avatar (`client/avatar.py`).

Invariants: an entity is drawn `DELAYS_MS` behind the server's estimated tick by its ring, so that two samples lie
around that moment in time even when one snapshot is lost; beyond its newest sample it moves on for at most
`EXTRAPOLATE_MS`, then stands; samples of one entity have rising ticks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel

DELAYS_MS = (100.0, 150.0, 300.0)
"""By ring: near, mid, far."""

EXTRAPOLATE_MS = 250.0
JUMP_M = 10.0
"""Two samples farther apart than this are a teleport: nothing is drawn between them."""

NUM_SAMPLES = 8

TRACK = np.dtype(
    [
        ("id", "<u4"),  # 0: the row is free
        ("ring", "u1"),
        ("count", "u1"),  # samples in use, newest last
        ("tick", "<f8", (NUM_SAMPLES,)),
        ("x", "<f8", (NUM_SAMPLES,)),  # metres
        ("y", "<f8", (NUM_SAMPLES,)),
        ("heading", "<f8", (NUM_SAMPLES,)),  # turns
    ],
    align=True,
)

SHOWN = np.dtype([("id", "<u4"), ("x", "<f8"), ("y", "<f8"), ("heading", "<f8")])
"""Where to draw an entity: metres, and turns in [0, 1)."""

Tracks = npt.NDArray[np.void]
"""(rows,) `TRACK`."""


@bare_kernel
def add_sample(tracks: Tracks, row: int, tick: float, x: float, y: float, heading: float, ring: int) -> bool:
    """Appends what a snapshot of `tick` said of one entity; false (and nothing changes) if that is not news."""
    count = int(tracks["count"][row])
    if count > 0 and tick <= float(tracks["tick"][row, count - 1]):
        return False
    if count == NUM_SAMPLES:
        for k in range(NUM_SAMPLES - 1):
            tracks["tick"][row, k] = tracks["tick"][row, k + 1]
            tracks["x"][row, k] = tracks["x"][row, k + 1]
            tracks["y"][row, k] = tracks["y"][row, k + 1]
            tracks["heading"][row, k] = tracks["heading"][row, k + 1]
        count -= 1
    tracks["tick"][row, count] = tick
    tracks["x"][row, count] = x
    tracks["y"][row, count] = y
    tracks["heading"][row, count] = heading
    tracks["count"][row] = count + 1
    tracks["ring"][row] = ring
    return True


@inner_kernel
def _blend(tracks: Tracks, row: int, older: int, part: float, shown: npt.NDArray[np.void], place: int) -> None:
    newer = older + 1
    x = float(tracks["x"][row, older])
    y = float(tracks["y"][row, older])
    way_x = float(tracks["x"][row, newer]) - x
    way_y = float(tracks["y"][row, newer]) - y
    if way_x * way_x + way_y * way_y > JUMP_M * JUMP_M:
        part = 1.0 if part >= 1.0 else 0.0
    heading = float(tracks["heading"][row, older])
    turn = float(tracks["heading"][row, newer]) - heading
    turn -= np.floor(turn + 0.5)  # the short way round
    shown["x"][place] = x + way_x * part
    shown["y"][place] = y + way_y * part
    heading += turn * min(part, 1.0)
    shown["heading"][place] = heading - np.floor(heading)


@bare_kernel
def place_tracks(tracks: Tracks, server_tick: float, tick_hz: float, shown: npt.NDArray[np.void]) -> int:
    """Fills `shown` (as long as `tracks`, `SHOWN`) with where to draw each entity when the server is at `server_tick`.

    Returns how many there are.
    """
    number = 0
    for row in range(len(tracks)):
        count = int(tracks["count"][row])
        if tracks["id"][row] == 0 or count == 0:
            continue
        moment = server_tick - DELAYS_MS[int(tracks["ring"][row])] * tick_hz / 1000.0
        shown["id"][number] = tracks["id"][row]
        newest = count - 1
        if count == 1 or moment <= float(tracks["tick"][row, 0]):
            shown["x"][number] = tracks["x"][row, 0]
            shown["y"][number] = tracks["y"][row, 0]
            shown["heading"][number] = tracks["heading"][row, 0]
        else:
            moment = min(moment, float(tracks["tick"][row, newest]) + EXTRAPOLATE_MS * tick_hz / 1000.0)
            older = newest - 1
            while older > 0 and float(tracks["tick"][row, older]) > moment:
                older -= 1
            from_tick = float(tracks["tick"][row, older])
            part = (moment - from_tick) / (float(tracks["tick"][row, older + 1]) - from_tick)
            _blend(tracks, row, older, part, shown, number)
        number += 1
    return number


class Interpolator:
    """The tracks of everything that one player sees."""

    def __init__(self, tick_hz: float, capacity: int = 1024) -> None:
        self._tick_hz = tick_hz
        self._tracks: npt.NDArray[Any] = np.zeros(capacity, TRACK)
        self._shown: npt.NDArray[Any] = np.zeros(capacity, SHOWN)
        self._rows: dict[int, int] = {}
        self._free = list(range(capacity - 1, -1, -1))

    def observe(self, entity_id: int, tick: float, x: float, y: float, heading: float, ring: int) -> None:
        """Takes in what a snapshot said of an entity (metres, turns, ring 0..2); without room it is left out."""
        row = self._rows.get(entity_id)
        if row is None:
            if not self._free:
                return
            row = self._rows[entity_id] = self._free.pop()
            self._tracks["id"][row] = entity_id
        add_sample(self._tracks, row, tick, x, y, heading, ring)

    def keep_only(self, entity_ids: Iterable[int]) -> None:
        """Forgets every entity that is not in `entity_ids`."""
        for gone in self._rows.keys() - set(entity_ids):
            row = self._rows.pop(gone)
            self._tracks[row] = 0
            self._free.append(row)

    def place(self, server_tick: float) -> npt.NDArray[Any]:
        """Where to draw each entity when the server is at `server_tick`: (n,) `SHOWN`, valid until the next call."""
        return self._shown[: place_tracks(self._tracks, server_tick, self._tick_hz, self._shown)]

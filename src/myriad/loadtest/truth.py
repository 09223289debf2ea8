"""Clients' views compared with the truth that the server kept.

Responsible for: taking digests of views, and judging them by the server's digests of the same ticks.
Not here: how digests are made (`replication/`), when views are compared (`loadtest/checks.py`).

Invariant: a part is judged by the server's digest of that very tick; a view counts as checked only if at least one of
its parts could be judged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.arrays import Clients
from myriad.core.kernel import bare_kernel
from myriad.replication.cells import NUM_SLOTS
from myriad.replication.geometry import ring_of
from myriad.replication.view_listing import part_digest
from myriad.wire.layouts import MAX_PARTS, RING_PERIODS, SNAPSHOT_TIER_MASK, VIEW_RADIUS_CELLS, VIEW_SIDE_CELLS

SAMPLE = np.dtype(
    [
        ("digest", "<i8"),
        ("client", "<i4"),
        ("x", "<i4"),
        ("y", "<i4"),
        ("part", "<i4"),
        ("tick", "<i8"),  # as of which the client has the part; -1: it never heard of it
        ("age_ticks", "<i8"),  # behind the client's newest snapshot
        ("period", "<i4"),  # snapshots between two sendings of such a part
    ],
    align=True,
)
MAX_SAMPLES_PER_CLIENT = 128


@bare_kernel
def sample_views(
    clients: Clients, rows: npt.NDArray[np.int32], count: int, samples: npt.NDArray[np.void], used: int
) -> int:
    """Appends the parts of the views of clients `rows[:count]` to `samples` (`SAMPLE`) from `used` on.

    Returns the new number in use; a client that may not fit is left out.
    """
    slots = clients.views.slots
    for k in range(count):
        row = int(rows[k])
        if used + MAX_SAMPLES_PER_CLIENT > len(samples) or clients.states["has_snapshot"][row] == 0:
            continue
        tier = min(int(clients.states["flags"][row]) & SNAPSHOT_TIER_MASK, len(RING_PERIODS) - 1)
        newest = int(clients.states["tick"][row])
        first = used
        for slot in range(NUM_SLOTS):
            if slots["in_view"][row, slot] == 0:
                continue
            x = int(slots["x"][row, slot])
            y = int(slots["y"][row, slot])
            column = x - int(clients.states["view_x"][row]) + VIEW_RADIUS_CELLS
            line = y - int(clients.states["view_y"][row]) + VIEW_RADIUS_CELLS
            if column < 0 or line < 0 or column >= VIEW_SIDE_CELLS or line >= VIEW_SIDE_CELLS:
                continue
            ring = ring_of(line * VIEW_SIDE_CELLS + column)
            for part in range(max(int(slots["num_parts"][row, slot]), 1)):
                if part >= MAX_PARTS or used - first >= MAX_SAMPLES_PER_CLIENT:
                    break
                tick, digest = part_digest(clients.views, row, x, y, part)
                samples["client"][used] = row
                samples["x"][used] = x
                samples["y"][used] = y
                samples["part"][used] = part
                samples["tick"][used] = tick
                samples["digest"][used] = digest
                samples["age_ticks"][used] = (newest - tick) & 0xFFFFFFFF if tick >= 0 else -1
                samples["period"][used] = RING_PERIODS[tier][ring]
                used += 1
    return used


class Verdict(NamedTuple):
    """What became of a sample: clients (row numbers) that could be checked, that were wrong, that are current.

    `current`: right, and every part of a cell of the zone is known and no older than two periods of its ring.
    """

    checked: set[int]
    wrong: set[int]
    current: set[int]
    complaints: list[str]


class ZoneCells(NamedTuple):
    """The rectangle of cells that a zone covers: first column and line, and how many."""

    x: int
    y: int
    columns: int
    lines: int

    def has(self, x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """True for each cell (x, y) that belongs to the zone."""
        return (x >= self.x) & (x < self.x + self.columns) & (y >= self.y) & (y < self.y + self.lines)


class Truths(NamedTuple):
    """What every part held at one tick: digests (n,) i8 by key (n,) i8, ascending; what is not there is empty."""

    keys: npt.NDArray[np.int64]
    digests: npt.NDArray[np.int64]


def key_of(x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], part: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """One number for each cell (i16, i16) and part."""
    return ((x + 32768) << 20) | ((y + 32768) << 4) | part


class TruthKeeper:
    """The server's digests by tick, asked for once each."""

    def __init__(self, ask: Callable[[int], Truths | None], keep: int = 256) -> None:
        """`ask(tick)` gets the digests of a tick, None if they are not kept."""
        self._ask = ask
        self._keep = keep
        self._known: dict[int, Truths | None] = {}

    def at(self, tick: int) -> Truths | None:
        """The digests of a tick, or None."""
        if tick not in self._known:
            while len(self._known) >= self._keep:
                del self._known[next(iter(self._known))]
            self._known[tick] = self._ask(tick)
        return self._known[tick]

    def judge(self, samples: npt.NDArray[np.void], zone: ZoneCells, ticks_per_snapshot: int) -> Verdict:
        """Compares every part of a sample with the truth of its tick."""
        clients, x, y = (samples[name].astype(np.int64) for name in ("client", "x", "y"))
        part, tick, period = (samples[name].astype(np.int64) for name in ("part", "tick", "period"))
        known = tick >= 0
        old = known & (period > 0) & (samples["age_ticks"] > (2 * period + 1) * ticks_per_snapshot)
        missing = ~known & (period > 0) & zone.has(x, y)
        keys = key_of(x, y, part)
        judged = np.zeros(len(samples), np.bool_)
        right = np.zeros(len(samples), np.bool_)
        for one in np.unique(tick[known]):
            truths = self.at(int(one))
            if truths is not None:
                here = tick == one
                judged |= here
                right[here] = _look_up(truths, keys[here]) == samples["digest"][here]
        different = np.flatnonzero(judged & ~right)
        checked, wrong = set(clients[judged].tolist()), set(clients[different].tolist())
        behind = set(clients[old | missing].tolist())
        complaints = [
            f"client {clients[k]}, cell ({x[k]}, {y[k]}) part {part[k]} at tick {tick[k]}" for k in different.tolist()
        ]
        return Verdict(checked, wrong, checked - wrong - behind, complaints)


def _look_up(truths: Truths, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The digest of each key, 0 for what is not there."""
    if len(truths.keys) == 0:
        return np.zeros(len(keys), np.int64)
    places = np.minimum(np.searchsorted(truths.keys, keys), len(truths.keys) - 1)
    return np.where(truths.keys[places] == keys, truths.digests[places], 0)


def read_truths(answer: dict[str, Any] | None) -> Truths | None:
    """The server's answer about one tick, `{"digests": {"x,y,part": "hexadecimal"}}`, as arrays."""
    if answer is None:
        return None
    items = answer["digests"]
    places = np.array([[int(item) for item in key.split(",")] for key in items], np.int64).reshape(-1, 3)
    digests = np.array([int(value, 16) for value in items.values()], np.int64)
    keys = key_of(places[:, 0], places[:, 1], places[:, 2])
    order = np.argsort(keys)
    return Truths(keys[order], digests[order])

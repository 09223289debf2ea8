"""What each client of a swarm counts, and the open-loop latency of its inputs. Kernels over all clients.

Responsible for: per-client counters of one measured window, and the histograms of the whole swarm.
Not here: what the counters mean in a result (`loadtest/report.py`).

Invariants: latency counts from the intended time of sending, so a late generator shows; every input packet of the
window is recorded once: when confirmed, or with the time it has waited when the window ends or its place in the ring of
`MAX_PENDING` is needed; a snapshot counts once per tick, whatever its datagrams.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.inputs import serial_difference
from myriad.core.histogram import HISTOGRAM_LENGTH, Histogram, record
from myriad.core.kernel import bare_kernel, inner_kernel

MAX_PENDING = 64
RECENT_TICKS = 8
GAP_NS = 100_000_000

COUNTS = np.dtype(
    [
        ("down_bytes", "<i8"),
        ("up_bytes", "<i8"),
        ("down_datagrams", "<i8"),
        ("up_datagrams", "<i8"),
        ("inputs", "<i8"),  # input packets sent
        ("snapshots", "<i8"),  # different ticks
        ("own", "<i8"),  # of them, after which the own state was current
        ("near_updates", "<i8"),  # near cells covered, in 1/8 of a cell
        ("near_cells", "<i8"),  # near cells in the zone, summed over snapshots, in the same unit
        ("gaps", "<i8"),
        ("malformed", "<i8"),
        ("undecodable", "<i8"),
        ("nacks", "<i8"),
        ("attacks", "<i8"),
        ("chats", "<i8"),
        ("moved_m", "<f8"),
        ("send_failures", "<i8"),
    ],
    align=True,
)
PENDING = np.dtype(
    [
        ("first", "<i4"),  # oldest unconfirmed packet in the ring
        ("count", "<i4"),
        ("last_snapshot_ns", "<i8"),
        ("num_recent", "<i4"),
        ("recent", "<u4", (RECENT_TICKS,)),  # ticks of the latest snapshots
        ("number", "<u4", (MAX_PENDING,)),  # newest input of each packet
        ("intended_ns", "<i8", (MAX_PENDING,)),
    ],
    align=True,
)

LATENCY = 0
SEND_LATENESS = 1
NUM_HISTOGRAMS = 2

MAX_SIZES = 65536
"""Sizes of received datagrams that are kept as a sample for the floor."""


class Measures(NamedTuple):
    """All counters of a swarm."""

    counts: npt.NDArray[np.void]  # (clients,) COUNTS, of the window
    pending: npt.NDArray[np.void]  # (clients,) PENDING
    histograms: Histogram  # (NUM_HISTOGRAMS, HISTOGRAM_LENGTH), nanoseconds, of the window
    sizes: npt.NDArray[np.int32]  # (MAX_SIZES,) ring of sizes of received datagrams
    num_sizes: npt.NDArray[np.int64]  # (1,) how many were received


def new_measures(clients: int) -> Measures:
    """Counters at zero for `clients` rows."""
    return Measures(
        np.zeros(clients, COUNTS),
        np.zeros(clients, PENDING),
        np.zeros((NUM_HISTOGRAMS, HISTOGRAM_LENGTH), np.int64),
        np.zeros(MAX_SIZES, np.int32),
        np.zeros(1, np.int64),
    )


def begin_window(measures: Measures, now_ns: int) -> None:
    """Sets every counter to zero; what was sent before the window is not measured."""
    measures.counts[:] = np.zeros((), COUNTS)
    measures.histograms[:] = 0
    measures.num_sizes[:] = 0
    measures.pending["count"] = 0
    measures.pending["last_snapshot_ns"] = now_ns


@bare_kernel
def end_window(measures: Measures, now_ns: int) -> None:
    """Records the inputs that still wait with the time they have waited."""
    for row in range(len(measures.pending)):
        while measures.pending["count"][row] > 0:
            _record_oldest(measures, row, now_ns)


@inner_kernel
def _record_oldest(measures: Measures, row: int, now_ns: int) -> None:
    first = int(measures.pending["first"][row])
    record(measures.histograms[LATENCY], now_ns - int(measures.pending["intended_ns"][row, first]))
    measures.pending["first"][row] = (first + 1) % MAX_PENDING
    measures.pending["count"][row] -= 1


@bare_kernel
def note_sent_input(measures: Measures, row: int, number: int, intended_ns: int, now_ns: int) -> None:
    """An input packet whose newest input has `number` (u32) was to be sent at `intended_ns` and was sent now."""
    measures.counts["inputs"][row] += 1
    record(measures.histograms[SEND_LATENESS], now_ns - intended_ns)
    if measures.pending["count"][row] == MAX_PENDING:
        _record_oldest(measures, row, now_ns)
    count = int(measures.pending["count"][row])
    place = (int(measures.pending["first"][row]) + count) % MAX_PENDING
    measures.pending["number"][row, place] = number
    measures.pending["intended_ns"][row, place] = intended_ns
    measures.pending["count"][row] = count + 1


@bare_kernel
def note_confirmed(measures: Measures, row: int, last_input: int, now_ns: int) -> None:
    """A snapshot came now whose last applied input is `last_input` (u32)."""
    while measures.pending["count"][row] > 0:
        first = int(measures.pending["first"][row])
        if serial_difference(last_input, int(measures.pending["number"][row, first])) < 0:
            return
        _record_oldest(measures, row, now_ns)


@bare_kernel
def note_tick(measures: Measures, row: int, tick: int, now_ns: int) -> bool:
    """A snapshot of `tick` (u32) was decoded: true, and counted, if it is the first datagram of that tick."""
    pending = measures.pending
    seen = int(pending["num_recent"][row])
    for k in range(min(seen, RECENT_TICKS)):
        if int(pending["recent"][row, k]) == tick:
            return False
    pending["recent"][row, seen % RECENT_TICKS] = tick
    pending["num_recent"][row] = seen + 1 if seen < 1 << 30 else RECENT_TICKS
    measures.counts["snapshots"][row] += 1
    if now_ns - int(pending["last_snapshot_ns"][row]) > GAP_NS:
        measures.counts["gaps"][row] += 1
    pending["last_snapshot_ns"][row] = now_ns
    return True


@inner_kernel
def forget_ticks(measures: Measures, row: int) -> None:
    """The client is in another zone, whose ticks are others."""
    measures.pending["num_recent"][row] = 0


@bare_kernel
def note_received(measures: Measures, row: int, length: int) -> None:
    """A datagram of `length` bytes came from the network."""
    measures.counts["down_bytes"][row] += length
    measures.counts["down_datagrams"][row] += 1
    number = int(measures.num_sizes[0])
    measures.sizes[number % MAX_SIZES] = length
    measures.num_sizes[0] = number + 1


@bare_kernel
def note_sent(measures: Measures, row: int, length: int, taken: bool) -> None:
    """A datagram of `length` bytes was given to the network, which took it or not."""
    if taken:
        measures.counts["up_bytes"][row] += length
        measures.counts["up_datagrams"][row] += 1
    else:
        measures.counts["send_failures"][row] += 1

"""The floor of a run: what bare sockets cost for the same traffic on the same machine.

Responsible for: handing the run's sizes and rates to the bare loops.
Not here: the loops (`runtime/floor.py`).
"""

from __future__ import annotations

import socket

from myriad.loadtest.measure import MAX_SIZES, Measures
from myriad.loadtest.options import LoadOptions
from myriad.runtime.floor import measure_floor


def floor_per_snapshot_us(measures: Measures, options: LoadOptions, snapshot_hz: float, seconds: float) -> float:
    """CPU of bare sockets per snapshot, with the inputs that come in meanwhile, in microseconds.

    As many fresh sockets as there were clients receive datagrams of the sizes that the run's clients received, at the
    run's rate, and send as many inputs.
    """
    number = min(int(measures.num_sizes[0]), MAX_SIZES)
    sizes = measures.sizes[:number]
    inputs = int(measures.counts["inputs"].sum())
    snapshots = max(int(measures.counts["snapshots"].sum()), 1)
    input_bytes = int(measures.counts["up_bytes"].sum() / max(int(measures.counts["up_datagrams"].sum()), 1))
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    here = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    ends = []
    try:
        for _ in range(options.clients):
            end = socket.socket(family, socket.SOCK_DGRAM)
            ends.append(end)
            end.setblocking(False)
            end.bind((here, 0))
        floor = measure_floor(
            [end.fileno() for end in ends],
            sizes,
            snapshot_hz=snapshot_hz,
            input_hz=max(inputs / max(seconds * options.clients, 1e-9), 0.1),
            input_bytes=max(input_bytes, 1),
        )
    finally:
        for end in ends:
            end.close()
    return floor.per_snapshot_us(inputs / snapshots)

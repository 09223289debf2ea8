"""Compiling the kernels of this package.

Responsible for: one call of every kernel of `runtime/` with tiny arrays and a socket that sends to itself.
Not here: the list of all groups (`runtime/warm.py`).

Invariant: the types of the arguments are those of real use, or the machine code would be another.
"""

from __future__ import annotations

import numpy as np

from myriad.core.histogram import record
from myriad.netcode.addresses import to_words
from myriad.runtime.endpoints import endpoint_of, open_udp
from myriad.runtime.floor import measure_floor
from myriad.runtime.udp_port import UdpPort
from myriad.runtime.zone_measures import ZoneMeasures
from myriad.wire.datagram import new_batch


def warm_sockets() -> None:
    """Receive, send and wait, by batch calls and one by one."""
    batch = new_batch(2)
    batch["length"] = 1
    for fallback in (False, True):
        sock = open_udp("127.0.0.1", 0)
        batch["address"][:] = to_words(endpoint_of(sock))
        port = UdpPort(sock, fallback=fallback)
        port.send(batch, 2)
        port.wait(100_000_000, for_packets=True)
        port.receive(batch)
        port.close()


def warm_measures() -> None:
    """Histograms of a zone's loop."""
    measures = ZoneMeasures()
    record(measures.lateness, 1)
    measures.record_phases([1] * len(measures.phases))


def warm_floor() -> None:
    """The loops of the load test's floor."""
    with open_udp("127.0.0.1", 0) as sock:
        measure_floor([sock.fileno()], np.ones(1, np.int32), snapshot_hz=50, input_hz=50, input_bytes=1, seconds=0.04)

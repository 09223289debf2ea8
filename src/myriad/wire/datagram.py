"""The batch array in which datagrams travel between the sockets and everything that decides.

Responsible for: the dtype of one datagram and the size limits of packets.
Not here: sockets (`runtime/sockets.py`), the meaning of the bytes (`netcode/`).

Invariant: bytes of `address` beyond the socket address itself are zero, so addresses compare as four integers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MAX_PAYLOAD_BYTES = 1200
"""Largest payload inside one encrypted packet (netcode 1.02; fits the IPv6 minimum MTU)."""

MAX_PACKET_BYTES = 1300
"""Largest packet that is looked at; a longer one is dropped as oversized."""

DATA_BYTES = 1312
"""Room for one packet in a batch record: `MAX_PACKET_BYTES` and the margin that shows an oversized one."""

DATAGRAM = np.dtype(
    [
        ("address", "<u8", (4,)),  # raw sockaddr_in or sockaddr_in6, zero padded to 32 bytes
        ("length", "<i4"),  # bytes used in data; above MAX_PACKET_BYTES: truncated by the socket, oversized
        ("row", "<i4"),  # connection row it goes to, -1 for none
        ("data", "u1", (DATA_BYTES,)),
    ],
    align=True,
)

Batch = npt.NDArray[np.void]
"""A C-contiguous array of `DATAGRAM`; how many records are in use always travels beside it."""


def new_batch(capacity: int) -> Batch:
    """A batch of `capacity` (>= 1) empty datagrams."""
    batch = np.zeros(capacity, DATAGRAM)
    batch["row"] = -1
    return batch

"""Last words to connections whose avatar somebody else plays now.

Responsible for: saying them until they have arrived, in payloads of their own, for such a connection gets no snapshots;
and ending the connection then.
Not here: who takes over (`players.py`); players who are sent away, and hear it beside their snapshots (`orders.py`).

Invariants: such a connection has no avatar, its session row is not active, and what it sends is not read; its reliable
messages are kept until it ends.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel
from myriad.netcode.acks import write_header
from myriad.netcode.connection import CONNECTED
from myriad.netcode.reliable import has_block, reset_reliable, write_block
from myriad.netcode.reliable_queues import ReliableArrays
from myriad.netcode.server import confirm, payload_offset, seal
from myriad.netcode.server_arrays import ServerArrays
from myriad.wire.datagram import MAX_PAYLOAD_BYTES, Batch
from myriad.wire.layouts import FLAG_RELIABLE, INNER_HEADER_BYTES, KIND_CONTROL
from myriad.zone.arrays import ZoneArrays

FAREWELL_NS: Final = 500_000_000
"""So long after it was told why, a connection is ended: the words arrive within, repeated ten times a second."""


@bare_kernel
def write_words(
    server: ServerArrays,
    acks: npt.NDArray[np.void],
    reliable: ReliableArrays,
    row: int,
    out: Batch,
    used: int,
    now_ns: int,
) -> int:
    """A control payload with what connection `row` has to be told by now, if anything, appended to `out`.

    Returns the new number in use.
    """
    if server.connections["state"][row] != CONNECTED or used + 2 > len(out) or not has_block(reliable, row, now_ns):
        return used
    used = confirm(server, out, used, row, now_ns)
    offset = payload_offset(server, row)
    payload = out["data"][used, offset : offset + MAX_PAYLOAD_BYTES]
    rtt_ns = int(acks["rtt_ns"][row])
    end = write_block(reliable, row, payload, INNER_HEADER_BYTES, MAX_PAYLOAD_BYTES, now_ns, rtt_ns)
    kind = KIND_CONTROL | FLAG_RELIABLE if end > INNER_HEADER_BYTES else KIND_CONTROL
    write_header(acks, row, kind, payload, 0, now_ns)
    seal(server, out, used, row, end, now_ns)
    return used + 1


class Farewells:
    """All that one zone says."""

    def __init__(self, arrays: ZoneArrays) -> None:
        self._arrays = arrays
        self._ends_ns: dict[int, int] = {}
        """By connection."""

    def __len__(self) -> int:
        return len(self._ends_ns)

    def begin(self, row: int, now_ns: int) -> None:
        """What waits to be told to connection `row` is the last that it hears."""
        self._ends_ns[row] = now_ns + FAREWELL_NS

    def forget(self, row: int) -> None:
        """Connection `row` has ended."""
        if self._ends_ns.pop(row, None) is not None:
            reset_reliable(self._arrays.reliable, row, 0, 0)

    def say(self, out: Batch, used: int, now_ns: int) -> tuple[int, list[int]]:
        """Says what is due, appended to `out`: the new number in use, and the connections that are to be ended now."""
        over = []
        for row, ends_ns in self._ends_ns.items():
            if now_ns >= ends_ns:
                over.append(row)
            else:
                arrays = self._arrays
                used = int(write_words(arrays.server, arrays.acks, arrays.reliable, row, out, used, now_ns))
        for row in over:
            self.forget(row)
        return used, over

"""The relay's netcode clients, in batches: datagrams opened into messages for browsers, payloads sealed into datagrams.

Responsible for: the arrays of all connections, and the kernels that pass over them.
Not here: the protocol (`netcode/client.py`), whose connection a row is and what follows (`relay.py`), sockets.

Opened payloads stay where they are: the two bytes before each, which held netcode's sequence, become the head of the
message to the browser, so that the message is a slice of the batch.

Invariants: row r is connection r % ROWS of the player in slot r // ROWS; a change of a connection's state is listed in
`changed` once.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.bundle import Bundle, unbundle
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.netcode.client import client_disconnect, client_payload_offset, client_poll, client_receive, client_seal
from myriad.netcode.client_arrays import CLIENT_CONNECTED, ClientArrays, new_clients
from myriad.netcode.packets import TAG_BYTES
from myriad.web.relay.messages import DATA, HEAD_BYTES, ROWS
from myriad.wire.datagram import DATAGRAM, MAX_PAYLOAD_BYTES, Batch

BATCH: Final = 256
"""Datagrams taken in, and payloads that wait to be sealed, at most."""

OUT_BATCH: Final = BATCH + 64
"""Datagrams to send at most at once."""

_RECORD_BYTES = DATAGRAM.itemsize
_DATA_AT = int(DATAGRAM.fields["data"][1]) if DATAGRAM.fields is not None else 0


class RelayArrays(NamedTuple):
    """All of it, for n rows."""

    net: ClientArrays
    seen: npt.NDArray[np.int64]  # (n,): the state of each connection that was listed last
    changed: npt.NDArray[np.int64]  # (n + BATCH,): rows whose state changed
    counts: npt.NDArray[np.int64]  # (3,): changed rows listed; payload bytes down; payloads for rows not connected
    arrived: npt.NDArray[np.int64]  # (BATCH, 3): row, and where its message to the browser is in the batch's memory
    staged_rows: npt.NDArray[np.int64]  # (BATCH,)
    staged_lengths: npt.NDArray[np.int64]  # (BATCH,)
    staged: npt.NDArray[np.uint8]  # (BATCH, MAX_PAYLOAD_BYTES)


def new_relay_arrays(rows: int, protocol_id: int) -> RelayArrays:
    """For `rows` connections, none of which has begun."""
    return RelayArrays(
        new_clients(rows, protocol_id),
        np.zeros(rows, np.int64),
        np.zeros(rows + BATCH, np.int64),
        np.zeros(3, np.int64),
        np.zeros((BATCH, 3), np.int64),
        np.zeros(BATCH, np.int64),
        np.zeros(BATCH, np.int64),
        np.zeros((BATCH, MAX_PAYLOAD_BYTES), np.uint8),
    )


@inner_kernel
def _note_change(arrays: RelayArrays, row: int) -> None:
    state = int(arrays.net.clients["state"][row])
    if state != arrays.seen[row]:
        arrays.seen[row] = state
        arrays.changed[arrays.counts[0]] = row
        arrays.counts[0] += 1


@bare_kernel
def open_datagrams(bundle: Bundle[RelayArrays], batch: Batch, count: int, now_ns: int) -> int:
    """Takes in `batch[:count]`, each from the server of its `row`: how many payloads are listed in `arrived`."""
    arrays = unbundle(bundle)
    net = arrays.net
    num_arrived = 0
    for i in range(count):
        row = int(np.int64(batch["row"][i]))
        for k in range(4):
            batch["address"][i, k] = net.connections["address"][row, k]  # the socket is connected to it
        offset = client_receive(net, row, batch, i, now_ns)
        if offset > 0:
            batch["data"][i, offset - 2] = DATA
            batch["data"][i, offset - 1] = row % ROWS
            start = i * _RECORD_BYTES + _DATA_AT + offset - HEAD_BYTES
            length = int(batch["length"][i]) - offset - TAG_BYTES
            arrays.arrived[num_arrived, 0] = row
            arrays.arrived[num_arrived, 1] = start
            arrays.arrived[num_arrived, 2] = start + HEAD_BYTES + length
            arrays.counts[1] += length
            num_arrived += 1
        _note_change(arrays, row)
    return num_arrived


@bare_kernel
def seal_staged(bundle: Bundle[RelayArrays], count: int, out: Batch, now_ns: int) -> int:
    """Seals the first `count` staged payloads into `out`, those of connected rows; returns how many."""
    arrays = unbundle(bundle)
    net = arrays.net
    used = 0
    for k in range(count):
        row = int(arrays.staged_rows[k])
        if net.clients["state"][row] != CLIENT_CONNECTED:
            arrays.counts[2] += 1
            continue
        length = int(arrays.staged_lengths[k])
        at = client_payload_offset(net, row)
        for j in range(length):
            out["data"][used, at + j] = arrays.staged[k, j]
        client_seal(net, row, out, used, length, now_ns)
        used += 1
    return used


@bare_kernel
def poll_rows(bundle: Bundle[RelayArrays], first: int, end: int, now_ns: int, out: Batch) -> int:
    """Timeouts, and what is due by itself of rows first .. end - 1, into `out`: how many datagrams."""
    arrays = unbundle(bundle)
    used = client_poll(arrays.net, first, end, now_ns, out, 0)
    for row in range(first, end):
        _note_change(arrays, row)
    return used


@bare_kernel
def leave_row(bundle: Bundle[RelayArrays], row: int, now_ns: int, out: Batch) -> int:
    """Ends a connection; nothing is listed in `changed`. How many datagrams say so."""
    arrays = unbundle(bundle)
    used = client_disconnect(arrays.net, row, out, 0, now_ns)
    arrays.seen[row] = arrays.net.clients["state"][row]
    return used


def warm_payloads() -> None:
    """Calls each kernel once."""
    arrays = new_relay_arrays(ROWS, 0)
    bundle = Bundle(arrays)
    batch = np.zeros(OUT_BATCH, DATAGRAM)
    open_datagrams(bundle, batch, 0, 1)
    seal_staged(bundle, 0, batch, 1)
    poll_rows(bundle, 0, ROWS, 1, batch)
    leave_row(bundle, 0, 1, batch)

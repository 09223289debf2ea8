"""The server's end of netcode 1.02: many connections behind one socket, in batches.

Call order of one tick: `poll` once (times, keep-alives, fresh decrypt budget), `receive` for each batch from the
socket, `Server.take_changes` for who joined and left, then per outgoing packet `confirm`, `payload_offset`, the
payload's bytes, `seal`. Replies of the handshake wait in `server.replies` until `take_replies`.

Responsible for: packets of connected clients, timeouts, keep-alives, disconnects, and the class that wraps the arrays.
Not here: the handshake (`handshake.py`), inner payloads (`acks.py`, `reliable.py`), what a session is (`zone/`).

Invariants: a datagram that is dropped changes nothing but its drop counter (and a forged request the limits of its
network). A row that left is reused only after its LEFT change was taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.errors import (
    DROP_EMPTY,
    DROP_OVERSIZED,
    DROP_RESPONSE_UNEXPECTED,
    DROP_UNKNOWN_ADDRESS,
)
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.core.prefetch import LINE_BYTES, prefetch_row
from myriad.netcode.address_index import hash_key, index_find, index_guess, index_remove
from myriad.netcode.connection import CLOSED, CONNECTED, PENDING
from myriad.netcode.handshake import (
    receive_request,
    receive_response,
    release_client,
    release_pending,
    write_keep_alive,
)
from myriad.netcode.history import sweep_history
from myriad.netcode.packets import (
    AUTHENTIC,
    DISCONNECT,
    KEEP_ALIVE,
    NO_BODY,
    PAYLOAD,
    RESPONSE,
    body_offset,
    check_shape,
    open_packet,
    seal_packet,
)
from myriad.netcode.server_arrays import (
    JOINED,
    LEFT,
    LEFT_DISCONNECTED,
    LEFT_TIMED_OUT,
    ServerArrays,
)
from myriad.wire.datagram import MAX_PACKET_BYTES, Batch, new_batch

Array = npt.NDArray[np.void]

_FROM_CLIENT = 1 << RESPONSE | 1 << KEEP_ALIVE | 1 << PAYLOAD | 1 << DISCONNECT
_SCAN_INTERVAL_NS = 8_000_000
_NOT_A_PAYLOAD = -1
_IS_PAYLOAD = -2


@bare_kernel
def find(server: ServerArrays, a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> int:
    """Row of the raw address (four u64), or -1; rows from max_clients up are only challenged so far."""
    return index_find(
        server.address_index, server.connections["address"], hash_key(server.seeds, a, b, c, d), a, b, c, d
    )


@inner_kernel
def _tag_of(server: ServerArrays, row: int) -> int:
    address = server.connections["address"]
    return hash_key(server.seeds, address[row, 0], address[row, 1], address[row, 2], address[row, 3])


@inner_kernel
def _leave(server: ServerArrays, row: int, reason: int) -> None:
    """Client `row` is gone: no packet reaches it any more, and a LEFT change waits."""
    index_remove(server.address_index, _tag_of(server, row), row)
    server.connections["state"][row] = CLOSED
    state = server.state
    state["num_clients"][0] -= 1
    change = int(state["num_changes"][0])
    server.changes["kind"][change] = LEFT
    server.changes["reason"][change] = reason
    server.changes["row"][change] = row
    server.changes["client_id"][change] = server.connections["client_id"][row]
    state["num_changes"][0] += 1


@inner_kernel
def _receive_packet(server: ServerArrays, batch: Batch, i: int, now_ns: int) -> int:
    """Process an encrypted packet: _IS_PAYLOAD, _NOT_A_PAYLOAD (done with), or the reason to drop it."""
    reason = check_shape(batch, i, _FROM_CLIENT)
    if reason != AUTHENTIC:
        return reason
    connections = server.connections
    address = batch["address"]
    a, b, c, d = address[i, 0], address[i, 1], address[i, 2], address[i, 3]
    tag = hash_key(server.seeds, a, b, c, d)
    row = index_find(server.address_index, connections["address"], tag, a, b, c, d)
    if row < 0:
        return DROP_UNKNOWN_ADDRESS
    kind = int(batch["data"][i, 0]) & 15
    if connections["state"][row] == PENDING:
        return receive_response(server, row, tag, batch, i, now_ns) if kind == RESPONSE else DROP_UNKNOWN_ADDRESS
    if kind == RESPONSE:
        return DROP_RESPONSE_UNEXPECTED
    reason = open_packet(connections, row, batch, i, server.ad)
    if reason != AUTHENTIC:
        return reason
    if kind == DISCONNECT:
        _leave(server, row, LEFT_DISCONNECTED)
        return _NOT_A_PAYLOAD
    connections["last_receive_ns"][row] = now_ns
    connections["confirmed"][row] = 1
    batch["row"][i] = row
    return _IS_PAYLOAD if kind == PAYLOAD else _NOT_A_PAYLOAD


@inner_kernel
def _ask_ahead(server: ServerArrays, batch: Batch, i: int) -> None:
    """Have the connection that sent `batch[i]` on its way before its turn comes."""
    address = batch["address"]
    tag = hash_key(server.seeds, address[i, 0], address[i, 1], address[i, 2], address[i, 3])
    row = index_guess(server.address_index, tag)
    if row >= 0:
        prefetch_row(server.connections.ctypes.data, row, server.connections.itemsize, 4 * LINE_BYTES)


@bare_kernel
def receive(server: ServerArrays, batch: Batch, count: int, now_ns: int, wall_s: int, payloads: Array) -> int:
    """Process `batch[:count]`: how many authentic payloads were listed in `payloads` (PAYLOAD_RECORD, >= count rows).

    Payloads are decrypted in place, in order of arrival. `now_ns` is a steady clock, `wall_s` unix time. Everything
    else (handshakes, keep-alives, disconnects) is dealt with; what is dropped is counted in `server.drops`.
    """
    state = server.state
    if wall_s > state["wall_s"][0]:
        state["wall_s"][0] = wall_s
    lengths = batch["length"]
    data = batch["data"]
    num_payloads = 0
    for i in range(count):
        if i + 1 < count:
            _ask_ahead(server, batch, i + 1)
        length = int(lengths[i])
        if length > MAX_PACKET_BYTES:
            outcome = DROP_OVERSIZED
        elif length < 1:
            outcome = DROP_EMPTY
        elif data[i, 0] == 0:
            outcome = receive_request(server, batch, i, now_ns)
        else:
            outcome = _receive_packet(server, batch, i, now_ns)
        if outcome >= 0:
            server.drops[outcome] += 1
        elif outcome == _IS_PAYLOAD:
            header = 1 + (int(data[i, 0]) >> 4)
            payloads["row"][num_payloads] = batch["row"][i]
            payloads["datagram"][num_payloads] = i
            payloads["offset"][num_payloads] = header
            payloads["length"][num_payloads] = length - header - 16
            num_payloads += 1
    return num_payloads


@bare_kernel
def payload_offset(server: ServerArrays, row: int) -> int:
    """Where in a datagram's data the payload of the row's next packet belongs (2..9)."""
    return body_offset(server.connections, row)


@bare_kernel
def seal(server: ServerArrays, batch: Batch, i: int, row: int, payload_length: int, now_ns: int) -> None:
    """Encrypt the payload (1..1200 bytes at `payload_offset`) of `batch[i]` in place, addressed to client `row`."""
    seal_packet(server.connections, row, batch, i, PAYLOAD, payload_length, server.ad, now_ns)


@bare_kernel
def confirm(server: ServerArrays, batch: Batch, i: int, row: int, now_ns: int) -> int:
    """Before a payload to client `row`: a keep-alive in `batch[i]` if it may not know yet that it is connected.

    Returns the next unused index of the batch, `i` or `i + 1`.
    """
    if server.connections["confirmed"][row] != 0:
        return i
    write_keep_alive(server, row, batch, i, now_ns)
    return i + 1


@bare_kernel
def poll(server: ServerArrays, now_ns: int, wall_s: int, out: Batch, used: int) -> int:
    """Once per tick: timeouts, keep-alives of idle clients, expired tokens, and a fresh decrypt budget.

    Keep-alives are appended to `out` from index `used`; returns the new number in use. What does not fit comes first
    next time.
    """
    state = server.state
    state["decrypts_left"][0] = state["decrypts_per_tick"][0]
    if wall_s > state["wall_s"][0]:
        state["wall_s"][0] = wall_s
    if now_ns < state["next_scan_ns"][0]:
        return used
    state["next_scan_ns"][0] = now_ns + _SCAN_INTERVAL_NS
    sweep_history(server)
    connections = server.connections
    interval_ns = int(state["keep_alive_ns"][0])
    num_rows = int(state["num_rows"][0])
    first = int(state["scan_row"][0])
    state["scan_row"][0] = 0
    for step in range(num_rows):
        row = (first + step) % num_rows
        if connections["state"][row] != CONNECTED:
            continue
        timeout_ns = int(connections["timeout_ns"][row])
        if timeout_ns > 0 and now_ns - connections["last_receive_ns"][row] >= timeout_ns:
            _leave(server, row, LEFT_TIMED_OUT)
            continue
        idle_ns = now_ns - int(connections["last_send_ns"][row])
        if connections["confirmed"][row] == 0:
            idle_ns = now_ns - int(connections["last_keep_alive_ns"][row])
        if idle_ns >= interval_ns:
            if used < len(out):
                write_keep_alive(server, row, out, used, now_ns)
                used += 1
            elif state["scan_row"][0] == 0:
                state["scan_row"][0] = row
    _expire_pending(server, now_ns)
    return used


@inner_kernel
def _expire_pending(server: ServerArrays, now_ns: int) -> None:
    state = server.state
    connections = server.connections
    num_pending = len(server.free_pending) - int(state["free_pending"][0])
    for row in range(int(state["max_clients"][0]), len(connections)):
        if num_pending == 0:
            break
        if connections["state"][row] == PENDING:
            num_pending -= 1
            limit_ns = int(state["pending_timeout_ns"][0])
            timeout_ns = int(connections["timeout_ns"][row])
            if 0 < timeout_ns < limit_ns:
                limit_ns = timeout_ns
            if now_ns - connections["last_receive_ns"][row] >= limit_ns:
                release_pending(server, row, _tag_of(server, row))


@bare_kernel
def write_disconnect(server: ServerArrays, row: int, out: Batch, used: int, now_ns: int) -> int:
    """One disconnect packet to client `row`, appended to `out`; the new number in use (the same if it is full)."""
    if used >= len(out) or server.connections["state"][row] != CONNECTED:
        return used
    seal_packet(server.connections, row, out, used, DISCONNECT, NO_BODY, server.ad, now_ns)
    return used + 1


@bare_kernel
def disconnect(server: ServerArrays, row: int, out: Batch, used: int, now_ns: int) -> int:
    """Tell client `row` with redundant packets, appended to `out`, that it is disconnected, and free the row at once.

    Returns the new number in use of `out`. No change is noted, for the caller knows. Nothing happens if the row has
    left already: its LEFT change is waiting.
    """
    if server.connections["state"][row] != CONNECTED:
        return used
    for _ in range(int(server.state["num_redundant"][0])):
        used = write_disconnect(server, row, out, used, now_ns)
    index_remove(server.address_index, _tag_of(server, row), row)
    server.state["num_clients"][0] -= 1
    release_client(server, row)
    return used


@bare_kernel
def release_left(server: ServerArrays) -> None:
    """Free the rows of all LEFT changes, and forget all changes."""
    state = server.state
    for i in range(int(state["num_changes"][0])):
        if server.changes["kind"][i] == LEFT:
            release_client(server, int(server.changes["row"][i]))
    state["num_changes"][0] = 0


class Joined(NamedTuple):
    """A client has connected: its row, its token's client id, and the 256 bytes of its token's user data."""

    row: int
    client_id: int
    user_data: bytes


class Left(NamedTuple):
    """A client has gone; `reason` is LEFT_DISCONNECTED or LEFT_TIMED_OUT. The row may be reused from now on."""

    row: int
    client_id: int
    reason: int


class Server:
    """The arrays of one server with checked calls for what is rare; hot paths pass `arrays` to the kernels."""

    def __init__(self, arrays: ServerArrays) -> None:
        self.arrays = arrays

    @property
    def num_clients(self) -> int:
        """How many clients are connected."""
        return int(self.arrays.state["num_clients"][0])

    def take_changes(self) -> list[Joined | Left]:
        """Who joined and left since the last call, in order; rows that left are free afterwards.

        A client that joined and was disconnected by us before this call is not listed.
        """
        arrays = self.arrays
        changes: list[Joined | Left] = []
        for record in arrays.changes[: int(arrays.state["num_changes"][0])]:
            row, client_id = int(record["row"]), int(record["client_id"])
            if int(arrays.connections["client_id"][row]) != client_id:
                continue
            if record["kind"] == JOINED:
                changes.append(Joined(row, client_id, arrays.user_data[row].tobytes()))
            else:
                changes.append(Left(row, client_id, int(record["reason"])))
        if arrays.state["num_changes"][0]:
            release_left(arrays)
        return changes

    def take_replies(self) -> tuple[Batch, int]:
        """The handshake's answers that wait, as (batch, count); valid until the next `receive`."""
        count = int(self.arrays.state["num_replies"][0])
        self.arrays.state["num_replies"][0] = 0
        return self.arrays.replies, count

    def close_all(self, now_ns: int) -> Iterator[tuple[Batch, int]]:
        """Batches (with their counts) to send so that every client knows; afterwards nobody is connected.

        Each round tells every client once; there are as many rounds as redundant packets. Send one batch before
        asking for the next.
        """
        arrays = self.arrays
        rows = [
            int(row) for row in np.flatnonzero(arrays.connections["state"][: len(arrays.free_clients)] == CONNECTED)
        ]
        out = new_batch(max(1, min(256, len(rows))))
        for _ in range(int(arrays.state["num_redundant"][0])):
            for first in range(0, len(rows), len(out)):
                used = 0
                for row in rows[first : first + len(out)]:
                    used = write_disconnect(arrays, row, out, used, now_ns)
                yield out, used
        for row in rows:
            disconnect(arrays, row, out, len(out), now_ns)

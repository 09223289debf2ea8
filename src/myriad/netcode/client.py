"""The client's end of netcode 1.02, for one player or a swarm of thousands, in batches.

Call order: `start_client` with a token; then, as often as wanted (20 Hz or more), `client_poll` and send what it
wrote; `client_receive` for what came in; and while CLIENT_CONNECTED, per packet, `client_payload_offset`, the
payload's bytes, `client_seal`. `client_disconnect` to leave.

Responsible for: the state machine of the standard.
Not here: the arrays (`client_arrays.py`), sockets, and inner payloads.

Invariant: only packets from the server that is being tried, and authentic ones, change a state.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.errors import DROP_EMPTY, DROP_OVERSIZED, DROP_RESPONSE_UNEXPECTED, DROP_UNKNOWN_ADDRESS
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.netcode.client_arrays import (
    CLIENT_CONNECTED,
    CONNECTION_DENIED,
    DISCONNECTED,
    LONG_AGO_NS,
    REQUEST_TIMED_OUT,
    RESPONSE_TIMED_OUT,
    SENDING_REQUEST,
    SENDING_RESPONSE,
    TIMED_OUT,
    TOKEN_EXPIRED,
    ClientArrays,
)
from myriad.netcode.packets import (
    AUTHENTIC,
    CHALLENGE,
    CHALLENGE_BODY_BYTES,
    DENIED,
    DISCONNECT,
    KEEP_ALIVE,
    KEEP_ALIVE_BODY_BYTES,
    NO_BODY,
    PAYLOAD,
    REQUEST_BYTES,
    RESPONSE,
    TAG_BYTES,
    body_offset,
    check_shape,
    open_packet,
    seal_packet,
    set_address,
)
from myriad.wire.datagram import MAX_PACKET_BYTES, Batch
from myriad.wire.pack import get_u32, put_u32

Array = npt.NDArray[np.void]

_FROM_SERVER = 1 << DENIED | 1 << CHALLENGE | 1 << KEEP_ALIVE | 1 << PAYLOAD | 1 << DISCONNECT
SEND_INTERVAL_NS = 100_000_000
NUM_REDUNDANT = 10
"""Disconnect packets that a leaving client sends."""


@inner_kernel
def _try_next_server(arrays: ClientArrays, row: int, failure: int, now_ns: int) -> None:
    """The server that was tried failed: go on with the next of the token, or end in state `failure`."""
    clients = arrays.clients
    server = int(clients["server"][row]) + 1
    if server >= clients["num_servers"][row]:
        clients["state"][row] = failure
        return
    clients["server"][row] = server
    clients["state"][row] = SENDING_REQUEST
    connections = arrays.connections
    for k in range(4):
        connections["address"][row, k] = clients["servers"][row, server, k]
    connections["last_receive_ns"][row] = now_ns
    connections["last_send_ns"][row] = LONG_AGO_NS


@inner_kernel
def _is_welcome(state: int, kind: int) -> bool:
    """True if a packet of that kind means anything to a client in that state."""
    if state == SENDING_REQUEST:
        return kind in (CHALLENGE, DENIED)
    if state == SENDING_RESPONSE:
        return kind in (KEEP_ALIVE, DENIED)
    return state == CLIENT_CONNECTED and kind >= KEEP_ALIVE


@inner_kernel
def _check_packet(arrays: ClientArrays, row: int, batch: Batch, i: int) -> int:
    """AUTHENTIC if `batch[i]` is worth decrypting for client `row`, else the reason to drop it."""
    length = int(batch["length"][i])
    if length > MAX_PACKET_BYTES:
        return DROP_OVERSIZED
    if length < 1:
        return DROP_EMPTY
    for k in range(4):
        if batch["address"][i, k] != arrays.connections["address"][row, k]:
            return DROP_UNKNOWN_ADDRESS
    reason = check_shape(batch, i, _FROM_SERVER)
    if reason != AUTHENTIC:
        return reason
    if not _is_welcome(int(arrays.clients["state"][row]), int(batch["data"][i, 0]) & 15):
        return DROP_RESPONSE_UNEXPECTED
    return AUTHENTIC


@bare_kernel
def client_receive(arrays: ClientArrays, row: int, batch: Batch, i: int, now_ns: int) -> int:
    """Process `batch[i]`, which came to client `row`: where its payload starts in its data (2..9), or 0 for none.

    A payload is decrypted in place and has `batch["length"][i] - offset - 16` bytes (1..1200). What is dropped is
    counted in `arrays.drops` and changes nothing.
    """
    reason = _check_packet(arrays, row, batch, i)
    connections = arrays.connections
    if reason == AUTHENTIC:
        reason = open_packet(connections, row, batch, i, arrays.ad)
    if reason != AUTHENTIC:
        arrays.drops[reason] += 1
        return 0
    clients = arrays.clients
    prefix = int(batch["data"][i, 0])
    kind = prefix & 15
    at = 1 + (prefix >> 4)
    connections["last_receive_ns"][row] = now_ns
    if kind == PAYLOAD:
        return at
    if kind == KEEP_ALIVE and clients["state"][row] == SENDING_RESPONSE:
        clients["client_index"][row] = get_u32(batch["data"][i], at)
        clients["max_clients"][row] = get_u32(batch["data"][i], at + 4)
        clients["state"][row] = CLIENT_CONNECTED
    elif kind == CHALLENGE:
        for k in range(CHALLENGE_BODY_BYTES):
            clients["challenge"][row, k] = batch["data"][i, at + k]
        clients["state"][row] = SENDING_RESPONSE
        connections["last_send_ns"][row] = LONG_AGO_NS
    elif kind == DENIED:
        _try_next_server(arrays, row, CONNECTION_DENIED, now_ns)
    elif kind == DISCONNECT:
        clients["state"][row] = DISCONNECTED
    return 0


@bare_kernel
def client_receive_batch(arrays: ClientArrays, batch: Batch, count: int, now_ns: int, payloads: Array) -> int:
    """`client_receive` for `batch[:count]`, each for the client in its `row`: how many `payloads` were listed.

    `payloads` is PAYLOAD_RECORD with at least `count` rows.
    """
    num_payloads = 0
    for i in range(count):
        row = int(np.int64(batch["row"][i]))
        offset = client_receive(arrays, row, batch, i, now_ns)
        if offset > 0:
            payloads["row"][num_payloads] = row
            payloads["datagram"][num_payloads] = i
            payloads["offset"][num_payloads] = offset
            payloads["length"][num_payloads] = int(batch["length"][i]) - offset - TAG_BYTES
            num_payloads += 1
    return num_payloads


@inner_kernel
def _check_times(arrays: ClientArrays, row: int, now_ns: int) -> None:
    clients = arrays.clients
    connections = arrays.connections
    state = int(clients["state"][row])
    if state != CLIENT_CONNECTED and now_ns - clients["started_ns"][row] >= clients["life_ns"][row]:
        clients["state"][row] = TOKEN_EXPIRED
        return
    timeout_ns = int(connections["timeout_ns"][row])
    if timeout_ns <= 0 or now_ns - connections["last_receive_ns"][row] < timeout_ns:
        return
    if state == CLIENT_CONNECTED:
        clients["state"][row] = TIMED_OUT
    else:
        _try_next_server(arrays, row, REQUEST_TIMED_OUT if state == SENDING_REQUEST else RESPONSE_TIMED_OUT, now_ns)


@inner_kernel
def _write_request(arrays: ClientArrays, row: int, out: Batch, i: int, now_ns: int) -> None:
    for k in range(REQUEST_BYTES):
        out["data"][i, k] = arrays.clients["request"][row, k]
    out["length"][i] = REQUEST_BYTES
    out["row"][i] = row
    set_address(out, i, arrays.connections["address"], row)
    arrays.connections["last_send_ns"][row] = now_ns


@bare_kernel
def client_poll(arrays: ClientArrays, first: int, end: int, now_ns: int, out: Batch, used: int) -> int:
    """Timeouts of client rows first .. end - 1, and what is due: requests, responses and keep-alives at 10 Hz.

    Packets are appended to `out` from index `used`, `row` saying which client sends them; returns the new number in
    use. What does not fit is due again at the next call.
    """
    states = arrays.clients["state"]
    connections = arrays.connections
    for row in range(first, end):
        if states[row] <= DISCONNECTED:
            continue
        _check_times(arrays, row, now_ns)
        state = int(states[row])
        if state <= DISCONNECTED or used >= len(out) or now_ns - connections["last_send_ns"][row] < SEND_INTERVAL_NS:
            continue
        if state == SENDING_REQUEST:
            _write_request(arrays, row, out, used, now_ns)
            used += 1
            continue
        at = body_offset(connections, row)
        if state == SENDING_RESPONSE:
            for k in range(CHALLENGE_BODY_BYTES):
                out["data"][used, at + k] = arrays.clients["challenge"][row, k]
            seal_packet(connections, row, out, used, RESPONSE, CHALLENGE_BODY_BYTES, arrays.ad, now_ns)
        else:
            put_u32(out["data"][used], at, int(arrays.clients["client_index"][row]))
            put_u32(out["data"][used], at + 4, int(arrays.clients["max_clients"][row]))
            seal_packet(connections, row, out, used, KEEP_ALIVE, KEEP_ALIVE_BODY_BYTES, arrays.ad, now_ns)
        used += 1
    return used


@bare_kernel
def client_payload_offset(arrays: ClientArrays, row: int) -> int:
    """Where in a datagram's data the payload of the client's next packet belongs (2..9)."""
    return body_offset(arrays.connections, row)


@bare_kernel
def client_seal(arrays: ClientArrays, row: int, batch: Batch, i: int, payload_length: int, now_ns: int) -> None:
    """Encrypt the payload (1..1200 bytes at `client_payload_offset`) of `batch[i]` in place, addressed to the server.

    Only for a client that is CLIENT_CONNECTED.
    """
    seal_packet(arrays.connections, row, batch, i, PAYLOAD, payload_length, arrays.ad, now_ns)


@bare_kernel
def client_disconnect(arrays: ClientArrays, row: int, out: Batch, used: int, now_ns: int) -> int:
    """Leave: redundant disconnect packets appended to `out` if connected, and the row is DISCONNECTED.

    Returns the new number in use of `out`; a full batch takes fewer packets.
    """
    if arrays.clients["state"][row] == CLIENT_CONNECTED:
        for _ in range(NUM_REDUNDANT):
            if used < len(out):
                seal_packet(arrays.connections, row, out, used, DISCONNECT, NO_BODY, arrays.ad, now_ns)
                used += 1
    arrays.clients["state"][row] = DISCONNECTED
    return used

"""What is asked of a connection request before and after it is decrypted.

Layout of a request (1078 bytes): u8 0 · version (13) · u64 protocol id · u64 expiry · nonce (24) · private data (1024),
the private data as `tokens.py` says.

Responsible for: the checks, cheapest first, each with its own reason.
Not here: what an accepted request does (`handshake.py`).

Invariant: nothing here changes a connection; only `note_forged` changes anything, the limits.
"""

from __future__ import annotations

import numpy as np

from myriad.core.errors import (
    DROP_REQUEST_BUDGET,
    DROP_REQUEST_CONNECTED,
    DROP_REQUEST_EXPIRED,
    DROP_REQUEST_PROTOCOL,
    DROP_REQUEST_RATE,
    DROP_REQUEST_SIZE,
    DROP_REQUEST_VERSION,
    DROP_SLOW_LANE_FULL,
)
from myriad.core.kernel import inner_kernel
from myriad.netcode.address_index import index_find
from myriad.netcode.addresses import in_networks, network_of
from myriad.netcode.connection import CONNECTED, constant
from myriad.netcode.packets import REQUEST_BYTES, VERSION
from myriad.netcode.rates import is_limited, note_failure
from myriad.netcode.server_arrays import ServerArrays
from myriad.netcode.tokens import MAX_SERVERS, NONCE_BYTES
from myriad.wire.datagram import Batch
from myriad.wire.pack import get_u32, get_u64

_VERSION = np.frombuffer(VERSION, np.uint8)
_PROTOCOL_AT = 1 + len(VERSION)
EXPIRES_AT = _PROTOCOL_AT + 8
NONCE_AT = EXPIRES_AT + 8
PRIVATE_AT = constant(NONCE_AT + NONCE_BYTES)
_IPV4 = 1
_IPV6 = 2


@inner_kernel
def check_request(server: ServerArrays, batch: Batch, i: int, tag: int) -> int:
    """All that can be said about a request without decrypting it: -1, or the reason to drop it."""
    if batch["length"][i] != REQUEST_BYTES:
        return DROP_REQUEST_SIZE
    data = batch["data"][i]
    state = server.state
    for k in range(len(_VERSION)):
        if data[1 + k] != _VERSION[k]:
            return DROP_REQUEST_VERSION
    if np.uint64(get_u64(data, _PROTOCOL_AT)) != state["protocol_id"][0]:
        return DROP_REQUEST_PROTOCOL
    if np.uint64(get_u64(data, EXPIRES_AT)) <= np.uint64(state["wall_s"][0]):
        return DROP_REQUEST_EXPIRED
    address = batch["address"]
    row = index_find(
        server.address_index,
        server.connections["address"],
        tag,
        address[i, 0],
        address[i, 1],
        address[i, 2],
        address[i, 3],
    )
    if row >= 0 and server.connections["state"][row] == CONNECTED:
        return DROP_REQUEST_CONNECTED
    return -1


@inner_kernel
def check_rate(server: ServerArrays, high: np.uint64, low: np.uint64, now_ns: int) -> int:
    """-1, or the reason to drop a request of that address: its network, all networks, or this tick have had enough."""
    state = server.state
    if not in_networks(server.exempt, high, low):
        if is_limited(server.rates, server.seeds, network_of(high, low), now_ns, int(state["network_allowance_ns"][0])):
            return DROP_REQUEST_RATE
        if int(state["busy_until_ns"][0]) - now_ns >= state["total_allowance_ns"][0]:
            return DROP_REQUEST_RATE
    if state["decrypts_left"][0] <= 0:
        return DROP_REQUEST_BUDGET
    if state["num_replies"][0] >= len(server.replies):
        return DROP_SLOW_LANE_FULL
    return -1


@inner_kernel
def note_forged(server: ServerArrays, high: np.uint64, low: np.uint64, now_ns: int) -> None:
    """Count a request that did not authenticate against the limits of its network and of all."""
    if in_networks(server.exempt, high, low):
        return
    state = server.state
    note_failure(server.rates, server.seeds, network_of(high, low), now_ns, int(state["network_cost_ns"][0]))
    busy = int(state["busy_until_ns"][0])
    state["busy_until_ns"][0] = (busy if busy > now_ns else now_ns) + int(state["total_cost_ns"][0])


@inner_kernel
def read_servers(server: ServerArrays, batch: Batch, i: int) -> int:
    """Where the keys start in a decrypted private token that names one of our addresses, else -1."""
    data = batch["data"][i]
    count = get_u32(data, PRIVATE_AT + 12)
    if count < 1 or count > MAX_SERVERS:
        return -1
    at = PRIVATE_AT + 16
    ours = False
    for _ in range(count):
        kind = int(data[at])
        high = np.uint64(0)
        low = np.uint64(0xFFFF)
        if kind == _IPV4:
            for k in range(4):
                low = (low << np.uint64(8)) | np.uint64(data[at + 1 + k])
            at += 5
        elif kind == _IPV6:
            low = np.uint64(0)
            for k in range(4):  # eight groups of two bytes, each little-endian
                high = (high << np.uint64(16)) | np.uint64(int(data[at + 1 + 2 * k]) | (int(data[at + 2 + 2 * k]) << 8))
                low = (low << np.uint64(16)) | np.uint64(int(data[at + 9 + 2 * k]) | (int(data[at + 10 + 2 * k]) << 8))
            at += 17
        else:
            return -1
        port = int(data[at]) | (int(data[at + 1]) << 8)
        at += 2
        own = server.own
        for k in range(len(own)):
            if own["high"][k] == high and own["low"][k] == low and own["port"][k] == port:
                ours = True
    return at if ours else -1

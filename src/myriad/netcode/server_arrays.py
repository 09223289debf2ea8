"""The server's state: fixed arrays, made once.

Responsible for: the dtypes, and their creation from settings.
Not here: anything that changes them (`handshake.py`, `history.py`, `server.py`).

Invariants: rows 0 .. max_clients - 1 of `connections` are clients, the rest hold challenged addresses that have not
answered yet. Nothing grows. Every address in `address_index` belongs to one pending or connected row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.errors import DROP_REASONS
from myriad.netcode.address_index import new_slots, seeds_from
from myriad.netcode.addresses import Endpoint, endpoint_rows, parse_networks
from myriad.netcode.connection import CONNECTION, constant
from myriad.netcode.packets import associated_data
from myriad.netcode.rates import NUM_WAYS, RATE
from myriad.netcode.tokens import KEY_BYTES, USER_DATA_BYTES
from myriad.wire.datagram import DATAGRAM

Array = npt.NDArray[np.void]

FIRST_GLOBAL_SEQUENCE = 1 << 63
SERVER_RANDOM_BYTES = 128 + KEY_BYTES
"""Randomness that a server takes at its start: seeds of its indices, and the key of its challenges."""

SERVER = np.dtype(
    [
        ("private_key", "u1", (32,)),  # shared with the front door
        ("challenge_key", "u1", (32,)),
        ("global_pad", "<u4"),
        ("global_zero", "<u4"),  # always 0: with the next field the nonce of challenge and denied packets
        ("global_sequence", "<u8"),
        ("challenge_pad", "<u4"),
        ("challenge_zero", "<u4"),  # always 0: with the next field the nonce of challenge tokens
        ("challenge_sequence", "<u8"),
        ("opened_pad", "<u4"),
        ("opened_zero", "<u4"),  # always 0: with the next field the nonce of the challenge token being opened
        ("opened_sequence", "<u8"),
        ("protocol_id", "<u8"),
        ("wall_s", "<i8"),  # latest unix time seen; time never goes back for tokens
        ("busy_until_ns", "<i8"),  # limit of failures over all networks, as in rates
        ("network_cost_ns", "<i8"),
        ("network_allowance_ns", "<i8"),
        ("total_cost_ns", "<i8"),
        ("total_allowance_ns", "<i8"),
        ("keep_alive_ns", "<i8"),
        ("pending_timeout_ns", "<i8"),
        ("next_scan_ns", "<i8"),
        ("next_sweep_s", "<i8"),
        ("max_clients", "<i8"),
        ("num_clients", "<i8"),
        ("num_rows", "<i8"),  # client rows 0 .. num_rows - 1 may be in use
        ("free_clients", "<i8"),  # how many of each stack are free
        ("free_pending", "<i8"),
        ("free_history", "<i8"),
        ("decrypts_left", "<i8"),
        ("decrypts_per_tick", "<i8"),
        ("num_replies", "<i8"),
        ("num_changes", "<i8"),
        ("num_redundant", "<i8"),
        ("scan_row", "<i8"),
    ],
    align=True,
)

UNUSED = 0
TOKEN_PENDING = 1
TOKEN_CONSUMED = 2
HISTORY = np.dtype(
    [
        ("key", "<u8", (4,)),  # the tag of the token's private data, and zeros
        ("address", "<u8", (4,)),  # the only address that may go on with it
        ("expires_s", "<i8"),
        ("state", "<i4"),
    ],
    align=True,
)

JOINED = 1
LEFT = 2
CHANGE = np.dtype([("client_id", "<u8"), ("row", "<i8"), ("kind", "u1"), ("reason", "u1")], align=True)

LEFT_DISCONNECTED = constant(1)
LEFT_TIMED_OUT = constant(2)

PAYLOAD_RECORD = np.dtype([("row", "<i4"), ("datagram", "<i4"), ("offset", "<i4"), ("length", "<i4")], align=True)
"""Where an authentic payload lies: connection row, index in the batch, first byte in its data, bytes."""


class ServerArrays(NamedTuple):
    """All arrays of one server. Shapes: max_clients C, max_pending P, history H.

    state (1,) SERVER · connections (C + P,) CONNECTION · user_data u1[C, 256] · address_index, history_index SLOT ·
    history (H,) HISTORY · free_clients i8[C] · free_pending i8[P] · free_history i8[H] · rates RATE ·
    own ENDPOINT, exempt NETWORK · seeds i8[16] · ad u1[256, 24] · replies DATAGRAM · changes (2 C,) CHANGE ·
    drops i8[len(DROP_REASONS)]
    """

    state: Array
    connections: Array
    user_data: npt.NDArray[np.uint8]
    address_index: Array
    history: Array
    history_index: Array
    free_clients: npt.NDArray[np.int64]
    free_pending: npt.NDArray[np.int64]
    free_history: npt.NDArray[np.int64]
    rates: Array
    own: Array
    exempt: Array
    seeds: npt.NDArray[np.int64]
    ad: npt.NDArray[np.uint8]
    replies: Array
    changes: Array
    drops: npt.NDArray[np.int64]


class ServerLimits(NamedTuple):
    """Sizes and rates of a server; the defaults suit one zone of up to a thousand players."""

    max_clients: int = 1024
    max_pending: int = 1024
    max_tokens: int = 16384
    """History of used tokens: at most this many within one token life."""
    max_replies: int = 128
    decrypts_per_tick: int = 64
    failures_per_network_hz: float = 20.0
    failures_per_network_burst: float = 40.0
    failures_hz: float = 2000.0
    failures_burst: float = 400.0
    rate_sets: int = 2048
    keep_alive_hz: float = 10.0
    pending_timeout_s: float = 10.0
    num_redundant: int = 10
    """Disconnect packets sent to one client."""


def new_server(
    *,
    private_key: bytes,
    protocol_id: int,
    own: tuple[Endpoint, ...],
    random_bytes: bytes,
    limits: ServerLimits = ServerLimits(),  # noqa: B008 (immutable)
    exempt: tuple[str, ...] = (),
) -> ServerArrays:
    """Arrays of a server that nobody has connected to.

    `private_key` 32 bytes, fresh for each start of a server; `own` the public addresses of which a token must name
    one; `random_bytes` SERVER_RANDOM_BYTES of fresh secure randomness; `exempt` prefixes such as "10.0.0.0/8" whose
    failures are not limited. Raises ValueError if something has the wrong size or form.
    """
    if len(private_key) != KEY_BYTES or len(random_bytes) != SERVER_RANDOM_BYTES:
        raise ValueError(f"a private key has {KEY_BYTES} bytes, a server takes {SERVER_RANDOM_BYTES} random ones")
    if not own:
        raise ValueError("a server needs at least one public address")
    state = np.zeros(1, SERVER)
    state["private_key"][0] = np.frombuffer(private_key, np.uint8)
    state["challenge_key"][0] = np.frombuffer(random_bytes[128:], np.uint8)
    state["global_sequence"] = FIRST_GLOBAL_SEQUENCE
    state["protocol_id"] = protocol_id
    state["network_cost_ns"] = round(1e9 / limits.failures_per_network_hz)
    state["network_allowance_ns"] = round(1e9 * limits.failures_per_network_burst / limits.failures_per_network_hz)
    state["total_cost_ns"] = round(1e9 / limits.failures_hz)
    state["total_allowance_ns"] = round(1e9 * limits.failures_burst / limits.failures_hz)
    state["keep_alive_ns"] = round(1e9 / limits.keep_alive_hz)
    state["pending_timeout_ns"] = round(1e9 * limits.pending_timeout_s)
    state["max_clients"] = state["free_clients"] = limits.max_clients
    state["free_pending"] = limits.max_pending
    state["free_history"] = limits.max_tokens
    state["decrypts_left"] = state["decrypts_per_tick"] = limits.decrypts_per_tick
    state["num_redundant"] = limits.num_redundant
    num_rows = limits.max_clients + limits.max_pending
    # stacks are taken from their ends: lowest rows first
    return ServerArrays(
        state=state,
        connections=np.zeros(num_rows, CONNECTION),
        user_data=np.zeros((limits.max_clients, USER_DATA_BYTES), np.uint8),
        address_index=new_slots(num_rows),
        history=np.zeros(limits.max_tokens, HISTORY),
        history_index=new_slots(limits.max_tokens),
        free_clients=np.arange(limits.max_clients - 1, -1, -1, dtype=np.int64),
        free_pending=np.arange(num_rows - 1, limits.max_clients - 1, -1, dtype=np.int64),
        free_history=np.arange(limits.max_tokens - 1, -1, -1, dtype=np.int64),
        rates=np.zeros(limits.rate_sets * NUM_WAYS, RATE),
        own=endpoint_rows(own),
        exempt=parse_networks(exempt),
        seeds=seeds_from(random_bytes),
        ad=associated_data(protocol_id),
        replies=np.zeros(limits.max_replies, DATAGRAM),
        changes=np.zeros(2 * limits.max_clients, CHANGE),
        drops=np.zeros(len(DROP_REASONS), np.int64),
    )

"""The state of many netcode clients: fixed arrays, one row each.

Responsible for: the CLIENT dtype, the states of the standard, and starting a row from a connect token.
Not here: what moves the states (`client.py`).

Invariants: row r of `clients` and row r of `connections` are one client. A row's send sequence starts at 0 with its
token and is never reset, also when the next server of the token is tried, for the keys stay the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.errors import DROP_REASONS
from myriad.netcode.addresses import to_words
from myriad.netcode.connection import CONNECTION, FREE, constant
from myriad.netcode.packets import CHALLENGE_BODY_BYTES, REQUEST_BYTES, associated_data
from myriad.netcode.tokens import MAX_SERVERS, TokenError, read_token, request_packet

Array = npt.NDArray[np.void]

TOKEN_EXPIRED = constant(-6)
INVALID_TOKEN = constant(-5)
TIMED_OUT = constant(-4)
RESPONSE_TIMED_OUT = constant(-3)
REQUEST_TIMED_OUT = constant(-2)
CONNECTION_DENIED = constant(-1)
DISCONNECTED = 0
SENDING_REQUEST = 1
SENDING_RESPONSE = 2
CLIENT_CONNECTED = 3

CLIENT = np.dtype(
    [
        ("state", "<i8"),
        ("client_index", "<i8"),  # as the server said when it accepted; -1 before
        ("max_clients", "<i8"),
        ("num_servers", "<i8"),
        ("server", "<i8"),  # which of the servers is tried or connected
        ("started_ns", "<i8"),
        ("life_ns", "<i8"),  # the token's, from its own times
        ("servers", "<u8", (MAX_SERVERS, 4)),
        ("request", "u1", (REQUEST_BYTES,)),
        ("challenge", "u1", (CHALLENGE_BODY_BYTES,)),
    ],
    align=True,
)

LONG_AGO_NS = -(1 << 61)


class ClientArrays(NamedTuple):
    """All arrays of `n` clients: clients (n,) CLIENT · connections (n,) CONNECTION · ad u1[256, 24] ·
    drops i8[len(DROP_REASONS)]."""

    clients: Array
    connections: Array
    ad: npt.NDArray[np.uint8]
    drops: npt.NDArray[np.int64]


def new_clients(count: int, protocol_id: int) -> ClientArrays:
    """Arrays of `count` (>= 1) disconnected clients that speak `protocol_id`."""
    clients = np.zeros(count, CLIENT)
    clients["client_index"] = -1
    return ClientArrays(
        clients, np.zeros(count, CONNECTION), associated_data(protocol_id), np.zeros(len(DROP_REASONS), np.int64)
    )


def start_client(arrays: ClientArrays, row: int, token_bytes: bytes, now_ns: int) -> int:
    """Begin to connect with a connect token (2048 bytes): the row's new state, SENDING_REQUEST or INVALID_TOKEN.

    Whatever the row was before is forgotten. Raises IndexError if there is no such row.
    """
    if not 0 <= row < len(arrays.clients):
        raise IndexError(f"there is no client row {row}")
    clients, connections = arrays.clients, arrays.connections
    clients[row] = np.zeros((), CLIENT)
    connections[row] = np.zeros((), CONNECTION)
    clients["client_index"][row] = -1
    try:
        token = read_token(token_bytes)
        if token.protocol_id.to_bytes(8, "little") != arrays.ad[0, 13:21].tobytes():
            raise TokenError("the token is for another protocol")
    except TokenError:
        clients["state"][row] = INVALID_TOKEN
        return INVALID_TOKEN
    clients["num_servers"][row] = len(token.servers)
    for k, server in enumerate(token.servers):
        clients["servers"][row, k] = to_words(server)
    clients["started_ns"][row] = now_ns
    clients["life_ns"][row] = min(token.expires_s - token.created_s, 1 << 31) * 1_000_000_000
    clients["request"][row] = np.frombuffer(request_packet(token), np.uint8)
    connections["send_key"][row] = np.frombuffer(token.client_to_server_key, np.uint8)
    connections["receive_key"][row] = np.frombuffer(token.server_to_client_key, np.uint8)
    connections["timeout_ns"][row] = token.timeout_s * 1_000_000_000
    connections["address"][row] = clients["servers"][row, 0]
    connections["last_receive_ns"][row] = now_ns
    connections["last_send_ns"][row] = LONG_AGO_NS
    connections["state"][row] = FREE
    clients["state"][row] = SENDING_REQUEST
    return SENDING_REQUEST

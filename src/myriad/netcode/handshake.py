"""The server's side of the netcode handshake: requests, challenges, responses.

Responsible for: every check from a connection request to a joined client, cheapest first, each with its own drop
reason; the answers (challenge, denied, first keep-alive), which go to `server.replies`.
Not here: packets of connected clients and times (`server.py`), the history's memory (`history.py`).

Invariants: nothing is answered, allocated or remembered before a request authenticated. Every answer is smaller than
what asked for it. Challenge and denied packets of all clients share one sequence that starts at 2^63, those of a
session start at 0, and no token outlives the server's private key: no (key, sequence) pair repeats.
"""

from __future__ import annotations

import numpy as np

from myriad.core import native
from myriad.core.errors import (
    DROP_HISTORY_FULL,
    DROP_REQUEST_ADDRESS,
    DROP_REQUEST_BUDGET,
    DROP_REQUEST_CONNECTED,
    DROP_REQUEST_DECRYPT,
    DROP_RESPONSE_CHALLENGE,
    DROP_RESPONSE_DECRYPT,
    DROP_SERVER_FULL,
    DROP_SLOW_LANE_FULL,
)
from myriad.core.kernel import inner_kernel
from myriad.netcode.address_index import hash_key, index_find, index_insert, index_remove
from myriad.netcode.addresses import split_words
from myriad.netcode.connection import CONNECTED, PENDING, RECEIVE_KEY_AT, SEND_KEY_AT, constant
from myriad.netcode.history import add_token, check_token, consume_token, find_token
from myriad.netcode.packets import (
    AD_BYTES,
    AUTHENTIC,
    CHALLENGE,
    CHALLENGE_BODY_BYTES,
    CHALLENGE_TOKEN_BYTES,
    DENIED,
    KEEP_ALIVE,
    KEEP_ALIVE_BODY_BYTES,
    NO_BODY,
    REQUEST_BYTES,
    TAG_BYTES,
    aead_decrypt,
    aead_encrypt,
    body_offset,
    data_pointer,
    open_packet,
    record_pointer,
    seal_body,
    seal_packet,
    set_address,
)
from myriad.netcode.request_checks import (
    EXPIRES_AT,
    NONCE_AT,
    PRIVATE_AT,
    check_rate,
    check_request,
    note_forged,
    read_servers,
)
from myriad.netcode.server_arrays import JOINED, SERVER, ServerArrays
from myriad.netcode.tokens import KEY_BYTES, PRIVATE_BYTES, USER_DATA_BYTES
from myriad.wire.datagram import Batch
from myriad.wire.pack import get_u32, get_u64, put_u32, put_u64

token_decrypt = native.declare(
    "crypto_aead_xchacha20poly1305_ietf_decrypt",
    "i32",
    "p",
    "p",
    "p",
    "p",
    "u64",
    "p",
    "u64",
    "p",
    "p",
    library="libsodium",
)

copy_bytes = native.declare("memmove", "p", "p", "p", "u64")
set_bytes = native.declare("memset", "p", "p", "i32", "u64")

_TOKEN_AD_BYTES = AD_BYTES - 1 + 8
_TAG_AT = REQUEST_BYTES - TAG_BYTES
_LATEST_S = np.uint64(1 << 62)
_GLOBAL_HEADER = 9  # one prefix byte and eight sequence bytes, since the global sequence starts at 2^63
_PRIVATE_KEY_AT = constant(SERVER.fields["private_key"][1])  # type: ignore[index]
_CHALLENGE_KEY_AT = constant(SERVER.fields["challenge_key"][1])  # type: ignore[index]
_GLOBAL_NONCE_AT = constant(SERVER.fields["global_zero"][1])  # type: ignore[index]
_OPENED_NONCE_AT = constant(SERVER.fields["opened_zero"][1])  # type: ignore[index]
_CHALLENGE_NONCE_AT = constant(SERVER.fields["challenge_zero"][1])  # type: ignore[index]


@inner_kernel
def _is_client_connected(server: ServerArrays, client_id: np.uint64) -> bool:
    connections = server.connections
    for row in range(int(server.state["num_rows"][0])):
        if connections["client_id"][row] == client_id and connections["state"][row] == CONNECTED:
            return True
    return False


@inner_kernel
def _seal_global(server: ServerArrays, reply: int, kind: int, body_bytes: int, key: int) -> None:
    """Seal `replies[reply]` (body at 9) with the key at `key` and the next global sequence, and count it in."""
    state = server.state
    sequence = state["global_sequence"][0]
    nonce = record_pointer(state, 0, _GLOBAL_NONCE_AT)
    seal_body(server.replies, reply, kind, body_bytes, server.ad, sequence, nonce, key)
    state["global_sequence"][0] = sequence + np.uint64(1)
    server.replies["row"][reply] = -1
    state["num_replies"][0] += 1


@inner_kernel
def _deny(server: ServerArrays, batch: Batch, i: int, key: int) -> None:
    reply = int(server.state["num_replies"][0])
    set_address(server.replies, reply, batch["address"], i)
    _seal_global(server, reply, DENIED, NO_BODY, key)


@inner_kernel
def _challenge(server: ServerArrays, row: int, batch: Batch, i: int, user_data_at: int) -> None:
    """Answer the decrypted request in `batch[i]` with a challenge for pending `row`."""
    state = server.state
    reply = int(state["num_replies"][0])
    set_address(server.replies, reply, batch["address"], i)
    data = server.replies["data"][reply]
    put_u64(data, _GLOBAL_HEADER, state["challenge_sequence"][0])
    at = _GLOBAL_HEADER + 8
    token = data_pointer(server.replies, reply, at)
    set_bytes(token, 0, CHALLENGE_TOKEN_BYTES)
    copy_bytes(token, data_pointer(batch, i, PRIVATE_AT), 8)
    copy_bytes(token + 8, data_pointer(batch, i, user_data_at), USER_DATA_BYTES)
    nonce = record_pointer(state, 0, _CHALLENGE_NONCE_AT)
    key = record_pointer(state, 0, _CHALLENGE_KEY_AT)
    size = CHALLENGE_TOKEN_BYTES - TAG_BYTES
    aead_encrypt(token, 0, token, size, 0, 0, 0, nonce, key)
    state["challenge_sequence"][0] += np.uint64(1)
    _seal_global(server, reply, CHALLENGE, CHALLENGE_BODY_BYTES, record_pointer(server.connections, row, SEND_KEY_AT))


@inner_kernel
def _reset_connection(server: ServerArrays, row: int) -> None:
    """Zeros, so that a row starts with no keys, sequences or window of an earlier connection."""
    set_bytes(record_pointer(server.connections, row, 0), 0, server.connections.itemsize)


@inner_kernel
def release_pending(server: ServerArrays, row: int, tag: int) -> None:
    """Forget the challenged address in `row`, whose hash is `tag`."""
    index_remove(server.address_index, tag, row)
    _reset_connection(server, row)
    state = server.state
    server.free_pending[int(state["free_pending"][0])] = row
    state["free_pending"][0] += 1


@inner_kernel
def release_client(server: ServerArrays, row: int) -> None:
    """Give client `row` back for reuse; it is in no index any more."""
    _reset_connection(server, row)
    set_bytes(server.user_data.ctypes.data + row * USER_DATA_BYTES, 0, USER_DATA_BYTES)
    state = server.state
    server.free_clients[int(state["free_clients"][0])] = row
    state["free_clients"][0] += 1


@inner_kernel
def _take_pending(server: ServerArrays, batch: Batch, i: int, tag: int) -> int:
    """The pending row of the address of `batch[i]`, new or its present one; -1 if none is free."""
    state = server.state
    address = batch["address"]
    connections = server.connections
    row = index_find(
        server.address_index, connections["address"], tag, address[i, 0], address[i, 1], address[i, 2], address[i, 3]
    )
    if row >= 0:
        return row
    if state["free_pending"][0] == 0:
        return -1
    state["free_pending"][0] -= 1
    row = int(server.free_pending[int(state["free_pending"][0])])
    set_address_of(server, row, batch, i)
    index_insert(server.address_index, tag, row)
    return row


@inner_kernel
def set_address_of(server: ServerArrays, row: int, batch: Batch, i: int) -> None:
    """Connection `row` belongs to the address of `batch[i]`."""
    for k in range(4):
        server.connections["address"][row, k] = batch["address"][i, k]


@inner_kernel
def receive_request(server: ServerArrays, batch: Batch, i: int, now_ns: int) -> int:
    """Process the connection request in `batch[i]`: -1 if it was answered with a challenge, else the reason to drop it.

    The private part is decrypted in place. A full server answers an authentic request with a denied packet.
    """
    address = batch["address"]
    a, b, c, d = address[i, 0], address[i, 1], address[i, 2], address[i, 3]
    tag = hash_key(server.seeds, a, b, c, d)
    reason = check_request(server, batch, i, tag)
    if reason >= 0:
        return reason
    high, low, _port = split_words(a, b, c, d)
    reason = check_rate(server, high, low, now_ns)
    if reason >= 0:
        return reason
    data = batch["data"][i]
    tag_a = np.uint64(get_u64(data, _TAG_AT))
    tag_b = np.uint64(get_u64(data, _TAG_AT + 8))
    used = find_token(server, tag_a, tag_b)
    reason = check_token(server, used, batch, i)
    if reason >= 0:
        # before decryption: a replayed request of another's token costs us a lookup only
        return reason
    state = server.state
    state["decrypts_left"][0] -= 1
    packet = data_pointer(batch, i, 0)
    private = data_pointer(batch, i, PRIVATE_AT)
    key = record_pointer(state, 0, _PRIVATE_KEY_AT)
    if token_decrypt(private, 0, 0, private, PRIVATE_BYTES, packet + 1, _TOKEN_AD_BYTES, packet + NONCE_AT, key) != 0:
        note_forged(server, high, low, now_ns)
        return DROP_REQUEST_DECRYPT
    return _accept_request(server, batch, i, tag, used, now_ns)


@inner_kernel
def _accept_request(server: ServerArrays, batch: Batch, i: int, tag: int, used: int, now_ns: int) -> int:
    """The rest of `receive_request`, for an authentic one; `used` is the token's row in the history or -1."""
    data = batch["data"][i]
    state = server.state
    keys_at = read_servers(server, batch, i)
    if keys_at < 0:
        return DROP_REQUEST_ADDRESS
    client_id = np.uint64(get_u64(data, PRIVATE_AT))
    if _is_client_connected(server, client_id):
        return DROP_REQUEST_CONNECTED
    if used < 0:
        expires = np.uint64(get_u64(data, EXPIRES_AT))
        expires_s = int(expires if expires < _LATEST_S else _LATEST_S)
        used = add_token(
            server, np.uint64(get_u64(data, _TAG_AT)), np.uint64(get_u64(data, _TAG_AT + 8)), batch, i, expires_s
        )
        if used < 0:
            return DROP_HISTORY_FULL
    if state["free_clients"][0] == 0:
        _deny(server, batch, i, data_pointer(batch, i, keys_at + KEY_BYTES))
        return DROP_SERVER_FULL
    row = _take_pending(server, batch, i, tag)
    if row < 0:
        return DROP_SLOW_LANE_FULL
    connections = server.connections
    copy_bytes(record_pointer(connections, row, RECEIVE_KEY_AT), data_pointer(batch, i, keys_at), KEY_BYTES)
    copy_bytes(record_pointer(connections, row, SEND_KEY_AT), data_pointer(batch, i, keys_at + KEY_BYTES), KEY_BYTES)
    connections["state"][row] = PENDING
    connections["token"][row] = used
    connections["client_id"][row] = client_id
    connections["last_receive_ns"][row] = now_ns
    timeout_s = get_u32(data, PRIVATE_AT + 8)
    connections["timeout_ns"][row] = (timeout_s if timeout_s < 1 << 31 else timeout_s - (1 << 32)) * 1_000_000_000
    _challenge(server, row, batch, i, keys_at + 2 * KEY_BYTES)
    return -1


@inner_kernel
def receive_response(server: ServerArrays, pending: int, tag: int, batch: Batch, i: int, now_ns: int) -> int:
    """Process the challenge response in `batch[i]` from the address in row `pending`: -1 if it joined, else the reason.

    The client moves to a client row, its token is consumed, a keep-alive answers, a JOINED change is noted.
    """
    state = server.state
    if state["decrypts_left"][0] <= 0:
        return DROP_REQUEST_BUDGET
    if state["num_replies"][0] >= len(server.replies) or state["num_changes"][0] >= len(server.changes):
        return DROP_SLOW_LANE_FULL
    state["decrypts_left"][0] -= 1
    connections = server.connections
    if open_packet(connections, pending, batch, i, server.ad) != AUTHENTIC:
        return DROP_RESPONSE_DECRYPT
    at = 1 + (int(batch["data"][i, 0]) >> 4)
    state["opened_sequence"][0] = get_u64(batch["data"][i], at)
    token = data_pointer(batch, i, at + 8)
    nonce = record_pointer(state, 0, _OPENED_NONCE_AT)
    key = record_pointer(state, 0, _CHALLENGE_KEY_AT)
    failed = aead_decrypt(token, 0, 0, token, CHALLENGE_TOKEN_BYTES, 0, 0, nonce, key) != 0
    state["opened_sequence"][0] = 0
    if failed:
        return DROP_RESPONSE_CHALLENGE
    client_id = np.uint64(get_u64(batch["data"][i], at + 8))
    if client_id != connections["client_id"][pending]:
        return DROP_RESPONSE_CHALLENGE
    # the token may have expired meanwhile, and its row may be another's
    reason = check_token(server, int(np.int64(connections["token"][pending])), batch, i)
    if reason >= 0:
        return reason
    if _is_client_connected(server, client_id):
        return DROP_REQUEST_CONNECTED
    if state["free_clients"][0] == 0:
        _deny(server, batch, i, record_pointer(connections, pending, SEND_KEY_AT))
        return DROP_SERVER_FULL
    _join(server, pending, tag, batch, i, at + 16, now_ns)
    return -1


@inner_kernel
def _join(server: ServerArrays, pending: int, tag: int, batch: Batch, i: int, user_data_at: int, now_ns: int) -> None:
    """Move `pending` to a client row, tell the client, and note the change."""
    state = server.state
    connections = server.connections
    state["free_clients"][0] -= 1
    row = int(server.free_clients[int(state["free_clients"][0])])
    copy_bytes(record_pointer(connections, row, 0), record_pointer(connections, pending, 0), connections.itemsize)
    release_pending(server, pending, tag)
    index_insert(server.address_index, tag, row)
    user_data = data_pointer(batch, i, user_data_at)
    copy_bytes(server.user_data.ctypes.data + row * USER_DATA_BYTES, user_data, USER_DATA_BYTES)
    connections["state"][row] = CONNECTED
    connections["last_receive_ns"][row] = now_ns
    consume_token(server, int(np.int64(connections["token"][row])))
    state["num_clients"][0] += 1
    if row >= state["num_rows"][0]:
        state["num_rows"][0] = row + 1
    change = int(state["num_changes"][0])
    server.changes["kind"][change] = JOINED
    server.changes["reason"][change] = 0
    server.changes["row"][change] = row
    server.changes["client_id"][change] = connections["client_id"][row]
    state["num_changes"][0] += 1
    write_keep_alive(server, row, server.replies, int(state["num_replies"][0]), now_ns)
    state["num_replies"][0] += 1


@inner_kernel
def write_keep_alive(server: ServerArrays, row: int, batch: Batch, i: int, now_ns: int) -> None:
    """The next packet of client `row`, a keep-alive with its index, sealed into `batch[i]`."""
    connections = server.connections
    at = body_offset(connections, row)
    data = batch["data"][i]
    put_u32(data, at, row)
    put_u32(data, at + 4, int(server.state["max_clients"][0]))
    seal_packet(connections, row, batch, i, KEEP_ALIVE, KEEP_ALIVE_BODY_BYTES, server.ad, now_ns)
    connections["last_keep_alive_ns"][row] = now_ns

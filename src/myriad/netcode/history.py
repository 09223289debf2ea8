"""The history of used tokens: a token opens one session, ever.

Responsible for: remembering a token's tag from its first authentic request (pending, bound to that address) to its
session (consumed) until it expires.
Not here: whether a request is authentic (`handshake.py`).

Invariants: an entry is removed only when its token has expired by the latest time seen, and a request with an expired
token never gets as far as the history; a full history refuses. So no token is ever forgotten while it is valid.
"""

from __future__ import annotations

import numpy as np

from myriad.core.errors import DROP_TOKEN_USED
from myriad.core.kernel import inner_kernel
from myriad.netcode.address_index import hash_key, index_find, index_insert, index_remove
from myriad.netcode.server_arrays import TOKEN_CONSUMED, TOKEN_PENDING, UNUSED, ServerArrays
from myriad.wire.datagram import Batch

_ZERO = np.uint64(0)


@inner_kernel
def find_token(server: ServerArrays, tag_a: np.uint64, tag_b: np.uint64) -> int:
    """Row of the token with that tag, or -1."""
    hashed = hash_key(server.seeds, tag_a, tag_b, _ZERO, _ZERO)
    return index_find(server.history_index, server.history["key"], hashed, tag_a, tag_b, _ZERO, _ZERO)


@inner_kernel
def check_token(server: ServerArrays, row: int, batch: Batch, i: int) -> int:
    """-1 if the token in `row` (-1: unknown) may go on from the address of `batch[i]`, else DROP_TOKEN_USED."""
    if row < 0:
        return -1
    if server.history["state"][row] != TOKEN_PENDING:
        return DROP_TOKEN_USED
    for k in range(4):
        if server.history["address"][row, k] != batch["address"][i, k]:
            return DROP_TOKEN_USED
    return -1


@inner_kernel
def add_token(server: ServerArrays, tag_a: np.uint64, tag_b: np.uint64, batch: Batch, i: int, expires_s: int) -> int:
    """Remember a new token as pending for the address of `batch[i]`: its row, or -1 if the history is full."""
    state = server.state
    if state["free_history"][0] == 0:
        sweep_history(server)
        if state["free_history"][0] == 0:
            return -1
    state["free_history"][0] -= 1
    row = int(server.free_history[int(state["free_history"][0])])
    history = server.history
    history["key"][row, 0] = tag_a
    history["key"][row, 1] = tag_b
    for k in range(4):
        history["address"][row, k] = batch["address"][i, k]
    history["expires_s"][row] = expires_s
    history["state"][row] = TOKEN_PENDING
    index_insert(server.history_index, hash_key(server.seeds, tag_a, tag_b, _ZERO, _ZERO), row)
    return row


@inner_kernel
def consume_token(server: ServerArrays, row: int) -> None:
    """The token in `row` has opened its session."""
    server.history["state"][row] = TOKEN_CONSUMED


@inner_kernel
def sweep_history(server: ServerArrays) -> None:
    """Forget tokens that have expired; at most once per second of unix time."""
    state = server.state
    wall_s = int(state["wall_s"][0])
    if wall_s < state["next_sweep_s"][0]:
        return
    state["next_sweep_s"][0] = wall_s + 1
    history = server.history
    for row in range(len(history)):
        if history["state"][row] != UNUSED and history["expires_s"][row] <= wall_s:
            a = history["key"][row, 0]
            b = history["key"][row, 1]
            index_remove(server.history_index, hash_key(server.seeds, a, b, _ZERO, _ZERO), row)
            history["state"][row] = UNUSED
            server.free_history[int(state["free_history"][0])] = row
            state["free_history"][0] += 1

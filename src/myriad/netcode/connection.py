"""One secure connection as a row of an array, the same at both ends.

Responsible for: the CONNECTION dtype, its states, and where its keys and nonces lie for the AEAD.
Not here: packets (`packets.py`), how connections come to be (`handshake.py`, `client.py`).

Invariant: the four bytes before a sequence number are always zero, so that the twelve bytes from there are the AEAD
nonce of that sequence number: sealing and opening copy no nonce. A sequence number is used once per key.
"""

from __future__ import annotations

from typing import cast

import numpy as np


def constant(value: int) -> int:
    """`value` as a number that kernels pass on without a second thought.

    Numba compiles a kernel once more for every literal that it is called with; a NumPy integer is no literal.
    """
    return cast(int, np.int64(value))


FREE = 0
PENDING = 1  # server: has been challenged, has no client row yet
CONNECTED = 2
CLOSED = 3  # server: left; the row stays taken until the LEFT event was handled

CONNECTION = np.dtype(
    [
        ("address", "<u8", (4,)),  # the peer's raw socket address
        ("send_key", "u1", (32,)),
        ("receive_key", "u1", (32,)),
        ("state", "u1"),
        ("confirmed", "u1"),  # 1: the peer has shown that it knows it is connected
        ("reserved", "<u2"),
        ("send_zero", "<u4"),  # always 0: start of the nonce that ends with the next field
        ("send_sequence", "<u8"),  # of the next packet
        ("token", "<u4"),  # server: row of the history of used tokens
        ("receive_zero", "<u4"),  # always 0, as above
        ("receive_sequence", "<u8"),  # of the packet being opened, else 0
        ("newest", "<u8"),  # highest authenticated sequence
        ("window", "<u8", (4,)),  # bit s % 256: sequence s was received, for the 256 up to newest
        ("last_send_ns", "<i8"),
        ("last_keep_alive_ns", "<i8"),
        ("last_receive_ns", "<i8"),
        ("timeout_ns", "<i8"),  # 0 or less: never
        ("client_id", "<u8"),
    ],
    align=True,
)

SEND_KEY_AT = constant(CONNECTION.fields["send_key"][1])  # type: ignore[index]
RECEIVE_KEY_AT = constant(CONNECTION.fields["receive_key"][1])  # type: ignore[index]
SEND_NONCE_AT = constant(CONNECTION.fields["send_zero"][1])  # type: ignore[index]
RECEIVE_NONCE_AT = constant(CONNECTION.fields["receive_zero"][1])  # type: ignore[index]

"""The binary messages between a browser and the relay.

Responsible for: their layout, the numbers in them, and which are well-formed.
Not here: what is done with them (`relay.py`), what is in payloads (nobody here knows).

To the relay: `u8 0 OPEN, u8 row, 2048 bytes of connect token`; `u8 1 DATA, u8 row, payload`; `u8 2 CLOSE, u8 row`.
To a browser: `u8 0 STATE, u8 row, u8 state, i8 reason`; `u8 1 DATA, u8 row, payload`.

Invariant: a message is well-formed or not by its own bytes alone, whatever went before.
"""

from __future__ import annotations

from typing import Final

from myriad.netcode.tokens import TOKEN_BYTES
from myriad.wire.datagram import MAX_PAYLOAD_BYTES
from myriad.wire.layouts import KIND_MASK, KIND_SNAPSHOT

ROWS: Final = 4
"""Connections of one player, as in the client library."""

OPEN: Final = 0
DATA: Final = 1
CLOSE: Final = 2
STATE: Final = 0

CONNECTING: Final = 1
CONNECTED: Final = 2
ENDED: Final = 3

FOREIGN: Final = -16
"""Reason of an end, beside the states of netcode's clients: the directory knows none of the token's servers."""
TOO_OFTEN: Final = -17
"""Reason of an end: too many connections were begun from that address."""
UNREACHABLE: Final = -18
"""Reason of an end: this machine has no way to the server, or no port left."""

HEAD_BYTES: Final = 2
MAX_MESSAGE_BYTES: Final = HEAD_BYTES + TOKEN_BYTES


def is_well_formed(message: memoryview) -> bool:
    """Whether a browser may send that."""
    length = len(message)
    if length < HEAD_BYTES or message[1] >= ROWS:
        return False
    kind = message[0]
    if kind == DATA:
        return 0 < length - HEAD_BYTES <= MAX_PAYLOAD_BYTES
    if kind == OPEN:
        return length == MAX_MESSAGE_BYTES
    return kind == CLOSE and length == HEAD_BYTES


def state_message(row: int, state: int, reason: int) -> bytes:
    """What a browser is told of a connection; `reason` is netcode's client state, or one of those above."""
    return bytes((STATE, row, state, reason & 0xFF))


def is_snapshot(message: memoryview) -> bool:
    """Whether a DATA message to a browser has a snapshot in it, by the first byte of the inner header."""
    return message[HEAD_BYTES] & KIND_MASK == KIND_SNAPSHOT

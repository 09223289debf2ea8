"""What waits to be sent on the reliable channels: one slab of fragments, and a queue per connection and channel.

Responsible for: storing a message once for any number of receivers, limits, and what overflowing means.
Not here: the wire (`reliable.py`).

Invariants: memory is fixed. A fragment's slot is free exactly when no queue refers to it. Ids are given in order and
those of forgotten messages, which were never sent, are given again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.wire.layouts import CHANNEL_CHAT, NUM_CHANNELS

Array = npt.NDArray[np.void]
Bytes = npt.NDArray[np.uint8]

WINDOW_FRAGMENTS = 64
WINDOW_BYTES = 8192
MAX_MESSAGE_BYTES = 4096
MAX_FRAGMENT_BYTES = 1024
"""Longest fragment that is accepted."""

FRAGMENT_BYTES = 256
"""Longest fragment that is sent: it fits the quarter of a datagram that reliable data may take beside a snapshot."""

MIN_BLOCK_BYTES = 2 + 3 * NUM_CHANNELS + 5 + FRAGMENT_BYTES
"""A `write_block` with this much room always makes progress."""

MAX_FRAGMENTS = MAX_MESSAGE_BYTES // FRAGMENT_BYTES
CHAT_RESERVE_DIVISOR = 8
"""Chat leaves one slot in this many of the slab to the other channels."""

WRAP = 0xFFFF
STARTS = 1
GOES_ON = 2

CHANNEL = np.dtype(
    [
        ("first", "<u2"),  # oldest id not confirmed
        ("cursor", "<u2"),  # next id to send
        ("fresh", "<u2"),  # lowest id never sent
        ("next", "<u2"),  # next id to give
        ("expected", "<u2"),  # next id to receive
        ("owes_ack", "u1"),
        ("overflow", "u1"),  # 1: the channel is broken, the connection must end
        ("queued_bytes", "<i4"),
        ("partial_bytes", "<i4"),  # received of a message whose end has not come
        ("resend_ns", "<i8"),  # when to go back to first
        ("slots", "<i4", (WINDOW_FRAGMENTS,)),  # slab slot by id % 64
    ],
    align=True,
)

SLAB = np.dtype(
    [("references", "<i4"), ("length", "<u2"), ("flags", "u1"), ("data", "u1", (FRAGMENT_BYTES,))], align=True
)

RELIABLE = np.dtype(
    [
        ("num_free", "<i4"),
        ("num_inbox", "<i4"),
        ("chat_dropped", "<i8"),  # messages to one receiver each
        ("overflows", "<i8"),
        ("repeated", "<i8"),  # fragments that were not the next expected ones
        ("invalid_acks", "<i8"),
        ("taken", "<i4", (MAX_FRAGMENTS,)),  # slots of the message being pushed
    ],
    align=True,
)

INBOX = np.dtype(
    [("row", "<i4"), ("channel", "u1"), ("more", "u1"), ("length", "<u2"), ("data", "u1", (MAX_FRAGMENT_BYTES,))],
    align=True,
)
"""One received fragment, in order of arrival."""


class ReliableArrays(NamedTuple):
    """All arrays of `n` connections: state (1,) RELIABLE · channels (n, 3) CHANNEL · slab SLAB · free i4, the stack of
    free slots · inbox INBOX."""

    state: Array
    channels: Array
    slab: Array
    free: npt.NDArray[np.int32]
    inbox: Array


def new_reliable(rows: int, num_slots: int = 8192, inbox: int = 512) -> ReliableArrays:
    """Channels of `rows` fresh connections, with `num_slots` fragments of 256 bytes between them."""
    state = np.zeros(1, RELIABLE)
    state["num_free"] = num_slots
    channels = np.zeros((rows, NUM_CHANNELS), CHANNEL)
    free = np.arange(num_slots - 1, -1, -1, dtype=np.int32)
    return ReliableArrays(state, channels, np.zeros(num_slots, SLAB), free, np.zeros(inbox, INBOX))


@inner_kernel
def release_slot(rel: ReliableArrays, slot: int) -> None:
    """One receiver less waits for the fragment in `slot`."""
    rel.slab["references"][slot] -= 1
    if rel.slab["references"][slot] == 0:
        rel.free[int(rel.state["num_free"][0])] = slot
        rel.state["num_free"][0] += 1


@inner_kernel
def release_first(rel: ReliableArrays, row: int, channel: int) -> None:
    """The oldest fragment of a queue is confirmed or forgotten."""
    channels = rel.channels
    first = int(channels["first"][row, channel])
    slot = int(channels["slots"][row, channel, first % WINDOW_FRAGMENTS])
    channels["queued_bytes"][row, channel] -= int(rel.slab["length"][slot])
    release_slot(rel, slot)
    channels["first"][row, channel] = (first + 1) & WRAP


@bare_kernel
def reset_reliable(rel: ReliableArrays, row: int, first_send: int, first_receive: int) -> None:
    """Fresh channels for connection `row`: queues are forgotten; both firsts are 0 but in tests of the wrap (u16)."""
    channels = rel.channels
    for channel in range(NUM_CHANNELS):
        while channels["first"][row, channel] != channels["next"][row, channel]:
            release_first(rel, row, channel)
        channels["first"][row, channel] = first_send
        channels["cursor"][row, channel] = first_send
        channels["fresh"][row, channel] = first_send
        channels["next"][row, channel] = first_send
        channels["expected"][row, channel] = first_receive
        channels["owes_ack"][row, channel] = 0
        channels["overflow"][row, channel] = 0
        channels["queued_bytes"][row, channel] = 0
        channels["partial_bytes"][row, channel] = 0
        channels["resend_ns"][row, channel] = 0


@inner_kernel
def _drop_unsent(rel: ReliableArrays, row: int, channel: int) -> bool:
    """Forget the oldest message of which nothing was sent; False if there is none."""
    channels = rel.channels
    slots = channels["slots"]
    end = int(channels["next"][row, channel])
    at = int(channels["fresh"][row, channel])
    while at != end and rel.slab["flags"][slots[row, channel, at % WINDOW_FRAGMENTS]] & STARTS == 0:
        at = (at + 1) & WRAP
    if at == end:
        return False
    after = at
    more = True
    while more:
        slot = int(slots[row, channel, after % WINDOW_FRAGMENTS])
        more = rel.slab["flags"][slot] & GOES_ON != 0
        channels["queued_bytes"][row, channel] -= int(rel.slab["length"][slot])
        release_slot(rel, slot)
        after = (after + 1) & WRAP
    while after != end:
        slots[row, channel, at % WINDOW_FRAGMENTS] = slots[row, channel, after % WINDOW_FRAGMENTS]
        at = (at + 1) & WRAP
        after = (after + 1) & WRAP
    channels["next"][row, channel] = at
    rel.state["chat_dropped"][0] += 1
    return True


@inner_kernel
def _has_room(rel: ReliableArrays, row: int, channel: int, count: int, length: int) -> bool:
    channels = rel.channels
    waiting = (int(channels["next"][row, channel]) - int(channels["first"][row, channel])) & WRAP
    return waiting + count <= WINDOW_FRAGMENTS and int(channels["queued_bytes"][row, channel]) + length <= WINDOW_BYTES


@inner_kernel
def _take_slots(rel: ReliableArrays, channel: int, message: Bytes, length: int) -> int:
    """Copy a message into free slots, listed in `taken`: how many, or 0 if there are too few."""
    state = rel.state
    count = (length + FRAGMENT_BYTES - 1) // FRAGMENT_BYTES
    reserve = len(rel.slab) // CHAT_RESERVE_DIVISOR if channel == CHANNEL_CHAT else 0
    if state["num_free"][0] - count < reserve:
        return 0
    for k in range(count):
        state["num_free"][0] -= 1
        slot = int(rel.free[int(state["num_free"][0])])
        size = min(FRAGMENT_BYTES, length - k * FRAGMENT_BYTES)
        for j in range(size):
            rel.slab["data"][slot, j] = message[k * FRAGMENT_BYTES + j]
        rel.slab["length"][slot] = size
        rel.slab["flags"][slot] = (STARTS if k == 0 else 0) | (GOES_ON if k < count - 1 else 0)
        rel.slab["references"][slot] = 1
        state["taken"][0, k] = slot
    return count


@inner_kernel
def _queue(rel: ReliableArrays, row: int, channel: int, count: int, length: int) -> bool:
    """Append the taken slots (`count`, 0: there were none) to a queue; False, with the rules of overflow, if full."""
    channels = rel.channels
    room = count > 0 and _has_room(rel, row, channel, count, length)
    if channel == CHANNEL_CHAT:
        while not room and count > 0 and _drop_unsent(rel, row, channel):
            room = _has_room(rel, row, channel, count, length)
    if not room:
        if channel == CHANNEL_CHAT:
            rel.state["chat_dropped"][0] += 1
        elif channels["overflow"][row, channel] == 0:
            channels["overflow"][row, channel] = 1
            rel.state["overflows"][0] += 1
        return False
    for k in range(count):
        slot = int(rel.state["taken"][0, k])
        rel.slab["references"][slot] += 1
        end = int(channels["next"][row, channel])
        channels["slots"][row, channel, end % WINDOW_FRAGMENTS] = slot
        channels["next"][row, channel] = (end + 1) & WRAP
    channels["queued_bytes"][row, channel] += length
    return True


@bare_kernel
def push_many(
    rel: ReliableArrays, rows: npt.NDArray[np.int32], count: int, channel: int, message: Bytes, length: int
) -> int:
    """Queue one message (1..4096 bytes) to connections `rows[:count]`, stored once: how many took it.

    A full queue (or slab) drops the oldest unsent message on the chat channel, or else the new one; on the other
    channels it sets `overflow`, and the connection has to end.
    """
    taken = _take_slots(rel, channel, message, length)
    accepted = 0
    for k in range(count):
        if _queue(rel, int(np.int64(rows[k])), channel, taken, length):
            accepted += 1
    for k in range(taken):
        release_slot(rel, int(rel.state["taken"][0, k]))
    return accepted


@bare_kernel
def push(rel: ReliableArrays, row: int, channel: int, message: Bytes, length: int) -> bool:
    """Queue one message (1..4096 bytes) to connection `row`; False if its queue is full, as `push_many` says."""
    taken = _take_slots(rel, channel, message, length)
    accepted = _queue(rel, row, channel, taken, length)
    for k in range(taken):
        release_slot(rel, int(rel.state["taken"][0, k]))
    return accepted

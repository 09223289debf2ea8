"""Three reliable, ordered channels inside the payloads: 0 control, 1 inventory, 2 chat.

Layout of the block (little-endian; present if FLAG_RELIABLE is set in the inner header, directly after it):
  u8 n · n × {u8 channel, u16 next expected id} · u8 m · m × {u8 channel | more << 7, u16 id, u16 length, bytes}
A message is one or more fragments with consecutive ids, all but the last with `more`. The receiver takes only the next
expected id of a channel and says which that is in its next packet; the sender sends on, and goes back to the first
unconfirmed fragment after max(1.25 round trips, 100 ms).

Responsible for: queues, resending, order, limits, and messages to many receivers at the cost of one.
Not here: what messages mean (`zone/`, `client/`).

Invariants: each fragment is delivered once, in order. Memory is fixed: one slab of fragments with reference counts
serves all connections; a queue holds at most 64 fragments and 8 kB. A malformed block changes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import kernel
from myriad.wire.layouts import CHANNEL_CHAT, NUM_CHANNELS
from myriad.wire.pack import get_u16, put_u16

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

MIN_RESEND_NS = 100_000_000
_FRAGMENT_HEADER = 5
_MORE = 0x80
_WRAP = 0xFFFF
_STARTS = 1
_GOES_ON = 2

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


@kernel
def _release_slot(rel: ReliableArrays, slot: int) -> None:
    rel.slab["references"][slot] -= 1
    if rel.slab["references"][slot] == 0:
        rel.free[int(rel.state["num_free"][0])] = slot
        rel.state["num_free"][0] += 1


@kernel
def _release_first(rel: ReliableArrays, row: int, channel: int) -> None:
    """The oldest fragment of a queue is confirmed or forgotten."""
    channels = rel.channels
    first = int(channels["first"][row, channel])
    slot = int(channels["slots"][row, channel, first % WINDOW_FRAGMENTS])
    channels["queued_bytes"][row, channel] -= int(rel.slab["length"][slot])
    _release_slot(rel, slot)
    channels["first"][row, channel] = (first + 1) & _WRAP


@kernel
def reset_reliable(rel: ReliableArrays, row: int, first_send: int, first_receive: int) -> None:
    """Fresh channels for connection `row`: queues are forgotten; both firsts are 0 but in tests of the wrap (u16)."""
    channels = rel.channels
    for channel in range(NUM_CHANNELS):
        while channels["first"][row, channel] != channels["next"][row, channel]:
            _release_first(rel, row, channel)
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


@kernel
def _drop_unsent(rel: ReliableArrays, row: int, channel: int) -> bool:
    """Forget the oldest message of which nothing was sent; False if there is none."""
    channels = rel.channels
    slots = channels["slots"]
    end = int(channels["next"][row, channel])
    at = int(channels["fresh"][row, channel])
    while at != end and rel.slab["flags"][slots[row, channel, at % WINDOW_FRAGMENTS]] & _STARTS == 0:
        at = (at + 1) & _WRAP
    if at == end:
        return False
    after = at
    more = True
    while more:
        slot = int(slots[row, channel, after % WINDOW_FRAGMENTS])
        more = rel.slab["flags"][slot] & _GOES_ON != 0
        channels["queued_bytes"][row, channel] -= int(rel.slab["length"][slot])
        _release_slot(rel, slot)
        after = (after + 1) & _WRAP
    while after != end:
        slots[row, channel, at % WINDOW_FRAGMENTS] = slots[row, channel, after % WINDOW_FRAGMENTS]
        at = (at + 1) & _WRAP
        after = (after + 1) & _WRAP
    channels["next"][row, channel] = at
    rel.state["chat_dropped"][0] += 1
    return True


@kernel
def _has_room(rel: ReliableArrays, row: int, channel: int, count: int, length: int) -> bool:
    channels = rel.channels
    waiting = (int(channels["next"][row, channel]) - int(channels["first"][row, channel])) & _WRAP
    return waiting + count <= WINDOW_FRAGMENTS and int(channels["queued_bytes"][row, channel]) + length <= WINDOW_BYTES


@kernel
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
        rel.slab["flags"][slot] = (_STARTS if k == 0 else 0) | (_GOES_ON if k < count - 1 else 0)
        rel.slab["references"][slot] = 1
        state["taken"][0, k] = slot
    return count


@kernel
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
        channels["next"][row, channel] = (end + 1) & _WRAP
    channels["queued_bytes"][row, channel] += length
    return True


@kernel
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
        _release_slot(rel, int(rel.state["taken"][0, k]))
    return accepted


@kernel
def push(rel: ReliableArrays, row: int, channel: int, message: Bytes, length: int) -> bool:
    """Queue one message (1..4096 bytes) to connection `row`; False if its queue is full, as `push_many` says."""
    taken = _take_slots(rel, channel, message, length)
    accepted = _queue(rel, row, channel, taken, length)
    for k in range(taken):
        _release_slot(rel, int(rel.state["taken"][0, k]))
    return accepted


@kernel
def has_overflowed(rel: ReliableArrays, row: int) -> bool:
    """True if a channel of connection `row` is broken, so that it must be disconnected."""
    broken = False
    for channel in range(NUM_CHANNELS):
        broken = broken or rel.channels["overflow"][row, channel] != 0
    return broken


@kernel
def has_block(rel: ReliableArrays, row: int, now_ns: int) -> bool:
    """True if connection `row` has anything to say now."""
    channels = rel.channels
    for channel in range(NUM_CHANNELS):
        if (
            channels["owes_ack"][row, channel] != 0
            or channels["cursor"][row, channel] != channels["next"][row, channel]
        ):
            return True
        first = channels["first"][row, channel]
        if channels["cursor"][row, channel] != first and now_ns >= channels["resend_ns"][row, channel]:
            return True
    return False


@kernel
def write_block(rel: ReliableArrays, row: int, buf: Bytes, at: int, limit: int, now_ns: int, rtt_ns: int) -> int:
    """Write what is due for connection `row` at `buf[at:]`, not beyond `limit`: the position after it.

    `at` itself if there is nothing (or room for less than the acknowledgements): then the packet carries no block.
    """
    if not has_block(rel, row, now_ns) or limit - at < 2 + 3 * NUM_CHANNELS:
        return at
    channels = rel.channels
    start = at
    num_acks = 0
    at += 1
    for channel in range(NUM_CHANNELS):
        if channels["owes_ack"][row, channel] != 0:
            buf[at] = channel
            put_u16(buf, at + 1, int(channels["expected"][row, channel]))
            channels["owes_ack"][row, channel] = 0
            num_acks += 1
            at += 3
    buf[start] = num_acks
    count_at = at
    at += 1
    num_fragments = 0
    wait_ns = max(MIN_RESEND_NS, rtt_ns + rtt_ns // 4)
    for channel in range(NUM_CHANNELS):
        first = int(channels["first"][row, channel])
        cursor = int(channels["cursor"][row, channel])
        if cursor != first and now_ns >= channels["resend_ns"][row, channel]:
            cursor = first
        while cursor != channels["next"][row, channel] and num_fragments < 255:
            slot = int(channels["slots"][row, channel, cursor % WINDOW_FRAGMENTS])
            size = int(rel.slab["length"][slot])
            if at + _FRAGMENT_HEADER + size > limit:
                break
            if cursor == first:
                channels["resend_ns"][row, channel] = now_ns + wait_ns
            buf[at] = channel | (_MORE if rel.slab["flags"][slot] & _GOES_ON != 0 else 0)
            put_u16(buf, at + 1, cursor)
            put_u16(buf, at + 3, size)
            for k in range(size):
                buf[at + _FRAGMENT_HEADER + k] = rel.slab["data"][slot, k]
            at += _FRAGMENT_HEADER + size
            num_fragments += 1
            if cursor == channels["fresh"][row, channel]:
                channels["fresh"][row, channel] = (cursor + 1) & _WRAP
            cursor = (cursor + 1) & _WRAP
        channels["cursor"][row, channel] = cursor
    buf[count_at] = num_fragments
    return start if num_acks == 0 and num_fragments == 0 else at


@kernel
def check_block(buf: Bytes, at: int, end: int) -> int:
    """Position after the well-formed block at `buf[at:end]`, or -1. Changes nothing."""
    if at >= end:
        return -1
    num_acks = int(buf[at])
    at += 1
    if at + 3 * num_acks >= end:
        return -1
    for _ in range(num_acks):
        if buf[at] >= NUM_CHANNELS:
            return -1
        at += 3
    num_fragments = int(buf[at])
    at += 1
    for _ in range(num_fragments):
        if at + _FRAGMENT_HEADER > end or int(buf[at]) & ~_MORE >= NUM_CHANNELS:
            return -1
        size = get_u16(buf, at + 3)
        at += _FRAGMENT_HEADER + size
        if size < 1 or size > MAX_FRAGMENT_BYTES or at > end:
            return -1
    return at


@kernel
def _take_ack(rel: ReliableArrays, row: int, channel: int, expected: int, now_ns: int, rtt_ns: int) -> None:
    channels = rel.channels
    first = int(channels["first"][row, channel])
    confirmed = (expected - first) & _WRAP
    if confirmed > (int(channels["fresh"][row, channel]) - first) & _WRAP:
        if confirmed < 32768:
            rel.state["invalid_acks"][0] += 1
        return
    if confirmed == 0:
        return
    cursor = int(channels["cursor"][row, channel])
    if (cursor - first) & _WRAP < confirmed:
        channels["cursor"][row, channel] = expected
    for _ in range(confirmed):
        _release_first(rel, row, channel)
    channels["resend_ns"][row, channel] = now_ns + max(MIN_RESEND_NS, rtt_ns + rtt_ns // 4)


@kernel
def _take_fragment(rel: ReliableArrays, row: int, buf: Bytes, at: int, size: int) -> None:
    """Deliver the fragment whose header is at `buf[at]` if it is the next one and there is room for it."""
    channels = rel.channels
    state = rel.state
    channel = int(buf[at]) & ~_MORE
    more = int(buf[at]) >> 7
    channels["owes_ack"][row, channel] = 1
    if get_u16(buf, at + 1) != channels["expected"][row, channel]:
        state["repeated"][0] += 1
        return
    total = int(channels["partial_bytes"][row, channel]) + size
    if total > MAX_MESSAGE_BYTES:
        if channels["overflow"][row, channel] == 0:
            channels["overflow"][row, channel] = 1
            state["overflows"][0] += 1
        return
    entry = int(state["num_inbox"][0])
    if entry >= len(rel.inbox):
        return
    inbox = rel.inbox
    inbox["row"][entry] = row
    inbox["channel"][entry] = channel
    inbox["more"][entry] = more
    inbox["length"][entry] = size
    for k in range(size):
        inbox["data"][entry, k] = buf[at + _FRAGMENT_HEADER + k]
    state["num_inbox"][0] += 1
    channels["partial_bytes"][row, channel] = total if more else 0
    channels["expected"][row, channel] = (int(channels["expected"][row, channel]) + 1) & _WRAP


@kernel
def read_block(rel: ReliableArrays, row: int, buf: Bytes, at: int, end: int, now_ns: int, rtt_ns: int) -> int:
    """Take in the block at `buf[at:end]` from connection `row`: the position after it, or -1 (no change) if malformed.

    Fragments go to the inbox; what does not fit there is not confirmed, so it comes again.
    """
    after = check_block(buf, at, end)
    if after < 0:
        return -1
    num_acks = int(buf[at])
    at += 1
    for _ in range(num_acks):
        _take_ack(rel, row, int(np.int64(buf[at])), get_u16(buf, at + 1), now_ns, rtt_ns)
        at += 3
    num_fragments = int(buf[at])
    at += 1
    for _ in range(num_fragments):
        size = get_u16(buf, at + 3)
        _take_fragment(rel, row, buf, at, size)
        at += _FRAGMENT_HEADER + size
    return after


class Message(NamedTuple):
    """One whole message: from which connection, on which channel, its bytes (1..4096)."""

    row: int
    channel: int
    data: bytes


class Inbox:
    """Whole messages from the fragments in the inbox of `rel`."""

    def __init__(self, rel: ReliableArrays) -> None:
        self._rel = rel
        self._parts: dict[tuple[int, int], bytes] = {}

    def take(self) -> list[Message]:
        """The messages that were completed since the last call, in order; empties the inbox."""
        messages = []
        count = int(self._rel.state["num_inbox"][0])
        for entry in self._rel.inbox[:count]:
            key = (int(entry["row"]), int(entry["channel"]))
            data = self._parts.pop(key, b"") + entry["data"][: int(entry["length"])].tobytes()
            if entry["more"]:
                self._parts[key] = data
            else:
                messages.append(Message(*key, data))
        self._rel.state["num_inbox"][0] = 0
        return messages

    def forget(self, row: int) -> None:
        """Drop the unfinished messages of connection `row`, which has ended."""
        for channel in range(NUM_CHANNELS):
            self._parts.pop((row, channel), None)

"""Three reliable, ordered channels inside the payloads: 0 control, 1 inventory, 2 chat.

Layout of the block (little-endian; present if FLAG_RELIABLE is set in the inner header, directly after it):
  u8 n · n × {u8 channel, u16 next expected id} · u8 m · m × {u8 channel | more << 7, u16 id, u16 length, bytes}
A message is one or more fragments with consecutive ids, all but the last with `more`. The receiver takes only the next
expected id of a channel and says which that is in its next packet; the sender sends on, and goes back to the first
unconfirmed fragment after max(1.25 round trips, 100 ms).

Responsible for: blocks on the wire, resending, order, and whole messages for who receives them.
Not here: queues and their limits (`reliable_queues.py`), what messages mean (`zone/`, `client/`).

Invariants: each fragment is delivered once, in order. Memory is fixed: one slab of fragments with reference counts
serves all connections; a queue holds at most 64 fragments and 8 kB. A malformed block changes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.netcode.reliable_queues import (
    FRAGMENT_BYTES,
    GOES_ON,
    MAX_FRAGMENT_BYTES,
    MAX_FRAGMENTS,
    MAX_MESSAGE_BYTES,
    MIN_BLOCK_BYTES,
    WINDOW_FRAGMENTS,
    WRAP,
    ReliableArrays,
    new_reliable,
    push,
    push_many,
    release_first,
    reset_reliable,
)
from myriad.wire.layouts import NUM_CHANNELS
from myriad.wire.pack import get_u16, put_u16

__all__ = [  # with the queues' part, so that users find the channels in one place
    "FRAGMENT_BYTES",
    "MAX_FRAGMENTS",
    "MAX_FRAGMENT_BYTES",
    "MAX_MESSAGE_BYTES",
    "MIN_BLOCK_BYTES",
    "Inbox",
    "Message",
    "ReliableArrays",
    "check_block",
    "has_block",
    "has_overflowed",
    "new_reliable",
    "push",
    "push_many",
    "read_block",
    "reset_reliable",
    "write_block",
]

Bytes = npt.NDArray[np.uint8]

INBOX_SHARE = 8
"""Fragments of one connection in an inbox that is a quarter full; it may fill the first quarter alone."""

MIN_RESEND_NS = 100_000_000
_FRAGMENT_HEADER = 5
_MORE = 0x80


@bare_kernel
def has_overflowed(rel: ReliableArrays, row: int) -> bool:
    """True if a channel of connection `row` is broken, so that it must be disconnected."""
    broken = False
    for channel in range(NUM_CHANNELS):
        broken = broken or rel.channels["overflow"][row, channel] != 0
    return broken


@bare_kernel
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


@bare_kernel
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
            buf[at] = channel | (_MORE if rel.slab["flags"][slot] & GOES_ON != 0 else 0)
            put_u16(buf, at + 1, cursor)
            put_u16(buf, at + 3, size)
            for k in range(size):
                buf[at + _FRAGMENT_HEADER + k] = rel.slab["data"][slot, k]
            at += _FRAGMENT_HEADER + size
            num_fragments += 1
            if cursor == channels["fresh"][row, channel]:
                channels["fresh"][row, channel] = (cursor + 1) & WRAP
            cursor = (cursor + 1) & WRAP
        channels["cursor"][row, channel] = cursor
    buf[count_at] = num_fragments
    return start if num_acks == 0 and num_fragments == 0 else at


@inner_kernel
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


@inner_kernel
def _take_ack(rel: ReliableArrays, row: int, channel: int, expected: int, now_ns: int, rtt_ns: int) -> None:
    channels = rel.channels
    first = int(channels["first"][row, channel])
    confirmed = (expected - first) & WRAP
    if confirmed > (int(channels["fresh"][row, channel]) - first) & WRAP:
        if confirmed < 32768:
            rel.state["invalid_acks"][0] += 1
        return
    if confirmed == 0:
        return
    cursor = int(channels["cursor"][row, channel])
    if (cursor - first) & WRAP < confirmed:
        channels["cursor"][row, channel] = expected
    for _ in range(confirmed):
        release_first(rel, row, channel)
    channels["resend_ns"][row, channel] = now_ns + max(MIN_RESEND_NS, rtt_ns + rtt_ns // 4)


@inner_kernel
def _has_its_share(rel: ReliableArrays, row: int, num_inbox: int) -> bool:
    """True if so many fragments of connection `row` are in the inbox that the rest is for others."""
    held = 0
    for entry in range(num_inbox):
        if rel.inbox["row"][entry] == row:
            held += 1
    return held >= INBOX_SHARE


@inner_kernel
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
    if entry >= len(rel.inbox) or (entry >= len(rel.inbox) // 4 and _has_its_share(rel, row, entry)):
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
    channels["expected"][row, channel] = (int(channels["expected"][row, channel]) + 1) & WRAP


@bare_kernel
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

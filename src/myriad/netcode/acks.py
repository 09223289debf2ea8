"""The inner header: which datagrams of the other side have arrived, and what that says about the way.

Layout (9 bytes, little-endian): u8 kind|flags · u16 sequence · u16 ack · u32 ack_bits.
`ack` is the newest sequence received, bit k of `ack_bits` says that ack - 1 - k was received too. Before anything was
received, `ack` is the sequence before the first one (65535 on a fresh connection) and no bit is set.

Responsible for: writing and reading the header, newly acknowledged sequences, round trip and loss.
Not here: what a datagram carried (`replication/`), resending (`reliable.py`).

Invariants: sequences compare by serial arithmetic. An acknowledgement of what was never sent is ignored and counted.
Each sequence is reported as acknowledged at most once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.wire.layouts import INNER_HEADER_BYTES
from myriad.wire.pack import get_u16, get_u32, put_u16, put_u32

Array = npt.NDArray[np.void]
Bytes = npt.NDArray[np.uint8]

SENT_RING = 64
MAX_ACKED = 33
"""Most sequences that one header can acknowledge."""

LOSS_LAG = 8
"""A datagram counts as lost when one sent this much later was acknowledged before it."""

_MIN_RTT_WINDOW_NS = 10_000_000_000
_NEVER_NS = 1 << 62
_WRAP = 0xFFFF

ACKS = np.dtype(
    [
        ("next_sequence", "<u2"),
        ("newest", "<u2"),  # received; valid if has_received
        ("newest_acked", "<u2"),  # of ours
        ("has_received", "u1"),
        ("has_acked", "u1"),
        ("bits", "<u4"),
        ("num_sent", "<u4"),  # stops at 65536: how far back a sequence can have been sent
        ("num_acked", "<i8"),  # totals; take differences over time for a rate of loss
        ("num_lost", "<i8"),
        ("num_invalid", "<i8"),  # headers that acknowledged what was never sent
        ("rtt_ns", "<i8"),  # smoothed, 0 before the first sample
        ("jitter_ns", "<i8"),  # smoothed distance from rtt_ns
        ("rtt_min_ns", "<i8"),  # least of the last 10 to 20 s, 0 before the first sample
        ("rtt_coming_min_ns", "<i8"),
        ("rtt_min_until_ns", "<i8"),
        ("sent_ns", "<i8", (SENT_RING,)),  # by sequence % 64; 0: acknowledged; negative: counted as lost
    ],
    align=True,
)


def new_acks(rows: int) -> Array:
    """ACKS of `rows` fresh connections."""
    acks = np.zeros(rows, ACKS)
    acks["newest"] = _WRAP
    acks["newest_acked"] = _WRAP
    return acks


@bare_kernel
def reset_acks(acks: Array, row: int, first_send: int, first_receive: int) -> None:
    """A fresh connection in `row`; both firsts are 0 but in tests of the wrap (u16)."""
    acks["next_sequence"][row] = first_send
    acks["newest"][row] = (first_receive - 1) & _WRAP
    acks["newest_acked"][row] = (first_send - 1) & _WRAP
    acks["has_received"][row] = 0
    acks["has_acked"][row] = 0
    acks["bits"][row] = 0
    acks["num_sent"][row] = 0
    acks["num_acked"][row] = 0
    acks["num_lost"][row] = 0
    acks["num_invalid"][row] = 0
    acks["rtt_ns"][row] = 0
    acks["jitter_ns"][row] = 0
    acks["rtt_min_ns"][row] = 0
    acks["rtt_coming_min_ns"][row] = 0
    acks["rtt_min_until_ns"][row] = 0
    for k in range(SENT_RING):
        acks["sent_ns"][row, k] = 0


@bare_kernel
def serial_difference(a: int, b: int) -> int:
    """How far u16 `a` lies ahead of `b`: -32768 .. 32767."""
    return ((a - b + 32768) & _WRAP) - 32768


@bare_kernel
def write_header(acks: Array, row: int, kind_flags: int, buf: Bytes, at: int, now_ns: int) -> int:
    """Write the header of the row's next datagram at `buf[at : at + 9]`: its sequence (u16). `now_ns` > 0."""
    sequence = int(acks["next_sequence"][row])
    acks["next_sequence"][row] = (sequence + 1) & _WRAP
    if acks["num_sent"][row] < 65536:
        acks["num_sent"][row] += 1
    slot = sequence % SENT_RING
    if acks["sent_ns"][row, slot] > 0:
        acks["num_lost"][row] += 1
    acks["sent_ns"][row, slot] = now_ns
    buf[at] = kind_flags
    put_u16(buf, at + 1, sequence)
    put_u16(buf, at + 3, int(acks["newest"][row]))
    put_u32(buf, at + 5, int(acks["bits"][row]))
    return sequence


@inner_kernel
def _note_received(acks: Array, row: int, sequence: int) -> None:
    bits = int(acks["bits"][row])
    ahead = serial_difference(sequence, int(acks["newest"][row]))
    if acks["has_received"][row] == 0:
        acks["has_received"][row] = 1
        acks["newest"][row] = sequence
    elif ahead > 0:
        bits = ((bits << ahead) | (1 << (ahead - 1))) & 0xFFFF_FFFF if ahead <= 32 else 0
        acks["newest"][row] = sequence
    elif -32 <= ahead < 0:
        bits |= 1 << (-ahead - 1)
    acks["bits"][row] = bits


@inner_kernel
def _note_rtt(acks: Array, row: int, sample_ns: int, now_ns: int) -> None:
    rtt_ns = int(acks["rtt_ns"][row])
    if rtt_ns == 0:
        acks["rtt_ns"][row] = sample_ns
        acks["jitter_ns"][row] = sample_ns // 2
        acks["rtt_min_ns"][row] = sample_ns
        acks["rtt_coming_min_ns"][row] = sample_ns
        acks["rtt_min_until_ns"][row] = now_ns + _MIN_RTT_WINDOW_NS
        return
    error_ns = abs(sample_ns - rtt_ns)
    acks["jitter_ns"][row] += (error_ns - int(acks["jitter_ns"][row])) // 8
    acks["rtt_ns"][row] = rtt_ns + (sample_ns - rtt_ns) // 8
    if now_ns >= acks["rtt_min_until_ns"][row]:
        acks["rtt_min_ns"][row] = acks["rtt_coming_min_ns"][row]
        acks["rtt_coming_min_ns"][row] = _NEVER_NS
        acks["rtt_min_until_ns"][row] = now_ns + _MIN_RTT_WINDOW_NS
    if sample_ns < acks["rtt_min_ns"][row]:
        acks["rtt_min_ns"][row] = sample_ns
    if sample_ns < acks["rtt_coming_min_ns"][row]:
        acks["rtt_coming_min_ns"][row] = sample_ns


@inner_kernel
def _note_lost(acks: Array, row: int, ack: int) -> None:
    """`ack` is newer than any before: what was sent LOSS_LAG earlier and is still open counts as lost."""
    newest = int(acks["newest_acked"][row])
    steps = serial_difference(ack, newest)
    for step in range(1, min(steps, SENT_RING) + 1):
        old = (ack - min(steps, SENT_RING) + step - LOSS_LAG) & _WRAP
        behind = (int(acks["next_sequence"][row]) - 1 - old) & _WRAP
        if behind < SENT_RING and behind < acks["num_sent"][row] and acks["sent_ns"][row, old % SENT_RING] > 0:
            acks["sent_ns"][row, old % SENT_RING] = -acks["sent_ns"][row, old % SENT_RING]
            acks["num_lost"][row] += 1
    acks["newest_acked"][row] = ack
    acks["has_acked"][row] = 1


@bare_kernel
def read_header(
    acks: Array, row: int, buf: Bytes, at: int, length: int, now_ns: int, acked: npt.NDArray[np.uint16]
) -> int:
    """Take in the header at `buf[at:]` of an authentic payload of `length` bytes: how many sequences are newly acked.

    They are in `acked` (u16[33] or longer), newest first. -1, and no change, if the payload is too short for a header.
    """
    if length < INNER_HEADER_BYTES:
        return -1
    _note_received(acks, row, get_u16(buf, at + 1))
    ack = get_u16(buf, at + 3)
    bits = get_u32(buf, at + 5)
    last = (int(acks["next_sequence"][row]) - 1) & _WRAP
    behind = (last - ack) & _WRAP
    num_sent = int(acks["num_sent"][row])
    if behind >= num_sent:
        if bits != 0 or behind != num_sent or num_sent >= 65536:
            acks["num_invalid"][row] += 1
        return 0
    num_acked = 0
    for k in range(MAX_ACKED):
        if k > 0 and (bits >> (k - 1)) & 1 == 0:
            continue
        if behind + k >= SENT_RING or behind + k >= num_sent:
            break
        sequence = (ack - k) & _WRAP
        sent_ns = int(acks["sent_ns"][row, sequence % SENT_RING])
        if sent_ns == 0:
            continue
        if sent_ns < 0:
            acks["num_lost"][row] -= 1
            sent_ns = -sent_ns
        elif k == 0:
            _note_rtt(acks, row, now_ns - sent_ns, now_ns)
        acks["sent_ns"][row, sequence % SENT_RING] = 0
        acks["num_acked"][row] += 1
        acked[num_acked] = sequence
        num_acked += 1
    if acks["has_acked"][row] == 0 or serial_difference(ack, int(acks["newest_acked"][row])) > 0:
        _note_lost(acks, row, ack)
    return num_acked

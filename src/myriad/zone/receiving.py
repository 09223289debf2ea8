"""What a zone does with a batch of datagrams, in one kernel.

Responsible for: authentic payloads of connected players: the inner header and what it acknowledges, the reliable
block, inputs, NACKs and WHOIS requests.
Not here: the secure connection (`netcode/`), joins and messages (`zone/zone.py`, the slow lane).

Invariant: a payload that is malformed anywhere changes nothing but a drop counter: it is checked whole first.
"""

from __future__ import annotations

from myriad.core.bundle import Bundle, unbundle
from myriad.core.errors import (
    DROP_ACK_INVALID,
    DROP_NACK_RATE,
    DROP_PAYLOAD_HEADER,
    DROP_PAYLOAD_KIND,
    DROP_PAYLOAD_MALFORMED,
    DROP_RELIABLE_MALFORMED,
)
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.core.native import copy_memory
from myriad.core.prefetch import LINE_BYTES, prefetch_row
from myriad.netcode.acks import read_header
from myriad.netcode.reliable import check_block, read_block
from myriad.netcode.server import receive
from myriad.replication.viewers import on_acked, on_nack
from myriad.wire.datagram import Batch
from myriad.wire.layouts import (
    FLAG_RELIABLE,
    INNER_HEADER_BYTES,
    KIND_CONTROL,
    KIND_INPUT,
    KIND_MASK,
    NACK_BYTES,
)
from myriad.wire.pack import get_i16
from myriad.zone.arrays import ZoneArrays
from myriad.zone.inputs import allowed_rewind, apply_input, apply_whois, check_input


@bare_kernel
def receive_batch(bundle: Bundle[ZoneArrays], batch: Batch, count: int, now_ns: int, wall_s: int) -> None:
    """Take `batch[:count]` (count <= MAX_RECEIVE_BATCH), decrypting in place; everything is dealt with or counted."""
    zone = unbundle(bundle)
    num = receive(zone.server, batch, count, now_ns, wall_s, zone.payloads)
    for k in range(num):
        row = int(zone.payloads["row"][k])
        if k + 1 < num:  # the next player's memory comes while this one's payload is read
            following = int(zone.payloads["row"][k + 1])
            prefetch_row(zone.sessions.ctypes.data, following, zone.sessions.itemsize, LINE_BYTES)
            prefetch_row(zone.acks.ctypes.data, following, zone.acks.itemsize, 3 * LINE_BYTES)
            prefetch_row(zone.queues.ctypes.data, following, zone.queues.itemsize, 2 * LINE_BYTES)
        if zone.sessions["active"][row] == 0:
            continue  # its player has not been let in yet; what it sent will come again
        data = batch["data"]
        datagram = int(zone.payloads["datagram"][k])
        offset = int(zone.payloads["offset"][k])
        length = int(zone.payloads["length"][k])
        copy_memory(zone.received.ctypes.data, data[datagram].ctypes.data + offset, length)
        reason = _receive_payload(zone, row, length, now_ns)
        if reason >= 0:
            zone.server.drops[reason] += 1


@inner_kernel
def _receive_payload(zone: ZoneArrays, row: int, length: int, now_ns: int) -> int:
    """Process the payload in `zone.received`; the reason to drop it, or -1."""
    buf = zone.received
    if length < INNER_HEADER_BYTES:
        return DROP_PAYLOAD_HEADER
    kind = int(buf[0]) & KIND_MASK
    flags = int(buf[0]) & ~KIND_MASK
    if (kind != KIND_INPUT and kind != KIND_CONTROL) or (flags & ~FLAG_RELIABLE) != 0:
        return DROP_PAYLOAD_KIND
    start = INNER_HEADER_BYTES
    at = start
    if flags != 0:
        at = check_block(buf, start, length)
        if at < 0:
            return DROP_RELIABLE_MALFORMED
    nacks_at = check_input(buf, at, length) if kind == KIND_INPUT else at
    if nacks_at < 0 or (kind == KIND_CONTROL and at != length):
        return DROP_PAYLOAD_MALFORMED
    invalid = int(zone.acks["num_invalid"][row]) + int(zone.reliable.state["invalid_acks"][0])
    num_acked = read_header(zone.acks, row, buf, 0, length, now_ns, zone.acked)
    for k in range(num_acked):
        on_acked(zone.viewers, row, int(zone.acked[k]))
    if flags != 0:
        read_block(zone.reliable, row, buf, start, length, now_ns, int(zone.acks["rtt_ns"][row]))
    invalid -= int(zone.acks["num_invalid"][row]) + int(zone.reliable.state["invalid_acks"][0])
    zone.server.drops[DROP_ACK_INVALID] -= invalid
    if kind == KIND_CONTROL:
        return -1
    zone.queues["rewind_ticks"][row] = allowed_rewind(
        int(buf[at + 4]), int(zone.acks["rtt_ns"][row]), int(zone.world.clock["tick_hz"][0])
    )
    apply_input(buf, at, zone.queues, row, zone.server.drops)
    _apply_nacks(zone, row, nacks_at)
    apply_whois(buf, nacks_at, zone.sessions, row, zone.server.drops)
    return -1


@inner_kernel
def _apply_nacks(zone: ZoneArrays, row: int, at: int) -> None:
    buf = zone.received
    for k in range(int(buf[at])):
        if zone.sessions["nack_credit"][row] < 1:
            zone.server.drops[DROP_NACK_RATE] += 1
            continue
        zone.sessions["nack_credit"][row] -= 1
        start = at + 1 + k * NACK_BYTES
        on_nack(
            zone.cells,
            zone.viewers,
            row,
            get_i16(buf, start),
            get_i16(buf, start + 2),
            int(buf[start + 4]),
            int(buf[start + 5]),
        )

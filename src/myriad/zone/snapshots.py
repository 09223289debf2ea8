"""What a zone sends, in two kernels: the cells encoded once, then one datagram for each player.

Responsible for: the head of a snapshot (`docs/protocol.md` section 6), own and private state, WHOIS replies, each
player's byte budget.
Not here: sections (`replication/`), encryption (`netcode/`), when a snapshot is due (`zone/zone.py`).

Invariants: a payload is at most 1,200 bytes and at most what the player's rate allows; own state and "last input"
belong to the same moment, so that a client's replay is exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.bundle import Bundle, unbundle
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.core.prefetch import LINE_BYTES, prefetch_row
from myriad.netcode.acks import write_header
from myriad.netcode.reliable import MIN_BLOCK_BYTES, write_block
from myriad.netcode.server import confirm, payload_offset, seal
from myriad.replication.assembly import write_view
from myriad.replication.encode import encode
from myriad.replication.viewers import SENT_OWN, SENT_PRIVATE, ask_ahead, view_follow
from myriad.sim.columns import HIDDEN
from myriad.sim.input_queue import MAX_WAITING_INPUTS
from myriad.sim.rows import find_row
from myriad.wire.datagram import MAX_PAYLOAD_BYTES, Batch
from myriad.wire.layouts import (
    FLAG_RELIABLE,
    INNER_HEADER_BYTES,
    KIND_SNAPSHOT,
    NUM_CHANNELS,
    SNAPSHOT_HEADER_BYTES,
    SNAPSHOT_OWN,
    SNAPSHOT_PRIVATE,
    SNAPSHOT_WHOIS,
)
from myriad.wire.pack import put_u16, put_u32
from myriad.zone.arrays import ZoneArrays
from myriad.zone.sessions import MAX_NACK_CREDIT, MAX_WHOIS_CREDIT, NACKS_PER_SNAPSHOT, OWN, PRIVATE, refresh_state

Bytes = npt.NDArray[np.uint8]

MAX_WHOIS_REPLIES = 4
WRITTEN_AHEAD_BYTES = 6 * LINE_BYTES
"""Of the next datagram: what most snapshots fill."""
PACKET_OVERHEAD_BYTES = 28 + 20
"""What a payload costs on the wire besides itself: IP and UDP headers, netcode's prefix, sequence and tag."""
MIN_PAYLOAD_BYTES = 256
FULL_PAYLOAD_EVERY = 4
"""Every so many snapshots a payload may be full at any rate; the credit pays for it afterwards."""
MIN_VIEW_BYTES = 64
"""Room that the view has after everything before it, whatever the rate: the largest head takes 707 bytes."""
RELIABLE_SHARE = 4
"""The reliable block takes at most one part in so many of a payload."""


@bare_kernel
def encode_cells(bundle: Bundle[ZoneArrays]) -> None:
    """Encode the world as it stands after its latest tick, for all snapshots until the next call."""
    zone = unbundle(bundle)
    clock = zone.world.clock
    tick = int(clock["tick"][0])
    zone.pace["snapshot_tick"][0] = tick
    encode(
        zone.cells,
        zone.world.entities,
        int(clock["num_rows"][0]),
        zone.world.events,
        int(clock["num_events"][0]),
        tick,
        int(zone.pace["replication_level"][0]),
    )


@bare_kernel
def assemble_slice(bundle: Bundle[ZoneArrays], out: Batch, used: int, part: int, num_parts: int, now_ns: int) -> int:
    """Write and seal the snapshots of the players whose row is `part` modulo `num_parts`, into `out` from `used` on.

    Returns the new number in use; players that find no room get the next snapshot.
    """
    zone = unbundle(bundle)
    sessions = zone.sessions
    num_rows = int(zone.server.state["num_rows"][0])
    for row in range(part, num_rows, num_parts):
        if row + num_parts < num_rows:
            _ask_ahead(zone, row + num_parts)
        if sessions["active"][row] == 0:
            continue
        if used + 2 > out.shape[0]:
            break
        prefetch_row(out.ctypes.data, used + 1, out.itemsize, WRITTEN_AHEAD_BYTES)
        used = confirm(zone.server, out, used, row, now_ns)
        offset = payload_offset(zone.server, row)
        payload = out["data"][used, offset : offset + MAX_PAYLOAD_BYTES]
        length = _write_snapshot(zone, row, payload, now_ns)
        seal(zone.server, out, used, row, length, now_ns)
        zone.pace["num_snapshots"][0] += 1
        used += 1
    return used


@inner_kernel
def _ask_ahead(zone: ZoneArrays, row: int) -> None:
    """Have the memory of a player on its way before its turn comes."""
    ask_ahead(zone.viewers, row, int(zone.acks["next_sequence"][row]))
    prefetch_row(zone.sessions.ctypes.data, row, zone.sessions.itemsize, 3 * LINE_BYTES)
    prefetch_row(zone.acks.ctypes.data, row, zone.acks.itemsize, 2 * LINE_BYTES)
    prefetch_row(zone.server.connections.ctypes.data, row, zone.server.connections.itemsize, 4 * LINE_BYTES)
    prefetch_row(zone.queues.ctypes.data, row, zone.queues.itemsize, LINE_BYTES)
    channels = zone.reliable.channels
    for k in range(NUM_CHANNELS):
        prefetch_row(channels.ctypes.data, row * NUM_CHANNELS + k, channels.itemsize, LINE_BYTES)
    entities = zone.world.entities
    entity = int(zone.sessions["entity_row"][row])
    if entity >= 0:
        prefetch_row(entities.ctypes.data, entity, entities.itemsize, 3 * LINE_BYTES)


@inner_kernel
def _take_budget(zone: ZoneArrays, row: int) -> int:
    """Bytes that this payload may have, by the player's rate; also adds a snapshot's worth of other credits."""
    sessions = zone.sessions
    allowance = int(sessions["rate_kbit"][row]) * 125 // int(zone.pace["snapshot_hz"][0])
    most = MAX_PAYLOAD_BYTES + PACKET_OVERHEAD_BYTES
    credit = min(int(sessions["rate_credit_bytes"][row]) + allowance, max(2 * allowance, most))
    credit = max(credit, -most)
    sessions["rate_credit_bytes"][row] = credit
    sessions["whois_credit"][row] = min(int(sessions["whois_credit"][row]) + 1, MAX_WHOIS_CREDIT)
    sessions["nack_credit"][row] = min(int(sessions["nack_credit"][row]) + NACKS_PER_SNAPSHOT, MAX_NACK_CREDIT)
    # Now and then room for the largest section, whatever the rate: or a slow client would never see a crowded part.
    if (int(zone.pace["snapshot_tick"][0]) // int(zone.pace["ticks_per_snapshot"][0]) + row) % FULL_PAYLOAD_EVERY == 0:
        return MAX_PAYLOAD_BYTES
    return max(MIN_PAYLOAD_BYTES, min(MAX_PAYLOAD_BYTES, credit - PACKET_OVERHEAD_BYTES))


@inner_kernel
def _write_snapshot(zone: ZoneArrays, row: int, buf: Bytes, now_ns: int) -> int:
    """Write one player's snapshot payload into `buf` (1,200 bytes); returns its length."""
    sessions = zone.sessions
    limit = _take_budget(zone, row)
    sequence = write_header(zone.acks, row, KIND_SNAPSHOT, buf, 0, now_ns)
    end = INNER_HEADER_BYTES + max(limit // RELIABLE_SHARE, MIN_BLOCK_BYTES)
    at = write_block(zone.reliable, row, buf, INNER_HEADER_BYTES, end, now_ns, int(zone.acks["rtt_ns"][row]))
    if at > INNER_HEADER_BYTES:
        buf[0] = KIND_SNAPSHOT | FLAG_RELIABLE
    flags_at = _write_head(zone, row, buf, at)
    at = flags_at + 1
    flags = int(sessions["tier"][row])
    _refresh(zone, row, int(sessions["entity_row"][row]))
    own_version = -1
    private_version = -1
    if _state_needed(zone, row, OWN):
        flags |= SNAPSHOT_OWN
        own_version = int(sessions["state_version"][row, OWN])
        buf[at] = own_version
        at = _copy(sessions["own"][row], int(sessions["state_length"][row, OWN]), buf, at + 1)
    if _state_needed(zone, row, PRIVATE):
        flags |= SNAPSHOT_PRIVATE
        private_version = int(sessions["state_version"][row, PRIVATE])
        buf[at] = private_version
        at = _copy(sessions["private"][row], int(sessions["state_length"][row, PRIVATE]), buf, at + 1)
    if sessions["whois_count"][row] > 0:
        flags |= SNAPSHOT_WHOIS
        at = _write_whois(zone, row, buf, at)
    buf[flags_at] = flags
    rtt_snapshots = int(zone.acks["rtt_ns"][row]) * int(zone.pace["snapshot_hz"][0]) // 1_000_000_000 + 1
    limit = max(limit, at + MIN_VIEW_BYTES)
    at = write_view(
        zone.cells, zone.viewers, row, buf, flags_at, at, limit, sequence, rtt_snapshots, own_version, private_version
    )
    sessions["rate_credit_bytes"][row] -= at + PACKET_OVERHEAD_BYTES
    return at


@inner_kernel
def _write_head(zone: ZoneArrays, row: int, buf: Bytes, at: int) -> int:
    """Write the fixed head of a snapshot; returns where its flags byte, the last, belongs."""
    viewers = zone.viewers.rows
    put_u32(buf, at, int(zone.pace["snapshot_tick"][0]))
    put_u32(buf, at + 4, int(zone.queues["applied"][row]))
    buf[at + 8] = _buffer_hint(zone, row) & 0xFF
    buf[at + 9] = zone.pace["dilation"][0]
    view_follow(zone.cells, zone.viewers, row, int(zone.sessions["entity_row"][row]))
    put_u16(buf, at + 10, int(viewers["view_x"][row]) & 0xFFFF)
    put_u16(buf, at + 12, int(viewers["view_y"][row]) & 0xFFFF)
    return at + SNAPSHOT_HEADER_BYTES - 1


@inner_kernel
def _state_needed(zone: ZoneArrays, row: int, which: int) -> bool:
    """True while the newest own or private state was not acknowledged."""
    viewers = zone.viewers.rows
    version = zone.sessions["state_version"][row, which]
    if which == OWN:
        return (int(viewers["acked"][row]) & SENT_OWN) == 0 or viewers["own_version"][row] != version
    return (int(viewers["acked"][row]) & SENT_PRIVATE) == 0 or viewers["private_version"][row] != version


@inner_kernel
def _buffer_hint(zone: ZoneArrays, row: int) -> int:
    """Waiting inputs more than the one that must always be there (-128..127): the fewest of the last half second."""
    low = min(int(zone.queues["low_before"][row]), int(zone.queues["low"][row]))
    return max(-128, min(127, min(low, MAX_WAITING_INPUTS) - 1))


@inner_kernel
def _refresh(zone: ZoneArrays, row: int, entity: int) -> None:
    sessions = zone.sessions
    row_bytes = zone.world.entity_bytes[entity]
    lengths = sessions["state_length"][row]
    versions = sessions["state_version"][row]
    refresh_state(sessions["own"][row], lengths, versions, OWN, row_bytes, zone.own_plan)
    version = zone.world.entities["private_version"][entity]
    if sessions["private_seen"][row] != version or lengths[PRIVATE] == 0:
        sessions["private_seen"][row] = version
        refresh_state(sessions["private"][row], lengths, versions, PRIVATE, row_bytes, zone.private_plan)


@inner_kernel
def _copy(source: Bytes, length: int, buf: Bytes, at: int) -> int:
    for k in range(length):
        buf[at + k] = source[k]
    return at + length


@inner_kernel
def _write_whois(zone: ZoneArrays, row: int, buf: Bytes, at: int) -> int:
    """Answer what the player asked: names from the world's columns; unknown and hidden ones are left out."""
    sessions = zone.sessions
    entities = zone.world.entities
    count_at = at
    at += 1
    answered = 0
    for k in range(min(int(sessions["whois_count"][row]), MAX_WHOIS_REPLIES)):
        entity = find_row(zone.world, int(sessions["whois"][row, k]))
        if entity < 0 or int(entities["flags"][entity]) & HIDDEN:
            continue
        length = int(entities["name_length"][entity])
        put_u32(buf, at, int(entities["id"][entity]))
        buf[at + 4] = entities["name_version"][entity]
        buf[at + 5] = length
        at = _copy(entities["name"][entity], length, buf, at + 6)
        answered += 1
    buf[count_at] = answered
    left = max(0, int(sessions["whois_count"][row]) - MAX_WHOIS_REPLIES)
    for k in range(left):
        sessions["whois"][row, k] = sessions["whois"][row, k + MAX_WHOIS_REPLIES]
    sessions["whois_count"][row] = left
    return at

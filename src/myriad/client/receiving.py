"""A datagram that came to a client, from its decryption to the decoded view. A kernel, for one client of many.

Responsible for: the order of netcode, inner header, reliable block, snapshot head and view.
Not here: each of these (`netcode/`, `client/snapshot.py`, `replication/view.py`), and messages' meaning but for the
welcome, which starts the input queue and the clock, or continues those of the row's former connection.

Invariants: a payload whose bytes do not add up is counted in the session's `num_malformed`. A session that goes over to
another row loses no input and doubles none: what the welcome does not confirm is sent again under its number.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.client.arrays import Clients
from myriad.client.clock import carry_pace, observe_tick, start_clock
from myriad.client.inputs import carry_inputs, confirm_inputs, serial_difference, start_inputs
from myriad.client.snapshot import MALFORMED, read_snapshot
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.netcode.acks import read_header
from myriad.netcode.client import client_receive
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.netcode.packets import TAG_BYTES
from myriad.netcode.reliable import read_block
from myriad.replication.view import MALFORMED as MALFORMED_VIEW
from myriad.replication.view import apply
from myriad.wire.datagram import Batch
from myriad.wire.layouts import (
    CHANNEL_CONTROL,
    CONTROL_GOODBYE,
    CONTROL_LOAD,
    CONTROL_WELCOME,
    FLAG_RELIABLE,
    INNER_HEADER_BYTES,
    KIND_CONTROL,
    KIND_MASK,
    KIND_SNAPSHOT,
    SNAPSHOT_HEADER_BYTES,
)
from myriad.wire.pack import get_i16, get_u16, get_u32

NOTHING = 0
"""A packet of the handshake, or one that was dropped."""

PAYLOAD_ONLY = 1
SNAPSHOT = 2
NEWEST_SNAPSHOT = 3
"""A snapshot at least as new as any before."""

BAD_PAYLOAD = -1

_WELCOME_BYTES = 13


@inner_kernel
def _go_on(clients: Clients, former: int, row: int, last_input: int) -> None:
    """`row` continues the session of `former`: its inputs, their pace, and what was known of the avatar."""
    clients.sessions["inputs_lost"][row] = carry_inputs(clients.queues, former, row, last_input)
    carry_pace(clients.clocks, former, row)
    states = clients.states
    for k in range(int(states["own_length"][row])):
        states["own"][row, k] = states["own"][former, k]
    for k in range(int(states["private_length"][row])):
        states["private"][row, k] = states["private"][former, k]


@inner_kernel
def _take_welcome(clients: Clients, row: int, body: npt.NDArray[np.uint8], now_ns: int) -> None:
    sessions = clients.sessions
    last_input = get_u32(body, 9)
    former = int(sessions["former"][row])
    sessions["entity_id"][row] = get_u32(body, 1)
    sessions["tick_hz"][row] = get_u16(body, 5)
    sessions["snapshot_hz"][row] = get_u16(body, 7)
    sessions["first_input"][row] = last_input
    start_clock(clients.clocks, row, now_ns, float(get_u16(body, 5)))
    if former >= 0 and sessions["joined"][former] != 0:
        _go_on(clients, former, row, last_input)
    else:
        start_inputs(clients.queues, row, last_input)
    sessions["joined"][row] = 1


@inner_kernel
def _take_control(clients: Clients, row: int, entry: int, now_ns: int) -> None:
    """Acts on a control message in the inbox, if it is one of those of one fragment that matter here."""
    inbox = clients.reliable.inbox
    sessions = clients.sessions
    more = int(inbox["more"][entry])
    whole = more == 0 and sessions["mid_message"][row] == 0
    sessions["mid_message"][row] = more
    if not whole:
        return
    length = int(inbox["length"][entry])
    kind = int(inbox["data"][entry, 0])
    if kind == CONTROL_WELCOME and length >= _WELCOME_BYTES:
        _take_welcome(clients, row, inbox["data"][entry], now_ns)
    elif kind == CONTROL_GOODBYE:
        sessions["goodbye"][row] = 1
    elif kind == CONTROL_LOAD and length >= 3:
        sessions["load_rung"][row] = inbox["data"][entry, 1]


@inner_kernel
def _take_snapshot(clients: Clients, row: int, batch: Batch, i: int, at: int, end: int, now_ns: int) -> int:
    buf = batch["data"][i]
    states = clients.states
    after = read_snapshot(states, row, buf, at, end, now_ns, clients.names, clients.num_names)
    if after == MALFORMED:
        return BAD_PAYLOAD
    tick = get_u32(buf, at)
    flags = int(buf[at + SNAPSHOT_HEADER_BYTES - 1])
    clients.news["tick"][0] = tick
    clients.news["flags"][0] = flags
    view_x = get_i16(buf, at + 10)
    view_y = get_i16(buf, at + 12)
    if apply(clients.views, row, buf, after, end, tick, view_x, view_y, flags) == MALFORMED_VIEW:
        return BAD_PAYLOAD
    if serial_difference(tick, int(states["tick"][row])) < 0:
        return SNAPSHOT
    if clients.sessions["joined"][row] != 0:
        confirm_inputs(clients.queues, row, int(states["last_input"][row]))
        rate_hz = float(clients.sessions["tick_hz"][row]) * float(states["dilation"][row]) / 100.0
        observe_tick(clients.clocks, row, tick, now_ns, int(clients.acks["rtt_ns"][row]), rate_hz)
    return NEWEST_SNAPSHOT


@bare_kernel
def receive_datagram(clients: Clients, row: int, batch: Batch, i: int, now_ns: int) -> int:
    """Takes in `batch[i]`, which came to client `row` and may be changed.

    Returns NOTHING, PAYLOAD_ONLY, SNAPSHOT, NEWEST_SNAPSHOT or BAD_PAYLOAD. Messages that came with it are in the
    inbox of `clients.reliable`, whose `num_inbox` the caller sets back when it has taken them.
    """
    was_connected = clients.net.clients["state"][row] == CLIENT_CONNECTED
    at = client_receive(clients.net, row, batch, i, now_ns)
    if not was_connected and clients.net.clients["state"][row] == CLIENT_CONNECTED:
        clients.sessions["connected_ns"][row] = now_ns
    if at == 0:
        return NOTHING
    buf = batch["data"][i]
    end = int(batch["length"][i]) - TAG_BYTES
    if end - at < INNER_HEADER_BYTES:
        clients.sessions["num_malformed"][row] += 1
        return BAD_PAYLOAD
    kind = int(buf[at])
    read_header(clients.acks, row, buf, at, end - at, now_ns, clients.acked)
    at += INNER_HEADER_BYTES
    result = PAYLOAD_ONLY
    if kind & ~(KIND_MASK | FLAG_RELIABLE) != 0:
        result = BAD_PAYLOAD
    elif kind & FLAG_RELIABLE:
        first = int(clients.reliable.state["num_inbox"][0])
        at = read_block(clients.reliable, row, buf, at, end, now_ns, int(clients.acks["rtt_ns"][row]))
        for entry in range(first, int(clients.reliable.state["num_inbox"][0])):
            if clients.reliable.inbox["channel"][entry] == CHANNEL_CONTROL:
                _take_control(clients, row, entry, now_ns)
        if at < 0:
            result = BAD_PAYLOAD
    if result == PAYLOAD_ONLY:
        if kind & KIND_MASK == KIND_SNAPSHOT:
            result = _take_snapshot(clients, row, batch, i, at, end, now_ns)
        elif kind & KIND_MASK != KIND_CONTROL or at != end:
            result = BAD_PAYLOAD
    if result == BAD_PAYLOAD:
        clients.sessions["num_malformed"][row] += 1
    return result


@bare_kernel
def receive_datagrams(clients: Clients, batch: Batch, count: int, now_ns: int) -> int:
    """`receive_datagram` for `batch[:count]`, each for the client in its `row`; returns how many snapshots came."""
    snapshots = 0
    for i in range(count):
        if receive_datagram(clients, int(batch["row"][i]), batch, i, now_ns) >= SNAPSHOT:
            snapshots += 1
    return snapshots

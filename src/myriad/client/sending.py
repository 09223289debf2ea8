"""What a client sends: input packets, and control packets before it is welcome. Kernels, for one client of many.

Responsible for: the order of inner header, reliable block, inputs, NACKs and WHOIS, sealed into a datagram.
Not here: when to send (whoever calls), handshake packets (`netcode/client.py`).

Invariant: the payload is at most 1,200 bytes: inputs always fit, the reliable block gets what they leave.
"""

from __future__ import annotations

from myriad.client.arrays import Clients
from myriad.client.inputs import MAX_INPUT_BYTES, write_inputs, write_whois
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.netcode.acks import write_header
from myriad.netcode.client import client_payload_offset, client_seal
from myriad.netcode.reliable import write_block
from myriad.replication.view import take_nacks
from myriad.wire.datagram import MAX_PAYLOAD_BYTES, Batch
from myriad.wire.layouts import FLAG_RELIABLE, INNER_HEADER_BYTES, KIND_CONTROL, KIND_INPUT


@inner_kernel
def _write_head(clients: Clients, row: int, kind: int, batch: Batch, i: int, start: int, now_ns: int) -> int:
    """Header and reliable block of a payload that starts at `start`: the position after them."""
    buf = batch["data"][i]
    at = start + INNER_HEADER_BYTES
    limit = start + MAX_PAYLOAD_BYTES - MAX_INPUT_BYTES
    after = write_block(clients.reliable, row, buf, at, limit, now_ns, int(clients.acks["rtt_ns"][row]))
    write_header(clients.acks, row, kind | FLAG_RELIABLE if after > at else kind, buf, start, now_ns)
    return after


@bare_kernel
def write_input_packet(
    clients: Clients, row: int, batch: Batch, i: int, render_ticks_back: int, num_whois: int, now_ns: int
) -> int:
    """Writes client `row`'s next input packet into `batch[i]`, sealed; returns how many keyframes it asks for.

    `clients.whois[:num_whois]` are the ids whose names are wanted. The client must be connected and joined.
    """
    buf = batch["data"][i]
    start = client_payload_offset(clients.net, row)
    at = _write_head(clients, row, KIND_INPUT, batch, i, start, now_ns)
    at = write_inputs(clients.queues, row, buf, at, render_ticks_back)
    num_nacks = int(clients.views.views["num_nacks"][row])
    at = take_nacks(clients.views, row, buf, at)
    at = write_whois(buf, at, clients.whois, num_whois)
    client_seal(clients.net, row, batch, i, at - start, now_ns)
    return num_nacks


@bare_kernel
def write_control_packet(clients: Clients, row: int, batch: Batch, i: int, now_ns: int) -> None:
    """Writes a packet without inputs into `batch[i]`, sealed: acknowledgements and messages. For a connected client."""
    start = client_payload_offset(clients.net, row)
    at = _write_head(clients, row, KIND_CONTROL, batch, i, start, now_ns)
    client_seal(clients.net, row, batch, i, at - start, now_ns)


@bare_kernel
def write_packet(
    clients: Clients, row: int, batch: Batch, i: int, render_ticks_back: int, num_whois: int, now_ns: int
) -> None:
    """`write_input_packet` for a client that was made welcome, `write_control_packet` for one that was not."""
    if clients.sessions["joined"][row] != 0:
        write_input_packet(clients, row, batch, i, render_ticks_back, num_whois, now_ns)
    else:
        write_control_packet(clients, row, batch, i, now_ns)

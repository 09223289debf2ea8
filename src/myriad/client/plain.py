"""Payloads in the clear, for clients whose secure connection somebody else keeps: the relay (`docs/relay.md`).

Responsible for: taking in payloads as they come from a relay, and writing those that go to it.
Not here: the WebSocket, and everything that a payload means (`receiving.py`, `sending.py`).

How it works: the kernels of this package know payloads only inside datagrams. So each row here has a server of its own
that speaks with keys of zeros: what comes is sealed by it and then opened as usual, what is written is opened by it.
That costs two encryptions a payload, which a test and a load generator can spare.

Invariant: nothing of this is for a network: the keys are known to everybody.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.arrays import Clients, start_session
from myriad.client.receiving import receive_datagram
from myriad.client.sending import write_packet
from myriad.core.kernel import bare_kernel
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.netcode.connection import CONNECTION
from myriad.netcode.packets import PAYLOAD, TAG_BYTES, body_offset, open_packet, seal_packet
from myriad.wire.datagram import Batch

_NO_TOKEN = bytes(2048)


class PlainClients(NamedTuple):
    """n clients behind a relay."""

    clients: Clients
    servers: npt.NDArray[np.void]  # (n,) CONNECTION: their imagined servers


def new_plain_clients(clients: Clients) -> PlainClients:
    """All rows of `clients`, none of which is connected."""
    return PlainClients(clients, np.zeros(len(clients.sessions), CONNECTION))


def start_plain(plain: PlainClients, row: int, now_ns: int, former: int = -1) -> None:
    """The relay says that the row's connection stands; `former` as in `start_session`."""
    start_session(plain.clients, row, _NO_TOKEN, now_ns, former)
    plain.servers[row] = np.zeros((), CONNECTION)
    plain.clients.net.connections[row] = np.zeros((), CONNECTION)
    plain.clients.net.clients["state"][row] = CLIENT_CONNECTED


@bare_kernel
def receive_payloads(plain: PlainClients, batch: Batch, count: int, at: int, now_ns: int) -> int:
    """Takes in the payloads of `batch[:count]`, each for the client in its `row`; how many were malformed.

    A payload lies at `at` (9 or more) in its datagram's data, and `length` is its own.
    """
    clients = plain.clients
    malformed = 0
    for i in range(count):
        row = int(np.int64(batch["row"][i]))
        length = int(batch["length"][i])
        offset = body_offset(plain.servers, row)
        for k in range(length):
            batch["data"][i, offset + k] = batch["data"][i, at + k]
        seal_packet(plain.servers, row, batch, i, PAYLOAD, length, clients.net.ad, now_ns)
        if receive_datagram(clients, row, batch, i, now_ns) < 0:
            malformed += 1
    return malformed


@bare_kernel
def write_payload(
    plain: PlainClients, row: int, batch: Batch, i: int, render_ticks_back: int, num_whois: int, now_ns: int
) -> int:
    """As `write_packet`, but in the clear: where the payload begins in `batch[i]`; `length` is its own."""
    clients = plain.clients
    write_packet(clients, row, batch, i, render_ticks_back, num_whois, now_ns)
    open_packet(plain.servers, row, batch, i, clients.net.ad)
    at = 1 + (int(batch["data"][i, 0]) >> 4)
    batch["length"][i] = int(batch["length"][i]) - at - TAG_BYTES
    return at

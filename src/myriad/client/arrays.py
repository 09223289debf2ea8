"""All arrays of many clients, as one tuple that kernels take.

Responsible for: `Clients`, its construction, and starting one of them from a connect token.
Not here: what changes them (`receiving.py`, `sending.py`).

Invariant: row r means the same connection in every array; nothing is allocated after construction. A player that moves
between zones has several rows, of which it plays through one; another one takes over when it is made welcome.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.clock import CLOCK
from myriad.client.inputs import INPUT_QUEUE
from myriad.client.snapshot import MAX_NAMES, MAX_OWN_BYTES, MAX_PRIVATE_BYTES, NAME, SNAPSHOT_STATE
from myriad.netcode.acks import MAX_ACKED, new_acks, reset_acks
from myriad.netcode.client_arrays import SENDING_REQUEST, ClientArrays, new_clients, start_client
from myriad.netcode.reliable import ReliableArrays, new_reliable, reset_reliable
from myriad.replication.view_arrays import ViewArrays, create_views, view_reset
from myriad.wire.layouts import MAX_WHOIS

SESSION = np.dtype(
    [
        ("joined", "u1"),  # 1 since the welcome message
        ("goodbye", "u1"),  # 1 since the server said that it ends the session
        ("load_rung", "u1"),  # of the overload ladder
        ("mid_message", "u1"),  # 1 while the end of a message on channel 0 has not come
        ("tick_hz", "<u2"),
        ("snapshot_hz", "<u2"),
        ("entity_id", "<u4"),
        ("first_input", "<u4"),  # the last input that the server had applied when it said welcome
        ("former", "<i4"),  # row of the connection that this one continues, -1: none
        ("inputs_lost", "<i8"),  # input-ticks that were made and that the server will never apply, since the welcome
        ("started_ns", "<i8"),
        ("connected_ns", "<i8"),  # 0 before
        ("num_malformed", "<i8"),  # payloads whose bytes did not add up
    ],
    align=True,
)


NEWS = np.dtype([("tick", "<u4"), ("flags", "u1")], align=True)
"""Of the snapshot that `receive_datagram` took in last."""


class Clients(NamedTuple):
    """The state of n clients and the scratch of the kernels that run them. One thread at a time may use it."""

    net: ClientArrays
    acks: npt.NDArray[np.void]  # (n,) ACKS
    reliable: ReliableArrays
    queues: npt.NDArray[np.void]  # (n,) INPUT_QUEUE
    clocks: npt.NDArray[np.void]  # (n,) CLOCK
    states: npt.NDArray[np.void]  # (n,) SNAPSHOT_STATE
    views: ViewArrays
    sessions: npt.NDArray[np.void]  # (n,) SESSION
    names: npt.NDArray[np.void]  # (MAX_NAMES,) NAME: names that came since somebody last took them
    num_names: npt.NDArray[np.int64]  # (1,)
    news: npt.NDArray[np.void]  # (1,) NEWS
    acked: npt.NDArray[np.uint16]  # scratch
    whois: npt.NDArray[np.uint32]  # (MAX_WHOIS,): ids to ask for in the next input packet


def new_clients_arrays(number: int, protocol_id: int, tick_hz: int, own_bytes: int, private_bytes: int) -> Clients:
    """Arrays of `number` (>= 1) clients that have not begun; sizes of own and private state are the game's.

    Raises ValueError if a state is larger than clients have room for.
    """
    if own_bytes > MAX_OWN_BYTES or private_bytes > MAX_PRIVATE_BYTES:
        raise ValueError(f"own and private state have at most {MAX_OWN_BYTES} and {MAX_PRIVATE_BYTES} bytes")
    states = np.zeros(number, SNAPSHOT_STATE)
    states["own_length"], states["private_length"] = own_bytes, private_bytes
    return Clients(
        net=new_clients(number, protocol_id),
        acks=new_acks(number),
        reliable=new_reliable(number, num_slots=max(256, 4 * number), inbox=128),
        queues=np.zeros(number, INPUT_QUEUE),
        clocks=np.zeros(number, CLOCK),
        states=states,
        views=create_views(number, tick_hz),
        sessions=np.zeros(number, SESSION),
        names=np.zeros(MAX_NAMES, NAME),
        num_names=np.zeros(1, np.int64),
        news=np.zeros(1, NEWS),
        acked=np.zeros(MAX_ACKED, np.uint16),
        whois=np.zeros(MAX_WHOIS, np.uint32),
    )


def start_session(clients: Clients, row: int, token: bytes, now_ns: int, former: int = -1) -> bool:
    """Begins to connect client `row` with a connect token (2048 bytes); false if the token is not valid here.

    Whatever that row knew of an earlier connection is forgotten. With `former` (another row) the welcome continues
    that one's session: inputs not confirmed by the welcome are kept, by their numbers.
    """
    started = start_client(clients.net, row, token, now_ns) == SENDING_REQUEST
    reset_acks(clients.acks, row, 0, 0)
    reset_reliable(clients.reliable, row, 0, 0)
    own, private = clients.states["own_length"][row], clients.states["private_length"][row]
    clients.states[row] = np.zeros((), SNAPSHOT_STATE)
    clients.states["own_length"][row], clients.states["private_length"][row] = own, private
    clients.queues[row] = np.zeros((), INPUT_QUEUE)
    clients.clocks[row] = np.zeros((), CLOCK)
    clients.sessions[row] = np.zeros((), SESSION)
    clients.sessions["started_ns"][row] = now_ns
    clients.sessions["former"][row] = former
    view_reset(clients.views, row)
    return started

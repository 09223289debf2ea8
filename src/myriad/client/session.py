"""One player's session over its connections: the present one, and the next one that waits for its welcome.

Responsible for: which of two rows the player plays through, when the other one takes over, and when a fresh token is
needed.
Not here: packets (`receiving.py`, `sending.py`), what messages mean to a player (`client/player.py`).

Invariants: the player sends inputs through the present row only; the other row sends nothing but handshake and
keep-alives until its welcome, and then they change roles at once and the former one falls silent for good. Inputs are
numbered through the session, so a change of rows loses none and doubles none (`client/inputs.py: carry_inputs`).
"""

from __future__ import annotations

import numpy as np

from myriad.client.arrays import Clients, start_session
from myriad.netcode.client_arrays import CLIENT_CONNECTED, DISCONNECTED, SENDING_REQUEST
from myriad.netcode.reliable import Inbox, Message, push

SILENCE_NS = 500_000_000
"""A player that heard nothing for so long should ask for a fresh token."""

GRACE_NS = 500_000_000
"""So long after the present connection was lost, one that waits already may still be made welcome."""


class Session:
    """Rows 0 and 1 of `arrays`, which belong to one player."""

    def __init__(self, arrays: Clients) -> None:
        self.arrays = arrays
        self.row = 0
        """The row that the player plays through."""
        self.connections = [0, 0]
        """How many connections began on each row: each needs a UDP port of its own."""
        self._inbox = Inbox(arrays.reliable)
        self._other_began_ns = 0
        self._lost_ns: int | None = None

    @property
    def other(self) -> int:
        """The row that waits, or is free."""
        return 1 - self.row

    def start(self, token: bytes, now_ns: int) -> bool:
        """Begins anew with a connect token; false if it is not valid here."""
        self._lost_ns = None
        self.let_go()
        return self._begin(self.row, token, now_ns, -1)

    def wait_with(self, token: bytes, now_ns: int) -> bool:
        """Connects the other row, which takes over when it is made welcome; false if the token is not valid here."""
        self._other_began_ns = now_ns
        return self._begin(self.other, token, now_ns, self.row)

    def let_go(self) -> None:
        """Forgets what the other row waits for, without a word to its server."""
        self.arrays.net.clients["state"][self.other] = DISCONNECTED

    def switch_if_welcome(self) -> bool:
        """Changes roles if the other row was made welcome; true if so."""
        other = self.other
        waiting = int(self.arrays.sessions["former"][other]) == self.row
        if not waiting or not self.is_connected(other) or not self.arrays.sessions["joined"][other]:
            return False
        self.row = other
        self._lost_ns = None
        self.let_go()
        return True

    def note_time(self, now_ns: int) -> None:
        """Looks whether the present connection is lost: it ended, or nothing was heard for 500 ms."""
        heard_ns = int(self.arrays.net.connections["last_receive_ns"][self.row])
        ended = int(self.arrays.net.clients["state"][self.row]) <= DISCONNECTED
        if not ended and now_ns - heard_ns <= SILENCE_NS:
            self._lost_ns = None
        elif self._lost_ns is None:
            self._lost_ns = now_ns

    def needs_token(self, now_ns: int) -> bool:
        """True when the present connection is lost, and no other one may still take over."""
        self.note_time(now_ns)
        if self._lost_ns is None:
            return False
        waiting = int(self.arrays.net.clients["state"][self.other]) >= SENDING_REQUEST
        return not waiting or now_ns > max(self._lost_ns, self._other_began_ns) + GRACE_NS

    def is_connected(self, row: int) -> bool:
        """True while the secure connection of a row stands, as far as this side knows."""
        return int(self.arrays.net.clients["state"][row]) == CLIENT_CONNECTED

    def take_messages(self) -> list[Message]:
        """The messages that were completed since the last call, in order."""
        return self._inbox.take()

    def send(self, channel: int, body: bytes) -> bool:
        """Queues a message; false if too much waits to be sent."""
        message = np.frombuffer(body, np.uint8).copy()
        return bool(push(self.arrays.reliable, self.row, channel, message, len(message)))

    def _begin(self, row: int, token: bytes, now_ns: int, former: int) -> bool:
        self._inbox.forget(row)
        self.connections[row] += 1
        return start_session(self.arrays, row, token, now_ns, former)

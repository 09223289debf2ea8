"""One player's session over its connections: the present one, and others that wait for their welcome.

Responsible for: which of a player's rows it plays through, which wait in which zone, when one of those takes over, and
when a fresh token is needed.
Not here: packets (`receiving.py`, `sending.py`), what messages mean to a player (`client/player.py`).

Invariants: the player sends inputs through the present row only; the others send nothing but handshake and keep-alives
until the welcome comes to one of them: it takes over at once, and all others fall silent for good. Inputs are numbered
through the session, so a change of rows loses none and doubles none (`client/inputs.py: carry_inputs`).
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


ROWS = 4
"""Of one player: the present connection, and one for each of the three zones that meet its own at a corner."""


class Session:
    """Rows 0 .. ROWS - 1 of `arrays`, which belong to one player."""

    def __init__(self, arrays: Clients) -> None:
        self.arrays = arrays
        self.row = 0
        """The row that the player plays through."""
        self.connections = [0] * ROWS
        """How many connections began on each row: each needs a UDP port of its own."""
        self._inbox = Inbox(arrays.reliable)
        self._waiting: dict[str, int] = {}
        """By zone: the row that waits there, oldest first."""
        self._began_ns = 0
        self._lost_ns: int | None = None

    def start(self, token: bytes, now_ns: int) -> bool:
        """Begins anew with a connect token; false if it is not valid here."""
        self._lost_ns = None
        self.let_all_go()
        return self._begin(self.row, token, now_ns, -1)

    def wait_at(self, zone: str, token: bytes, now_ns: int) -> bool:
        """Waits at `zone` for a welcome, instead of any that waits there; false if the token is not valid here."""
        self.let_go(zone)
        if len(self._waiting) == ROWS - 1:
            self.let_go(next(iter(self._waiting)))
        taken = {self.row, *self._waiting.values()}
        row = self._waiting[zone] = next(row for row in range(ROWS) if row not in taken)
        self._began_ns = now_ns
        return self._begin(row, token, now_ns, self.row)

    def come_back(self, token: bytes, now_ns: int) -> bool:
        """The present connection is lost: waits with a fresh token, and nowhere else. As `wait_at`."""
        self.let_all_go()
        return self.wait_at("", token, now_ns)

    def let_go(self, zone: str) -> None:
        """Does not wait at `zone` any more, without a word to it."""
        row = self._waiting.pop(zone, None)
        if row is not None:
            self.arrays.net.clients["state"][row] = DISCONNECTED

    def let_all_go(self) -> None:
        """Waits nowhere any more, without a word."""
        for zone in list(self._waiting):
            self.let_go(zone)

    def take_over(self, row: int) -> bool:
        """`row` was made welcome: true if it waited, and then it is the present one and all others are let go."""
        if row not in self._waiting.values() or not self.is_connected(row):
            return False
        former, self.row = self.row, row
        self._waiting = {zone: one for zone, one in self._waiting.items() if one != row}
        self.let_all_go()
        self.arrays.net.clients["state"][former] = DISCONNECTED
        self._lost_ns = None
        return True

    def needs_token(self, now_ns: int) -> bool:
        """True when the present connection is lost (it ended, or nothing was heard for 500 ms), and none that waits may
        still take over."""
        heard_ns = int(self.arrays.net.connections["last_receive_ns"][self.row])
        state = self.arrays.net.clients["state"]
        if int(state[self.row]) > DISCONNECTED and now_ns - heard_ns <= SILENCE_NS:
            self._lost_ns = None
            return False
        if self._lost_ns is None:
            self._lost_ns = now_ns
        waiting = any(int(state[row]) >= SENDING_REQUEST for row in self._waiting.values())
        return not waiting or now_ns > max(self._lost_ns, self._began_ns) + GRACE_NS

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

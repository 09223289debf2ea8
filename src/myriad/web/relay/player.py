"""One browser at the relay, and what the relay needs of the world outside.

Responsible for: what is known of one WebSocket: its slot, its socket, what waits for it, how busy it is.
Not here: what follows from that (`relay.py`).

Invariant: while `waiting` is None every message goes straight to the socket.
"""

from __future__ import annotations

from typing import Protocol

from myriad.netcode.addresses import Endpoint
from myriad.web.relay.messages import ROWS
from myriad.web.relay.waiting import Waiting
from myriad.wire.datagram import Batch

CLOSE_GOING: int = 1001
CLOSE_MALFORMED: int = 1002
CLOSE_POLICY: int = 1008
CLOSE_LATER: int = 1013


class Wire(Protocol):
    """A browser's WebSocket."""

    def send(self, message: bytes | memoryview) -> None:
        """Sends one binary message; a view is used up before this returns."""
        ...

    def close(self, code: int) -> None:
        """Ends it, with a status code of WebSockets."""
        ...


class Ports(Protocol):
    """A UDP port for each connection row."""

    def dial(self, row: int, server: Endpoint) -> bool:
        """A fresh port that speaks with `server` alone; False if the machine has none, or no way there."""
        ...

    def hang_up(self, row: int) -> None:
        """Gives the port back, if the row has one."""
        ...

    def send(self, batch: Batch, count: int) -> int:
        """Sends `batch[:count]`, each from the port of its `row`; how many the system took."""
        ...


class Player:
    """See above."""

    __slots__ = ("address", "alive_ns", "held", "num_taken", "slot", "slow_ns", "waiting", "wire")

    def __init__(self, slot: int, wire: Wire, address: str, now_ns: int) -> None:
        self.slot = slot
        self.wire = wire
        self.address = address
        """What its limits are kept by, "" for none."""
        self.waiting: Waiting | None = None
        self.slow_ns = 0
        """Since when its socket takes nothing, while something waits."""
        self.alive_ns = now_ns
        """When it last had a connection."""
        self.num_taken = 0
        """Messages since the last second began."""
        self.held: dict[int, tuple[bytes, int]] = {}
        """By row: a token whose zone the directory does not name yet, and until when it is kept."""

    @property
    def rows(self) -> range:
        """Its connection rows among those of all."""
        return range(self.slot * ROWS, self.slot * ROWS + ROWS)

    @property
    def is_slow(self) -> bool:
        """Whether its socket takes nothing at the moment."""
        return self.waiting is not None

    def tell(self, row: int, message: bytes) -> None:
        """The state of a connection (0..3)."""
        if self.waiting is None:
            self.wire.send(message)
        else:
            self.waiting.put_state(row, message)

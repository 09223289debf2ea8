"""Acknowledgements over unbounded sequence numbers and sets: what the 16-bit kernels are compared with.

Imports nothing of the project.
"""

from __future__ import annotations


class AcksOracle:
    """One end. Sequences count from `first` and never wrap here; the other end's from `peer_first`."""

    def __init__(self, first: int, peer_first: int) -> None:
        self.next = first
        self.first = first
        self.received: set[int] = set()
        self.open: set[int] = set()
        self.newest = peer_first - 1

    def send(self) -> tuple[int, int, set[int]]:
        """(sequence, newest received, the received among the 32 before it)."""
        sequence = self.next
        self.next += 1
        self.open.add(sequence)
        self.open.discard(sequence - 64)
        before = {s for s in self.received if self.newest - 32 <= s < self.newest}
        return sequence, self.newest, before

    def receive(self, header: tuple[int, int, set[int]]) -> list[int]:
        """Newly acknowledged sequences, newest first."""
        sequence, ack, before = header
        self.received.add(sequence)
        self.newest = max(self.newest, sequence)
        named = ({ack} | before) if ack >= self.first else set()
        acked = sorted(named & self.open, reverse=True)
        self.open -= named
        return acked
